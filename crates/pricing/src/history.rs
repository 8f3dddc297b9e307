//! The published history of a class's index: each epoch follows from those before it and is chained to
//! them by a hash. With the history at hand, anyone computes all of it again.
//!
//! The index of epoch e follows from the excess of the epoch published before and from what was used in
//! epoch e − 2, which is over when e is published, while e − 1 runs. An epoch that was not published in
//! time is left out, never added later: until the next one the last published index holds. So a gap makes
//! no price move faster, and it shows in the history.
//!
//! An epoch has one form of [`EPOCH_BYTES`] bytes, numbers with the first byte the greatest:
//!
//! | bytes | 1 | 4 | 8 | 8 | 8 | 8 | 32 |
//! |---|---|---|---|---|---|---|---|
//! | | class | epoch | used | target | excess | index | hash |
//!
//! The hash is SHA-256 of the previous epoch's hash (32 zeros for the first) and the 37 bytes before it.
//! The history proves that the published indices follow from the published use; that all of it
//! was not rewritten is proven by an earlier hash that a client kept.

use std::num::NonZeroU64;

use model::time::Timestamp;
use model::{Epoch, Excess, PriceClass, PriceIndex, PublishedEpoch};
use sha2::{Digest, Sha256};

use crate::controller::{EPOCHS_SUMMED_MAX, EpochUse, epochs_summed, next_excess};
use crate::index::index_of;

/// Bytes of an epoch in its one form.
pub const EPOCH_BYTES: usize = HASHED_BYTES + 32;

/// The part of them that is hashed.
const HASHED_BYTES: usize = 37;

/// The hash before that of the first epoch.
const NO_HASH: [u8; 32] = [0; 32];

/// The bytes of an epoch.
pub fn encode(epoch: &PublishedEpoch) -> [u8; EPOCH_BYTES] {
    let mut bytes = [0; EPOCH_BYTES];
    let (hashed, hash) = bytes.split_at_mut(HASHED_BYTES);
    let numbers = [epoch.used, epoch.target, epoch.excess.bits(), epoch.index.bits()];
    hashed[0] = epoch.class as u8;
    hashed[1..5].copy_from_slice(&epoch.epoch.number().to_be_bytes());
    for (place, number) in hashed[5..].chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    hash.copy_from_slice(&epoch.hash);
    bytes
}

/// The epoch with these bytes; `None` if its class is unknown.
pub fn decode(bytes: &[u8; EPOCH_BYTES]) -> Option<PublishedEpoch> {
    let (class, rest) = bytes.split_first()?;
    let (epoch, rest) = rest.split_first_chunk()?;
    let (numbers, hash) = rest.split_at_checked(32)?;
    let mut numbers =
        numbers.chunks_exact(8).map(|number| number.try_into().map(u64::from_be_bytes));
    let mut number = || numbers.next()?.ok();
    Some(PublishedEpoch {
        class: PriceClass::from_number(*class)?,
        epoch: Epoch::new(u32::from_be_bytes(*epoch)),
        used: number()?,
        target: number()?,
        excess: Excess::from_bits(number()?),
        index: PriceIndex::from_bits(number()?),
        hash: hash.try_into().ok()?,
    })
}

fn hashed(previous: &[u8; 32], epoch: &PublishedEpoch) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(&encode(epoch)[..HASHED_BYTES]);
    hasher.finalize().into()
}

/// The first epoch of a class: nothing was used, and prices are the floors.
pub fn first_epoch(class: PriceClass, epoch: Epoch, target: NonZeroU64) -> PublishedEpoch {
    let (excess, target) = (Excess::ZERO, target.get());
    let index = index_of(excess);
    let mut first = PublishedEpoch { class, epoch, used: 0, target, excess, index, hash: NO_HASH };
    first.hash = hashed(&NO_HASH, &first);
    first
}

/// What is to be published at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueEpoch {
    /// The epoch whose index is due: the next one.
    pub epoch: Epoch,
    /// The epoch whose use decides it: the last one, which is over.
    pub used_in: Epoch,
}

/// What is to be published at `now`.
pub fn due_epoch(now: Timestamp) -> DueEpoch {
    let current = Epoch::of(now);
    DueEpoch { epoch: current.after(1), used_in: current.before(1) }
}

/// The published epoch whose index holds in `epoch`: its own, or else the last one before it. `None` if
/// there is none. The history is in order.
pub fn holding(history: &[PublishedEpoch], epoch: Epoch) -> Option<&PublishedEpoch> {
    let begun = history.partition_point(|published| published.epoch <= epoch);
    history[..begun].last()
}

/// What is wrong with a published epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub enum EpochFault {
    /// It is of another class than the one before.
    #[error("it is of another class")]
    Class = 1,
    /// It is not later than the one before.
    #[error("it is not later than the one before")]
    Order = 2,
    /// Its target is 0.
    #[error("its target is 0")]
    Target = 3,
    /// Its excess does not follow.
    #[error("its excess does not follow from the use")]
    Excess = 4,
    /// Its index does not follow.
    #[error("its index does not follow from the excess")]
    Index = 5,
    /// Its hash does not follow.
    #[error("its hash does not fit it and the one before")]
    Hash = 6,
    /// Epochs before it are needed to compute it, and are not there.
    #[error("epochs before it are missing")]
    Missing = 7,
}

/// The first published epoch that does not follow from those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("epoch {number} of {class}: {fault}", number = epoch.number())]
pub struct WrongEpoch {
    /// Its class.
    pub class: PriceClass,
    /// Which one.
    pub epoch: Epoch,
    /// What is wrong with it.
    pub fault: EpochFault,
}

/// A history that was computed again and found right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recomputed {
    /// How many epochs were computed.
    pub epochs: u64,
    /// How many between the first and the last were never published.
    pub gaps: u64,
}

/// The epoch to publish for `epoch`, after those `before` it, the last of which it follows. As many are
/// needed as are summed: the last [`EPOCHS_SUMMED_MAX`] or all that there are.
///
/// # Errors
/// The fault that the epoch would have: [`EpochFault::Order`] or [`EpochFault::Missing`].
pub fn next_epoch(
    before: &[PublishedEpoch],
    epoch: Epoch,
    recent: EpochUse,
) -> Result<PublishedEpoch, EpochFault> {
    let last = before.last().ok_or(EpochFault::Missing)?;
    if epoch <= last.epoch {
        return Err(EpochFault::Order);
    }
    let excess = next_excess(last.excess, &summed(before, recent)?);
    let (class, used, target) = (last.class, recent.used, recent.target.get());
    let index = index_of(excess);
    let mut next = PublishedEpoch { class, epoch, used, target, excess, index, hash: NO_HASH };
    next.hash = hashed(&last.hash, &next);
    Ok(next)
}

/// The uses that decide after `recent`, itself the last.
fn summed(before: &[PublishedEpoch], recent: EpochUse) -> Result<Vec<EpochUse>, EpochFault> {
    let wanted = epochs_summed(recent.target) - 1;
    let start = before.len().saturating_sub(wanted);
    if before.len() < wanted && !before.first().is_some_and(is_first) {
        return Err(EpochFault::Missing);
    }
    let mut uses = Vec::with_capacity(EPOCHS_SUMMED_MAX);
    for epoch in &before[start..] {
        uses.push(use_of(epoch)?);
    }
    uses.push(recent);
    Ok(uses)
}

fn use_of(epoch: &PublishedEpoch) -> Result<EpochUse, EpochFault> {
    let target = NonZeroU64::new(epoch.target).ok_or(EpochFault::Target)?;
    Ok(EpochUse { used: epoch.used, target })
}

/// Whether it is the first epoch of its class: only a chain that begins with it has such a hash.
fn is_first(epoch: &PublishedEpoch) -> bool {
    use_of(epoch).is_ok_and(|first| first_epoch(epoch.class, epoch.epoch, first.target) == *epoch)
}

/// Computes every epoch of `history` again. `known` are the epochs before it that the caller trusts, at
/// least the last [`EPOCHS_SUMMED_MAX`] of them; if there are none, the history begins with the first
/// epoch of its class.
///
/// # Errors
/// The first epoch that does not follow from those before it.
pub fn recompute(
    known: &[PublishedEpoch],
    history: &[PublishedEpoch],
) -> Result<Recomputed, WrongEpoch> {
    let mut before = known.to_vec();
    let mut found = Recomputed { epochs: 0, gaps: 0 };
    for epoch in history {
        let wrong = |fault| WrongEpoch { class: epoch.class, epoch: epoch.epoch, fault };
        let expected = expected(&before, epoch).map_err(wrong)?;
        compare(epoch, &expected).map_err(wrong)?;
        if let Some(last) = before.last() {
            found.gaps += u64::from(epoch.epoch.number() - last.epoch.number() - 1);
        }
        found.epochs += 1;
        before.push(*epoch);
    }
    Ok(found)
}

fn expected(
    before: &[PublishedEpoch],
    epoch: &PublishedEpoch,
) -> Result<PublishedEpoch, EpochFault> {
    let recent = use_of(epoch)?;
    let Some(last) = before.last() else {
        return Ok(first_epoch(epoch.class, epoch.epoch, recent.target));
    };
    if last.class != epoch.class {
        return Err(EpochFault::Class);
    }
    next_epoch(before, epoch.epoch, recent)
}

fn compare(found: &PublishedEpoch, expected: &PublishedEpoch) -> Result<(), EpochFault> {
    if found.excess != expected.excess {
        return Err(EpochFault::Excess);
    }
    if found.index != expected.index {
        return Err(EpochFault::Index);
    }
    // Whatever else differs, such as the use of a first epoch, is under the hash.
    if found == expected { Ok(()) } else { Err(EpochFault::Hash) }
}

#[cfg(test)]
mod tests;

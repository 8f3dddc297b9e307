//! The stored form of a change of a rank, beside the person:
//!
//! ```text
//! 0 · community · run · before · after · n · n × (person, part before, part after)
//! ```
//!
//! Ids and `n` are [varints](model::varint), parts little-endian `f32`. `before` and `after` are a rank
//! (0 for none) and an attention each.

use std::num::NonZeroU32;

use model::rank_change::{RankChange, RankChangeReason, RankState};
use model::varint::{self, VarintError};
use model::{CommunityId, PersonId, RunId};

/// Why bytes are no change of a rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RankChangeError {
    /// The first byte is a version that this one does not know.
    #[error("unknown version {0} of a rank's change")]
    UnknownVersion(u8),
    /// A number in the body is broken.
    #[error("broken change of a rank: {0}")]
    Broken(#[from] VarintError),
    /// The body is shorter or longer than it says, or a number is out of its range.
    #[error("the change of a rank does not fit its length")]
    BadLength,
}

const VERSION: u8 = 0;
const REASON_BYTES_MIN: u64 = 9;

/// The stored form; see the module's description.
pub(super) fn encode(change: &RankChange) -> Vec<u8> {
    let mut out = vec![VERSION];
    varint::put(&mut out, change.community.number());
    varint::put(&mut out, change.run.number());
    for state in [change.before, change.after] {
        varint::put(&mut out, state.rank.map_or(0, |rank| u64::from(rank.get())));
        out.extend(state.attention.to_le_bytes());
    }
    varint::put(&mut out, change.reasons.len() as u64);
    for reason in &change.reasons {
        varint::put(&mut out, reason.person.number());
        out.extend(reason.before.to_le_bytes());
        out.extend(reason.after.to_le_bytes());
    }
    out
}

/// Reads the stored form of a person's change. Never panics, and allocates no more than the
/// bytes justify.
pub(super) fn decode(person: PersonId, bytes: &[u8]) -> Result<RankChange, RankChangeError> {
    let (&version, mut rest) = bytes.split_first().ok_or(RankChangeError::BadLength)?;
    if version != VERSION {
        return Err(RankChangeError::UnknownVersion(version));
    }
    let mut change = RankChange {
        person,
        community: CommunityId::new(varint::take(&mut rest)?),
        run: RunId::new(varint::take(&mut rest)?),
        before: take_rank_state(&mut rest)?,
        after: take_rank_state(&mut rest)?,
        reasons: Vec::new(),
    };
    let count = varint::take(&mut rest)?;
    if count > rest.len() as u64 / REASON_BYTES_MIN {
        return Err(RankChangeError::BadLength);
    }
    for _ in 0..count {
        let person = PersonId::new(varint::take(&mut rest)?);
        let (before, after) = (take_f32(&mut rest)?, take_f32(&mut rest)?);
        change.reasons.push(RankChangeReason { person, before, after });
    }
    if rest.is_empty() { Ok(change) } else { Err(RankChangeError::BadLength) }
}

fn take_rank_state(rest: &mut &[u8]) -> Result<RankState, RankChangeError> {
    let rank = u32::try_from(varint::take(rest)?).map_err(|_| RankChangeError::BadLength)?;
    Ok(RankState { rank: NonZeroU32::new(rank), attention: take_f32(rest)? })
}

fn take_f32(rest: &mut &[u8]) -> Result<f32, RankChangeError> {
    let (bytes, tail) = rest.split_first_chunk::<4>().ok_or(RankChangeError::BadLength)?;
    *rest = tail;
    Ok(f32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn changes_read_back(ids in (0u64..1 << 53, any::<u32>()), ranks: [u32; 2], people: Vec<(u32, u16, u16)>) {
            let unit = |n: u16| f32::from(n) / 65_535.0;
            let stood = |rank: u32| RankState { rank: NonZeroU32::new(rank), attention: 0.25 };
            let reason = |(person, before, after): (u32, u16, u16)| RankChangeReason {
                person: PersonId::new(person.into()),
                before: unit(before),
                after: unit(after),
            };
            let change = RankChange {
                person: PersonId::new(ids.0),
                community: CommunityId::new(ids.1.into()),
                run: RunId::new(7),
                before: stood(ranks[0]),
                after: stood(ranks[1]),
                reasons: people.into_iter().map(reason).collect(),
            };
            prop_assert_eq!(decode(change.person, &encode(&change)), Ok(change));
        }

        #[test]
        fn any_bytes_are_a_change_or_an_error(mut bytes: Vec<u8>, versioned: bool) {
            if versioned {
                bytes.insert(0, VERSION);
            }
            if let Ok(change) = decode(PersonId::new(1), &bytes) {
                prop_assert!(change.reasons.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn the_stored_form_has_these_bytes() {
        let state = |rank, attention| RankState { rank: NonZeroU32::new(rank), attention };
        let change = RankChange {
            person: PersonId::new(1),
            community: CommunityId::new(300),
            run: RunId::new(2),
            before: state(0, 0.5),
            after: state(7, 1.0),
            reasons: vec![RankChangeReason { person: PersonId::new(9), before: 0.0, after: 2.0 }],
        };
        let golden = [
            [0, 0xac, 2, 2].as_slice(),
            &[0, 0, 0, 0, 0x3f],
            &[7, 0, 0, 0x80, 0x3f],
            &[1, 9, 0, 0, 0, 0, 0, 0, 0, 0x40],
        ];
        assert_eq!(encode(&change), golden.concat());
        assert_eq!(decode(change.person, &golden.concat()), Ok(change));
    }
}

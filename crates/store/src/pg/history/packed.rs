//! The stored form of the steps that one run added for a block of persons:
//!
//! ```text
//! 0 · (place in the block, n, n × (community, rank, attention, support)) for each person
//! ```
//!
//! A place is a byte; `n` and what follows are [varints](model::varint), but attention is 16 bits and support
//! one byte, both on a scale of logarithms. Communities are differences within a person. A rank (0 for none) is
//! shifted by one bit, which is set where the step is no change.

use std::num::NonZeroU32;

use model::membership::{score, share};
use model::varint::{self, VarintError};
use model::{CommunityId, PersonId, RankStep};

use crate::pg::value::{stored_support, support_of};

/// How many persons, by number, share a block.
pub(super) const BLOCK_PERSONS: u64 = 128;

/// Steps of the stored attention in each point of the score: 0.02 % of the attention.
const STEPS_A_POINT: f32 = 65.0;

const VERSION: u8 = 0;

/// Why bytes are no steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum StepsError {
    /// The first byte is a version that this one does not know.
    #[error("unknown version {0} of steps")]
    UnknownVersion(u8),
    /// A number in the body is broken.
    #[error("broken steps: {0}")]
    Broken(#[from] VarintError),
    /// The body ends early, or a number is out of its range.
    #[error("steps do not fit their length")]
    BadLength,
}

/// The block of a person.
pub(super) const fn block_of(person: PersonId) -> i64 {
    (person.number() / BLOCK_PERSONS) as i64
}

/// Packs the steps of one block, which are sorted by person and community.
pub(super) fn pack(steps: &[RankStep]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + steps.len() * 8);
    out.push(VERSION);
    for own in steps.chunk_by(|a, b| a.person == b.person) {
        let place = own.first().map_or(0, |step| step.person.number() % BLOCK_PERSONS);
        out.push(place as u8);
        varint::put(&mut out, own.len() as u64);
        let mut before = 0;
        for step in own {
            varint::put(&mut out, step.community.number() - before);
            before = step.community.number();
            let rank = u64::from(step.rank.map_or(0, NonZeroU32::get));
            varint::put(&mut out, (rank << 1) | u64::from(!step.is_change));
            out.extend(to_steps(step.attention).to_le_bytes());
            out.push(stored_support(step.support));
        }
    }
    out
}

/// Reads the steps of the block with this number.
pub(super) fn unpack(block: i64, bytes: &[u8]) -> Result<Vec<RankStep>, StepsError> {
    let (&version, mut rest) = bytes.split_first().ok_or(StepsError::BadLength)?;
    if version != VERSION {
        return Err(StepsError::UnknownVersion(version));
    }
    let mut steps = Vec::new();
    while let Some((&place, tail)) = rest.split_first() {
        rest = tail;
        let person = PersonId::new(block as u64 * BLOCK_PERSONS + u64::from(place));
        let mut community = 0u64;
        for _ in 0..varint::take(&mut rest)? {
            community =
                community.checked_add(varint::take(&mut rest)?).ok_or(StepsError::BadLength)?;
            steps.push(take_step(&mut rest, person, CommunityId::new(community))?);
        }
    }
    Ok(steps)
}

fn take_step(
    rest: &mut &[u8],
    person: PersonId,
    community: CommunityId,
) -> Result<RankStep, StepsError> {
    let rank = varint::take(rest)?;
    let ([low, high, support], tail) = rest.split_first_chunk().ok_or(StepsError::BadLength)?;
    *rest = tail;
    Ok(RankStep {
        person,
        community,
        rank: NonZeroU32::new(u32::try_from(rank >> 1).map_err(|_| StepsError::BadLength)?),
        attention: from_steps(u16::from_le_bytes([*low, *high])),
        support: support_of(*support),
        is_change: rank & 1 == 0,
    })
}

fn to_steps(attention: f32) -> u16 {
    (score(attention) * STEPS_A_POINT).round() as u16
}

fn from_steps(stored: u16) -> f32 {
    share(f32::from(stored) / STEPS_A_POINT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn step(person: u64, community: u64, rank: u32, stored: u16, support: u8) -> RankStep {
        RankStep {
            person: PersonId::new(person),
            community: CommunityId::new(community),
            rank: NonZeroU32::new(rank),
            attention: from_steps(stored),
            support: support_of(support),
            is_change: rank.is_multiple_of(2),
        }
    }

    proptest! {
        #[test]
        fn steps_read_back(
            block in 0i64..1 << 46,
            held in proptest::collection::btree_map(
                (0u64..128, any::<u32>()), (any::<u32>(), 0u16..=65_000, any::<u8>()), 0..90),
        ) {
            let first = block as u64 * BLOCK_PERSONS;
            let steps: Vec<RankStep> = held
                .into_iter()
                .map(|((place, community), (rank, stored, support))| {
                    step(first + place, community.into(), rank, stored, support)
                })
                .collect();
            prop_assert_eq!(unpack(block, &pack(&steps)), Ok(steps));
        }

        #[test]
        fn any_bytes_are_steps_or_an_error(mut bytes: Vec<u8>, versioned: bool) {
            if versioned {
                bytes.insert(0, VERSION);
            }
            if let Ok(steps) = unpack(3, &bytes) {
                prop_assert!(steps.len() * 5 <= bytes.len());
            }
        }

        #[test]
        fn attention_is_kept_within_a_fiftieth_of_a_percent(attention in 1e-6f32..1.0) {
            let kept = from_steps(to_steps(attention));
            prop_assert!((kept / attention - 1.0).abs() < 2e-4, "{kept} for {attention}");
        }
    }

    #[test]
    fn the_stored_form_has_these_bytes() {
        let steps = [step(257, 0, 7, 0x1234, 9), step(257, 300, 0, 0xfde8, 0)];
        let golden = [0, 1, 2, 0, 15, 0x34, 0x12, 9, 0xac, 2, 0, 0xe8, 0xfd, 0];
        assert_eq!(pack(&steps), golden);
        assert_eq!(unpack(2, &golden), Ok(steps.to_vec()));
        assert_eq!(unpack(2, &[1, 1]), Err(StepsError::UnknownVersion(1)));
        assert_eq!(unpack(2, &golden[..golden.len() - 1]), Err(StepsError::BadLength));
    }

    /// People, a fifth of them ranked, in ten communities each of a million, a third of which changed.
    #[test]
    fn a_step_takes_less_than_nine_bytes() {
        let mut steps = Vec::new();
        for person in (0..BLOCK_PERSONS).filter(|person| person % 5 == 0) {
            for at in (0..10u64).filter(|at| (at + person) % 3 == 0) {
                let community = at * 100_000 + person * 617 % 99_991;
                steps.push(step(
                    person,
                    community,
                    (person * 31 + at * 97) as u32 % 1_000,
                    40_000,
                    90,
                ));
            }
        }
        let bytes = pack(&steps).len() as f64 / steps.len() as f64;
        println!("{bytes:.2} bytes a step");
        assert!(bytes < 9.0, "{bytes}");
    }
}

//! The stored forms of what happened to memberships, communities and texts, beside the subject:
//!
//! ```text
//! membership: 0 · run · before · after
//! lineage:    0 · level · kind · run · other · shared
//! profile:    0 · fields
//! ```
//!
//! All but the version, `level` and `kind` are [varints](model::varint). Communities are one more than their
//! numbers, and 0 for none. `fields` has a bit for each of [`ProfileField::all`].

use model::EventKind;
use model::change::{LineageChange, MembershipChange, ProfileField};
use model::varint::{self, VarintError};
use model::{CommunityId, PersonId, RunId};

/// Why bytes are no such event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum EventBodyError {
    /// The first byte is a version that this one does not know.
    #[error("unknown version {0} of an event")]
    UnknownVersion(u8),
    /// A number in the body is broken.
    #[error("broken event: {0}")]
    Broken(#[from] VarintError),
    /// The body is shorter or longer than it says, or a number is out of its range.
    #[error("the event does not fit its length")]
    BadLength,
}

const VERSION: u8 = 0;

/// The stored form of a changed membership, beside its person.
pub(super) fn encode_membership(change: &MembershipChange) -> Vec<u8> {
    let mut out = vec![VERSION];
    varint::put(&mut out, change.run.number());
    for community in [change.before, change.after] {
        put_community(&mut out, community);
    }
    out
}

pub(super) fn decode_membership(
    person: PersonId,
    bytes: &[u8],
) -> Result<MembershipChange, EventBodyError> {
    let mut rest = versioned(bytes)?;
    let run = RunId::new(varint::take(&mut rest)?);
    let (before, after) = (take_community(&mut rest)?, take_community(&mut rest)?);
    ended(rest, MembershipChange { person, run, before, after })
}

/// The stored form of what happened to a community, beside it.
pub(super) fn encode_lineage(change: &LineageChange) -> Vec<u8> {
    let mut out = vec![VERSION, change.level, change.kind as u8];
    varint::put(&mut out, change.run.number());
    put_community(&mut out, change.other);
    varint::put(&mut out, change.shared.into());
    out
}

pub(super) fn decode_lineage(
    community: CommunityId,
    bytes: &[u8],
) -> Result<LineageChange, EventBodyError> {
    let rest = versioned(bytes)?;
    let (&[level, kind], mut rest) = rest.split_first_chunk().ok_or(EventBodyError::BadLength)?;
    let kind = EventKind::from_number(kind).ok_or(EventBodyError::BadLength)?;
    let run = RunId::new(varint::take(&mut rest)?);
    let other = take_community(&mut rest)?;
    let shared = u32::try_from(varint::take(&mut rest)?).map_err(|_| EventBodyError::BadLength)?;
    ended(rest, LineageChange { community, run, level, kind, other, shared })
}

/// The bits of fields, as the statement that finds them gives them.
pub(super) fn encode_fields(bits: u64) -> Vec<u8> {
    let mut out = vec![VERSION];
    varint::put(&mut out, bits);
    out
}

/// Fields that this version does not know are left out.
pub(super) fn decode_fields(bytes: &[u8]) -> Result<Vec<ProfileField>, EventBodyError> {
    let mut rest = versioned(bytes)?;
    let bits = varint::take(&mut rest)?;
    let fields = ProfileField::all().enumerate();
    let set = fields.filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, field)| field);
    ended(rest, set.collect())
}

fn versioned(bytes: &[u8]) -> Result<&[u8], EventBodyError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some((&version, _)) => Err(EventBodyError::UnknownVersion(version)),
        None => Err(EventBodyError::BadLength),
    }
}

fn ended<T>(rest: &[u8], value: T) -> Result<T, EventBodyError> {
    if rest.is_empty() { Ok(value) } else { Err(EventBodyError::BadLength) }
}

fn put_community(out: &mut Vec<u8>, community: Option<CommunityId>) {
    varint::put(out, community.map_or(0, |id| id.number().saturating_add(1)));
}

fn take_community(rest: &mut &[u8]) -> Result<Option<CommunityId>, EventBodyError> {
    Ok(varint::take(rest)?.checked_sub(1).map(CommunityId::new))
}

#[cfg(test)]
mod tests {
    use model::profile_text::ProfileText;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn events_read_back(ids: [u32; 3], before: Option<u32>, after: Option<u32>, level: u8, kind in 1u8..=6) {
            let community = |id: u32| CommunityId::new(id.into());
            let (person, run) = (PersonId::new(ids[0].into()), RunId::new(ids[1].into()));
            let (before, after) = (before.map(community), after.map(community));
            let membership = MembershipChange { person, run, before, after };
            prop_assert_eq!(decode_membership(person, &encode_membership(&membership)), Ok(membership));
            let kind = EventKind::from_number(kind).unwrap();
            let (community, shared) = (community(ids[2]), ids[0]);
            let lineage = LineageChange { community, run, level, kind, other: before, shared };
            prop_assert_eq!(decode_lineage(community, &encode_lineage(&lineage)), Ok(lineage));
        }

        #[test]
        fn any_bytes_are_an_event_or_an_error(mut bytes: Vec<u8>, versioned: bool) {
            if versioned {
                bytes.insert(0, VERSION);
            }
            let _ = decode_membership(PersonId::new(1), &bytes);
            let _ = decode_lineage(CommunityId::new(1), &bytes);
            let _ = decode_fields(&bytes);
        }
    }

    #[test]
    fn the_stored_forms_have_these_bytes() {
        let id = |number| Some(CommunityId::new(number));
        let membership = MembershipChange {
            person: PersonId::new(1),
            run: RunId::new(3),
            before: None,
            after: id(7),
        };
        assert_eq!(encode_membership(&membership), [0, 3, 0, 8]);
        let lineage = LineageChange {
            community: CommunityId::new(9),
            run: RunId::new(3),
            level: 2,
            kind: EventKind::Merged,
            other: id(7),
            shared: 300,
        };
        assert_eq!(encode_lineage(&lineage), [0, 2, 5, 3, 8, 0xac, 2]);
        assert_eq!(encode_fields(0b101), [0, 5]);
        let fields = [ProfileField::Handle, ProfileField::Text(ProfileText::Bio)];
        assert_eq!(decode_fields(&[0, 5]), Ok(fields.to_vec()));
        assert_eq!(decode_fields(&[1, 5]), Err(EventBodyError::UnknownVersion(1)));
        assert_eq!(decode_fields(&[0, 5, 5]), Err(EventBodyError::BadLength));
    }
}

//! The packed form of memberships: [`MEMBERSHIP_BYTES`] each, in the order by attention, so that a page is
//! one slice.

use model::index::RunPerson;
use model::{Membership, PersonKind};

use crate::pg::value::{stored_support, support_of};

/// The size of one packed membership.
pub(in crate::pg) const MEMBERSHIP_BYTES: usize = 16;

/// Why bytes are not memberships.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::pg) enum MembershipError {
    /// The length is no multiple of the size of one.
    #[error("{0} bytes are no whole number of memberships")]
    BadLength(usize),
    /// A kind has an unknown number.
    #[error("unknown kind {0} in a membership")]
    BadKind(u8),
}

const MEMBER: u8 = 4;
const RANKED: u8 = 8;
const LOW_CONFIDENCE: u8 = 16;

/// Packs memberships in the order given. Insider and belonging keep 1/65535, support is kept within
/// 3.3 %.
pub(in crate::pg) fn pack(memberships: &[Membership]) -> Vec<u8> {
    let mut out = Vec::with_capacity(memberships.len() * MEMBERSHIP_BYTES);
    for membership in memberships {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        out.extend(membership.person.number().to_le_bytes());
        out.extend(membership.attention.to_bits().to_le_bytes());
        out.extend(membership.score.to_le_bytes());
        out.extend(to_unit(membership.insider).to_le_bytes());
        out.extend(to_unit(membership.belonging).to_le_bytes());
        out.push(
            membership.kind as u8
                | bit(membership.member, MEMBER)
                | bit(membership.ranked, RANKED)
                | bit(membership.low_confidence, LOW_CONFIDENCE),
        );
        out.push(stored_support(membership.support));
    }
    out
}

/// Reads what [`pack`] wrote, or any slice of it that begins and ends between memberships.
pub(in crate::pg) fn unpack(bytes: &[u8]) -> Result<Vec<Membership>, MembershipError> {
    let (packed, rest) = bytes.as_chunks::<MEMBERSHIP_BYTES>();
    if !rest.is_empty() {
        return Err(MembershipError::BadLength(bytes.len()));
    }
    packed.iter().map(unpack_one).collect()
}

fn unpack_one(bytes: &[u8; MEMBERSHIP_BYTES]) -> Result<Membership, MembershipError> {
    let [p0, p1, p2, p3, a0, a1, a2, a3, s0, s1, i0, i1, b0, b1, flags, support] = *bytes;
    let kind = PersonKind::from_number(flags & 3).ok_or(MembershipError::BadKind(flags & 3))?;
    Ok(Membership {
        person: RunPerson::new(u32::from_le_bytes([p0, p1, p2, p3])),
        kind,
        member: flags & MEMBER != 0,
        ranked: flags & RANKED != 0,
        low_confidence: flags & LOW_CONFIDENCE != 0,
        support: support_of(support),
        attention: f32::from_bits(u32::from_le_bytes([a0, a1, a2, a3])),
        score: u16::from_le_bytes([s0, s1]),
        insider: from_unit(u16::from_le_bytes([i0, i1])),
        belonging: from_unit(u16::from_le_bytes([b0, b1])),
    })
}

fn to_unit(share: f32) -> u16 {
    (share.clamp(0.0, 1.0) * f32::from(u16::MAX)).round() as u16
}

fn from_unit(stored: u16) -> f32 {
    f32::from(stored) / f32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn memberships_read_back(person: u32, kind in 0u8..4, flags: [bool; 3], attention in 0f32..1.0, score in 0u16..=1000, insider: u16, belonging: u16, support: u8) {
            let one = Membership {
                person: RunPerson::new(person),
                kind: PersonKind::from_number(kind).unwrap(),
                member: flags[0],
                ranked: flags[1],
                low_confidence: flags[2],
                support: support_of(support),
                attention,
                score,
                insider: from_unit(insider),
                belonging: from_unit(belonging),
            };
            prop_assert_eq!(unpack(&pack(&[one, one])), Ok(vec![one, one]));
        }

        #[test]
        fn a_support_is_kept_within_a_few_percent(support in 1f32..5e6) {
            let kept = support_of(stored_support(support));
            prop_assert!((kept / support - 1.0).abs() < 0.033, "{support} as {kept}");
        }

        #[test]
        fn any_bytes_are_memberships_or_an_error(bytes: Vec<u8>) {
            prop_assert_eq!(unpack(&bytes).is_err(), bytes.len() % MEMBERSHIP_BYTES != 0);
        }
    }

    #[test]
    fn the_stored_form_has_these_bytes() {
        let one = Membership {
            person: RunPerson::new(0x0403_0201),
            kind: PersonKind::Organisation,
            member: true,
            ranked: false,
            low_confidence: true,
            support: 2.0,
            attention: 0.5,
            score: 0x0203,
            insider: 1.0,
            belonging: 0.0,
        };
        let golden = [1, 2, 3, 4, 0, 0, 0, 0x3f, 3, 2, 0xff, 0xff, 0, 0, 0x16, 12];
        assert_eq!(pack(&[one]), golden);
        assert_eq!(unpack(&golden), Ok(vec![one]));
    }
}

//! One person's place in one community, and the packed form in which places are stored.
//!
//! A community's memberships are one blob in rank order: [`PACKED_BYTES`] bytes each, so that a page
//! is one slice of it. Persons are named by their number within the run (4 bytes instead of 8).

use crate::interval::{Interval, interval};
use crate::profile::PersonKind;

/// One person's place in one community of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Membership {
    /// The person's number within the run.
    pub person: u32,
    /// Who it is: decides in which of the separate rankings it stands.
    pub kind: PersonKind,
    /// Whether the person belongs to the community (many receive attention from outside).
    pub member: bool,
    /// Whether it holds a rank: not under the noise level, not listed against its will.
    pub ranked: bool,
    /// Whether the support is too small to rely on.
    pub low_confidence: bool,
    /// The effective number of arcs that its attention rests on; 0 if there are none, or in runs
    /// from before it was kept.
    pub support: f32,
    /// Its share of the community's attention; all shares sum to 1.
    pub attention: f32,
    /// Attention on the scale 0 to 1000, by logarithm.
    pub score: u16,
    /// Lower 95 % bound of the share of its attention that comes from insiders, 0 to 1.
    pub insider: f32,
    /// How much it belongs to the community, 0 to 1; shares of one person sum to at most 1.
    pub belonging: f32,
}

/// The size of one packed membership.
pub const PACKED_BYTES: usize = 16;

/// Why bytes are not memberships.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
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

/// Share at which the logarithmic scale bends into a straight line.
const SCALE: f64 = 1e-7;

/// The score of a share on the fixed scale from 0 to 1000: `1000·ln(1 + s/10⁻⁷) / ln(1 + 10⁷)`. Ten
/// times the share is about 143 points more, in every community and in every run.
pub fn score(share: f32) -> f32 {
    (1000.0 * (f64::from(share) / SCALE).ln_1p() / (1.0 / SCALE).ln_1p()) as f32
}

impl Membership {
    /// Between which shares its attention is in 9 of 10 cases; `None` if it rests on no arcs.
    pub fn interval(&self) -> Option<Interval> {
        interval(self.attention, self.support)
    }
}

/// Packs memberships in the order given. Insider and belonging keep 1/65535, support is kept within
/// 3.3 %.
pub fn pack(memberships: &[Membership]) -> Vec<u8> {
    let mut out = Vec::with_capacity(memberships.len() * PACKED_BYTES);
    for one in memberships {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        out.extend(one.person.to_le_bytes());
        out.extend(one.attention.to_bits().to_le_bytes());
        out.extend(one.score.to_le_bytes());
        out.extend(to_unit(one.insider).to_le_bytes());
        out.extend(to_unit(one.belonging).to_le_bytes());
        out.push(
            one.kind as u8
                | bit(one.member, MEMBER)
                | bit(one.ranked, RANKED)
                | bit(one.low_confidence, LOW_CONFIDENCE),
        );
        out.push(to_log(one.support));
    }
    out
}

/// Reads what [`pack`] wrote, or any slice of it that begins and ends between memberships.
pub fn unpack(bytes: &[u8]) -> Result<Vec<Membership>, MembershipError> {
    let (packed, rest) = bytes.as_chunks::<PACKED_BYTES>();
    if !rest.is_empty() {
        return Err(MembershipError::BadLength(bytes.len()));
    }
    packed.iter().map(unpack_one).collect()
}

fn unpack_one(bytes: &[u8; PACKED_BYTES]) -> Result<Membership, MembershipError> {
    let [p0, p1, p2, p3, a0, a1, a2, a3, s0, s1, i0, i1, b0, b1, flags, support] = *bytes;
    let kind = PersonKind::from_number(flags & 3).ok_or(MembershipError::BadKind(flags & 3))?;
    Ok(Membership {
        person: u32::from_le_bytes([p0, p1, p2, p3]),
        kind,
        member: flags & MEMBER != 0,
        ranked: flags & RANKED != 0,
        low_confidence: flags & LOW_CONFIDENCE != 0,
        support: from_log(support),
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

/// Steps of the stored support in each factor of 2: 255 steps reach ten million.
const STEPS: f32 = 11.0;

fn to_log(support: f32) -> u8 {
    if support <= 0.0 {
        return 0;
    }
    (1.0 + STEPS * support.max(1.0).log2()).round().min(f32::from(u8::MAX)) as u8
}

fn from_log(stored: u8) -> f32 {
    if stored == 0 { 0.0 } else { ((f32::from(stored) - 1.0) / STEPS).exp2() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn memberships_read_back(person: u32, kind in 0u8..4, flags: [bool; 3], attention in 0f32..1.0, score in 0u16..=1000, insider: u16, belonging: u16, support: u8) {
            let one = Membership {
                person,
                kind: PersonKind::from_number(kind).unwrap(),
                member: flags[0],
                ranked: flags[1],
                low_confidence: flags[2],
                support: from_log(support),
                attention,
                score,
                insider: from_unit(insider),
                belonging: from_unit(belonging),
            };
            prop_assert_eq!(unpack(&pack(&[one, one])), Ok(vec![one, one]));
        }

        #[test]
        fn a_support_is_kept_within_a_few_percent(support in 1f32..5e6) {
            let kept = from_log(to_log(support));
            prop_assert!((kept / support - 1.0).abs() < 0.033, "{support} as {kept}");
        }

        #[test]
        fn any_bytes_are_memberships_or_an_error(bytes: Vec<u8>) {
            prop_assert_eq!(unpack(&bytes).is_err(), bytes.len() % PACKED_BYTES != 0);
        }
    }
}

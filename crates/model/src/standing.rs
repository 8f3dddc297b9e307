//! One person's place in one community, and the packed form in which places are stored.
//!
//! A community's standings are one blob in rank order: [`PACKED_BYTES`] bytes each, so that a page
//! is one slice of it. Persons are named by their number within the run (4 bytes instead of 8).

use crate::profile::PersonKind;

/// One person's place in one community of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
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
    /// Its share of the community's attention; all shares sum to 1.
    pub attention: f32,
    /// Attention on the scale 0 to 1000, by logarithm.
    pub score: u16,
    /// Lower 95 % bound of the share of its attention that comes from insiders, 0 to 1.
    pub insider: f32,
    /// How much it belongs to the community, 0 to 1; shares of one person sum to at most 1.
    pub belonging: f32,
}

/// The size of one packed standing.
pub const PACKED_BYTES: usize = 16;

/// Why bytes are not standings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StandingError {
    /// The length is no multiple of the size of one.
    #[error("{0} bytes are no whole number of standings")]
    BadLength(usize),
    /// A kind has an unknown number.
    #[error("unknown kind {0} in a standing")]
    BadKind(u8),
}

const MEMBER: u8 = 4;
const RANKED: u8 = 8;
const LOW_CONFIDENCE: u8 = 16;

/// Packs standings in the order given. Insider and belonging keep 1/65535.
pub fn pack(standings: &[Standing]) -> Vec<u8> {
    let mut out = Vec::with_capacity(standings.len() * PACKED_BYTES);
    for one in standings {
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
        out.push(0);
    }
    out
}

/// Reads what [`pack`] wrote, or any slice of it that begins and ends between standings.
pub fn unpack(bytes: &[u8]) -> Result<Vec<Standing>, StandingError> {
    let (packed, rest) = bytes.as_chunks::<PACKED_BYTES>();
    if !rest.is_empty() {
        return Err(StandingError::BadLength(bytes.len()));
    }
    packed.iter().map(unpack_one).collect()
}

fn unpack_one(bytes: &[u8; PACKED_BYTES]) -> Result<Standing, StandingError> {
    let [p0, p1, p2, p3, a0, a1, a2, a3, s0, s1, i0, i1, b0, b1, flags, _] = *bytes;
    let kind = PersonKind::from_number(flags & 3).ok_or(StandingError::BadKind(flags & 3))?;
    Ok(Standing {
        person: u32::from_le_bytes([p0, p1, p2, p3]),
        kind,
        member: flags & MEMBER != 0,
        ranked: flags & RANKED != 0,
        low_confidence: flags & LOW_CONFIDENCE != 0,
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
        fn standings_read_back(person: u32, kind in 0u8..4, flags: [bool; 3], attention in 0f32..1.0, score in 0u16..=1000, insider: u16, belonging: u16) {
            let one = Standing {
                person,
                kind: PersonKind::from_number(kind).unwrap(),
                member: flags[0],
                ranked: flags[1],
                low_confidence: flags[2],
                attention,
                score,
                insider: from_unit(insider),
                belonging: from_unit(belonging),
            };
            prop_assert_eq!(unpack(&pack(&[one, one])), Ok(vec![one, one]));
        }

        #[test]
        fn any_bytes_are_standings_or_an_error(bytes: Vec<u8>) {
            prop_assert_eq!(unpack(&bytes).is_err(), bytes.len() % PACKED_BYTES != 0);
        }
    }
}

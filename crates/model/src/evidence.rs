//! The evidence for one person's attention in one community, and the blob it is stored as.
//!
//! Attention is a fixed point: `score = restart + rest + damping · Σ attention · share`, summed
//! over the contributors named here; `rest` is what all others bring together. So whoever reads
//! the evidence can recompute the score, within a part in a million. The stored form is
//!
//! ```text
//! 1 · damping · score · restart · rest · support · n · n × (person, attention, share)
//! ```
//!
//! with persons and `n` as [varints](crate::varint) and the rest as little-endian `f32`. Form 0, of
//! older runs, has no support.

use crate::varint::{self, VarintError};

/// One person's attention that reaches the subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contributor {
    /// The contributor's number within the run.
    pub person: u32,
    /// Its own attention in the community: a share of the whole.
    pub attention: f32,
    /// The share of its attention that it gives to the subject.
    pub share: f32,
}

/// Why a person has its attention in a community.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// How much of its attention each passes on (α).
    pub damping: f32,
    /// The attention that is explained: a share of the whole.
    pub score: f32,
    /// The part that comes from the restart, damping already applied.
    pub restart: f32,
    /// The part that comes from contributors not named, damping already applied, with what the
    /// walk's tolerance and rounding leave: it makes the sum the served score.
    pub rest: f32,
    /// The effective number of arcs that the score rests on; 0 if it was not kept.
    pub support: f32,
    /// Those who bring the most, the largest first.
    pub contributors: Vec<Contributor>,
}

/// Why bytes are no evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The first byte is a version that this one does not know.
    #[error("unknown evidence version {0}")]
    UnknownVersion(u8),
    /// A number in the body is broken.
    #[error("broken evidence: {0}")]
    Broken(#[from] VarintError),
    /// The body is shorter or longer than it says, or a number is out of its range.
    #[error("evidence does not fit its length")]
    BadLength,
}

const VERSION: u8 = 1;
/// The form without support, of older runs.
const WITHOUT_SUPPORT: u8 = 0;
const CONTRIBUTOR_BYTES_MIN: u64 = 9;

impl Contributor {
    /// What it brings to the subject's score.
    pub fn brings(&self, damping: f32) -> f32 {
        damping * self.attention * self.share
    }
}

impl Evidence {
    /// The score as the parts make it.
    pub fn recomputed(&self) -> f32 {
        let named: f32 = self.contributors.iter().map(|one| one.brings(self.damping)).sum();
        self.restart + self.rest + named
    }

    /// The stored form; see the module's description.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        for number in [self.damping, self.score, self.restart, self.rest, self.support] {
            out.extend(number.to_le_bytes());
        }
        varint::put(&mut out, self.contributors.len() as u64);
        for one in &self.contributors {
            varint::put(&mut out, u64::from(one.person));
            out.extend(one.attention.to_le_bytes());
            out.extend(one.share.to_le_bytes());
        }
        out
    }

    /// Reads the stored form. Never panics, and allocates no more than the bytes justify.
    pub fn decode(bytes: &[u8]) -> Result<Evidence, EvidenceError> {
        let (&version, mut rest) = bytes.split_first().ok_or(EvidenceError::BadLength)?;
        if version != VERSION && version != WITHOUT_SUPPORT {
            return Err(EvidenceError::UnknownVersion(version));
        }
        let mut evidence = Evidence {
            damping: take_f32(&mut rest)?,
            score: take_f32(&mut rest)?,
            restart: take_f32(&mut rest)?,
            rest: take_f32(&mut rest)?,
            support: if version == VERSION { take_f32(&mut rest)? } else { 0.0 },
            contributors: Vec::new(),
        };
        let count = varint::take(&mut rest)?;
        if count > rest.len() as u64 / CONTRIBUTOR_BYTES_MIN {
            return Err(EvidenceError::BadLength);
        }
        for _ in 0..count {
            evidence.contributors.push(take_contributor(&mut rest)?);
        }
        if rest.is_empty() { Ok(evidence) } else { Err(EvidenceError::BadLength) }
    }
}

fn take_contributor(rest: &mut &[u8]) -> Result<Contributor, EvidenceError> {
    let person = u32::try_from(varint::take(rest)?).map_err(|_| EvidenceError::BadLength)?;
    Ok(Contributor { person, attention: take_f32(rest)?, share: take_f32(rest)? })
}

fn take_f32(rest: &mut &[u8]) -> Result<f32, EvidenceError> {
    let (bytes, tail) = rest.split_first_chunk::<4>().ok_or(EvidenceError::BadLength)?;
    *rest = tail;
    Ok(f32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn evidence_reads_back(parts: [u16; 5], people: Vec<(u32, u16, u16)>) {
            let unit = |n: u16| f32::from(n) / 65_535.0;
            let contributors = people.into_iter().map(|(person, attention, share)| Contributor {
                person,
                attention: unit(attention),
                share: unit(share),
            });
            let [damping, score, restart, rest, support] = parts.map(unit);
            let contributors = contributors.collect();
            let evidence = Evidence { damping, score, restart, rest, support, contributors };
            prop_assert_eq!(Evidence::decode(&evidence.encode()), Ok(evidence));
        }

        #[test]
        fn any_bytes_are_evidence_or_an_error(mut bytes: Vec<u8>, versioned: bool) {
            if versioned {
                bytes.insert(0, VERSION);
            }
            if let Ok(evidence) = Evidence::decode(&bytes) {
                prop_assert!(evidence.contributors.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn the_parts_make_the_score() {
        let fan = Contributor { person: 4, attention: 0.5, share: 0.25 };
        let evidence = Evidence {
            damping: 0.85,
            score: 0.136_25,
            restart: 0.02,
            rest: 0.01,
            support: 3.0,
            contributors: vec![fan],
        };
        assert!((evidence.recomputed() - evidence.score).abs() < 1e-6);
        assert_eq!(Evidence::decode(&[2]), Err(EvidenceError::UnknownVersion(2)));
    }

    #[test]
    fn the_form_without_support_is_still_read() {
        let none = Evidence {
            damping: 1.0,
            score: 0.5,
            restart: 0.0,
            rest: 0.5,
            support: 0.0,
            contributors: vec![],
        };
        let mut old = none.encode();
        old[0] = WITHOUT_SUPPORT;
        old.drain(17..21);
        assert_eq!(Evidence::decode(&old), Ok(none));
    }
}

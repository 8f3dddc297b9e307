//! Ids: dense 64-bit numbers inside, a typed prefix and Crockford base32 outside.
//!
//! ```
//! use model::{CommunityId, PersonId};
//!
//! let person = PersonId::new(0x2001);
//! assert_eq!(person.to_string(), "per_801");
//! assert_eq!("per_8O1".parse(), Ok(person)); // a letter o is read as 0
//! assert!("per_801".parse::<CommunityId>().is_err());
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::platform::Platform;

/// The text is not a public id of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_…")]
pub struct IdError {
    text: String,
    prefix: &'static str,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes `number` in Crockford base32, without leading zeros.
fn encode(mut number: u64) -> String {
    let mut digits = vec![ALPHABET[(number & 31) as usize]];
    number >>= 5;
    while number > 0 {
        digits.push(ALPHABET[(number & 31) as usize]);
        number >>= 5;
    }
    digits.iter().rev().map(|&digit| char::from(digit)).collect()
}

/// Reads Crockford base32: case is ignored, `o` is 0, `i` and `l` are 1.
fn decode(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 13 {
        return None;
    }
    text.bytes().try_fold(0u64, |number, byte| {
        let digit = match byte.to_ascii_lowercase() {
            b'o' => b'0',
            b'i' | b'l' => b'1',
            other => other,
        };
        let value = ALPHABET.iter().position(|&known| known == digit)? as u64;
        number.checked_mul(32)?.checked_add(value)
    })
}

/// A kind of id: its name, its prefix, and how many bits its numbers have at most.
macro_rules! public_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $bits:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u64);

        impl $name {
            /// The prefix of every public id of this kind, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id with this stored number.
            pub const fn new(number: u64) -> $name {
                $name(number)
            }

            /// The stored number.
            pub const fn number(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<$name, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .filter(|number| number.leading_zeros() >= u64::BITS - $bits)
                    .map($name)
                    .ok_or_else(|| IdError { text: text.chars().take(80).collect(), prefix: $prefix })
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<$name, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

public_id! {
    /// One profile: 8 bits of platform, 45 bits of sequence, so that it fits a JSON number.
    ProfileId, "prf", 53
}
public_id! {
    /// One person: the number of the profile that it was minted for. It is stored once a second
    /// profile joins. A merge keeps the older id, an unmerge restores the other.
    PersonId, "per", 53
}
public_id! {
    /// One community, minted when it first appears and kept as long as lineage can follow it.
    CommunityId, "com", 64
}
public_id! {
    /// One scoring of one snapshot.
    RunId, "run", 64
}
public_id! {
    /// One sealed attention graph.
    SnapshotId, "snp", 64
}
public_id! {
    /// One API key; never the secret itself.
    KeyId, "key", 64
}

public_id! {
    /// One account that holds API keys and pays for answers.
    PayerId, "acc", 64
}
public_id! {
    /// One promise of a price.
    QuoteId, "qt", 64
}
public_id! {
    /// One credit lease: a random number, or that of the quote it is for.
    LeaseId, "lse", 64
}
public_id! {
    /// One spend alert.
    AlertId, "alr", 64
}
public_id! {
    /// One delivery of a webhook, however often it is tried.
    DeliveryId, "dlv", 64
}
public_id! {
    /// One privacy request: a random number.
    PrivacyRequestId, "prq", 64
}
public_id! {
    /// One export: a random number.
    ExportId, "exp", 64
}

/// The bits of a [`ProfileId`] that count profiles within one platform.
const SEQUENCE_BITS: u32 = 45;

impl ProfileId {
    /// The profile with this sequence number on `platform`.
    ///
    /// ```
    /// use model::{Platform, ProfileId};
    ///
    /// let id = ProfileId::on(Platform::BLUESKY, 7);
    /// assert_eq!(id.number(), (2 << 45) + 7);
    /// assert_eq!(id.platform(), Some(Platform::BLUESKY));
    /// ```
    ///
    /// # Panics
    /// If `sequence` needs more than 45 bits: 35 trillion profiles of one platform.
    pub const fn on(platform: Platform, sequence: u64) -> ProfileId {
        assert!(sequence < 1 << SEQUENCE_BITS, "sequence exceeds 45 bits");
        ProfileId(((platform.number() as u64) << SEQUENCE_BITS) | sequence)
    }

    /// The platform in the id, if its number is a known one.
    pub fn platform(self) -> Option<Platform> {
        u8::try_from(self.0 >> SEQUENCE_BITS).ok().and_then(Platform::from_number)
    }

    /// The number of the platform in the id, known or not.
    pub const fn platform_number(self) -> u8 {
        (self.0 >> SEQUENCE_BITS) as u8
    }

    /// The person of this profile as long as no proof joins it to another profile.
    pub const fn home_person(self) -> PersonId {
        PersonId(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_public_id_reads_back(number in 0u64..1 << 53) {
            let id = PersonId::new(number);
            prop_assert_eq!(id.to_string().parse::<PersonId>(), Ok(id));
            prop_assert!(id.to_string().parse::<CommunityId>().is_err());
        }
    }

    #[test]
    fn crockford_forgives_look_alikes_and_case() {
        assert_eq!("com_1O".parse::<CommunityId>(), "com_i0".parse());
        assert!("com_".parse::<CommunityId>().is_err());
        assert!("com_u".parse::<CommunityId>().is_err());
        assert!("com_zzzzzzzzzzzzz".parse::<CommunityId>().is_err());
    }

    #[test]
    fn a_number_beyond_the_bits_of_an_id_is_refused() {
        let (last, next) = (PersonId::new((1 << 53) - 1), PersonId::new(1 << 53));
        assert_eq!(last.to_string().parse(), Ok(last));
        assert!(next.to_string().parse::<PersonId>().is_err());
        assert!(ProfileId::new(u64::MAX).to_string().parse::<ProfileId>().is_err());
    }

    #[test]
    fn a_profile_id_carries_its_platform_and_fits_a_json_number() {
        let id = ProfileId::on(Platform::BLUESKY, 7);
        assert_eq!(id.platform(), Some(Platform::BLUESKY));
        assert!(
            ProfileId::on(Platform::from_number(20).unwrap(), (1 << 45) - 1).number() < 1 << 53
        );
        assert_eq!(id.home_person().number(), id.number());
    }

    #[test]
    fn public_ids_have_these_forms() {
        let id = ProfileId::on(Platform::BLUESKY, 31);
        assert_eq!(
            (id.to_string(), format!("{id:?}")),
            ("prf_200000000z".into(), "prf_200000000z".into())
        );
        assert_eq!(serde_json::to_string(&RunId::new(32)).unwrap(), "\"run_10\"");
        assert_eq!(serde_json::from_str::<RunId>("\"run_10\"").unwrap(), RunId::new(32));
        assert_eq!((SnapshotId::new(0).to_string(), KeyId::PREFIX), ("snp_0".into(), "key"));
        let last = CommunityId::new(u64::MAX);
        assert_eq!(last.to_string(), "com_fzzzzzzzzzzzz");
        assert_eq!(last.to_string().parse(), Ok(last));
        assert!("com_00000000000001".parse::<CommunityId>().is_err(), "14 digits");
        assert_eq!("com_00000000000L1".parse(), Ok(CommunityId::new(33)));
        let error = "x".repeat(90).parse::<PersonId>().unwrap_err().to_string();
        assert_eq!(error, format!("`{}` is not an id of the form per_…", "x".repeat(80)));
    }

    #[test]
    fn the_platform_of_an_id_may_be_unknown() {
        let id = ProfileId::new(200 << 45 | 1);
        assert_eq!((id.platform(), id.platform_number()), (None, 200));
        assert_eq!(ProfileId::on(Platform::FEDIVERSE, 1).platform_number(), 3);
    }
}

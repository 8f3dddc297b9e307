//! A charge, and its id: a hash of what is charged, so that the same request is charged once.
//!
//! ```
//! use model::ChargeId;
//!
//! let id = ChargeId::new([7; 20]);
//! assert_eq!(id.to_string(), "chg_0w3ge1r70w3ge1r70w3ge1r70w3ge1r7");
//! assert_eq!(id.to_string().parse(), Ok(id));
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod record;

pub use record::{BudgetClaim, Charge, ChargeRef, ChargeSource, ChargeState, REPLAYS_MAX};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BYTES: usize = 20;
const DIGITS: usize = BYTES * 8 / 5;
const PREFIX: &str = "chg_";

/// The id of a charge: 160 bits of a hash. As text it is `chg_` and 32 digits of Crockford base32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChargeId {
    bytes: [u8; BYTES],
}

impl ChargeId {
    /// The id with these bytes.
    pub const fn new(bytes: [u8; BYTES]) -> ChargeId {
        ChargeId { bytes }
    }

    /// Its bytes, as they are stored.
    pub const fn bytes(&self) -> &[u8; BYTES] {
        &self.bytes
    }
}

impl fmt::Display for ChargeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        // Five bytes are eight digits.
        for bytes in self.bytes.chunks(5) {
            let bits = bytes.iter().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
            for at in (0..8).rev() {
                let digit = ALPHABET[(bits >> (5 * at) & 31) as usize];
                write!(f, "{}", char::from(digit))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ChargeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no id of a charge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of a charge: chg_ and 32 digits")]
pub struct ChargeIdError(String);

impl FromStr for ChargeId {
    type Err = ChargeIdError;

    fn from_str(text: &str) -> Result<ChargeId, ChargeIdError> {
        let bytes = text.strip_prefix(PREFIX).and_then(decoded);
        bytes.map(ChargeId::new).ok_or_else(|| ChargeIdError(text.chars().take(80).collect()))
    }
}

fn decoded(digits: &str) -> Option<[u8; BYTES]> {
    if digits.len() != DIGITS {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (bytes, digits) in bytes.chunks_mut(5).zip(digits.as_bytes().chunks(8)) {
        let mut bits = 0u64;
        for digit in digits {
            let value = ALPHABET.iter().position(|known| known == digit)?;
            bits = bits << 5 | value as u64;
        }
        bytes.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

impl TryFrom<String> for ChargeId {
    type Error = ChargeIdError;

    fn try_from(text: String) -> Result<ChargeId, ChargeIdError> {
        text.parse()
    }
}

impl From<ChargeId> for String {
    fn from(id: ChargeId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_reads_back_and_texts_sort_as_ids(a: [u8; BYTES], b: [u8; BYTES]) {
            let (a, b) = (ChargeId::new(a), ChargeId::new(b));
            prop_assert_eq!(a.to_string().parse(), Ok(a));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn an_id_has_one_form() {
        let id = ChargeId::new([255; BYTES]);
        assert_eq!(id.to_string(), format!("chg_{}", "z".repeat(32)));
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id:?}\""));
        assert_eq!((id.bytes(), id.to_string().len()), (&[255; BYTES], 36));
        let zeros = "0".repeat(32);
        for wrong in ["", "chg_", "chg_0", &format!("qt_{zeros}"), &format!("chg_{zeros}0")] {
            assert!(wrong.parse::<ChargeId>().is_err(), "{wrong}");
        }
        assert!(id.to_string().replace('z', "Z").parse::<ChargeId>().is_err());
        assert!(format!("chg_{}é", "0".repeat(30)).parse::<ChargeId>().is_err());
    }
}

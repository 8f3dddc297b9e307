//! API keys: `borg_live_` or `borg_test_`, 30 random base62 digits, 6 base62 digits of CRC32.
//!
//! By the checksum a mistyped key is refused before anything is read, and secret scanners can recognise
//! a leaked key offline. 30 digits are 178 bits, so a stored HMAC needs no slow hash.
//!
//! ```
//! use model::key::{ApiSecret, ApiSecretError, KeyRealm, RANDOM_BYTES};
//!
//! let secret = ApiSecret::from_random(KeyRealm::Test, &[7; RANDOM_BYTES]).unwrap();
//! assert_eq!(ApiSecret::parse(secret.reveal()), Ok(secret.clone()));
//! assert_eq!(format!("{secret:?}"), "borg_test_…"); // logs show no digit of it
//! assert_eq!(ApiSecret::parse("borg_test_short"), Err(ApiSecretError::BadForm));
//! ```

use std::fmt;

/// Which index a key gives access to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRealm {
    /// The real index, for real credits.
    Live,
    /// Sample data and play credits.
    Test,
}

/// The secret of an API key. Its `Debug` form shows no digit of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiSecret(String);

/// Why a text is not an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiSecretError {
    /// It does not begin with one of the prefixes, or has the wrong length or characters.
    #[error("an API key looks like borg_live_ or borg_test_ and 36 letters and digits")]
    BadForm,
    /// The last six characters do not fit the others.
    #[error("the API key's checksum is wrong: was it copied whole?")]
    BadChecksum,
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY_DIGITS: usize = 30;
const CHECK_DIGITS: usize = 6;

/// How many random bytes [`ApiSecret::from_random`] takes.
pub const RANDOM_BYTES: usize = 48;

impl ApiSecret {
    /// Makes a key from random bytes; bytes of 248 and above are skipped, so that every digit is
    /// equally likely. `None` if too many had to be skipped: draw again.
    pub fn from_random(realm: KeyRealm, random: &[u8; RANDOM_BYTES]) -> Option<ApiSecret> {
        let fair = random.iter().filter(|&&byte| byte < 248);
        let body: String = fair
            .take(BODY_DIGITS)
            .map(|&byte| char::from(DIGITS[usize::from(byte) % 62]))
            .collect();
        if body.len() < BODY_DIGITS {
            return None;
        }
        let head = format!("{}{body}", realm.prefix());
        let check = checksum(&head);
        Some(ApiSecret(head + &check))
    }

    /// Makes a key. `draw` returns fresh random bytes of a cryptographic source. It is called again in the
    /// rare case that too many of them had to be skipped.
    pub fn mint<E>(
        realm: KeyRealm,
        mut draw: impl FnMut() -> Result<[u8; RANDOM_BYTES], E>,
    ) -> Result<ApiSecret, E> {
        loop {
            if let Some(secret) = ApiSecret::from_random(realm, &draw()?) {
                return Ok(secret);
            }
        }
    }

    /// Reads a key as a client sent it.
    pub fn parse(text: &str) -> Result<ApiSecret, ApiSecretError> {
        let body = [KeyRealm::Live, KeyRealm::Test]
            .into_iter()
            .find_map(|realm| text.strip_prefix(realm.prefix()))
            .ok_or(ApiSecretError::BadForm)?;
        let well_formed = body.len() == BODY_DIGITS + CHECK_DIGITS
            && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed {
            return Err(ApiSecretError::BadForm);
        }
        let (head, check) = text.split_at(text.len() - CHECK_DIGITS);
        if checksum(head) == check {
            Ok(ApiSecret(text.to_owned()))
        } else {
            Err(ApiSecretError::BadChecksum)
        }
    }

    /// The whole secret: to be shown once, or hashed.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The last four characters, by which people recognise their keys.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// The realm of the key.
    pub fn realm(&self) -> KeyRealm {
        if self.0.starts_with(KeyRealm::Live.prefix()) { KeyRealm::Live } else { KeyRealm::Test }
    }
}

impl KeyRealm {
    const fn prefix(self) -> &'static str {
        match self {
            KeyRealm::Live => "borg_live_",
            KeyRealm::Test => "borg_test_",
        }
    }
}

impl fmt::Debug for ApiSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.realm().prefix())
    }
}

fn checksum(head: &str) -> String {
    let mut sum = crc32fast::hash(head.as_bytes());
    let mut digits = [b'0'; CHECK_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(sum % 62) as usize];
        sum /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> ApiSecret {
        let random: [u8; RANDOM_BYTES] = std::array::from_fn(|i| (i * 5) as u8);
        ApiSecret::from_random(KeyRealm::Live, &random).unwrap()
    }

    #[test]
    fn a_key_reads_back_and_hides_itself() {
        let key = secret();
        assert_eq!(key.reveal().len(), "borg_live_".len() + 36);
        assert_eq!(ApiSecret::parse(key.reveal()), Ok(key.clone()));
        assert_eq!(format!("{key:?}"), "borg_live_…");
    }

    #[test]
    fn a_wrong_character_and_a_wrong_form_are_different_errors() {
        let key = secret();
        let mut typo = key.reveal().to_owned().into_bytes();
        typo[12] = if typo[12] == b'a' { b'b' } else { b'a' };
        let typo = String::from_utf8(typo).unwrap();
        assert_eq!(ApiSecret::parse(&typo), Err(ApiSecretError::BadChecksum));
        assert_eq!(ApiSecret::parse("borg_live_short"), Err(ApiSecretError::BadForm));
        assert_eq!(ApiSecret::parse("sk_live_123"), Err(ApiSecretError::BadForm));
    }

    #[test]
    fn minting_draws_again_until_the_bytes_are_fair() {
        let mut draws = [[255; RANDOM_BYTES], [7; RANDOM_BYTES]].into_iter();
        let secret = ApiSecret::mint(KeyRealm::Live, || draws.next().ok_or(())).unwrap();
        assert_eq!(ApiSecret::parse(secret.reveal()), Ok(secret));
        assert!(draws.next().is_none());
    }

    #[test]
    fn too_few_fair_bytes_are_refused() {
        assert_eq!(ApiSecret::from_random(KeyRealm::Test, &[255; RANDOM_BYTES]), None);
    }

    #[test]
    fn the_form_of_a_key_never_changes() {
        let key = secret();
        assert_eq!(key.reveal(), "borg_live_05AFKPUZejoty38DINSXchmrw16BGL2bDgPO");
        assert_eq!((key.last_four(), key.realm()), ("DgPO", KeyRealm::Live));
        let test = ApiSecret::from_random(KeyRealm::Test, &[0; RANDOM_BYTES]).unwrap();
        assert!(test.reveal().starts_with("borg_test_000000000000000000000000000000"));
        assert_eq!(test.realm(), KeyRealm::Test);
        for wrong in [format!("{}0", key.reveal()), key.reveal().replace('5', "-")] {
            assert_eq!(ApiSecret::parse(&wrong), Err(ApiSecretError::BadForm), "{wrong}");
        }
    }

    #[test]
    fn every_fair_byte_is_taken_and_no_other() {
        let mut random = [250; RANDOM_BYTES];
        random[18..].fill(247);
        let last = ApiSecret::from_random(KeyRealm::Live, &random).unwrap();
        assert!(last.reveal().starts_with(&format!("borg_live_{}", "z".repeat(30))));
        random[18] = 248;
        assert_eq!(ApiSecret::from_random(KeyRealm::Live, &random), None);
    }
}

//! Accounts as people write them, and native ids.
//!
//! ```
//! use model::{Account, Platform};
//!
//! let account: Account = "mastodon:@Ada@Example.org".parse().unwrap();
//! assert_eq!(account.platform, Platform::FEDIVERSE);
//! assert_eq!(account.to_string(), "fediverse:Ada@example.org");
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::handle::{self, DomainError};
use crate::platform::{Platform, PlatformError};

/// Why a text names no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The platform is unknown.
    #[error(transparent)]
    UnknownPlatform(#[from] PlatformError),
    /// There is no colon between platform and handle.
    #[error("`{0}` is not of the form platform:handle, such as bluesky:alice.bsky.social")]
    NoPlatform(String),
    /// The handle is empty, too long, or has white space or control characters in it.
    #[error("malformed handle `{0}`: 1 to 2048 characters without white space")]
    BadHandle(String),
    /// The domain of the handle is invalid.
    #[error("malformed handle `{handle}`: {source}")]
    BadDomain {
        /// The text, with invisible characters escaped.
        handle: String,
        /// What is wrong with it.
        source: DomainError,
    },
}

/// An account as people write it: `bluesky:alice.bsky.social`. The handle may also be a native id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The identity space.
    pub platform: Platform,
    /// A handle in its canonical form ([`handle::canonical`]), or a native id.
    pub handle: String,
}

/// The maximal length of a handle or native id, in bytes; fediverse actor URIs are the longest. A longer
/// one is refused, not truncated: two that differ only at their ends would become equal.
pub const HANDLE_BYTES_MAX: usize = 2048;

/// An erased native id is replaced by this and 64 hexadecimal digits of a hash.
pub const ERASED_PREFIX: &str = "erased:";

/// Why a text is no native id. The messages follow the words "a native id".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NativeIdError {
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It is longer than [`HANDLE_BYTES_MAX`].
    #[error("has more than {HANDLE_BYTES_MAX} bytes")]
    Long,
    /// It contains a NUL, which PostgreSQL cannot store.
    #[error("has a NUL character in it")]
    Nul,
    /// It has the form of an erased id.
    #[error("has the form that stands for an erased id ({ERASED_PREFIX} and 64 digits)")]
    Erased,
}

/// Whether a text may be a native id: any text that can be stored and has not the form of an erased id.
pub fn check_native_id(text: &str) -> Result<(), NativeIdError> {
    match text {
        "" => Err(NativeIdError::Empty),
        _ if text.len() > HANDLE_BYTES_MAX => Err(NativeIdError::Long),
        _ if text.contains('\0') => Err(NativeIdError::Nul),
        _ if is_erased_form(text) => Err(NativeIdError::Erased),
        _ => Ok(()),
    }
}

fn is_erased_form(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let hash = text.strip_prefix(ERASED_PREFIX);
    hash.is_some_and(|hash| hash.len() == 64 && hash.bytes().all(is_digit))
}

impl Account {
    /// Reads a handle in any form that people write.
    pub fn new(platform: Platform, written: &str) -> Result<Account, AccountError> {
        let escaped = || handle::escape_invisible(written);
        let bad = |c: char| c.is_whitespace() || c.is_control();
        if written.len() > HANDLE_BYTES_MAX || written.trim().contains(bad) {
            return Err(AccountError::BadHandle(escaped()));
        }
        let handle = handle::canonical(platform, written)
            .map_err(|source| AccountError::BadDomain { handle: escaped(), source })?;
        match handle.is_empty() {
            true => Err(AccountError::BadHandle(escaped())),
            false => Ok(Account { platform, handle: handle.into_owned() }),
        }
    }
}

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Account, AccountError> {
        let (platform, handle) =
            text.split_once(':').ok_or_else(|| AccountError::NoPlatform(text.to_owned()))?;
        Account::new(platform.parse()?, handle)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.platform, self.handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_a_platform_and_a_handle() {
        let account: Account = "mastodon:@ada@example.org".parse().unwrap();
        assert_eq!(account.platform, Platform::FEDIVERSE);
        assert_eq!(account.to_string(), "fediverse:ada@example.org");
        let did: Account = "bluesky:did:plc:abc".parse().unwrap();
        assert_eq!(did.handle, "did:plc:abc");
    }

    #[test]
    fn a_text_that_names_no_account_is_refused_with_the_reason() {
        let unknown = "myspace:tom".parse::<Account>().unwrap_err().to_string();
        assert!(unknown.contains("myspace") && unknown.contains("bluesky"));
        assert!(matches!("alice".parse::<Account>(), Err(AccountError::NoPlatform(_))));
        assert!(matches!("bluesky:".parse::<Account>(), Err(AccountError::BadHandle(_))));
        assert!(matches!("bluesky:a b".parse::<Account>(), Err(AccountError::BadHandle(_))));
        let long = "a".repeat(HANDLE_BYTES_MAX + 1);
        assert!(matches!(Account::new(Platform::FILE, &long), Err(AccountError::BadHandle(_))));
        let error = "bluesky:a..b".parse::<Account>().unwrap_err().to_string();
        assert_eq!(error, "malformed handle `a..b`: `a..b` is no domain name");
    }

    #[test]
    fn invisible_characters_of_a_refused_handle_are_escaped() {
        let error = "fediverse:\u{202A}ada\u{202C}@xn--a.\u{200B}test".parse::<Account>();
        let error = error.unwrap_err().to_string();
        let handle = "ada<U+202C>@xn--a.<U+200B>test";
        let wanted = format!("malformed handle `<U+202A>{handle}`: `xn--a.test` is no domain name");
        assert_eq!(error, wanted);
        let error = "github:a\u{A0}b".parse::<Account>().unwrap_err().to_string();
        assert!(error.contains("`a<U+00A0>b`"), "{error}");
    }

    #[test]
    fn a_native_id_is_any_text_that_can_be_stored() {
        let long = "é".repeat(HANDLE_BYTES_MAX / 2);
        for id in ["a", " ", "CORP\\ann", "a\tb\n", "erased:", "erased:ann", "@ann", "жук", &long]
        {
            assert_eq!(check_native_id(id), Ok(()), "{id:?}");
        }
        let hash = "0123456789abcdef".repeat(4);
        let (kept, other) = (format!("erased:{hash}"), format!("erased:{}", hash.to_uppercase()));
        assert_eq!(check_native_id(&other), Ok(()));
        assert_eq!(check_native_id(&kept), Err(NativeIdError::Erased));
        assert_eq!(check_native_id(&format!("{long}x")), Err(NativeIdError::Long));
        assert_eq!(check_native_id("a\0"), Err(NativeIdError::Nul));
        assert_eq!(check_native_id(""), Err(NativeIdError::Empty));
    }

    #[test]
    fn the_longest_handle_and_native_id_are_taken() {
        let longest = "a".repeat(HANDLE_BYTES_MAX);
        assert_eq!(Account::new(Platform::FILE, &longest).unwrap().handle, longest);
        assert_eq!(check_native_id(&longest), Ok(()));
        for bad in ["a\u{7}b", "a\tb"] {
            assert!(matches!(Account::new(Platform::FILE, bad), Err(AccountError::BadHandle(_))));
        }
        let almost = format!("erased:{}", "0".repeat(63));
        assert_eq!(check_native_id(&almost), Ok(()));
        assert_eq!(check_native_id(&almost.replace("erased", "Erased")), Ok(()));
    }
}

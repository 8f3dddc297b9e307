//! Platforms (identity spaces) and the accounts on them.
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

use crate::handle::{self, DomainError, HandleForm};

/// One identity space. Its number is stored in every id, so a number is never reused or changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Platform(u8);

/// Whether a platform's profiles may be shown to others before they have said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Only after a profile was read and allowed it. A profile that was never read is not shown.
    OptIn,
    /// Unless a profile refuses.
    OptOut,
}

/// What is known of a platform: one row of the table.
struct KnownPlatform {
    number: u8,
    slug: &'static str,
    /// Names that the command line takes too.
    aliases: &'static [&'static str],
    listing: Listing,
    handles: HandleForm,
}

/// A platform that is opt-out and whose handles are words, as most are.
const fn usual(number: u8, slug: &'static str) -> KnownPlatform {
    KnownPlatform {
        number,
        slug,
        aliases: &[],
        listing: Listing::OptOut,
        handles: HandleForm::Word,
    }
}

/// Every platform, by number: the one place for what is not in its manifest. A platform in this table
/// costs one more file, its manifest. Numbers are part of ids, so they are given out here and never
/// again: a platform that is not in the table takes the next number.
const KNOWN: &[KnownPlatform] = &[
    KnownPlatform { handles: HandleForm::Native, ..usual(1, "file") },
    KnownPlatform {
        aliases: &["bsky", "atproto"],
        handles: HandleForm::Domain,
        ..usual(2, "bluesky")
    },
    KnownPlatform {
        aliases: &["mastodon", "activitypub", "lemmy", "misskey", "pixelfed", "peertube"],
        listing: Listing::OptIn,
        handles: HandleForm::Address,
        ..usual(3, "fediverse")
    },
    usual(4, "nostr"),
    usual(5, "farcaster"),
    usual(6, "github"),
    usual(7, "matrix"),
    KnownPlatform { aliases: &["hn"], ..usual(8, "hackernews") },
    usual(9, "podcast"),
    usual(10, "reddit"),
    KnownPlatform { aliases: &["twitter"], ..usual(11, "x") },
    usual(12, "youtube"),
    usual(13, "twitch"),
    usual(14, "stackexchange"),
    usual(15, "discourse"),
    usual(16, "gitlab"),
    usual(17, "wikidata"),
    usual(18, "openalex"),
    usual(19, "lens"),
    usual(20, "threads"),
];

// The row of a platform is found by its number.
const _: () = {
    let mut row = 0;
    while row < KNOWN.len() {
        assert!(KNOWN[row].number as usize == row + 1, "numbers have no gaps");
        row += 1;
    }
};

impl Platform {
    /// Bulk files whose nodes belong to no known platform.
    pub const FILE: Platform = Platform(1);
    /// Bluesky and everything else on the AT Protocol.
    pub const BLUESKY: Platform = Platform(2);
    /// ActivityPub and its API dialects.
    pub const FEDIVERSE: Platform = Platform(3);

    /// The platform with this stored number, if there is one.
    pub fn from_number(number: u8) -> Option<Platform> {
        Platform::all().find(|platform| platform.number() == number)
    }

    /// The number of this platform in ids and tables.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The lower-case name used in URLs, files and logs.
    pub const fn slug(self) -> &'static str {
        self.row().slug
    }

    /// Whether its profiles are listed by opt-in or by opt-out.
    pub const fn listing(self) -> Listing {
        self.row().listing
    }

    /// What its handles look like.
    pub(crate) const fn handles(self) -> HandleForm {
        self.row().handles
    }

    /// Every platform, by number.
    pub fn all() -> impl Iterator<Item = Platform> {
        KNOWN.iter().map(|known| Platform(known.number))
    }

    /// Its row. No platform is made but from a number in the table.
    const fn row(self) -> &'static KnownPlatform {
        &KNOWN[self.0 as usize - 1]
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl FromStr for Platform {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Platform, AccountError> {
        let wanted = text.to_ascii_lowercase();
        KNOWN
            .iter()
            .find(|known| known.slug == wanted || known.aliases.contains(&wanted.as_str()))
            .map(|known| Platform(known.number))
            .ok_or_else(|| AccountError::UnknownPlatform(text.to_owned()))
    }
}

impl TryFrom<String> for Platform {
    type Error = AccountError;

    fn try_from(text: String) -> Result<Platform, AccountError> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> String {
        platform.slug().to_owned()
    }
}

/// Why a text names no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The platform is not one that Borg knows.
    #[error("unknown platform `{0}`: take one of {known}", known = known_slugs())]
    UnknownPlatform(String),
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

fn known_slugs() -> String {
    KNOWN.iter().map(|known| known.slug).collect::<Vec<_>>().join(", ")
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
    fn the_fediverse_alone_is_opt_in() {
        let opt_in: Vec<Platform> =
            Platform::all().filter(|platform| platform.listing() == Listing::OptIn).collect();
        assert_eq!(opt_in, [Platform::FEDIVERSE]);
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
    fn numbers_and_slugs_are_unique() {
        let mut numbers: Vec<u8> = Platform::all().map(Platform::number).collect();
        let count = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
        for platform in Platform::all() {
            assert_eq!(platform.slug().parse(), Ok(platform));
            assert_eq!(Platform::from_number(platform.number()), Some(platform));
        }
    }

    #[test]
    fn the_numbers_of_platforms_never_change() {
        let slugs: Vec<&str> = Platform::all().map(Platform::slug).collect();
        let known = "file bluesky fediverse nostr farcaster github matrix hackernews podcast reddit x \
                     youtube twitch stackexchange discourse gitlab wikidata openalex lens threads";
        assert_eq!(slugs, known.split_whitespace().collect::<Vec<_>>());
        assert_eq!((Platform::from_number(0), Platform::from_number(200)), (None, None));
        let sky = Platform::BLUESKY;
        assert_eq!((sky.number(), format!("{sky} {sky:?}")), (2, "bluesky bluesky".to_owned()));
        assert_eq!(serde_json::to_string(&Platform::FEDIVERSE).unwrap(), "\"fediverse\"");
        assert!(serde_json::from_str::<Platform>("\"myspace\"").is_err());
    }

    #[test]
    fn platforms_have_aliases_in_any_case() {
        for (alias, platform) in [("BSKY", "bluesky"), ("lemmy", "fediverse"), ("twitter", "x")] {
            assert_eq!(alias.parse::<Platform>().unwrap().slug(), platform);
        }
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

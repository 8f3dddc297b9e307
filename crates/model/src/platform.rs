//! Platforms: the identity spaces of accounts.

mod added;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use added::{PlatformConflict, PlatformDeclaration, PlatformSlug, SlugError};

/// One identity space. Its number is stored in every id, so a number is never reused or changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Platform(u8);

/// Whether a platform's profiles may be shown to others before they have said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Listing {
    /// Only after a profile was read and allowed it. A profile that was never read is not shown.
    OptIn = 1,
    /// Unless a profile refuses.
    OptOut = 2,
}

impl Listing {
    /// The listing with this stored number, if there is one.
    pub fn from_number(number: u8) -> Option<Listing> {
        [Listing::OptIn, Listing::OptOut].into_iter().find(|listing| *listing as u8 == number)
    }
}

/// What the handles of a platform look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum HandleForm {
    /// `name@domain`; a native id has a slash in it.
    Address = 1,
    /// A domain; a native id has a colon in it.
    Domain = 2,
    /// A word.
    Word = 3,
    /// There are only native ids.
    Native = 4,
}

impl HandleForm {
    /// The form with this stored number, if there is one.
    pub fn from_number(number: u8) -> Option<HandleForm> {
        let forms = [HandleForm::Address, HandleForm::Domain, HandleForm::Word, HandleForm::Native];
        forms.into_iter().find(|form| *form as u8 == number)
    }
}

/// What is known of a platform: one row of the table, or what was added to it.
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

/// The platforms that come with Borg, by number: the one place for what is not in their manifests. A platform in
/// this table costs one more file, its manifest, and a place in [`Platform::CRAWLED`]. Numbers are part of ids, so
/// they are given out here and never again, up to 127. A platform that is only a manifest, given while Borg runs,
/// takes a number of its installation's own, from [`Platform::ADDED_MIN`] on.
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

    /// Those that have a manifest, by number: others are known from files only.
    pub const CRAWLED: [Platform; 2] = [Platform::BLUESKY, Platform::FEDIVERSE];

    /// The least number that an installation gives to platforms of its own.
    pub const ADDED_MIN: u8 = 128;

    /// The platform with this stored number, if there is one.
    pub fn from_number(number: u8) -> Option<Platform> {
        Platform::all().find(|platform| platform.number() == number)
    }

    /// The number of this platform in ids and tables.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The lower-case name used in URLs, files and logs.
    pub fn slug(self) -> &'static str {
        self.row().slug
    }

    /// Whether its profiles are listed by opt-in or by opt-out.
    pub fn listing(self) -> Listing {
        self.row().listing
    }

    /// Whether its accounts can be read from here.
    pub fn is_crawled(self) -> bool {
        self.is_added() || Platform::CRAWLED.contains(&self)
    }

    /// What its handles look like.
    pub fn handles(self) -> HandleForm {
        self.row().handles
    }

    /// Whether it is one of the installation's own.
    pub const fn is_added(self) -> bool {
        self.0 >= Platform::ADDED_MIN
    }

    /// Every platform that this process knows, by number.
    pub fn all() -> impl Iterator<Item = Platform> {
        rows().map(|known| Platform(known.number))
    }

    /// Its row. No platform is made but from a number that has one.
    fn row(self) -> &'static KnownPlatform {
        match added::row(self.0) {
            Some(row) => row,
            None => &KNOWN[usize::from(self.0) - 1],
        }
    }
}

fn rows() -> impl Iterator<Item = &'static KnownPlatform> {
    KNOWN.iter().chain(added::rows())
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
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Platform, PlatformError> {
        let wanted = text.to_ascii_lowercase();
        let is_it = |known: &&KnownPlatform| {
            known.slug == wanted || known.aliases.contains(&wanted.as_str())
        };
        // An installation that gave a platform a number keeps to it when a later release brings it along.
        added::rows()
            .chain(KNOWN)
            .find(is_it)
            .map(|known| Platform(known.number))
            .ok_or_else(|| PlatformError(text.to_owned()))
    }
}

impl TryFrom<String> for Platform {
    type Error = PlatformError;

    fn try_from(text: String) -> Result<Platform, PlatformError> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> String {
        platform.slug().to_owned()
    }
}

/// The text names no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown platform `{0}`: take one of {known}", known = known_slugs())]
pub struct PlatformError(String);

fn known_slugs() -> String {
    rows().map(|known| known.slug).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of the table alone: other tests add some.
    fn known() -> impl Iterator<Item = Platform> {
        KNOWN.iter().map(|known| Platform(known.number))
    }

    #[test]
    fn the_fediverse_alone_is_opt_in() {
        let opt_in: Vec<Platform> =
            known().filter(|platform| platform.listing() == Listing::OptIn).collect();
        assert_eq!(opt_in, [Platform::FEDIVERSE]);
    }

    #[test]
    fn numbers_and_slugs_are_unique() {
        let mut numbers: Vec<u8> = known().map(Platform::number).collect();
        let count = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
        for platform in known() {
            assert_eq!(platform.slug().parse(), Ok(platform));
            assert_eq!(Platform::from_number(platform.number()), Some(platform));
        }
    }

    #[test]
    fn the_numbers_of_platforms_never_change() {
        let slugs: Vec<&str> = known().map(Platform::slug).collect();
        let known = "file bluesky fediverse nostr farcaster github matrix hackernews podcast reddit x \
                     youtube twitch stackexchange discourse gitlab wikidata openalex lens threads";
        assert_eq!(slugs, known.split_whitespace().collect::<Vec<_>>());
        assert_eq!((Platform::from_number(0), Platform::from_number(255)), (None, None));
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
}

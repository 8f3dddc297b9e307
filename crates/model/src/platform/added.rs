//! Platforms that an installation added: those whose manifests were given while Borg runs.
//!
//! Their numbers are minted by the database (`store::pg::platform`) and learnt by each process before it reads or
//! writes a row of theirs. What was learnt stays until the process ends: at most 128 rows.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::{HandleForm, KnownPlatform, Listing, Platform};

/// How many platforms an installation may add.
const ADDED_MAX: usize = 128;

/// The longest slug, in bytes.
const SLUG_MAX: usize = 32;

/// Rows by number, from [`Platform::ADDED_MIN`] on.
static ADDED: [OnceLock<KnownPlatform>; ADDED_MAX] = [const { OnceLock::new() }; ADDED_MAX];

/// The name of a platform in URLs, files and logs: lower-case letters, digits and hyphens after a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlatformSlug(String);

/// A text that cannot be a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a platform: take lower-case letters, digits and hyphens, at most 32, a letter first"
)]
pub struct SlugError(String);

impl PlatformSlug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlatformSlug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<PlatformSlug, SlugError> {
        let is_inner = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let is_slug = text.len() <= SLUG_MAX
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(is_inner);
        is_slug.then(|| PlatformSlug(text.to_owned())).ok_or_else(|| SlugError(text.to_owned()))
    }
}

impl TryFrom<String> for PlatformSlug {
    type Error = SlugError;

    fn try_from(text: String) -> Result<PlatformSlug, SlugError> {
        text.parse()
    }
}

impl From<PlatformSlug> for String {
    fn from(slug: PlatformSlug) -> String {
        slug.0
    }
}

impl fmt::Display for PlatformSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a manifest says of its platform besides how it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformDeclaration {
    /// Its name.
    pub slug: PlatformSlug,
    /// Whether its profiles are listed by opt-in or by opt-out.
    pub listing: Listing,
    /// What its handles look like.
    pub handles: HandleForm,
}

/// What is declared of a platform is not what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlatformConflict {
    /// It was declared differently before.
    #[error(
        "platform `{slug}` is known with other handles or another listing: what its profiles were stored with stays"
    )]
    Different {
        /// The platform.
        slug: PlatformSlug,
    },
    /// The number belongs to another platform, or to none that may be added.
    #[error("platform number {number} cannot be given to `{slug}`")]
    Taken {
        /// The number.
        number: u8,
        /// The platform.
        slug: PlatformSlug,
    },
}

impl PlatformDeclaration {
    /// Whether a platform is what is declared here.
    pub fn agrees_with(&self, platform: Platform) -> bool {
        (platform.slug(), platform.listing(), platform.handles())
            == (self.slug.as_str(), self.listing, self.handles)
    }
}

impl Platform {
    /// Makes an installation's own platform known to this process, under the number that its database minted. To
    /// learn it again changes nothing.
    pub fn learn(number: u8, declared: &PlatformDeclaration) -> Result<Platform, PlatformConflict> {
        let slug = || declared.slug.clone();
        let taken = || PlatformConflict::Taken { number, slug: slug() };
        let other = rows().find(|row| row.slug == declared.slug.as_str());
        if other.is_some_and(|row| row.number != number) {
            return Err(taken());
        }
        let at = number.checked_sub(Platform::ADDED_MIN).ok_or_else(taken)?;
        let row = ADDED[usize::from(at)].get_or_init(|| KnownPlatform {
            number,
            slug: String::from(slug()).leak(),
            aliases: &[],
            listing: declared.listing,
            handles: declared.handles,
        });
        if row.slug != declared.slug.as_str() {
            return Err(taken());
        }
        let platform = Platform(number);
        let agrees = declared.agrees_with(platform);
        agrees.then_some(platform).ok_or_else(|| PlatformConflict::Different { slug: slug() })
    }
}

/// The row of an added platform.
pub(super) fn row(number: u8) -> Option<&'static KnownPlatform> {
    ADDED.get(usize::from(number.checked_sub(Platform::ADDED_MIN)?))?.get()
}

/// Every row, by number.
pub(super) fn rows() -> impl Iterator<Item = &'static KnownPlatform> {
    ADDED.iter().filter_map(OnceLock::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(slug: &str) -> PlatformDeclaration {
        PlatformDeclaration {
            slug: slug.parse().unwrap(),
            listing: Listing::OptOut,
            handles: HandleForm::Word,
        }
    }

    #[test]
    fn a_platform_that_is_learnt_is_one_like_the_others() {
        assert!("orchard".parse::<Platform>().is_err());
        let orchard = Platform::learn(200, &declared("orchard")).unwrap();
        assert_eq!((orchard.number(), orchard.slug()), (200, "orchard"));
        assert_eq!("Orchard".parse(), Ok(orchard));
        assert_eq!(Platform::from_number(200), Some(orchard));
        assert!(Platform::all().any(|known| known == orchard));
        assert!(orchard.is_added() && orchard.is_crawled() && !Platform::FILE.is_added());
        assert_eq!(serde_json::from_str::<Platform>("\"orchard\"").unwrap(), orchard);
        assert_eq!(Platform::learn(200, &declared("orchard")), Ok(orchard));
    }

    #[test]
    fn a_number_has_one_platform_and_a_platform_one_number() {
        let grove = Platform::learn(201, &declared("grove")).unwrap();
        let refused = Platform::learn(201, &declared("copse")).unwrap_err();
        assert_eq!(refused.to_string(), "platform number 201 cannot be given to `copse`");
        assert!(Platform::learn(202, &declared("grove")).is_err());
        assert!(Platform::learn(20, &declared("hedge")).is_err());
        let opt_in = PlatformDeclaration { listing: Listing::OptIn, ..declared("grove") };
        assert!(Platform::learn(201, &opt_in).unwrap_err().to_string().contains("another listing"));
        assert_eq!(grove.listing(), Listing::OptOut);
    }

    #[test]
    fn slugs_are_short_and_plain() {
        for slug in ["a", "lobsters", "small-forum-2"] {
            assert_eq!(slug.parse::<PlatformSlug>().unwrap().to_string(), slug);
        }
        for text in ["", "2chan", "Big", "a_b", "a:b", "é", &"a".repeat(33)] {
            assert!(text.parse::<PlatformSlug>().is_err(), "{text}");
        }
    }
}

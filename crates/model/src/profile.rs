//! Properties of a profile besides its arcs: consent, and what kind of person it belongs to.

use serde::{Deserialize, Serialize};

use crate::platform::Listing;

/// What a person is. The numbers are stored.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum PersonKind {
    /// Not stated.
    #[default]
    Unknown = 0,
    /// One human.
    Person = 1,
    /// A company, a project, a publication, a group.
    Organisation = 2,
    /// A program that is declared as one.
    Bot = 3,
}

impl PersonKind {
    /// The kind with this stored number.
    pub fn from_number(number: u8) -> Option<PersonKind> {
        [PersonKind::Unknown, PersonKind::Person, PersonKind::Organisation, PersonKind::Bot]
            .into_iter()
            .find(|&kind| kind as u8 == number)
    }

    /// The lower-case name used in the API and in files.
    pub const fn slug(self) -> &'static str {
        match self {
            PersonKind::Unknown => "unknown",
            PersonKind::Person => "person",
            PersonKind::Organisation => "organisation",
            PersonKind::Bot => "bot",
        }
    }
}

/// What a profile's owner allows, as stored bits. The default allows everything public.
///
/// ```
/// use model::Consent;
/// use model::platform::Listing;
///
/// let seen = Consent::WORDS_PRIVATE.and(Consent::UNLISTED);
/// assert!(!seen.is_listed() && seen.has(Consent::WORDS_PRIVATE));
/// assert!(!Consent::unread(Listing::OptIn, false).is_listed());
/// assert!(Consent::unread(Listing::OptOut, false).is_listed());
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Consent(pub u8);

impl Consent {
    /// Must not be indexed at all: `noindex`, no-unauthenticated, or an opt-out here. It is erased from
    /// every store.
    pub const REFUSED: Consent = Consent(1);
    /// Never served, not even by id or handle, nor are the links to it: it refused, or, on a platform of
    /// [`Listing::OptIn`], has not agreed. It counts in scores all the same.
    pub const UNLISTED: Consent = Consent(2);
    /// Its own words are not searchable: `indexable: false`, the fediverse's default.
    pub const WORDS_PRIVATE: Consent = Consent(4);

    /// The consent of a profile that was never read. One that the operator imported is listed until it
    /// is read and refuses.
    pub const fn unread(listing: Listing, imported: bool) -> Consent {
        match listing {
            Listing::OptIn if !imported => Consent::UNLISTED,
            Listing::OptIn | Listing::OptOut => Consent(0),
        }
    }

    /// Whether the profile may be served.
    pub const fn is_listed(self) -> bool {
        !self.has(Consent::UNLISTED) && !self.has(Consent::REFUSED)
    }

    /// Both restrictions.
    #[must_use]
    pub const fn and(self, other: Consent) -> Consent {
        Consent(self.0 | other.0)
    }

    /// Whether all of `restriction` is set.
    pub const fn has(self, restriction: Consent) -> bool {
        self.0 & restriction.0 == restriction.0
    }
}

/// Why a profile does not exist any more. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum GoneReason {
    /// Its owner deleted it, or it never existed.
    Deleted = 1,
    /// Its host suspended it.
    Suspended = 2,
    /// Its owner does not want to be indexed.
    Refused = 3,
}

impl GoneReason {
    /// The reason with this stored number.
    pub fn from_number(number: u8) -> Option<GoneReason> {
        [GoneReason::Deleted, GoneReason::Suspended, GoneReason::Refused]
            .into_iter()
            .find(|&g| g as u8 == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restrictions_add_up() {
        let both = Consent::UNLISTED.and(Consent::WORDS_PRIVATE);
        assert!(both.has(Consent::UNLISTED) && both.has(Consent::WORDS_PRIVATE));
        assert!(!both.has(Consent::REFUSED));
        assert!(!Consent::default().has(Consent::UNLISTED));
    }

    #[test]
    fn a_profile_that_was_never_read_is_listed_only_by_opt_out() {
        assert!(!Consent::unread(Listing::OptIn, false).is_listed());
        assert!(Consent::unread(Listing::OptIn, true).is_listed());
        assert!(Consent::unread(Listing::OptOut, false).is_listed());
        assert!(!Consent::REFUSED.is_listed() && Consent::WORDS_PRIVATE.is_listed());
    }

    #[test]
    fn kinds_and_reasons_read_back_by_number() {
        assert_eq!(PersonKind::from_number(2), Some(PersonKind::Organisation));
        assert_eq!(PersonKind::from_number(9), None);
        assert_eq!(GoneReason::from_number(3), Some(GoneReason::Refused));
    }

    #[test]
    fn stored_numbers_and_bits_never_change() {
        let kinds =
            [PersonKind::Unknown, PersonKind::Person, PersonKind::Organisation, PersonKind::Bot];
        let slugs = ["unknown", "person", "organisation", "bot"];
        for (number, (kind, slug)) in (0..).zip(kinds.into_iter().zip(slugs)) {
            assert_eq!((PersonKind::from_number(number), kind.slug()), (Some(kind), slug));
            assert_eq!(serde_json::to_value(kind).unwrap(), slug);
        }
        let reasons = [GoneReason::Deleted, GoneReason::Suspended, GoneReason::Refused];
        for (number, reason) in (1..).zip(reasons) {
            assert_eq!(GoneReason::from_number(number), Some(reason));
        }
        assert_eq!((GoneReason::from_number(0), GoneReason::from_number(4)), (None, None));
        let bits = [Consent::REFUSED, Consent::UNLISTED, Consent::WORDS_PRIVATE].map(|one| one.0);
        assert_eq!(bits, [1, 2, 4]);
        assert!(!Consent::REFUSED.and(Consent::WORDS_PRIVATE).is_listed());
        let both = Consent::UNLISTED.and(Consent::UNLISTED);
        assert_eq!(both, Consent::UNLISTED);
        assert!(!Consent::UNLISTED.has(Consent::UNLISTED.and(Consent::REFUSED)));
    }
}

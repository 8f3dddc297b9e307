//! Events of the change stream: their kinds, their positions, and what those report that runs and pages cause.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{CommunityId, PersonId, RunId};
use crate::lineage::EventKind;
use crate::profile_text::ProfileText;

/// Defines the kinds. Everything else about them is made from this one table.
macro_rules! change_kinds {
    ($(#[doc = $meaning:literal] $name:ident = $number:literal $slug:literal)*) => {
        /// What an event reports. The numbers are stored.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[repr(u8)]
        pub enum ChangeKind {
            $(#[doc = $meaning] $name = $number,)*
        }

        impl ChangeKind {
            /// Every kind.
            pub const ALL: &[ChangeKind] = &[$(ChangeKind::$name),*];

            /// The name in the API.
            pub const fn slug(self) -> &'static str {
                match self {
                    $(ChangeKind::$name => $slug,)*
                }
            }
        }
    };
}

change_kinds! {
    /// A list gained and lost arcs.
    Arcs = 1 "arcs"
    /// A profile is not there any more, or does not want to be found.
    Gone = 2 "gone"
    /// Profiles joined a person.
    Joined = 3 "joined"
    /// Profiles parted from a person.
    Parted = 4 "parted"
    /// A rank changed from one run to the next.
    Rank = 5 "rank_changed"
    /// A person's main community changed from one run to the next.
    Membership = 6 "membership"
    /// A community was born, grew, shrank, split, merged or died.
    Lineage = 7 "lineage"
    /// Texts of a profile changed.
    Profile = 8 "profile"
}

/// The text is not the name of a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no kind of events: take {choice}")]
pub struct ChangeKindError {
    text: String,
    choice: String,
}

impl ChangeKind {
    /// The kind with this stored number.
    pub fn from_number(number: u8) -> Option<ChangeKind> {
        ChangeKind::ALL.iter().copied().find(|&kind| kind as u8 == number)
    }
}

impl FromStr for ChangeKind {
    type Err = ChangeKindError;

    fn from_str(text: &str) -> Result<ChangeKind, ChangeKindError> {
        let found = ChangeKind::ALL.iter().copied().find(|kind| kind.slug() == text);
        found.ok_or_else(|| {
            let slugs: Vec<&str> = ChangeKind::ALL.iter().map(|kind| kind.slug()).collect();
            let text = text.chars().take(80).collect();
            ChangeKindError { text, choice: slugs.join(", ") }
        })
    }
}

impl TryFrom<String> for ChangeKind {
    type Error = ChangeKindError;

    fn try_from(text: String) -> Result<ChangeKind, ChangeKindError> {
        text.parse()
    }
}

impl From<ChangeKind> for String {
    fn from(kind: ChangeKind) -> String {
        kind.slug().to_owned()
    }
}

/// A place in the change stream: larger ones were committed later. Each is given once; not every one has an
/// event.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ChangePosition(u64);

impl ChangePosition {
    /// The place with this number; 0 lies before all events.
    pub const fn new(number: u64) -> ChangePosition {
        ChangePosition(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The place that is this far on.
    #[must_use]
    pub const fn plus(self, count: u64) -> ChangePosition {
        ChangePosition(self.0.saturating_add(count))
    }
}

impl fmt::Display for ChangePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A part of the change stream: after `from`, up to and with `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRange {
    /// The place before the first.
    pub from: ChangePosition,
    /// The last place.
    pub to: ChangePosition,
}

/// The main community of a person changed from one run to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipChange {
    /// The person.
    pub person: PersonId,
    /// The run that found it.
    pub run: RunId,
    /// Its community on the leaf level of the run before; `None` if it had none.
    pub before: Option<CommunityId>,
    /// Its community on the leaf level of this run; `None` if it has none.
    pub after: Option<CommunityId>,
}

/// What happened to a community from one run to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineageChange {
    /// The community.
    pub community: CommunityId,
    /// The run that found it.
    pub run: RunId,
    /// Its level, of this run; of the run before, where none continues its level.
    pub level: u8,
    /// What happened.
    pub kind: EventKind,
    /// The community that it came from or went into.
    pub other: Option<CommunityId>,
    /// How many people the two share.
    pub shared: u32,
}

/// What a run changed, as the change stream reports it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunChanges {
    /// Ranks.
    pub ranks: Vec<crate::RankChange>,
    /// Main communities.
    pub memberships: Vec<MembershipChange>,
    /// Communities.
    pub lineage: Vec<LineageChange>,
}

/// A part of a profile's page that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileField {
    /// Its handle.
    Handle,
    /// One of its texts.
    Text(ProfileText),
}

impl ProfileField {
    /// Every field. Its place is its bit where fields are stored.
    pub fn all() -> impl Iterator<Item = ProfileField> {
        [ProfileField::Handle].into_iter().chain(ProfileText::ALL.map(ProfileField::Text))
    }

    /// The name in the database and in the API.
    pub const fn slug(self) -> &'static str {
        match self {
            ProfileField::Handle => "handle",
            ProfileField::Text(text) => text.slug(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_back_by_number_and_name() {
        for (number, &kind) in (1..).zip(ChangeKind::ALL) {
            assert_eq!((kind as u8, ChangeKind::from_number(number)), (number, Some(kind)));
            assert_eq!(kind.slug().parse(), Ok(kind));
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(serde_json::from_str::<ChangeKind>(&json).unwrap(), kind);
        }
        assert_eq!(ChangeKind::from_number(0), None);
        let error = "rank".parse::<ChangeKind>().unwrap_err().to_string();
        assert!(error.contains("`rank`") && error.contains("arcs, gone, joined"), "{error}");
    }

    #[test]
    fn stored_numbers_never_change() {
        let slugs: Vec<&str> = ChangeKind::ALL.iter().map(|kind| kind.slug()).collect();
        let first = ["arcs", "gone", "joined", "parted", "rank_changed"];
        assert_eq!(
            (&slugs[..5], &slugs[5..]),
            (&first[..], &["membership", "lineage", "profile"][..])
        );
        let fields: Vec<&str> = ProfileField::all().map(ProfileField::slug).collect();
        assert_eq!(fields[..5], ["handle", "display_name", "bio", "avatar_url", "url"]);
    }

    #[test]
    fn a_position_is_a_number_outside() {
        let range = ChangeRange { from: ChangePosition::new(0), to: ChangePosition::new(7) };
        assert_eq!(serde_json::to_string(&range).unwrap(), r#"{"from":0,"to":7}"#);
        assert_eq!(ChangePosition::new(u64::MAX).plus(1).number(), u64::MAX);
    }
}

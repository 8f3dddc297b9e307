//! What became of communities from one run to the next.

use serde::{Deserialize, Serialize};

use crate::id::CommunityId;

/// What happened to a community. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum EventKind {
    /// A new community with no past.
    Born = 1,
    /// It kept its id and is at least a quarter larger.
    Grown = 2,
    /// It kept its id and is at least a fifth smaller.
    Shrunk = 3,
    /// A new community, most of which left the named old one, which still exists.
    Split = 4,
    /// An old community, most of which went into the named new one, which has another's id.
    Merged = 5,
    /// An old community whose people went to many others, or are gone.
    Died = 6,
}

impl EventKind {
    /// Every kind, by number.
    pub const ALL: [EventKind; 6] = [
        EventKind::Born,
        EventKind::Grown,
        EventKind::Shrunk,
        EventKind::Split,
        EventKind::Merged,
        EventKind::Died,
    ];

    /// The lower-case name used in the API and in files.
    pub const fn slug(self) -> &'static str {
        match self {
            EventKind::Born => "born",
            EventKind::Grown => "grown",
            EventKind::Shrunk => "shrunk",
            EventKind::Split => "split",
            EventKind::Merged => "merged",
            EventKind::Died => "died",
        }
    }

    /// The kind with this stored number.
    pub fn from_number(number: u8) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|&kind| kind as u8 == number)
    }

    /// Whether the community that it is about has ended with it.
    pub const fn is_end(self) -> bool {
        matches!(self, EventKind::Merged | EventKind::Died)
    }
}

/// What became of a community in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineageEvent {
    /// The level, of this run; of the previous one, where none continues its level.
    pub level: u8,
    /// The community that it is about.
    pub community: CommunityId,
    /// What happened.
    pub event: EventKind,
    /// The community that it came from or went into.
    pub other: Option<CommunityId>,
    /// How many people the two share.
    pub shared: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_numbers_and_names_of_their_own() {
        for (number, kind) in (1..).zip(EventKind::ALL) {
            assert_eq!(EventKind::from_number(number), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.slug());
        }
        assert_eq!((EventKind::from_number(0), EventKind::from_number(7)), (None, None));
        assert_eq!(EventKind::ALL.map(EventKind::is_end).iter().filter(|&&end| end).count(), 2);
    }
}

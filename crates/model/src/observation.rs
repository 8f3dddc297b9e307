//! What a fetch saw, in the same form for every platform: what `platforms` returns and `store` stores.

use serde::{Deserialize, Serialize};

use crate::identity::Claim;
use crate::layer::{Direction, Layer};
use crate::profile::{Consent, GoneReason, PersonKind};
use crate::profile_text::ProfileTexts;
use crate::time::{Day, Timestamp};

/// A profile as its platform names it. If a page shows only an id, the rest is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NamedProfile {
    /// The platform's stable id, which alone never changes.
    pub native_id: String,
    /// Its current handle, without a leading `@`.
    pub handle: Option<String>,
    /// The host that serves it, on platforms of many hosts.
    pub host: Option<String>,
}

/// A profile's own page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeenProfile {
    /// The profile.
    pub named: NamedProfile,
    /// Its words and addresses, as plain text.
    #[serde(flatten)]
    pub texts: ProfileTexts,
    /// The platform's count of its followers.
    pub followers: Option<u32>,
    /// The platform's count of those that it follows.
    pub following: Option<u32>,
    /// The platform's count of its posts.
    pub posts: Option<u32>,
    /// What kind of person it belongs to, if the platform states it.
    pub kind: PersonKind,
    /// What its owner allows.
    pub consent: Consent,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// An id that is valid at its host only, and that further requests need.
    pub local_id: Option<String>,
    /// The handle with the name of its server, such as `ada@social.example.org`, if its public handle is
    /// another, such as `ada@example.org`. Both find the profile.
    pub server_handle: Option<String>,
    /// Its claims to other accounts and pages. Empty if it makes none (any more).
    pub claims: Vec<Claim>,
}

impl SeenProfile {
    /// All its handles.
    pub fn handles(&self) -> impl Iterator<Item = &str> {
        let own = self.named.handle.as_deref();
        own.into_iter().chain(self.server_handle.as_deref())
    }
}

/// One arc as a page showed it, seen from the list's owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenArc {
    /// The profile at the other end.
    pub other: NamedProfile,
    /// How many times, in interaction layers; else 0.
    pub count: u32,
    /// The day of the last time, in interaction layers; else day 0.
    pub last_day: Day,
    /// The weight that the source states; 1 if it states none.
    pub weight: f32,
}

/// How much of a list was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListCoverage {
    /// Every page: these are all arcs.
    Complete,
    /// A part: the limit of pages ended the fetch, and `cursor` continues it.
    Part {
        /// The platform's own cursor for the next page.
        cursor: String,
    },
    /// The list is not shown although it exists: nothing is known of the arcs.
    Hidden,
    /// The interactions newer than the last watermark; these add to what is stored.
    Newer {
        /// The watermark for the next fetch. It stays the same if nothing is new.
        watermark: Option<String>,
    },
}

/// A list of one owner, or the part of it that one fetch saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenList {
    /// The layer of its arcs.
    pub layer: Layer,
    /// Whether the owner of the list attends to the others (`Out`) or they attend to it (`In`).
    pub direction: Direction,
    /// The arcs, in page order, possibly with repetitions.
    pub arcs: Vec<SeenArc>,
    /// How much of the list this is.
    pub coverage: ListCoverage,
}

/// All that one fetch of one profile's stream saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Observation {
    /// The profile's own page.
    Profile(Box<SeenProfile>),
    /// One of its lists.
    List(SeenList),
    /// The profile does not exist, or must not be read.
    Gone(GoneReason),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_the_handles_that_it_shows() {
        let named = NamedProfile { handle: Some("ada@a.test".into()), ..NamedProfile::default() };
        let seen = SeenProfile { named, ..SeenProfile::default() };
        assert_eq!(seen.handles().collect::<Vec<_>>(), ["ada@a.test"]);
        let both = SeenProfile { server_handle: Some("ada@s.a.test".into()), ..seen };
        assert_eq!(both.handles().collect::<Vec<_>>(), ["ada@a.test", "ada@s.a.test"]);
        assert_eq!(SeenProfile::default().handles().next(), None);
    }
}

//! What a fetch saw, in no platform's own words: the language between `platforms` and `store`.

use serde::{Deserialize, Serialize};

use crate::identity::Claim;
use crate::layer::{Direction, Layer};
use crate::profile::{Consent, GoneReason, PersonKind};
use crate::time::{Day, Timestamp};

/// A profile as its platform names it. Where a page shows only an id, the rest is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NamedProfile {
    /// The platform's stable id; the only thing that never changes.
    pub native_id: String,
    /// What people call it now; without a leading `@`.
    pub handle: Option<String>,
    /// The host that serves it, in platforms of many hosts.
    pub host: Option<String>,
}

/// A profile's own page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeenProfile {
    /// Who it is.
    pub named: NamedProfile,
    /// The name that its owner chose to show.
    pub display_name: Option<String>,
    /// Its own words about itself, as plain text.
    pub bio: Option<String>,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// Where people see the profile.
    pub url: Option<String>,
    /// How many attend to it, as the platform counts.
    pub followers: Option<u32>,
    /// To how many it attends, as the platform counts.
    pub following: Option<u32>,
    /// How many posts it has.
    pub posts: Option<u32>,
    /// Who is behind it, where the platform says so.
    pub kind: PersonKind,
    /// What its owner allows.
    pub consent: Consent,
    /// When it came to be.
    pub created_at: Option<Timestamp>,
    /// An id that only its host understands and that further requests need.
    pub local_id: Option<String>,
    /// The handle that its own server goes by, such as `ada@social.example.org`, where others know
    /// it by another, such as `ada@example.org`. It finds the profile too.
    pub server_handle: Option<String>,
    /// What it says of its other accounts. Empty means that it says nothing (any more).
    pub claims: Vec<Claim>,
}

impl SeenProfile {
    /// Every handle that it goes by.
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
    /// How often, in interaction layers; else 0.
    pub count: u32,
    /// The last time, in interaction layers; else day 0.
    pub last_day: Day,
    /// The weight that the source gave; 1 unless it said otherwise.
    pub weight: f32,
}

/// How much of a list was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListCoverage {
    /// Every page: these arcs are all there are.
    Complete,
    /// The page cap ended it; `cursor` goes on from here.
    Part {
        /// The platform's own cursor for the next page.
        cursor: String,
    },
    /// The list is not shown, although there is one: says nothing about the arcs.
    Hidden,
    /// The interactions newer than the last watermark; these add to what is stored.
    Newer {
        /// The newest post seen: the next fetch stops there. Kept as it was when nothing is new.
        watermark: Option<String>,
    },
}

/// A list of one owner, or the part of it that one fetch saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenList {
    /// The layer of its arcs.
    pub layer: Layer,
    /// Whose list it is: the owner attends (`Out`), or is attended to (`In`).
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
    /// It is not there, or must not be read.
    Gone(GoneReason),
}

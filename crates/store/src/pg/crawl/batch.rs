//! What a commit is made of.

use model::observation::Observation;
use model::time::Timestamp;
use model::{Layer, Platform, ProfileId};

/// Where a stream of a profile was read to when a fetch of it began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamCheckpoint {
    /// Where a cut fetch continued; `None` at the beginning.
    pub cursor: Option<String>,
    /// The newest interaction that was already counted, by layer of the profile's own lists.
    pub watermarks: Vec<(Layer, String)>,
}

impl StreamCheckpoint {
    pub(super) fn watermark(&self, layer: Layer) -> Option<&str> {
        self.watermarks.iter().find(|(of, _)| *of == layer).map(|(_, newest)| newest.as_str())
    }
}

/// How a visit to a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    /// This round needs nothing more of it.
    Done,
    /// A later fetch continues here; `None` is from the start.
    Cut {
        /// The platform's own cursor for the next page.
        cursor: Option<String>,
    },
}

/// What a fetch saw of one stream. Several lists of one layer and direction count as one list;
/// two streams of a platform never show the same list.
#[derive(Debug, Clone, PartialEq)]
pub struct CrawledStream {
    /// The stream's name in its manifest.
    pub stream: String,
    /// Where it was when this fetch began, from the [`CrawlSubject`](super::CrawlSubject).
    pub began: StreamCheckpoint,
    /// What was seen.
    pub observations: Vec<Observation>,
    /// How the visit ended.
    pub end: StreamEnd,
}

/// How the round of a profile continues after a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoundEnd {
    /// Every stream is done: the next round is due in days.
    Done,
    /// A page cap or the end of the lease cut it: it continues at once.
    Cut,
    /// The host wants the request later, or cannot be reached.
    Retry {
        /// Not before this.
        at: Timestamp,
        /// The reason, for people.
        why: String,
        /// Whether nothing else of the round advanced: it counts as one more failed try.
        in_vain: bool,
    },
    /// Another try soon cannot help; recorded, and tried again in a month.
    Failed {
        /// The reason, for people.
        why: String,
    },
    /// More commits of the same job follow.
    Open,
}

/// What a job saw of one profile.
#[derive(Debug, Clone, PartialEq)]
pub struct CrawledProfile {
    /// The profile.
    pub id: ProfileId,
    /// What was seen, each stream at most once.
    pub streams: Vec<CrawledStream>,
    /// How its round continues.
    pub end: RoundEnd,
}

/// Profiles of one platform that are committed in one transaction; best 20 to 200 of them.
#[derive(Debug, Clone, PartialEq)]
pub struct CrawlBatch {
    /// Their platform.
    pub platform: Platform,
    /// The host of newly seen profiles that name none.
    pub default_host: String,
    /// The present.
    pub now: Timestamp,
    /// The profiles, each at most once.
    pub profiles: Vec<CrawledProfile>,
}

/// What a commit did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrawlOutcome {
    /// Profiles that the commit applied to.
    pub applied: u64,
    /// Profiles that are not reserved, and streams that have another checkpoint by now: what was seen
    /// of them is committed already, or will be fetched again.
    pub stale: u64,
    /// Profiles that entered the frontier.
    pub new_profiles: u64,
    /// Profiles whose page differs from what was stored.
    pub changed_profiles: u64,
    /// Lists that differ from what was stored.
    pub changed_lists: u64,
    /// Arcs that the lists gained.
    pub arcs_added: u64,
    /// Arcs that the lists lost.
    pub arcs_removed: u64,
    /// Profiles that were erased: gone, or refused.
    pub erased: u64,
}

/// A profile of the batch, with those of its streams that the commit applies to.
pub(super) struct AppliedProfile<'a> {
    pub(super) profile: &'a CrawledProfile,
    pub(super) streams: Vec<&'a CrawledStream>,
}

//! What a fetch saw becomes the record: what is still to be fetched of a profile, and the commit.
//!
//! A *round* is one crawl of all streams of a profile. A stream that is cut keeps its cursor and
//! the arcs so far, and the round goes on from there in a later job. A commit names where each
//! stream stood when its fetch began; if the record stands elsewhere by now, the commit of that
//! stream does nothing, so a job that runs twice has the effect of one.

use model::observation::{Named, Observation};
use model::time::Timestamp;
use model::{Platform, ProfileId};

use super::Pg;
use crate::StoreError;

/// Where a stream of a profile stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// Where a cut fetch goes on; `None` at the beginning.
    pub cursor: Option<String>,
    /// The newest interaction that is already counted.
    pub watermark: Option<String>,
}

/// One stream of a profile that is being crawled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The stream's name in its manifest.
    pub stream: String,
    /// Where it stands.
    pub mark: Mark,
    /// Whether this round needs nothing more of it.
    pub done: bool,
}

/// All that a fetch needs to know of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Its id.
    pub id: ProfileId,
    /// Its native id, handle and host, as far as they are known.
    pub named: Named,
    /// The id that only its host understands.
    pub local_id: Option<String>,
    /// How many attend to it, as its page last said.
    pub followers: Option<u32>,
    /// To how many it attends, as its page last said.
    pub following: Option<u32>,
    /// The streams that do not stand at their beginning, by name.
    pub streams: Vec<StreamState>,
}

/// What a fetch saw of one stream.
#[derive(Debug, Clone, PartialEq)]
pub struct CrawledStream {
    /// The stream's name in its manifest.
    pub stream: String,
    /// Where it stood when this fetch began; as its [`StreamState`] said, else the default.
    pub began: Mark,
    /// What was seen.
    pub observations: Vec<Observation>,
    /// Where to go on; `None` when the stream is done for this round.
    pub next: Option<String>,
}

/// How the round of a profile goes on after a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoundEnd {
    /// Every stream is done: the next round is due in days.
    Done,
    /// A page cap or the end of the lease cut it: it goes on at once.
    Cut,
    /// The host wants to be asked later, or cannot be reached.
    Retry {
        /// Not before this.
        at: Timestamp,
        /// The reason, for people.
        why: String,
    },
    /// Trying again soon cannot help; recorded, and tried again in a month.
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
    /// What was seen, by stream.
    pub streams: Vec<CrawledStream>,
    /// How its round goes on.
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
    /// Profiles or streams that had been committed before or are not under a claim.
    pub stale: u64,
    /// Profiles that nobody had seen before.
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

/// What to fetch of these profiles: only those under a claim that has not run out at `now`.
pub async fn subjects(
    pg: &Pg,
    ids: &[ProfileId],
    now: Timestamp,
) -> Result<Vec<Subject>, StoreError> {
    todo!()
}

/// Commits what was seen. The newly seen profiles enter the frontier first, in transactions of
/// their own; everything else is one transaction.
pub async fn commit(pg: &Pg, batch: &CrawlBatch) -> Result<CrawlOutcome, StoreError> {
    todo!()
}

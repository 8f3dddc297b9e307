//! What is still to be fetched of a profile, and the commit of what a fetch saw.
//!
//! A *round* is one crawl of all streams of a profile. A stream that is cut keeps its cursor and
//! the arcs so far, and a later job continues the round there. A commit has the checkpoint at which the
//! fetch of each stream began; if another one is stored by now, the commit of that stream does nothing,
//! so a job that runs twice has the effect of one.

mod batch;
mod commit;
mod lists;
mod progress;
mod round;
mod seen;
mod subject;

pub use batch::{
    CrawlBatch, CrawlOutcome, CrawledProfile, CrawledStream, RoundEnd, StreamCheckpoint, StreamEnd,
};
pub use commit::commit;
pub use subject::{CrawlSubject, StreamState, subjects};

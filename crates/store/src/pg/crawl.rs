//! What a fetch saw becomes the record: what is still to be fetched of a profile, and the commit.
//!
//! A *round* is one crawl of all streams of a profile. A stream that is cut keeps its cursor and
//! the arcs so far, and the round goes on from there in a later job. A commit names where each
//! stream stood when its fetch began; if the record stands elsewhere by now, the commit of that
//! stream does nothing, so a job that runs twice has the effect of one.

mod batch;
mod commit;
mod lists;
mod progress;
mod round;
mod seen;
mod subject;

pub use batch::{
    CrawlBatch, CrawlOutcome, CrawledProfile, CrawledStream, Mark, RoundEnd, StreamEnd,
};
pub use commit::commit;
pub use subject::{StreamState, Subject, subjects};

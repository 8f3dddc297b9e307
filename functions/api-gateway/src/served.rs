//! The served run, cached for a second.

use std::sync::{Mutex, PoisonError};

use model::time::Timestamp;
use store::Pg;
use store::pg::run::{self, Run};

use crate::error::Problem;

/// How long the served run is cached. An answer takes all from one run, so it never mixes two; the
/// tables of a run stay much longer than this after another one is served.
const REMEMBERED_MS: i64 = 1_000;

/// The served run as the database had it lately.
#[derive(Default)]
pub(crate) struct ServedRunCache(Mutex<Option<RememberedRun>>);

#[derive(Clone)]
struct RememberedRun {
    until_ms: i64,
    run: Option<Run>,
}

impl ServedRunCache {
    /// The served run; `None` before the first.
    pub(crate) async fn get(&self, pg: &Pg, now: Timestamp) -> Result<Option<Run>, Problem> {
        let now_ms = now.as_millisecond();
        if let Some(run) = self.remembered(now_ms) {
            return Ok(run);
        }
        let run = run::served(pg).await?;
        let remembered = RememberedRun { until_ms: now_ms + REMEMBERED_MS, run: run.clone() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(remembered);
        Ok(run)
    }

    fn remembered(&self, now_ms: i64) -> Option<Option<Run>> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = remembered.as_ref().filter(|one| now_ms < one.until_ms);
        remembered.map(|one| one.run.clone())
    }
}

//! How many answers each key had today: those that cost nothing are bounded.
//!
//! A process counts by itself and adds what it counted to the database now and then, which tells it what others
//! counted. So a bound is exceeded by at most what other processes have not stored yet, and what a process counted
//! last is forgotten when it dies.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{Day, KeyId};
use pricing::{AnswerOutcome, FreeAnswers};
use store::Pg;
use store::pg::answer_count::{self, AnswerCounts};

use super::RequestLimits;
use crate::error::Problem;

/// Counts are stored when there are this many of a key.
const STORED_EVERY: u64 = 64;

/// The counts of one process.
pub(crate) struct AnswerCounter {
    is_bounded: bool,
    keys: Mutex<HashMap<(KeyId, Day), KeyCounts>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct KeyCounts {
    /// Those of all processes, when they were last read.
    stored: AnswerCounts,
    /// What was counted since.
    waiting: AnswerCounts,
}

impl KeyCounts {
    const fn free_left(&self) -> u64 {
        let free = self.stored.free + self.waiting.free;
        let charged = self.stored.charged + self.waiting.charged;
        FreeAnswers { free, charged }.left()
    }
}

impl AnswerCounter {
    /// Nothing is counted yet.
    pub(crate) fn new(limits: RequestLimits) -> AnswerCounter {
        AnswerCounter { is_bounded: limits.are_free_answers_bounded, keys: Mutex::default() }
    }

    /// How many free answers a key has left today; `None` where they are not bounded.
    pub(crate) async fn free_left(
        &self,
        pg: &Pg,
        key: KeyId,
        day: Day,
    ) -> Result<Option<u64>, Problem> {
        if !self.is_bounded {
            return Ok(None);
        }
        let known = self.keys().get(&(key, day)).map(KeyCounts::free_left);
        if let Some(left) = known {
            return Ok(Some(left));
        }
        let stored = answer_count::add(pg, key, day, AnswerCounts::default()).await?;
        let mut keys = self.keys();
        // Other days are over, or are read again.
        keys.retain(|(_, counted), counts| {
            *counted == day || counts.waiting != AnswerCounts::default()
        });
        let counts = keys.entry((key, day)).or_default();
        counts.stored = stored;
        Ok(Some(counts.free_left()))
    }

    /// Counts an answer.
    pub(crate) async fn count(
        &self,
        pg: &Pg,
        key: KeyId,
        day: Day,
        outcome: AnswerOutcome,
    ) -> Result<(), Problem> {
        if !self.is_bounded {
            return Ok(());
        }
        let is_due = {
            let mut keys = self.keys();
            let counts = keys.entry((key, day)).or_default();
            counts.waiting.free += u64::from(outcome.is_free_answer());
            counts.waiting.charged += u64::from(is_charged(outcome));
            counts.waiting.free + counts.waiting.charged >= STORED_EVERY
        };
        if is_due { self.store(pg, key, day).await } else { Ok(()) }
    }

    /// Stores all counts.
    pub(crate) async fn flush(&self, pg: &Pg) -> Result<(), Problem> {
        let waits = |counts: &KeyCounts| counts.waiting != AnswerCounts::default();
        let waiting: Vec<(KeyId, Day)> =
            self.keys().iter().filter(|(_, counts)| waits(counts)).map(|(&key, _)| key).collect();
        for (key, day) in waiting {
            self.store(pg, key, day).await?;
        }
        Ok(())
    }

    async fn store(&self, pg: &Pg, key: KeyId, day: Day) -> Result<(), Problem> {
        let taken =
            self.keys().get_mut(&(key, day)).map(|counts| std::mem::take(&mut counts.waiting));
        let Some(taken) = taken else { return Ok(()) };
        let added = answer_count::add(pg, key, day, taken).await;
        let mut keys = self.keys();
        let counts = keys.entry((key, day)).or_default();
        match added {
            Ok(stored) => counts.stored = stored,
            Err(error) => {
                counts.waiting.free += taken.free;
                counts.waiting.charged += taken.charged;
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<(KeyId, Day), KeyCounts>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_charged(outcome: AnswerOutcome) -> bool {
    matches!(outcome, AnswerOutcome::Answered | AnswerOutcome::Partial)
}

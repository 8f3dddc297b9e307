//! How many answers each key had today, and each payer with all its keys: those that cost nothing are bounded.
//!
//! A process counts by itself and adds what it counted to the database now and then, which tells it what others
//! counted. So a bound is exceeded by at most what other processes have not stored yet, and what a process counted
//! last is forgotten when it dies.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{Day, PayerId};
use pricing::{AnswerOutcome, FreeAnswers};
use store::Pg;
use store::pg::answer_count::{self, AnswerCounts, CountedKey, DayCounts};

use crate::error::Problem;
use crate::rate_limit::RequestLimits;

/// Counts are stored when there are this many of a key.
const STORED_EVERY: u64 = 64;

/// The counts of one process.
pub(crate) struct AnswerCounter {
    is_bounded: bool,
    counts: Mutex<KnownCounts>,
}

/// How many free answers are left on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FreeAnswersLeft {
    /// To the key.
    pub(crate) key: u64,
    /// To its payer, with all keys.
    pub(crate) payer: u64,
}

impl FreeAnswersLeft {
    /// To a request of the key.
    pub(crate) fn least(self) -> u64 {
        self.key.min(self.payer)
    }
}

#[derive(Default)]
struct KnownCounts {
    keys: HashMap<(CountedKey, Day), Counted>,
    payers: HashMap<(PayerId, Day), Counted>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    /// Those of all processes, when they were last read.
    stored: AnswerCounts,
    /// What was counted since.
    waiting: AnswerCounts,
}

impl Counted {
    const fn answers(&self) -> FreeAnswers {
        let free = self.stored.free + self.waiting.free;
        let charged = self.stored.charged + self.waiting.charged;
        FreeAnswers { free, charged }
    }

    fn waits(&self) -> bool {
        self.waiting != AnswerCounts::default()
    }

    fn add(&mut self, more: AnswerCounts) {
        self.waiting.free += more.free;
        self.waiting.charged += more.charged;
    }

    /// Takes what the database has; an answer of it that comes late changes nothing.
    fn read(&mut self, stored: AnswerCounts) {
        self.stored.free = self.stored.free.max(stored.free);
        self.stored.charged = self.stored.charged.max(stored.charged);
    }

    fn take(&mut self, taken: AnswerCounts) {
        self.waiting.free -= taken.free.min(self.waiting.free);
        self.waiting.charged -= taken.charged.min(self.waiting.charged);
    }
}

impl KnownCounts {
    /// What is left; `None` if the counts of the key or its payer were not read yet.
    fn left(&self, of: CountedKey, day: Day) -> Option<FreeAnswersLeft> {
        let (key, payer) = (self.keys.get(&(of, day))?, self.payers.get(&(of.payer, day))?);
        let (key, payer) = (key.answers().left(), payer.answers().left_of_payer());
        Some(FreeAnswersLeft { key, payer })
    }

    /// Forgets other days: they are over, or are read again.
    fn forget_other_days(&mut self, day: Day) {
        fn retain<K: Eq + Hash>(counts: &mut HashMap<(K, Day), Counted>, day: Day) {
            counts.retain(|(_, counted), counts| *counted == day || counts.waits());
        }
        retain(&mut self.keys, day);
        retain(&mut self.payers, day);
    }

    fn read(&mut self, of: CountedKey, day: Day, stored: DayCounts) {
        self.keys.entry((of, day)).or_default().read(stored.key);
        self.payers.entry((of.payer, day)).or_default().read(stored.payer);
    }

    fn change(&mut self, of: CountedKey, day: Day, change: impl Fn(&mut Counted)) -> &Counted {
        change(self.payers.entry((of.payer, day)).or_default());
        let key = self.keys.entry((of, day)).or_default();
        change(key);
        key
    }
}

impl AnswerCounter {
    /// Nothing is counted yet.
    pub(crate) fn new(limits: RequestLimits) -> AnswerCounter {
        AnswerCounter { is_bounded: limits.are_free_answers_bounded, counts: Mutex::default() }
    }

    /// How many free answers a key and its payer have left today; `None` where they are not bounded.
    pub(crate) async fn free_left(
        &self,
        pg: &Pg,
        of: CountedKey,
        day: Day,
    ) -> Result<Option<FreeAnswersLeft>, Problem> {
        if !self.is_bounded {
            return Ok(None);
        }
        let known = self.counts().left(of, day);
        if known.is_some() {
            return Ok(known);
        }
        let stored = answer_count::add(pg, of, day, AnswerCounts::default()).await?;
        let mut counts = self.counts();
        counts.forget_other_days(day);
        counts.read(of, day, stored);
        Ok(counts.left(of, day))
    }

    /// Counts an answer.
    pub(crate) async fn count(
        &self,
        pg: &Pg,
        of: CountedKey,
        day: Day,
        outcome: AnswerOutcome,
    ) -> Result<(), Problem> {
        if !self.is_bounded {
            return Ok(());
        }
        let one = AnswerCounts {
            free: u64::from(outcome.is_free_answer()),
            charged: u64::from(is_charged(outcome)),
        };
        let is_due = {
            let mut counts = self.counts();
            let waiting = counts.change(of, day, |counted| counted.add(one)).waiting;
            waiting.free + waiting.charged >= STORED_EVERY
        };
        if is_due { self.store(pg, of, day).await } else { Ok(()) }
    }

    /// Stores all counts.
    pub(crate) async fn flush(&self, pg: &Pg) -> Result<(), Problem> {
        let waiting: Vec<(CountedKey, Day)> = {
            let counts = self.counts();
            let waiting = counts.keys.iter().filter(|(_, counted)| counted.waits());
            waiting.map(|(&key, _)| key).collect()
        };
        for (of, day) in waiting {
            self.store(pg, of, day).await?;
        }
        Ok(())
    }

    async fn store(&self, pg: &Pg, of: CountedKey, day: Day) -> Result<(), Problem> {
        let taken = {
            let mut counts = self.counts();
            let Some(waiting) = counts.keys.get(&(of, day)).map(|key| key.waiting) else {
                return Ok(());
            };
            counts.change(of, day, |counted| counted.take(waiting));
            waiting
        };
        let added = answer_count::add(pg, of, day, taken).await;
        let mut counts = self.counts();
        match added {
            Ok(stored) => {
                counts.read(of, day, stored);
                Ok(())
            }
            Err(error) => {
                counts.change(of, day, |counted| counted.add(taken));
                Err(error.into())
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, KnownCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_charged(outcome: AnswerOutcome) -> bool {
    matches!(outcome, AnswerOutcome::Answered | AnswerOutcome::Partial)
}

//! How long an invocation has, and how much of it a piece of work takes.
//!
//! A worker that is stopped leaves a stage leased and loses its work since the last artifact. So it
//! checks before each piece: one that is expected to fit is done; one that does not fit into the
//! remaining time is left to the next invocation, which has the whole time; and one that would not fit
//! into a whole invocation is refused at once, with a reason. Each time that work is handed on, a piece
//! was sealed or the invocation was not a fresh one, so a run ends after as many invocations as it has
//! pieces.

use std::time::Duration;

use model::message::Stage;
use model::port::Clock;
use model::time::Timestamp;

use crate::ScoreError;

/// The part of a whole invocation that one piece may be expected to take. The rest is for starting, so
/// that a fresh invocation never hands its first piece on.
const PIECE_MAX: f64 = 0.9;

/// The time of one invocation.
#[derive(Debug, Clone, Copy)]
pub struct TimeBudget {
    began: Timestamp,
    whole: Option<Duration>,
}

/// Whether there is time for a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BudgetCheck {
    /// There is.
    Enough,
    /// There is not: the next invocation is to do it.
    NextInvocation,
}

impl TimeBudget {
    /// As long as it takes: a machine that is not taken away.
    pub const ENDLESS: TimeBudget = TimeBudget { began: Timestamp::UNIX_EPOCH, whole: None };

    /// An invocation that begins now and is stopped after `whole`.
    pub fn of(whole: Duration, clock: &dyn Clock) -> TimeBudget {
        TimeBudget { began: clock.now(), whole: Some(whole) }
    }

    /// Whether a piece of `needed` seconds fits.
    pub(crate) fn check(&self, needed: f64, now: Timestamp) -> Result<BudgetCheck, ScoreError> {
        let Some(whole) = self.whole else { return Ok(BudgetCheck::Enough) };
        let whole = whole.as_secs_f64();
        if needed > PIECE_MAX * whole {
            return Err(ScoreError::Run(format!(
                "the next piece of the run takes about {needed:.0} s, and an invocation has \
                 {whole:.0} s: score it on a machine without that limit (`borg score`)"
            )));
        }
        let spent = now.duration_since(self.began).as_secs_f64();
        let fits = needed <= whole - spent;
        Ok(if fits { BudgetCheck::Enough } else { BudgetCheck::NextInvocation })
    }
}

/// The seconds that a piece of a stage is expected to take on two threads: the whole of it, but for
/// people, where it is one level, and for publishing, where it is one of five parts. Rounded up from
/// `borg score` of 9.4 million planted arcs and 500,000 people (snapshot 1.5 s, loading 8) and from
/// `borg bench run` of 93 million, whose caches miss more (communities 1,030 ns/arc, trust and rank 380
/// by the clock, a level of people with its evidence 70, and 60 of CPU time for its seals).
pub(crate) fn expected_seconds(stage: Stage, arcs: u64, people: u64) -> f64 {
    let (ns_an_arc, ns_a_person) = match stage {
        Stage::Snapshot => (500.0, 2_000.0),
        Stage::Communities => (2_000.0, 5_000.0),
        Stage::Rank => (700.0, 2_000.0),
        Stage::People => (400.0, 2_000.0),
        Stage::Publish => (600.0, 40_000.0),
    };
    (arcs as f64 * ns_an_arc + people as f64 * ns_a_person) / 1e9
}

/// The seconds that laying out the map is expected to take, loading the graph among it. Rounded up from
/// `cargo run -p graph --example layout -- 100000`: under 50 µs of processor time a person.
pub(crate) fn layout_seconds(arcs: u64, people: u64) -> f64 {
    const NS_AN_ARC: f64 = 3_000.0;
    const NS_A_PERSON: f64 = 100_000.0;
    (arcs as f64 * NS_AN_ARC + people as f64 * NS_A_PERSON) / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_handed_on_or_refused() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let budget = TimeBudget { began: at(1_000), whole: Some(Duration::from_secs(100)) };
        let check = |needed, now| budget.check(needed, at(now)).ok();
        assert_eq!(check(60.0, 1_000), Some(BudgetCheck::Enough));
        assert_eq!(check(60.0, 1_041), Some(BudgetCheck::NextInvocation));
        assert_eq!(
            check(90.0, 1_001),
            Some(BudgetCheck::Enough),
            "the largest piece fits a fresh one"
        );
        let refused = budget.check(91.0, at(1_000)).unwrap_err().to_string();
        assert!(refused.contains("91 s") && refused.contains("100 s"), "{refused}");
        assert_eq!(TimeBudget::ENDLESS.check(1e9, at(5)).unwrap(), BudgetCheck::Enough);
    }
}

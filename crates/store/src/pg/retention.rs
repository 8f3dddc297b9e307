//! What the database keeps for a while only: events, notes of erasures and withdrawals, old runs, the history of ranks, and privacy
//! requests.
//!
//! [`sweep`] ends a bounded part of what is too old, without making any reader wait, and may be
//! killed anywhere: the next one continues. It is called daily, and again while there is more.

use model::time::{Day, Timestamp};

use super::{Pg, change, erase, history, privacy_request, run, withdrawal};
use crate::StoreError;

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Days of the change log that are kept whole, besides the present one.
    pub change_days: u16,
    /// Days for which it stays noted who was erased when: as long as snapshots are kept that were
    /// sealed before.
    pub erasure_days: u16,
    /// Days for which it stays noted who may be named in fewer places than before: longer than files of exports are
    /// kept.
    pub withdrawal_days: u16,
    /// How many published runs can be served again, besides the one that is served.
    pub runs_kept: usize,
    /// Days after which a run that failed or was retired is forgotten.
    pub run_days: u16,
    /// Days for which ranks are kept over runs, in whole parts of [`history::PART_RUNS`] runs.
    pub history_days: u16,
}

impl Default for RetentionPolicy {
    /// 30 days of changes, 90 of erasures, ten of withdrawals, three runs, what became of runs for a year, and 400 days of ranks.
    fn default() -> RetentionPolicy {
        RetentionPolicy {
            change_days: 30,
            erasure_days: 90,
            withdrawal_days: 10,
            runs_kept: 3,
            run_days: 365,
            history_days: 400,
        }
    }
}

/// What one sweep ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetentionSweep {
    /// Days of the change log.
    pub change_days: usize,
    /// Notes of erasures.
    pub erasures: usize,
    /// Notes of who may be named in fewer places than before.
    pub withdrawals: usize,
    /// Runs whose tables were dropped.
    pub runs_retired: usize,
    /// Runs that are forgotten.
    pub runs_forgotten: usize,
    /// Parts of the history of ranks.
    pub history_parts: usize,
    /// Privacy requests that ended long ago.
    pub privacy_requests: usize,
    /// Whether there may be more to sweep: some of the above came to its limit.
    pub more: bool,
}

/// The most days of the change log that one sweep drops.
pub const DAYS_MAX: usize = 32;
/// The most notes of erasures that one sweep deletes.
pub const ERASURES_MAX: usize = 10_000;
/// The most notes of withdrawals that one sweep deletes.
pub const WITHDRAWALS_MAX: usize = 100_000;
/// The most runs that one sweep retires, of nine tables each.
pub const RUNS_MAX: usize = 8;
/// The most runs that one sweep forgets.
pub const FORGOTTEN_MAX: usize = 1_000;
/// The most parts of the history that one sweep drops.
pub const PARTS_MAX: usize = 8;
/// The most privacy requests that one sweep deletes, and the most counts of them.
pub const REQUESTS_MAX: usize = 10_000;

/// Ends what is too old at `now`, up to the limits above, the oldest first.
pub async fn sweep(
    pg: &Pg,
    now: Timestamp,
    policy: RetentionPolicy,
) -> Result<RetentionSweep, StoreError> {
    let first_kept = Day(Day::of(now).0.saturating_sub(policy.change_days));
    let change_days = change::retire(pg, first_kept, DAYS_MAX).await?;
    let erasures = erase::forget(pg, days_before(now, policy.erasure_days), ERASURES_MAX).await?;
    let withdrawn_before = days_before(now, policy.withdrawal_days);
    let withdrawals = withdrawal::forget(pg, withdrawn_before, WITHDRAWALS_MAX).await?;
    let runs_retired = run::retire_old(pg, policy.runs_kept, RUNS_MAX).await?;
    let runs_forgotten = run::forget(pg, days_before(now, policy.run_days), FORGOTTEN_MAX).await?;
    let history_before = days_before(now, policy.history_days);
    let history_parts = history::retire(pg, history_before, PARTS_MAX).await?;
    let requests = privacy_request::retire(pg, now, REQUESTS_MAX).await?;
    let more = change_days == DAYS_MAX
        || erasures == ERASURES_MAX
        || withdrawals == WITHDRAWALS_MAX
        || runs_retired == RUNS_MAX
        || runs_forgotten == FORGOTTEN_MAX
        || history_parts == PARTS_MAX
        || requests.more;
    Ok(RetentionSweep {
        change_days,
        erasures,
        withdrawals,
        runs_retired,
        runs_forgotten,
        history_parts,
        privacy_requests: requests.requests,
        more,
    })
}

fn days_before(now: Timestamp, days: u16) -> Timestamp {
    let seconds = now.as_second() - i64::from(days) * 86_400;
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN)
}

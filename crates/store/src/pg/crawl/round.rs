//! Rounds: the reservation that a commit needs, and when the next round is due.
//!
//! The interval between rounds is `7 days · 8^(1/2 − c) / (1 + trust)`, within 1 and 60 days,
//! where c is the moving average of "this round found changes" with weight 0.3. The best interval
//! is far from proportional to the rate of change, so it moves by a factor of 8 in all.

use std::collections::HashMap;

use model::ProfileId;
use model::time::Timestamp;

use super::batch::{CrawledProfile, RoundEnd};
use crate::StoreError;
use crate::pg::params::{column, params};
use crate::pg::round_outcome::RoundOutcome;
use crate::pg::row::{FRONTIER, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{clean, stored_id, stored_seconds};

/// What the frontier has of a reserved profile.
#[derive(Debug, Clone, Copy)]
pub(super) struct CrawlRound {
    change_ema: f32,
    trust: f32,
}

const DAY_SECONDS: f64 = 86_400.0;
const INTERVAL_DAYS: f64 = 7.0;
const FAILED_AGAIN_SECONDS: i64 = 30 * 86_400;
const CHANGE_WEIGHT: f32 = 0.3;
const WHY_CHARS_MAX: usize = 500;

const LOCK: &str = "select profile_id, change_ema, trust from frontier
    where profile_id = any($1) and claimed order by profile_id for update";
/// A profile that was seen at a greater depth during its round starts another at once. $8 is the number
/// of a round that is done, $9 the first of those that are not tried again at once.
const END: &str = "update frontier f set claimed = false, outcome = u.outcome, error = u.error,
        attempts = case when u.in_vain then f.attempts else 0 end,
        last_crawl = case when u.outcome = $8 then $1 else f.last_crawl end,
        due_at = case when f.depth_left > f.depth_claimed and u.outcome < $9 then $1 else u.due_at end,
        change_ema = u.ema
    from unnest($2::bigint[], $3::smallint[], $4::bigint[], $5::real[], $6::text[], $7::boolean[])
        u(id, outcome, due_at, ema, error, in_vain) where f.profile_id = u.id";

/// Locks the rounds of those of these profiles that are reserved.
pub(super) async fn lock(
    tx: &PgTransaction<'_>,
    profiles: &[CrawledProfile],
) -> Result<HashMap<ProfileId, CrawlRound>, StoreError> {
    let ids = column(profiles, |profile| stored_id(profile.id));
    let rows = tx.query(LOCK, params![ids => INT8_ARRAY]).await?;
    let round = |row: TableRow<'_>| {
        let round = CrawlRound { change_ema: row.get("change_ema")?, trust: row.get("trust")? };
        Ok((row.profile_id("profile_id")?, round))
    };
    FRONTIER.rows(&rows).map(round).collect()
}

/// The round of a profile at the end of a commit.
pub(super) struct EndedRound<'a> {
    pub(super) profile: &'a CrawledProfile,
    pub(super) round: CrawlRound,
    /// Whether anything of it changed.
    pub(super) is_changed: bool,
}

/// How a round ended.
#[derive(Debug, PartialEq)]
struct RoundVerdict<'a> {
    outcome: RoundOutcome,
    /// When the profile is due again, in seconds since 1970.
    due_at: i64,
    why: Option<&'a str>,
}

/// A row of the frontier to be updated.
struct FrontierUpdate {
    profile: i64,
    outcome: RoundOutcome,
    due_at: i64,
    change_ema: f32,
    error: Option<String>,
    in_vain: bool,
}

/// Stores how the rounds of these profiles continue.
pub(super) async fn end(
    tx: &PgTransaction<'_>,
    ended: &[EndedRound<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let updates: Vec<FrontierUpdate> = ended.iter().filter_map(|one| one.update(now)).collect();
    let params = params![
        stored_seconds(now) => INT8,
        column(&updates, |update| update.profile) => INT8_ARRAY,
        column(&updates, |update| update.outcome as i16) => INT2_ARRAY,
        column(&updates, |update| update.due_at) => INT8_ARRAY,
        column(&updates, |update| update.change_ema) => FLOAT4_ARRAY,
        column(&updates, |update| update.error.as_deref()) => TEXT_ARRAY,
        column(&updates, |update| update.in_vain) => BOOL_ARRAY,
        RoundOutcome::Done as i16 => INT2,
        RoundOutcome::Retry as i16 => INT2,
    ];
    tx.execute(END, params).await.map(|_| ())
}

impl EndedRound<'_> {
    /// `None` while the job continues.
    fn update(&self, now: Timestamp) -> Option<FrontierUpdate> {
        let verdict = verdict(&self.profile.end, self.round, self.is_changed, now)?;
        let is_done = verdict.outcome == RoundOutcome::Done;
        let unchanged = self.round.change_ema;
        Some(FrontierUpdate {
            profile: stored_id(self.profile.id),
            outcome: verdict.outcome,
            due_at: verdict.due_at,
            change_ema: if is_done { self.round.ema(self.is_changed) } else { unchanged },
            error: verdict.why.map(|why| clean(why, WHY_CHARS_MAX).into_owned()),
            in_vain: matches!(self.profile.end, RoundEnd::Retry { in_vain: true, .. }),
        })
    }
}

/// `None` while the job continues.
fn verdict(
    end: &RoundEnd,
    round: CrawlRound,
    is_changed: bool,
    now: Timestamp,
) -> Option<RoundVerdict<'_>> {
    let seconds = stored_seconds(now);
    let (outcome, due_at, why) = match end {
        RoundEnd::Open => return None,
        RoundEnd::Done => {
            let next = seconds + interval_seconds(round.ema(is_changed), round.trust);
            (RoundOutcome::Done, next, None)
        }
        RoundEnd::Cut => (RoundOutcome::Cut, seconds, None),
        RoundEnd::Retry { at, why, .. } => {
            (RoundOutcome::Retry, stored_seconds(*at).max(seconds), Some(why.as_str()))
        }
        RoundEnd::Failed { why } => {
            (RoundOutcome::Failed, seconds + FAILED_AGAIN_SECONDS, Some(why.as_str()))
        }
    };
    Some(RoundVerdict { outcome, due_at, why })
}

impl CrawlRound {
    fn ema(self, changed: bool) -> f32 {
        let found = if changed { 1.0 } else { 0.0 };
        self.change_ema + CHANGE_WEIGHT * (found - self.change_ema)
    }
}

fn interval_seconds(change_ema: f32, trust: f32) -> i64 {
    let days = INTERVAL_DAYS * 8f64.powf(0.5 - f64::from(change_ema)) / (1.0 + f64::from(trust));
    (days.clamp(1.0, 60.0) * DAY_SECONDS) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_or_is_trusted_is_crawled_more_often() {
        let days = |ema, trust| interval_seconds(ema, trust) / 86_400;
        assert_eq!([days(0.5, 0.0), days(0.0, 0.0), days(1.0, 0.0)], [7, 19, 2]);
        assert_eq!([days(0.5, 1.0), days(1.0, 1.0)], [3, 1]);
    }

    #[test]
    fn a_retry_is_never_due_in_the_past() {
        let now = Timestamp::from_second(1_000).unwrap();
        let retry =
            RoundEnd::Retry { at: Timestamp::UNIX_EPOCH, why: "busy".into(), in_vain: true };
        let round = CrawlRound { change_ema: 0.5, trust: 0.0 };
        let expected =
            RoundVerdict { outcome: RoundOutcome::Retry, due_at: 1_000, why: Some("busy") };
        assert_eq!(verdict(&retry, round, false, now), Some(expected));
        assert_eq!(verdict(&RoundEnd::Open, round, true, now), None);
    }
}

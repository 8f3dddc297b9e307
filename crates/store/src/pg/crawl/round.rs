//! Rounds: the claim that a commit needs, and when the next round is due.
//!
//! The interval between rounds is `7 days · 8^(1/2 − c) / (1 + trust)`, within 1 and 60 days,
//! where c is the moving average of "this round found changes" with weight 0.3. The best interval
//! is far from proportional to the rate of change, so it moves by a factor of 8 in all.

use std::collections::HashMap;

use model::ProfileId;
use model::time::Timestamp;

use super::batch::{CrawledProfile, RoundEnd};
use crate::StoreError;
use crate::pg::connection::params;
use crate::pg::frontier::Outcome;
use crate::pg::transaction::Tx;
use crate::pg::value::{clean, profile_id, stored_id, stored_seconds};

/// What the frontier knows of a claimed profile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
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
/// A profile that was seen at a greater depth during its round starts another at once.
const END: &str = "update frontier f set claimed = false, outcome = u.outcome, error = u.error,
        attempts = case when u.in_vain then f.attempts else 0 end,
        last_crawl = case when u.outcome = 1 then $1 else f.last_crawl end,
        due_at = case when f.depth_left > f.depth_claimed and u.outcome < 3 then $1 else u.due_at end,
        change_ema = u.ema
    from unnest($2::bigint[], $3::smallint[], $4::bigint[], $5::real[], $6::text[], $7::boolean[])
        u(id, outcome, due_at, ema, error, in_vain) where f.profile_id = u.id";

/// Locks the rounds of those of these profiles that are under a claim.
pub(super) async fn lock(
    tx: &Tx<'_>,
    profiles: &[CrawledProfile],
) -> Result<HashMap<ProfileId, Round>, StoreError> {
    let ids: Vec<i64> = profiles.iter().map(|profile| stored_id(profile.id)).collect();
    let rows = tx.query(LOCK, params![ids => INT8_ARRAY]).await?;
    let round = |row: &tokio_postgres::Row| Round { change_ema: row.get(1), trust: row.get(2) };
    Ok(rows.iter().map(|row| (profile_id(row.get(0)), round(row))).collect())
}

/// Records how the rounds of these profiles go on; `changed` tells whether a round found anything.
pub(super) async fn end(
    tx: &Tx<'_>,
    ended: &[(&CrawledProfile, Round, bool)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (mut ids, mut outcomes, mut due) = (Vec::new(), Vec::new(), Vec::new());
    let (mut emas, mut errors, mut in_vain) = (Vec::new(), Vec::new(), Vec::new());
    for (profile, round, changed) in ended {
        let Some((outcome, due_at, why)) = verdict(&profile.end, *round, *changed, now) else {
            continue;
        };
        ids.push(stored_id(profile.id));
        outcomes.push(outcome as i16);
        due.push(due_at);
        emas.push(if outcome == Outcome::Done { round.ema(*changed) } else { round.change_ema });
        in_vain.push(matches!(profile.end, RoundEnd::Retry { in_vain: true, .. }));
        errors.push(why.map(|why| clean(why, WHY_CHARS_MAX).into_owned()));
    }
    let params = params![
        stored_seconds(now) => INT8,
        ids => INT8_ARRAY,
        outcomes => INT2_ARRAY,
        due => INT8_ARRAY,
        emas => FLOAT4_ARRAY,
        errors => TEXT_ARRAY,
        in_vain => BOOL_ARRAY,
    ];
    tx.execute(END, params).await.map(|_| ())
}

/// How a round ended, when the profile is due again, and why; `None` while the job goes on.
fn verdict(
    end: &RoundEnd,
    round: Round,
    changed: bool,
    now: Timestamp,
) -> Option<(Outcome, i64, Option<&str>)> {
    let seconds = stored_seconds(now);
    match end {
        RoundEnd::Open => None,
        RoundEnd::Done => {
            let next = seconds + interval_seconds(round.ema(changed), round.trust);
            Some((Outcome::Done, next, None))
        }
        RoundEnd::Cut => Some((Outcome::Cut, seconds, None)),
        RoundEnd::Retry { at, why, .. } => {
            Some((Outcome::Retry, stored_seconds(*at).max(seconds), Some(why)))
        }
        RoundEnd::Failed { why } => {
            Some((Outcome::Failed, seconds + FAILED_AGAIN_SECONDS, Some(why)))
        }
    }
}

impl Round {
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
        let round = Round { change_ema: 0.5, trust: 0.0 };
        assert_eq!(verdict(&retry, round, false, now), Some((Outcome::Retry, 1_000, Some("busy"))));
        assert_eq!(verdict(&RoundEnd::Open, round, true, now), None);
    }
}

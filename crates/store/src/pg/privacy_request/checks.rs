//! When the code of a request is looked for.

use model::message::ProofJob;
use model::privacy_request::{
    AGAIN_SECONDS, CHECK_PAUSE_SECONDS, CHECKS_MAX, CODE_SECONDS, next_check,
};
use model::time::Timestamp;
use model::{Platform, PrivacyRequestId};

use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::PRIVACY_REQUEST;
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{from_ms, platform_number, stored_ms};

/// $1 the request, $2 now, $3 from when on no code counts that was made before, $4 the latest last check, $5 the
/// most checks.
const ORDER: &str = "update privacy_request set next_check_ms = $2
    where request_id = $1 and proven_ms is null and ended_ms is null and created_ms > $3
        and coalesce(checked_ms, 0) <= $4 and checks < $5 returning request_id";
/// Why a check cannot be ordered: whether the code counts, and when the last check was.
const WHY_NOT: &str = "select request_id, checks, checked_ms,
        proven_ms is null and ended_ms is null and created_ms > $2 as counts
    from privacy_request where request_id = $1";
/// $3 from when on no code counts that was made before: what was due before is passed over at once.
const DUE: &str = "select request_id, created_ms, job_number from privacy_request
    where next_check_ms > $3 and next_check_ms <= $1 and platform_id = any($2) and created_ms > $3
    order by next_check_ms limit $4 for update skip locked";
const SENT: &str =
    "update privacy_request p set checks = least(checks + 1, 32767), checked_ms = $1,
        job_number = job_number + 1, next_check_ms = case when checks + 1 < $4 then u.next_ms end
    from unnest($2::bigint[], $3::bigint[]) u(id, next_ms) where p.request_id = u.id";
/// $1 the request, $2 when the code is looked for again, $3 the number of the job that could not look. Its number is used
/// up by that, so that the same job changes nothing a second time, nor does one that another followed.
const TAKE_BACK: &str = "update privacy_request set checks = greatest(checks - 1, 0),
        job_number = job_number + 1, next_check_ms = least(coalesce(next_check_ms, $2), $2)
    where request_id = $1 and job_number = $3 and proven_ms is null and ended_ms is null";

/// What became of the order to look for a code now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOrder {
    /// It is looked for as soon as its host allows.
    Ordered,
    /// It was looked for a moment ago: not before this time.
    TooSoon(Timestamp),
    /// It was looked for as often as may be.
    TooOften,
    /// The code does not count any more, or is proven.
    NothingToCheck,
}

/// A request whose code is to be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueCheck {
    /// The request.
    pub id: PrivacyRequestId,
    /// The number of the job that looks.
    number: u32,
    /// When it was made.
    created_at: Timestamp,
}

impl DueCheck {
    /// The job that looks.
    pub fn job(&self) -> ProofJob {
        ProofJob { prove: self.id, number: self.number }
    }
}

/// Orders that the code of a request is looked for now.
pub async fn order_check(
    pg: &Pg,
    id: PrivacyRequestId,
    now: Timestamp,
) -> Result<CheckOrder, StoreError> {
    let number = id.number() as i64;
    let paused = stored_ms(now) - CHECK_PAUSE_SECONDS * 1_000;
    let params = params![
        number => INT8,
        stored_ms(now) => INT8,
        code_began(now) => INT8,
        paused => INT8,
        CHECKS_MAX as i32 => INT4,
    ];
    if pg.query_opt("privacy_request::order_check", ORDER, params).await?.is_some() {
        return Ok(CheckOrder::Ordered);
    }
    let params = params![number => INT8, code_began(now) => INT8];
    let row = pg.query_opt("privacy_request::order_check", WHY_NOT, params).await?;
    let Some(row) = row.as_ref().map(|row| PRIVACY_REQUEST.row(row)) else {
        return Ok(CheckOrder::NothingToCheck);
    };
    let (counts, checks): (bool, i16) = (row.get("counts")?, row.get("checks")?);
    let checked: Option<i64> = row.get("checked_ms")?;
    Ok(match counts {
        false => CheckOrder::NothingToCheck,
        true if i64::from(checks) >= i64::from(CHECKS_MAX) => CheckOrder::TooOften,
        true => {
            let again = checked.unwrap_or(0) + CHECK_PAUSE_SECONDS * 1_000;
            CheckOrder::TooSoon(from_ms(again))
        }
    })
}

/// Passes the requests whose code is to be looked for now, at most `most`, of these platforms, to `send`, and then
/// notes that they were sent: if that is not reached, they are sent again.
pub async fn send_due_checks<E: From<StoreError>>(
    pg: &Pg,
    platforms: &[Platform],
    most: u32,
    now: Timestamp,
    send: impl AsyncFnOnce(&[DueCheck]) -> Result<(), E>,
) -> Result<usize, E> {
    let platforms: Vec<i16> = platforms.iter().copied().map(platform_number).collect();
    let mut client = pg.client().await?;
    let tx = PgTransaction::begin(&mut client, "privacy_request::send_due_checks").await?;
    let params = params![
        stored_ms(now) => INT8,
        platforms => INT2_ARRAY,
        code_began(now) => INT8,
        i64::from(most) => INT8,
    ];
    let rows = tx.query(DUE, params).await?;
    let due = PRIVACY_REQUEST.rows(&rows).map(|row| {
        let id = PrivacyRequestId::new(row.unsigned("request_id")?);
        let number = row.count("job_number")? + 1;
        Ok(DueCheck { id, number, created_at: from_ms(row.get("created_ms")?) })
    });
    let due: Vec<DueCheck> = due.collect::<Result<_, StoreError>>()?;
    if due.is_empty() {
        return Ok(0);
    }
    send(&due).await?;
    let ids: Vec<i64> = due.iter().map(|one| one.id.number() as i64).collect();
    let next = |one: &DueCheck| next_check(one.created_at, now).map(stored_ms);
    let next: Vec<Option<i64>> = due.iter().map(next).collect();
    let params = params![
        stored_ms(now) => INT8,
        ids => INT8_ARRAY,
        next => INT8_ARRAY,
        CHECKS_MAX as i32 => INT4,
    ];
    tx.execute(SENT, params).await?;
    tx.commit().await?;
    Ok(due.len())
}

/// Takes a check back that could not be made, and orders it again in [`AGAIN_SECONDS`]; whether there was something to
/// take back.
pub async fn take_back(pg: &Pg, job: ProofJob, now: Timestamp) -> Result<bool, StoreError> {
    let params = params![
        job.prove.number() as i64 => INT8,
        stored_ms(now) + AGAIN_SECONDS * 1_000 => INT8,
        i64::from(job.number) => INT8,
    ];
    Ok(pg.execute("privacy_request::take_back", TAKE_BACK, params).await? > 0)
}

/// The time before which no code that counts now was made.
pub(super) fn code_began(now: Timestamp) -> i64 {
    stored_ms(now) - CODE_SECONDS * 1_000
}

//! An operator's order to what it does, and to a line of the audit log: opt-outs, API keys, which run
//! is served, and the end of what was kept for long enough.
//!
//! Trigger: an invocation with an [`Order`], by whoever may invoke the function (there is no route to
//! it), a daily schedule for [`Order::Retain`], or `borg operate`. Result: JSON. Failure: an error in
//! words that name nobody; an order may be given again, and what was done stays done.

mod keys;
mod order;

use model::port::Clock;
use model::time::Timestamp;
use model::{PersonId, ProfileId, RunId};
use serde_json::{Value, json};
use store::pg::audit::{self, Act};
use store::pg::retention::{self, Policy, Swept};
use store::pg::{erase, person, profile, run};
use store::{Pg, StoreError};

pub use order::{BadOrder, BadWhom, Order, Whom};

/// How many lines of the audit log are named, and how many keys.
const LINES_MAX: u32 = 1_000;
/// How long the audit log is kept, in days: as long as somebody may ask what became of a request.
const AUDIT_DAYS: i64 = 1_095;
const DAY_SECONDS: i64 = 86_400;
/// The most rounds of one sweep; what is left waits for the next day.
const SWEEPS_MAX: usize = 1_000;

/// What orders work with.
pub struct Doors<'a, C> {
    /// The record.
    pub pg: &'a Pg,
    /// The present.
    pub clock: &'a C,
    /// What keys are hashed with: [`store::pg::key::pepper`].
    pub pepper: &'a [u8],
    /// Who orders: see [`Act::actor`].
    pub actor: &'a str,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// It names a public id that nothing has.
    #[error("there is no {0}")]
    Unknown(String),
    /// No random bytes could be drawn for a key.
    #[error("draw a key: {0}")]
    Random(String),
    /// The record refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Carries out an order.
pub async fn handle<C: Clock>(doors: &Doors<'_, C>, order: &Order) -> Result<Value, OperateError> {
    let act = Act { actor: doors.actor, action: order.word() };
    match order {
        Order::OptOut { account } => opt_out(doors, account, act).await,
        Order::CreateKey { account, test } => keys::create(doors, account, *test, act).await,
        Order::ListKeys { account } => keys::list(doors.pg, account.as_deref()).await,
        Order::RevokeKey { key } => keys::revoke(doors, *key, act).await,
        Order::ActivateRun { run } => activate(doors, *run, act).await,
        Order::Retain {} => retain(doors, act).await,
        Order::ListAudit {} => list_audit(doors.pg).await,
    }
}

async fn opt_out<C: Clock>(
    doors: &Doors<'_, C>,
    whom: &Whom,
    act: Act<'_>,
) -> Result<Value, OperateError> {
    let (pg, now) = (doors.pg, doors.clock.now());
    let (ids, known) = match whom {
        Whom::Account(account) => {
            let erase::OptedOut { ids, known } = erase::opt_out(pg, account, act, now).await?;
            (ids, known)
        }
        Whom::Profile(id) => (vec![the_profile(pg, *id).await?], true),
        Whom::Person(id) => (profiles_of(pg, *id).await?, true),
    };
    if !matches!(whom, Whom::Account(_)) {
        erase::opt_out_profiles(pg, &ids, act, now).await?;
    }
    Ok(json!({ "opted_out": ids, "known": known }))
}

async fn the_profile(pg: &Pg, id: ProfileId) -> Result<ProfileId, OperateError> {
    let known = profile::get(pg, &[id]).await?;
    known.first().map(|profile| profile.id).ok_or_else(|| OperateError::Unknown(id.to_string()))
}

/// The profiles of a person, or of the one that it was joined to.
async fn profiles_of(pg: &Pg, id: PersonId) -> Result<Vec<ProfileId>, OperateError> {
    let unknown = || OperateError::Unknown(id.to_string());
    let known = person::get(pg, &[id]).await?.into_iter().next().ok_or_else(unknown)?;
    let Some(joined) = known.merged_into else { return Ok(known.profiles) };
    let known = person::get(pg, &[joined]).await?.into_iter().next().ok_or_else(unknown)?;
    Ok(known.profiles)
}

async fn activate<C: Clock>(
    doors: &Doors<'_, C>,
    run: RunId,
    act: Act<'_>,
) -> Result<Value, OperateError> {
    let now = doors.clock.now();
    audit::note(doors.pg, act, Some(&run.to_string()), now).await?;
    run::activate(doors.pg, run, now).await?;
    Ok(json!({ "served": run }))
}

/// Ends what was kept for long enough, round by round: each is bounded, and none is lost if we are
/// ended between two.
async fn retain<C: Clock>(doors: &Doors<'_, C>, act: Act<'_>) -> Result<Value, OperateError> {
    let now = doors.clock.now();
    audit::note(doors.pg, act, None, now).await?;
    let mut ended = Swept::default();
    for _ in 0..SWEEPS_MAX {
        let swept = retention::sweep(doors.pg, now, Policy::default()).await?;
        ended.change_days += swept.change_days;
        ended.erasures += swept.erasures;
        ended.runs_retired += swept.runs_retired;
        ended.runs_forgotten += swept.runs_forgotten;
        ended.more = swept.more;
        if !swept.more {
            break;
        }
    }
    let first_kept = Timestamp::from_second(now.as_second() - AUDIT_DAYS * DAY_SECONDS);
    let audit_lines = audit::retire(doors.pg, first_kept.unwrap_or_default()).await?;
    Ok(json!({
        "change_days": ended.change_days,
        "erasures": ended.erasures,
        "runs_retired": ended.runs_retired,
        "runs_forgotten": ended.runs_forgotten,
        "audit_lines": audit_lines,
        "more": ended.more,
    }))
}

async fn list_audit(pg: &Pg) -> Result<Value, OperateError> {
    let lines = audit::newest(pg, LINES_MAX).await?;
    let line = |line: &audit::Entry| {
        json!({
            "at": line.at,
            "actor": line.actor,
            "action": line.action,
            "subject": line.subject,
        })
    };
    Ok(json!({ "lines": lines.iter().map(line).collect::<Vec<_>>() }))
}

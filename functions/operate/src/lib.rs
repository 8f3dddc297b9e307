//! Carries out an operator's order and writes a line of the audit log: opt-outs, privacy requests, API keys, credits,
//! which run is served, and retention.
//!
//! Trigger: an invocation with an [`Order`] (there is no route to it: the right to invoke the
//! function is the permission), a daily schedule for [`Order::Retain`], or `borg operate`. Result:
//! an [`OrderOutcome`] as JSON. Failure: an error that names no person; an order may be repeated, and
//! what was done stays done.

mod amount;
mod credits;
mod keys;
mod order;
mod outcome;
mod requests;

use model::port::{Clock, PortError};
use model::time::Timestamp;
use model::{PersonId, ProfileId, RunId};
use store::pg::audit::{self, AuditAction};
use store::pg::retention::{self, RetentionPolicy, RetentionSweep};
use store::pg::{erase, person, privacy_request, profile, run};
use store::wallet::StoredWallet;
use store::{Pg, StoreError};

pub use amount::{CreditAmount, CreditAmountError, KeyScope, KeyScopeError};
pub use order::{
    CreditsToAdd, KeyToCreate, OptOutSubject, OptOutSubjectError, Order, OrderError, RequestAnswer,
};
pub use outcome::{
    AuditLine, CreditSummary, GrantLine, KeySummary, OrderOutcome, RequestLine, RetentionCounts,
};

/// How many lines of the audit log are listed, and how many keys.
const LINES_MAX: u32 = 1_000;
/// How long the audit log is kept, in days: three years, in which an opt-out can be proven.
const AUDIT_DAYS: i64 = 1_095;
const DAY_SECONDS: i64 = 86_400;
/// The most rounds of one retention; the next day's retention continues.
const SWEEPS_MAX: usize = 1_000;

/// What an order is given.
pub struct OperateDependencies<'a, C> {
    /// The database.
    pub pg: &'a Pg,
    /// What payers may spend.
    pub wallet: &'a StoredWallet,
    /// The present.
    pub clock: &'a C,
    /// What keys are hashed with: [`store::pg::key::pepper`].
    pub pepper: &'a [u8],
    /// The operator's name in the audit log: see [`AuditAction::actor`].
    pub actor: &'a str,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// It names a public id that does not exist.
    #[error("there is no {0}")]
    Unknown(String),
    /// No random bytes could be drawn for a key.
    #[error("draw a key: {0}")]
    Random(String),
    /// It contradicts itself or what was done before.
    #[error("{0}")]
    Refused(String),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The wallet or the ledger refused.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Carries out an order.
pub async fn handle<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    order: &Order,
) -> Result<OrderOutcome, OperateError> {
    let pg = dependencies.pg;
    let act = AuditAction { actor: dependencies.actor, action: order.action() };
    match order {
        Order::OptOut { account } => opt_out(dependencies, account, act).await,
        Order::CreateKey(new) => keys::create(dependencies, new, act).await,
        Order::ListKeys { account } => keys::list(pg, account.as_deref()).await,
        Order::RevokeKey { key } => keys::revoke(dependencies, *key, act).await,
        Order::AddCredits(add) => credits::add(dependencies, add, act).await,
        Order::Refund { account, payer, charge } => {
            let payer = credits::payer_of(dependencies, account.as_deref(), *payer).await?;
            credits::refund(dependencies, payer, *charge, act).await
        }
        Order::ShowCredits { account } => credits::show(dependencies, account).await,
        Order::Freeze { account } => credits::freeze(dependencies, account, act).await,
        Order::Unfreeze { account } => credits::unfreeze(dependencies, account, act).await,
        Order::ActivateRun { run } => activate(dependencies, *run, act).await,
        Order::ListRequests {} => requests::list(dependencies).await,
        Order::ShowRequest { request } => requests::show(dependencies, *request).await,
        Order::AnswerRequest(answer) => requests::answer(dependencies, answer, act).await,
        Order::Retain {} => retain(dependencies, act).await,
        Order::ListAudit {} => list_audit(pg).await,
    }
}

async fn opt_out<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    subject: &OptOutSubject,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let (pg, now) = (dependencies.pg, dependencies.clock.now());
    let ids = match subject {
        OptOutSubject::Account(account) => {
            let erase::OptOutResult { ids, known } = erase::opt_out(pg, account, act, now).await?;
            return Ok(OrderOutcome::OptedOut { opted_out: ids, known });
        }
        OptOutSubject::Profile(id) => vec![require_profile(pg, *id).await?],
        OptOutSubject::Person(id) => profiles_of(pg, *id).await?,
    };
    erase::opt_out_profiles(pg, &ids, act, now).await?;
    Ok(OrderOutcome::OptedOut { opted_out: ids, known: true })
}

async fn require_profile(pg: &Pg, id: ProfileId) -> Result<ProfileId, OperateError> {
    let known = profile::get(pg, &[id]).await?;
    known.first().map(|profile| profile.id).ok_or_else(|| OperateError::Unknown(id.to_string()))
}

/// The profiles of a person, or of the person that it was merged into.
async fn profiles_of(pg: &Pg, id: PersonId) -> Result<Vec<ProfileId>, OperateError> {
    let unknown = || OperateError::Unknown(id.to_string());
    let known = person::get(pg, &[id]).await?.into_iter().next().ok_or_else(unknown)?;
    let Some(merged_into) = known.merged_into else { return Ok(known.profiles) };
    let known = person::get(pg, &[merged_into]).await?.into_iter().next().ok_or_else(unknown)?;
    Ok(known.profiles)
}

async fn activate<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    run: RunId,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let now = dependencies.clock.now();
    audit::note(dependencies.pg, act, Some(&run.to_string()), now).await?;
    run::activate(dependencies.pg, run, now).await?;
    Ok(OrderOutcome::RunActivated { served: run })
}

/// Deletes what was kept for long enough, in bounded rounds: an interruption between two loses
/// nothing.
async fn retain<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let (pg, now) = (dependencies.pg, dependencies.clock.now());
    audit::note(pg, act, None, now).await?;
    let mut total = RetentionSweep::default();
    for _ in 0..SWEEPS_MAX {
        let swept = retention::sweep(pg, now, RetentionPolicy::default()).await?;
        total.change_days += swept.change_days;
        total.erasures += swept.erasures;
        total.withdrawals += swept.withdrawals;
        total.runs_retired += swept.runs_retired;
        total.runs_forgotten += swept.runs_forgotten;
        total.history_parts += swept.history_parts;
        total.privacy_requests += swept.privacy_requests;
        total.more = swept.more;
        if !swept.more {
            break;
        }
    }
    let first_kept = Timestamp::from_second(now.as_second() - AUDIT_DAYS * DAY_SECONDS);
    let audit_lines = audit::retire(pg, first_kept.unwrap_or_default()).await?;
    let pressing = pressing_requests(pg, now).await?;
    Ok(OrderOutcome::Retained(RetentionCounts::new(&total, audit_lines, pressing)))
}

/// How many proven privacy requests are due soon, or were due: an operator has to see them.
async fn pressing_requests(pg: &Pg, now: Timestamp) -> Result<u64, OperateError> {
    let pressing = privacy_request::pressing(pg, now).await?;
    if pressing > 0 {
        tracing::warn!(pressing, "proven privacy requests wait for an answer: list-requests");
    }
    Ok(pressing)
}

async fn list_audit(pg: &Pg) -> Result<OrderOutcome, OperateError> {
    let lines = audit::newest(pg, LINES_MAX).await?;
    Ok(OrderOutcome::AuditLog { lines: lines.into_iter().map(AuditLine::from).collect() })
}

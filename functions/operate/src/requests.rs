//! Privacy requests, as an operator sees and answers them.

use model::port::Clock;
use model::privacy_request::PrivacyOutcome;
use model::{Account, PrivacyRequest, PrivacyRequestId, ProfileId};
use store::Pg;
use store::pg::audit::AuditAction;
use store::pg::privacy_request::{self, OperatorAnswer};
use store::pg::{erase, profile};

use crate::outcome::RequestLine;
use crate::{LINES_MAX, OperateDependencies, OperateError, OrderOutcome, RequestAnswer};

/// Lists those that have not ended.
pub(crate) async fn list<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
) -> Result<OrderOutcome, OperateError> {
    let (now, requests) =
        (dependencies.clock.now(), privacy_request::unanswered(dependencies.pg, LINES_MAX).await?);
    let requests = requests.into_iter().map(|request| RequestLine::new(request, now));
    Ok(OrderOutcome::Requests { requests: requests.collect() })
}

/// Shows one.
pub(crate) async fn show<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    id: PrivacyRequestId,
) -> Result<OrderOutcome, OperateError> {
    let request = require(dependencies.pg, id).await?;
    Ok(OrderOutcome::Request(RequestLine::new(request, dependencies.clock.now())))
}

/// Answers one. An opt-out or an erasure that is accepted is carried out first, so that a request that ended was.
pub(crate) async fn answer<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    order: &RequestAnswer,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let (pg, now) = (dependencies.pg, dependencies.clock.now());
    let request = require(pg, order.request).await?;
    refuse_unfit(&request, order)?;
    let account =
        request.handle.clone().map(|handle| Account { platform: request.platform, handle });
    let mut profile = request.profile;
    if let (PrivacyOutcome::Done, Some(account)) = (order.outcome, &account) {
        profile = carried_out(dependencies, &request, account, act).await?;
    }
    let (id, outcome, answer) = (request.id, order.outcome, order.text.as_deref());
    let given = OperatorAnswer { id, outcome, answer, profile };
    if !privacy_request::answer(pg, &request, &given, act, now).await? {
        return Err(ended(id));
    }
    show(dependencies, id).await
}

/// Refuses an answer to what ended, and one that says too little.
fn refuse_unfit(request: &PrivacyRequest, order: &RequestAnswer) -> Result<(), OperateError> {
    if request.ended.is_some() {
        return Err(ended(request.id));
    }
    let needs_text = request.kind.is_answered() || order.outcome == PrivacyOutcome::Refused;
    let has_text = order.text.as_ref().is_some_and(|text| !text.trim().is_empty());
    if needs_text && !has_text {
        let why = "a refusal and an answer to an objection or a correction need a text, which the requester reads";
        return Err(OperateError::Refused(why.to_owned()));
    }
    Ok(())
}

fn ended(id: PrivacyRequestId) -> OperateError {
    OperateError::Refused(format!("{id} has ended: `show` has its answer"))
}

/// Does what was demanded; returns the profile that it is done for, if it is stored.
async fn carried_out<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    request: &PrivacyRequest,
    account: &Account,
    act: AuditAction<'_>,
) -> Result<Option<ProfileId>, OperateError> {
    let (pg, now) = (dependencies.pg, dependencies.clock.now());
    if request.kind.erases() {
        let out = erase::opt_out(pg, account, act, now).await?;
        return Ok(out.ids.first().copied());
    }
    let known = profile::find(pg, std::slice::from_ref(account)).await?;
    Ok(request.profile.or_else(|| known.into_iter().next().flatten()))
}

async fn require(pg: &Pg, id: PrivacyRequestId) -> Result<PrivacyRequest, OperateError> {
    let found = privacy_request::get(pg, id).await?;
    found.ok_or_else(|| OperateError::Unknown(id.to_string()))
}

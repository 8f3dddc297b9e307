//! What a request with a key passes before its handler: the limits of the key, and the terms on which it is
//! served.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::time::Day;

use crate::charging;
use crate::error::Problem;
use crate::request_facts::RequestFacts;
use crate::state::Gateway;

/// The methods of all routes.
const METHODS: [Method; 5] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE];

/// Admits a request. What the handler and [`mod@crate::finish`] need is among the [`RequestFacts`].
pub(crate) async fn admit(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Response {
    let facts = RequestFacts::of(request.extensions());
    // What no route takes is refused as such, whatever else is wrong with it.
    if facts.caller.get().is_none() || !METHODS.contains(request.method()) {
        return next.run(request).await;
    }
    match admitted(&gateway, &facts, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admitted(
    gateway: &Gateway,
    facts: &RequestFacts,
    request: Request,
) -> Result<Request, Problem> {
    let (charging, pg, now) = (gateway.charging(), gateway.pg(), gateway.now());
    let caller = facts.caller.get().ok_or_else(Problem::internal)?;
    if let Some(rate) = charging.limiter.take(caller.key, now) {
        let rate = *facts.rate.get_or_init(|| rate);
        if !rate.passes {
            if let Some(refused) = charging::refused_request(request, caller, now).await {
                charging.outbox.refuse(pg, refused).await;
            }
            return Err(Problem::too_many(rate, "with this key"));
        }
    }
    if let Some(left) = charging.counter.free_left(pg, caller.counted(), Day::of(now)).await? {
        facts.free_left.get_or_init(|| left);
    }
    let (admitted, request) = charging::admit(charging, pg, caller, request, now).await?;
    // Before the handler does anything: what it made would be lost with its answer.
    if admitted.priced.is_none()
        && let Some(left) = facts.no_free_left()
    {
        return Err(charging::no_free_answer(left));
    }
    facts.admitted.get_or_init(|| Arc::new(admitted));
    Ok(request)
}

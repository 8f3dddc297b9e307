//! What a request with a key passes before its handler: the limits of the key, and the terms on which it is
//! served.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::time::Day;
use utoipa::openapi::{OpenApi, PathItem};

use crate::charging;
use crate::error::Problem;
use crate::request_facts::RequestFacts;
use crate::state::Gateway;

/// Which methods each route takes, by its path.
#[derive(Debug, Clone, Default)]
pub(crate) struct RouteMethods(Arc<HashMap<String, Vec<Method>>>);

impl RouteMethods {
    /// Those of the routes that a document describes.
    pub(crate) fn of(document: &OpenApi) -> RouteMethods {
        let methods = |item: &PathItem| {
            let known = [
                (&item.get, Method::GET),
                (&item.get, Method::HEAD),
                (&item.post, Method::POST),
                (&item.put, Method::PUT),
                (&item.delete, Method::DELETE),
            ];
            known.into_iter().filter(|(one, _)| one.is_some()).map(|(_, method)| method).collect()
        };
        let paths = document.paths.paths.iter();
        RouteMethods(Arc::new(paths.map(|(path, item)| (path.clone(), methods(item))).collect()))
    }

    fn take(&self, request: &Request) -> bool {
        let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let methods = path.and_then(|path| self.0.get(path));
        methods.is_some_and(|methods| methods.contains(request.method()))
    }
}

/// Admits a request. What the handler and [`mod@crate::finish`] need is among the [`RequestFacts`].
pub(crate) async fn admit(
    State((gateway, methods)): State<(Gateway, RouteMethods)>,
    request: Request,
    next: Next,
) -> Response {
    let facts = RequestFacts::of(request.extensions());
    // What the route does not take is refused as such, whatever else is wrong with it.
    if facts.caller.get().is_none() || !methods.take(&request) {
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

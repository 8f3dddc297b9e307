//! Who calls: the key in the `Authorization` header, and whether it may.
//!
//! The checksum is verified before anything is read. A key is cached for a while
//! ([`mod@crate::key_cache`]). Keys are found by their keyed
//! hash: there is no secret to compare, and so nothing to learn from how long it takes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::Scope;
use model::key::ApiSecret;
use store::pg::key;

use crate::caller::ApiCaller;
use crate::error::{Problem, ProblemCode};
use crate::key_cache::KnownKey;
use crate::notice;
use crate::request_facts::RequestFacts;
use crate::state::Gateway;

/// Refuses a request whose key lacks the scope. Who calls is then among the [`RequestFacts`].
pub(crate) async fn require(
    State((gateway, scope)): State<(Gateway, Scope)>,
    request: Request,
    next: Next,
) -> Response {
    // It is answered with the allowed methods, without a handler.
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    // Read first: the request may not be borrowed across the query.
    let (secret, facts) = (secret(&request), RequestFacts::of(request.extensions()));
    match caller(&gateway, &facts, scope, secret).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn caller(
    gateway: &Gateway,
    facts: &RequestFacts,
    scope: Scope,
    secret: Result<ApiSecret, Problem>,
) -> Result<(), Problem> {
    let known = known(gateway, &secret?).await?.ok_or_else(|| {
        Problem::new(
            ProblemCode::KeyUnknown,
            "this API key is unknown: was it made for another server?",
        )
    })?;
    let key = &known.key;
    if key.revoked_at.is_some() {
        let revoked = "this API key was revoked: make a new one with `borg key create`";
        return Err(Problem::new(ProblemCode::KeyRevoked, revoked));
    }
    let caller = facts.caller.get_or_init(|| ApiCaller::of(key));
    if let Some(notice) = &known.notice {
        facts.notice.get_or_init(|| notice.clone());
    }
    if !caller.has(scope) {
        let missing = format!("the key lacks the scope `{}`", scope.slug());
        return Err(Problem::new(ProblemCode::ScopeMissing, missing));
    }
    Ok(())
}

fn secret(request: &Request) -> Result<ApiSecret, Problem> {
    let header = request.headers().get(AUTHORIZATION).ok_or_else(|| {
        Problem::new(
            ProblemCode::KeyMissing,
            "send an API key: `Authorization: Bearer borg_live_…`",
        )
    })?;
    let malformed = |why: String| Problem::new(ProblemCode::KeyMalformed, why);
    let text = header.to_str().ok().and_then(|text| text.split_once(' '));
    let (_, token) = text
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .ok_or_else(|| malformed("the header looks like `Authorization: Bearer …`".to_owned()))?;
    ApiSecret::parse(token.trim()).map_err(|error| malformed(error.to_string()))
}

async fn known(gateway: &Gateway, secret: &ApiSecret) -> Result<Option<Arc<KnownKey>>, Problem> {
    let (cache, second) = (gateway.keys(), gateway.now().as_second());
    let hash = cache.hash(secret);
    if let Some(remembered) = cache.get(&hash, second) {
        return Ok(remembered);
    }
    let found = match key::find(gateway.pg(), gateway.pepper(), secret, gateway.now()).await? {
        Some(key) => {
            let notice = notice::of(gateway, key.payer).await?;
            Some(Arc::new(KnownKey { key, notice }))
        }
        None => None,
    };
    cache.put(hash, second, found.clone());
    Ok(found)
}

//! Who calls: the key in the `Authorization` header, and whether it may.
//!
//! The checksum is verified before anything is read. What the record says of a key is believed
//! for [`BELIEVED_SECONDS`], so a revocation works within that time. Keys are found by their keyed
//! hash: there is no secret to compare, and so nothing to learn from how long it takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::key::ApiSecret;
use model::{KeyId, Scope};
use store::pg::key::{self, ApiKey};

use crate::error::{Code, Problem};
use crate::state::Gateway;

/// How long what the record said of a key is believed.
const BELIEVED_SECONDS: i64 = 30;
/// The most keys remembered at once; a crowd of wrong ones makes room by being forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) key: KeyId,
    pub(crate) account: String,
}

/// What the record said lately, by a keyed hash of the secret.
pub(crate) struct KeyCache {
    hash_key: [u8; 32],
    known: Mutex<HashMap<[u8; 32], Remembered>>,
}

struct Remembered {
    until_second: i64,
    key: Option<Arc<ApiKey>>,
}

impl KeyCache {
    /// Remembers nothing yet.
    pub(crate) fn new(pepper: &[u8]) -> KeyCache {
        let hash_key = blake3::derive_key("borg 2026-11 api-gateway key cache", pepper);
        KeyCache { hash_key, known: Mutex::default() }
    }

    fn hash(&self, secret: &ApiSecret) -> [u8; 32] {
        *blake3::keyed_hash(&self.hash_key, secret.reveal().as_bytes()).as_bytes()
    }

    fn get(&self, hash: &[u8; 32], second: i64) -> Option<Option<Arc<ApiKey>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|one| second < one.until_second).map(|one| one.key.clone())
    }

    fn put(&self, hash: [u8; 32], second: i64, key: Option<Arc<ApiKey>>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(hash, Remembered { until_second: second + BELIEVED_SECONDS, key });
    }
}

/// Lets a request through if its key has the scope. The handler finds the [`Caller`] in the
/// request, and who counts the units in the response.
pub(crate) async fn require(
    State((gateway, scope)): State<(Gateway, Scope)>,
    mut request: Request,
    next: Next,
) -> Response {
    // No route has a handler for it: it only hears which methods there are.
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    // Taken first: a request may not be held while the record is asked.
    let secret = secret(&request);
    match caller(&gateway, scope, secret).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller.clone());
            let mut response = next.run(request).await;
            response.extensions_mut().insert(caller);
            response
        }
        Err(problem) => problem.into_response(),
    }
}

async fn caller(
    gateway: &Gateway,
    scope: Scope,
    secret: Result<ApiSecret, Problem>,
) -> Result<Caller, Problem> {
    let key = known(gateway, &secret?).await?.ok_or_else(|| {
        Problem::new(Code::KeyUnknown, "nobody has this API key: was it made for another server?")
    })?;
    if key.revoked_at.is_some() {
        let revoked = "this API key was revoked: make a new one with `borg key create`";
        return Err(Problem::new(Code::KeyRevoked, revoked));
    }
    if !key.scopes.iter().any(|held| held == scope.slug()) {
        let missing = format!("the key lacks the scope `{}`", scope.slug());
        return Err(Problem::new(Code::ScopeMissing, missing));
    }
    Ok(Caller { key: key.id, account: key.account.clone() })
}

fn secret(request: &Request) -> Result<ApiSecret, Problem> {
    let header = request.headers().get(AUTHORIZATION).ok_or_else(|| {
        Problem::new(Code::KeyMissing, "send an API key: `Authorization: Bearer borg_live_…`")
    })?;
    let malformed = |why: String| Problem::new(Code::KeyMalformed, why);
    let text = header.to_str().ok().and_then(|text| text.split_once(' '));
    let (_, token) = text
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .ok_or_else(|| malformed("the header looks like `Authorization: Bearer …`".to_owned()))?;
    ApiSecret::parse(token.trim()).map_err(|error| malformed(error.to_string()))
}

async fn known(gateway: &Gateway, secret: &ApiSecret) -> Result<Option<Arc<ApiKey>>, Problem> {
    let (cache, second) = (gateway.keys(), gateway.now().as_second());
    let hash = cache.hash(secret);
    if let Some(remembered) = cache.get(&hash, second) {
        return Ok(remembered);
    }
    let found = key::find(gateway.pg(), gateway.pepper(), secret).await?.map(Arc::new);
    cache.put(hash, second, found.clone());
    Ok(found)
}

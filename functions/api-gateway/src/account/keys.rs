//! The keys of an account. A secret is shown once.

use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::time::Timestamp;
use model::{KeyId, MicroCredits, Scope};
use serde::{Deserialize, Serialize};
use store::pg::audit::AuditAction;
use store::pg::key::{self, ApiKey, KeyOwner, KeyRotation, NAME_CHARS_MAX, NewKey};
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::credit_text::CreditText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, PathId};

/// The most keys of an account that are not revoked, and that are listed.
pub(super) const LISTED_MAX: u32 = 1_000;
const KEYS_MAX: usize = 100;
/// How long a secret that was replaced opens on, unless said otherwise: a day. At most 30 days.
const OVERLAP_SECONDS: u32 = 86_400;
const OVERLAP_SECONDS_MAX: u32 = 30 * 86_400;

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyView {
    #[schema(value_type = String, example = "key_1")]
    id: KeyId,
    /// What its holder calls it.
    #[schema(example = "feed builder")]
    name: String,
    /// Whether it is for sample data.
    test: bool,
    /// What it may do.
    #[schema(example = json!(["profiles:read"]))]
    scopes: Vec<String>,
    /// The most that it may spend on a UTC day, in credits.
    #[schema(value_type = String, example = "10000")]
    daily_cap: CreditText,
    /// The last characters of its secret.
    #[schema(example = "x7Fq")]
    last_four: String,
    /// Until when the secret before opens, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    old_secret_until: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// A key with its secret, which is shown only here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewSecret)]
pub(crate) struct SecretView {
    #[schema(value_type = String, example = "key_2")]
    id: KeyId,
    /// To be sent as `Authorization: Bearer …`. It is stored nowhere.
    #[schema(example = "borg_live_…")]
    secret: String,
    /// Until when the secret before opens, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    old_secret_until: Option<Timestamp>,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `scopes`")]
#[schema(as = KeyOrder)]
pub(crate) struct KeyOrder {
    /// What it is called; at most 80 characters.
    #[serde(default)]
    #[schema(example = "feed builder")]
    name: String,
    /// What it may do: some of what this key may.
    #[schema(example = json!(["profiles:read", "ranks:read"]))]
    scopes: Vec<String>,
    /// The most that it may spend on a UTC day, in credits; that of this key, unless given.
    #[schema(value_type = Option<String>, example = "500")]
    daily_cap: Option<CreditText>,
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = KeyRotation)]
pub(crate) struct RotationOrder {
    /// How long the secret before opens on, in seconds: up to 30 days; a day unless given.
    #[schema(example = 86_400)]
    overlap_seconds: Option<u32>,
}

impl KeyView {
    fn of(key: ApiKey, now: Timestamp) -> KeyView {
        KeyView {
            id: key.id,
            name: key.name,
            test: key.realm == KeyRealm::Test,
            scopes: key.scopes,
            daily_cap: key.daily_cap.into(),
            last_four: key.last_four,
            old_secret_until: key.old_until.filter(|&until| until > now),
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// The account's keys, the newest first, at most 1,000.
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "list_keys",
    tag = "keys",
    responses((status = 200, body = Envelope<Vec<KeyView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(call: ApiCall) -> Result<ApiAnswer<Vec<KeyView>>, Problem> {
    let now = call.gateway.now();
    let keys = key::of_payer(call.gateway.pg(), call.caller().payer, LISTED_MAX).await?;
    Ok(ApiAnswer::page(keys.into_iter().map(|key| KeyView::of(key, now)).collect()))
}

/// One key.
#[utoipa::path(
    get,
    path = "/v1/keys/{id}",
    operation_id = "get_key",
    tag = "keys",
    params(("id" = String, Path, example = "key_1")),
    responses((status = 200, body = Envelope<KeyView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<KeyId>,
    call: ApiCall,
) -> Result<ApiAnswer<KeyView>, Problem> {
    let keys = key::of_payer(call.gateway.pg(), call.caller().payer, LISTED_MAX).await?;
    let found = keys.into_iter().find(|key| key.id == id).ok_or_else(|| no_such_key(id))?;
    Ok(ApiAnswer::one(KeyView::of(found, call.gateway.now())))
}

/// Makes a key of the account that may do no more than this one.
#[utoipa::path(
    post,
    path = "/v1/keys",
    operation_id = "create_key",
    tag = "keys",
    request_body = KeyOrder,
    responses((status = 200, body = Envelope<SecretView>, description = "The answer."), Problem)
)]
pub(crate) async fn create(
    JsonCall { call, body }: JsonCall<KeyOrder>,
) -> Result<ApiAnswer<SecretView>, Problem> {
    if call.caller().is_test {
        let why = "a test key makes no keys: the operator does";
        return Err(Problem::new(ProblemCode::ScopeNotHeld, why));
    }
    let scopes = scopes(&call, &body.scopes)?;
    if body.name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::body("/name", format!("has at most {NAME_CHARS_MAX} characters")));
    }
    let (caller, now) = (call.caller(), call.gateway.now());
    let cap = body.daily_cap.map_or(caller.daily_cap, |cap| cap.0);
    require_cap(&call, cap)?;
    let keys = key::of_payer(call.gateway.pg(), caller.payer, LISTED_MAX).await?;
    if keys.iter().filter(|key| key.revoked_at.is_none()).count() >= KEYS_MAX {
        let why = format!("an account has at most {KEYS_MAX} keys: revoke one first");
        return Err(Problem::new(ProblemCode::TooMany, why));
    }
    let secret = mint(&call)?;
    let owner = KeyOwner::Payer(caller.payer);
    let new = NewKey { owner, secret: &secret, scopes: &scopes, name: &body.name, daily_cap: cap };
    let actor = actor(&call);
    let act = AuditAction { actor: &actor, action: "create-key" };
    let id = key::create(call.gateway.pg(), call.gateway.pepper(), &new, act, now).await?;
    let secret = secret.reveal().to_owned();
    Ok(ApiAnswer::one(SecretView { id, secret, old_secret_until: None }))
}

/// Replaces the secret of a key. Both open for a while, so that nothing has to stop.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/rotate",
    operation_id = "rotate_key",
    tag = "keys",
    params(("id" = String, Path, example = "key_1")),
    request_body = RotationOrder,
    responses((status = 200, body = Envelope<SecretView>, description = "The answer."), Problem)
)]
pub(crate) async fn rotate(
    PathId(id): PathId<KeyId>,
    JsonCall { call, body }: JsonCall<RotationOrder>,
) -> Result<ApiAnswer<SecretView>, Problem> {
    let overlap = body.overlap_seconds.unwrap_or(OVERLAP_SECONDS);
    if overlap > OVERLAP_SECONDS_MAX {
        let why = format!("must be at most {OVERLAP_SECONDS_MAX}");
        return Err(Problem::body("/overlap_seconds", why));
    }
    let (payer, now) = (call.caller().payer, call.gateway.now());
    require_power(&call, id).await?;
    let old_until = Timestamp::from_second(now.as_second().saturating_add(overlap.into()));
    let old_until = old_until.unwrap_or(Timestamp::MAX);
    let secret = mint(&call)?;
    let rotation = KeyRotation { payer, key: id, secret: &secret, old_until };
    let actor = actor(&call);
    let act = AuditAction { actor: &actor, action: "rotate-key" };
    if !key::rotate(call.gateway.pg(), call.gateway.pepper(), &rotation, act, now).await? {
        return Err(no_such_key(id));
    }
    call.gateway.keys().forget();
    let secret = secret.reveal().to_owned();
    Ok(ApiAnswer::one(SecretView { id, secret, old_secret_until: Some(old_until) }))
}

/// Revokes a key: within half a minute it opens nothing.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    operation_id = "revoke_key",
    tag = "keys",
    params(("id" = String, Path, example = "key_1")),
    responses((status = 200, body = Envelope<KeyView>, description = "The answer."), Problem)
)]
pub(crate) async fn revoke(
    PathId(id): PathId<KeyId>,
    call: ApiCall,
) -> Result<ApiAnswer<KeyView>, Problem> {
    let (payer, now) = (call.caller().payer, call.gateway.now());
    let actor = actor(&call);
    let act = AuditAction { actor: &actor, action: "revoke-key" };
    if !key::revoke_of(call.gateway.pg(), payer, id, act, now).await? {
        return Err(no_such_key(id));
    }
    call.gateway.keys().forget();
    get(PathId(id), call).await
}

/// Who does it, as the audit log names it: the key.
pub(super) fn actor(call: &ApiCall) -> String {
    format!("api:{}", call.caller().key)
}

/// That there is no such key of the account that is not revoked.
pub(super) fn no_such_key(id: KeyId) -> Problem {
    let why = format!("there is no key {id} of this account that is not revoked: see /v1/keys");
    Problem::new(ProblemCode::NoSuchKey, why)
}

fn scopes(call: &ApiCall, names: &[String]) -> Result<Vec<Scope>, Problem> {
    if names.is_empty() {
        return Err(Problem::body("/scopes", "needs at least one scope"));
    }
    let mut scopes = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let known = Scope::ALL.into_iter().find(|scope| scope.slug() == name);
        let known = known.ok_or_else(|| {
            let all = Scope::ALL.map(Scope::slug).join(", ");
            Problem::body(&format!("/scopes/{at}"), format!("is none of {all}"))
        })?;
        if !call.caller().has(known) {
            let why = format!("this key has not the scope `{name}`, so it cannot give it");
            return Err(Problem::new(ProblemCode::ScopeNotHeld, why));
        }
        scopes.push(known);
    }
    Ok(scopes)
}

/// Refuses the secret of a key that may do more, or spend more, than the caller's.
async fn require_power(call: &ApiCall, id: KeyId) -> Result<(), Problem> {
    if id == call.caller().key {
        return Ok(());
    }
    let keys = key::of_payer(call.gateway.pg(), call.caller().payer, LISTED_MAX).await?;
    let found = keys.into_iter().find(|key| key.id == id).ok_or_else(|| no_such_key(id))?;
    let is_beyond = |name: &String| {
        !Scope::ALL.into_iter().any(|scope| scope.slug() == name && call.caller().has(scope))
    };
    if found.scopes.iter().any(is_beyond) || found.daily_cap > call.caller().daily_cap {
        let why = format!("{id} may do or spend more than this key, so it cannot give it a secret");
        return Err(Problem::new(ProblemCode::ScopeNotHeld, why));
    }
    Ok(())
}

/// Refuses a daily cap that is none, or above the caller's own.
pub(super) fn require_cap(call: &ApiCall, cap: MicroCredits) -> Result<(), Problem> {
    if cap < MicroCredits::ZERO {
        return Err(Problem::body("/daily_cap", "must not be below zero"));
    }
    let own = call.caller().daily_cap;
    if cap > own {
        let why = format!("this key may spend {own} credits a day, so it cannot allow {cap}");
        return Err(Problem::new(ProblemCode::ScopeNotHeld, why));
    }
    Ok(())
}

/// A new secret of the realm of the key that asks.
fn mint(call: &ApiCall) -> Result<ApiSecret, Problem> {
    let realm = if call.caller().is_test { KeyRealm::Test } else { KeyRealm::Live };
    let draw = || {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map(|()| random)
    };
    ApiSecret::mint(realm, draw).map_err(|error| Problem::corrupt("random numbers", &error))
}

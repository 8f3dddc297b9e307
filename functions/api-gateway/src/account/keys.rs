//! The keys of an account. A secret is shown once.

use model::key::KeyRealm;
use model::time::Timestamp;
use model::{KeyId, RunId, Scope};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use store::pg::audit::AuditAction;
use store::pg::key::{self, ApiKey, KeyOwner, KeyPage, KeyRotation, NAME_CHARS_MAX, NewKey};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use crate::answer::{ApiAnswer, Envelope};
use crate::credit_text::CreditText;
use crate::cursor::CursorText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId, Query};
use crate::query::PageLimit;

mod power;

use power::{mint, require_held, require_power, scopes};
pub(super) use power::{no_such_key, require_cap};

/// The most keys of an account that are not revoked.
const ACTIVE_MAX: u64 = 100;
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
    #[schema(example = "feed builder", max_length = 80, pattern = "^[^\\x00-\\x1f\\x7f]*$")]
    name: String,
    /// What it may do: some of what this key may.
    #[schema(schema_with = scope_list)]
    scopes: Vec<String>,
    /// The most that it may spend on a UTC day, in credits; that of this key, unless given.
    #[schema(value_type = Option<String>, example = "500", pattern = "^[0-9]{1,12}(\\.[0-9]{1,6})?$")]
    daily_cap: Option<CreditText>,
}

/// At least one scope.
fn scope_list() -> Array {
    let scope = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Scope::ALL.map(Scope::slug)));
    ArrayBuilder::new().items(scope).min_items(Some(1)).examples([json!(["profiles:read"])]).build()
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = KeyRotation)]
pub(crate) struct RotationOrder {
    /// How long the secret before opens on, in seconds: up to 30 days; a day unless given.
    #[serde(default, deserialize_with = "seconds")]
    #[schema(value_type = Option<u32>, example = 86_400, maximum = 2_592_000)]
    overlap_seconds: Option<u32>,
}

impl JsonInput for KeyOrder {
    fn check(&self) -> Result<(), Problem> {
        if self.name.chars().count() > NAME_CHARS_MAX {
            return Err(Problem::body("/name", format!("has at most {NAME_CHARS_MAX} characters")));
        }
        if self.name.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(Problem::body("/name", "has control characters"));
        }
        scopes(&self.scopes).map(|_| ())
    }
}

impl JsonInput for RotationOrder {
    fn check(&self) -> Result<(), Problem> {
        if self.overlap_seconds.is_some_and(|seconds| seconds > OVERLAP_SECONDS_MAX) {
            let why = format!("must be at most {OVERLAP_SECONDS_MAX}");
            return Err(Problem::body("/overlap_seconds", why));
        }
        Ok(())
    }
}

/// Whole seconds, however JSON writes them: `60` and `60.0` are one number.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(given) = Option::<f64>::deserialize(deserializer)? else { return Ok(None) };
    let is_whole = given.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&given);
    let refused = || D::Error::custom("must be a whole number that is not below 0");
    is_whole.then_some(given as u32).ok_or_else(refused).map(Some)
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

/// Which keys are listed.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyState {
    /// Those that are not revoked.
    #[default]
    Active,
    /// Those that are revoked.
    Revoked,
    /// Both.
    All,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyParams {
    /// Which keys: `active` ones unless given.
    #[param(inline)]
    state: Option<KeyState>,
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// The account's keys, the newest first.
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "list_keys",
    tag = "keys",
    params(KeyParams),
    responses((status = 200, body = Envelope<Vec<KeyView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    Query(query): Query<KeyParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<KeyView>>, Problem> {
    let (now, limit) = (call.gateway.now(), query.limit.unwrap_or_default().rows());
    let is_revoked = match query.state.unwrap_or_default() {
        KeyState::Active => Some(false),
        KeyState::Revoked => Some(true),
        KeyState::All => None,
    };
    let cursor = call.open_cursor(query.cursor.as_deref())?;
    let before = cursor.map(|cursor| KeyId::new(cursor.position[0]));
    let page = KeyPage { is_revoked, before, limit };
    let keys = key::page(call.gateway.pg(), call.caller().payer, page).await?;
    let last = keys.last().filter(|_| keys.len() == limit as usize);
    let next = last.map(|last| call.cursor(RunId::new(0), [last.id.number(), 0]));
    let views = keys.into_iter().map(|key| KeyView::of(key, now)).collect();
    Ok(ApiAnswer::page(views).then(next))
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
    let found = key::of_payer(call.gateway.pg(), call.caller().payer, id).await?;
    let found = found.ok_or_else(|| no_such_key(id))?;
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
    let scopes = scopes(&body.scopes)?;
    require_held(&call, &scopes)?;
    let (caller, now) = (call.caller(), call.gateway.now());
    let cap = body.daily_cap.map_or(caller.daily_cap, |cap| cap.0);
    require_cap(&call, cap)?;
    if key::count_active(call.gateway.pg(), caller.payer).await? >= ACTIVE_MAX {
        let why = format!("an account has at most {ACTIVE_MAX} keys: revoke one first");
        return Err(Problem::new(ProblemCode::TooMany, why));
    }
    let secret = mint(&call)?;
    let owner = KeyOwner::Payer(caller.payer);
    let new = NewKey { name: &body.name, daily_cap: cap, ..NewKey::new(owner, &secret, &scopes) };
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

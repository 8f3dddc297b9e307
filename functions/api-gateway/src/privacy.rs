//! Privacy requests: what people demand of what is held about an account. Free, and without a key.
//!
//! To make one reads nothing of the account, so its answer is the same whether the account is known or not. The secret
//! that is given with it, once, opens the request. Without a proof there is nothing in it that the requester did not
//! say.

use axum::extract::{FromRequestParts, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use model::account::AccountError;
use model::privacy_request::{
    ABOUT_CHARS_MAX, CODE_BYTES, CODE_SECONDS, DUE_DAYS, PrivacyRequestStatus, PrivacySecret,
    ProofCode, SECRET_BYTES, code_until, days_after,
};
use model::time::Timestamp;
use model::{Account, Platform, PrivacyRequest, PrivacyRequestId, PrivacyRequestKind};
use serde::{Deserialize, Serialize};
use store::pg::privacy_request::{self, CheckOrder, NewPrivacyRequest};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

pub(crate) mod data;
mod demand_schema;
pub(crate) mod page;

use demand_schema::DemandForms;

use crate::answer::{ApiAnswer, Envelope};
use crate::client_address::{AddressBlock, FromAddress};
use crate::error::{Problem, ProblemCode, accepted};
use crate::extract::{JsonInput, KeylessJson, PathId, refuse_unread};
use crate::state::Gateway;

/// The most characters of an account.
const ACCOUNT_CHARS_MAX: usize = 256;

/// A UTC day.
const DAY_SECONDS: i64 = CODE_SECONDS;

/// What is demanded, and of which account; [`DemandForms`] describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `account` and `kind`")]
pub(crate) struct DemandBody {
    account: String,
    kind: PrivacyRequestKind,
    about: Option<String>,
}

fn kind_schema() -> RefOr<Schema> {
    let kinds = PrivacyRequestKind::ALL.map(PrivacyRequestKind::slug);
    let kind = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(kinds));
    kind.examples(["access"]).into()
}

impl JsonInput for DemandBody {
    fn check(&self) -> Result<(), Problem> {
        let too_long = |most: usize| format!("has more than {most} characters: shorten it");
        if self.account.chars().count() > ACCOUNT_CHARS_MAX {
            return Err(Problem::body("/account", too_long(ACCOUNT_CHARS_MAX)));
        }
        let about = self.about.as_ref().map_or(0, |about| about.chars().count());
        if about > ABOUT_CHARS_MAX {
            return Err(Problem::body("/about", too_long(ABOUT_CHARS_MAX)));
        }
        if self.kind.is_answered() && self.about().is_none() {
            let why = "is missing: say which label, rank or statement it is, and what is wrong";
            return Err(Problem::body("/about", why));
        }
        Ok(())
    }
}

impl DemandBody {
    /// What it is about, if that is said.
    fn about(&self) -> Option<&str> {
        self.about.as_deref().filter(|about| !about.trim().is_empty())
    }
}

/// A request as it was made: with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewPrivacyRequest)]
pub(crate) struct MadeView {
    /// The request.
    #[schema(value_type = String, example = "prq_7")]
    id: PrivacyRequestId,
    /// What reads its outcome, as `Authorization: Bearer …`. It is shown this once and stored nowhere.
    secret: String,
    /// What the account has to show.
    proof: ProofView,
    /// Until when the operator answers, if nothing is proven.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
}

/// How a request is proven.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PrivacyProof)]
pub(crate) struct ProofView {
    /// To be put up, as it is.
    #[schema(example = "borg-3k9f0q2m7v8x1z5c")]
    code: String,
    /// Where.
    places: [&'static str; 1],
    /// Until when it counts.
    #[schema(value_type = String, format = DateTime)]
    valid_until: Timestamp,
    /// Whether it is looked for: accounts of platforms that are not crawled cannot be read, and the operator decides.
    looked_for: bool,
}

/// The places where a code counts.
const PLACES: [&str; 1] = ["the bio of that very account"];

/// Where a request stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PrivacyRequest)]
pub(crate) struct RequestView {
    /// The request.
    #[schema(value_type = String, example = "prq_7")]
    id: PrivacyRequestId,
    /// What was demanded.
    #[schema(schema_with = kind_schema)]
    kind: PrivacyRequestKind,
    /// `waiting_for_proof`, `with_operator`, `done` or `refused`.
    #[schema(value_type = String, example = "waiting_for_proof")]
    status: PrivacyRequestStatus,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What the account has to show; `null` once it was found, or the day is over.
    proof: Option<ProofView>,
    /// How often it was looked for.
    checks: u32,
    /// When it was looked for last.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Timestamp>,
    /// When it was found.
    #[schema(value_type = Option<String>, format = DateTime)]
    proven_at: Option<Timestamp>,
    /// Until when the operator answers; `null` once the request ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// When it ended. It is deleted 90 days later.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// What the operator answers.
    answer: Option<String>,
    /// Until when `/v1/privacy-requests/{id}/data` has what is held; `null` where it has nothing.
    #[schema(value_type = Option<String>, format = DateTime)]
    data_until: Option<Timestamp>,
}

impl ProofView {
    fn new(code: &ProofCode, platform: Platform, created_at: Timestamp) -> ProofView {
        ProofView {
            code: code.as_str().to_owned(),
            places: PLACES,
            valid_until: code_until(created_at),
            looked_for: platform.is_crawled(),
        }
    }
}

impl RequestView {
    pub(crate) fn new(request: PrivacyRequest, now: Timestamp) -> RequestView {
        let status = request.status(now);
        let waits = status == PrivacyRequestStatus::WaitingForProof;
        let due_at = request.due_at();
        let proof = || ProofView::new(&request.code, request.platform, request.created_at);
        let proof = waits.then(proof);
        RequestView {
            id: request.id,
            kind: request.kind,
            status,
            created_at: request.created_at,
            proof,
            checks: request.checks,
            checked_at: request.checked_at,
            proven_at: request.proven_at,
            due_at: request.ended.is_none().then_some(due_at),
            ended_at: request.ended.map(|(_, at)| at),
            answer: request.answer,
            data_until: request.data_until.filter(|&until| now < until),
        }
    }
}

/// Makes a privacy request. The answer is the same whether the account is known or not. Put the code up, and ask that
/// it is looked for; it is looked for a few times by itself, too. Where nothing is proven within a day, the operator
/// decides within 28. From one address there are three requests a day of one account, and ten in all; of one account 30
/// from all addresses.
#[utoipa::path(
    post,
    path = "/v1/privacy-requests",
    operation_id = "create_privacy_request",
    tag = "privacy",
    security(()),
    request_body(content = DemandForms, description = "What is demanded, and of which account."),
    responses((status = 202, body = Envelope<MadeView>, description = "The request was made."), Problem)
)]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    FromAddress(address): FromAddress,
    KeylessJson(body): KeylessJson<DemandBody>,
) -> Result<Response, Problem> {
    let made = make(&gateway, address, &body).await?;
    Ok(private(accepted(ApiAnswer::one(made))))
}

/// The account that a text names. It is refused for its form alone.
fn account(text: &str) -> Result<Account, Problem> {
    text.parse().map_err(|error: AccountError| Problem::body("/account", error.to_string()))
}

/// Makes a request of a body that was checked. It reads and writes the same, whatever is known of the account.
pub(crate) async fn make(
    gateway: &Gateway,
    address: Option<AddressBlock>,
    body: &DemandBody,
) -> Result<MadeView, Problem> {
    let now = gateway.now();
    let account = account(&body.account)?;
    let secret = PrivacySecret::from_random(&drawn::<SECRET_BYTES>()?);
    let code = ProofCode::from_random(&drawn::<CODE_BYTES>()?);
    let id = PrivacyRequestId::new(u64::from_le_bytes(drawn()?));
    let address = address.map(AddressBlock::bytes);
    let new = NewPrivacyRequest {
        id,
        kind: body.kind,
        account: &account,
        about: body.about(),
        code: &code,
        secret: &secret,
        address: address.as_deref(),
    };
    if !privacy_request::create(gateway.pg(), gateway.pepper(), &new, now).await? {
        return Err(too_many(now));
    }
    tracing::info!(request = %id, kind = body.kind.slug(), "a privacy request was made");
    let secret = secret.reveal().to_owned();
    let proof = ProofView::new(&code, account.platform, now);
    Ok(MadeView { id, secret, proof, due_at: days_after(now, DUE_DAYS) })
}

fn too_many(now: Timestamp) -> Problem {
    let left = DAY_SECONDS - now.as_second().rem_euclid(DAY_SECONDS);
    let why = "there were as many privacy requests of this account or from this address as there may be on a day: \
        wait until midnight UTC";
    let code = ProblemCode::PrivacyRequestsExhausted;
    Problem::new(code, why).retry_after(u32::try_from(left).unwrap_or(u32::MAX))
}

/// Fresh random bytes.
fn drawn<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Problem::corrupt("a random number", &error))?;
    Ok(bytes)
}

/// Where a request stands.
#[utoipa::path(
    get,
    path = "/v1/privacy-requests/{id}",
    operation_id = "get_privacy_request",
    tag = "privacy",
    security(("privacy_secret" = [])),
    params(("id" = String, Path, example = "prq_7")),
    responses((status = 200, body = Envelope<RequestView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(OpenedRequest { gateway, request }: OpenedRequest) -> Response {
    private(ApiAnswer::one(RequestView::new(request, gateway.now())))
}

/// Lets the code of a request be looked for now: once a minute, and ten times in all with the times when it is looked
/// for by itself. Accounts of platforms that are not crawled cannot be read: there the operator decides.
#[utoipa::path(
    post,
    path = "/v1/privacy-requests/{id}/check",
    operation_id = "check_privacy_request",
    tag = "privacy",
    security(("privacy_secret" = [])),
    params(("id" = String, Path, example = "prq_7")),
    responses((status = 202, body = Envelope<RequestView>, description = "It is looked for."), Problem)
)]
pub(crate) async fn check(
    OpenedRequest { gateway, request }: OpenedRequest,
) -> Result<Response, Problem> {
    order_check(&gateway, &request).await?;
    Ok(private(accepted(ApiAnswer::one(RequestView::new(request, gateway.now())))))
}

/// Orders that a code is looked for now.
pub(crate) async fn order_check(
    gateway: &Gateway,
    request: &PrivacyRequest,
) -> Result<(), Problem> {
    let now = gateway.now();
    if !request.platform.is_crawled() {
        let why = format!(
            "accounts of {} cannot be read from here: the operator decides, until {}",
            request.platform,
            request.due_at()
        );
        return Err(Problem::new(ProblemCode::NothingToCheck, why));
    }
    match privacy_request::order_check(gateway.pg(), request.id, now).await? {
        CheckOrder::Ordered => Ok(()),
        CheckOrder::TooSoon(again) => {
            let seconds = (again.as_second() - now.as_second()).max(1);
            let why = format!("it was looked for a moment ago: wait {seconds} s");
            let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
            Err(Problem::new(ProblemCode::ChecksExhausted, why).retry_after(seconds))
        }
        CheckOrder::TooOften => {
            // No later check is answered otherwise, so there is nothing to wait for.
            let why = "it was looked for as often as may be: now the operator decides";
            Err(Problem::new(ProblemCode::ChecksExhausted, why))
        }
        CheckOrder::NothingToCheck => {
            let why = "the code was found, or its day is over: GET says where the request stands";
            Err(Problem::new(ProblemCode::NothingToCheck, why))
        }
    }
}

/// A request whose id is in the path and whose secret came with the call.
pub(crate) struct OpenedRequest {
    pub(crate) gateway: Gateway,
    pub(crate) request: PrivacyRequest,
}

impl FromRequestParts<Gateway> for OpenedRequest {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        gateway: &Gateway,
    ) -> Result<OpenedRequest, Problem> {
        let PathId(id) = PathId::<PrivacyRequestId>::from_request_parts(parts, gateway).await?;
        refuse_unread(parts)?;
        let secret = bearer(&parts.headers)?;
        let request = opened(gateway, id, &secret).await?;
        Ok(OpenedRequest { gateway: gateway.clone(), request })
    }
}

/// The request with this id, if the secret is its own. One that is not there is answered as one with another secret.
pub(crate) async fn opened(
    gateway: &Gateway,
    id: PrivacyRequestId,
    secret: &str,
) -> Result<PrivacyRequest, Problem> {
    let unknown = || {
        let why = "there is no such privacy request with this secret: check both; a request is deleted 90 days after \
            it ended";
        Problem::new(ProblemCode::PrivacyRequestUnknown, why)
    };
    let secret: PrivacySecret = secret.parse().map_err(|_| unknown())?;
    let found = privacy_request::open(gateway.pg(), gateway.pepper(), id, &secret).await?;
    found.ok_or_else(unknown)
}

fn bearer(headers: &HeaderMap) -> Result<String, Problem> {
    let said = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = said.and_then(|text| text.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.map(|(_, token)| token.trim().to_owned()).ok_or_else(|| {
        let why =
            "send the secret that came with the request: `Authorization: Bearer borg_privacy_…`";
        Problem::new(ProblemCode::SecretMissing, why)
    })
}

/// An answer that nothing on its way keeps.
pub(crate) fn private(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

//! How a request ends: by its proof, or by the operator.

use model::observation::NamedProfile;
use model::privacy_request::{ANSWER_CHARS_MAX, DATA_DAYS, PrivacyOutcome, days_after};
use model::time::Timestamp;
use model::{PrivacyRequest, PrivacyRequestId, PrivacyRequestKind, ProfileId};

use super::checks::code_began;
use crate::StoreError;
use crate::pg::audit::{self, AuditAction};
use crate::pg::connection::retry;
use crate::pg::erase::{self, ErasureCondition};
use crate::pg::params::{Params, params};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{clean, stored_id, stored_ms};
use crate::pg::{Pg, account_key};

/// $1 the request, $2 now, $3 the profile, $4 when the codes began that count. The account is erased: its name goes from
/// here too.
const END_BY_ERASURE: &str = "update privacy_request set proven_ms = $2, profile_id = $3,
        ended_ms = $2, outcome = 1, account = null, about = null, next_check_ms = null
    where request_id = $1 and proven_ms is null and ended_ms is null and created_ms > $4";
/// $4 until when what is held can be read; null if it cannot, and the operator answers. $5 when the codes began that
/// count.
const PROVE: &str =
    "update privacy_request set proven_ms = $2, profile_id = $3, next_check_ms = null,
        ended_ms = case when $4::bigint is not null then $2 end,
        outcome = case when $4::bigint is not null then 1 end, data_until_ms = $4
    where request_id = $1 and proven_ms is null and ended_ms is null and created_ms > $5";
/// $2 now, $3 the outcome, $4 the answer, $5 the profile, $6 until when what is held can be read, $7 whether the
/// account is erased.
const ANSWER: &str = "update privacy_request set ended_ms = $2, outcome = $3, answer = $4,
        profile_id = coalesce($5, profile_id), data_until_ms = $6, next_check_ms = null,
        account = case when $7 then null else account end,
        about = case when $7 then null else about end
    where request_id = $1 and ended_ms is null";

/// What an operator answers.
#[derive(Debug, Clone, Copy)]
pub struct OperatorAnswer<'a> {
    /// Which request.
    pub id: PrivacyRequestId,
    /// Whether what was demanded is done.
    pub outcome: PrivacyOutcome,
    /// What the requester reads; cut to [`ANSWER_CHARS_MAX`].
    pub answer: Option<&'a str>,
    /// The profile that what is held is given of.
    pub profile: Option<ProfileId>,
}

/// Notes that the account of a request showed its code, as the profile with this native id. It is erased then, or what
/// is held of it can be read, or the operator is to answer. Whether there was something to note: a second time changes
/// nothing.
pub async fn prove(
    pg: &Pg,
    request: &PrivacyRequest,
    native_id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if request.kind.erases() {
        let named = NamedProfile { native_id: native_id.to_owned(), ..NamedProfile::default() };
        let ids = account_key::resolve(pg, request.platform, &[named]).await?;
        return erase_proven(pg, request.id, &ids, now).await;
    }
    let known = account_key::find(pg, request.platform, native_id).await?;
    let gives_data = request.kind == PrivacyRequestKind::Access;
    let data_until = gives_data.then(|| stored_ms(days_after(now, DATA_DAYS)));
    let params = params![
        request.id.number() as i64 => INT8,
        stored_ms(now) => INT8,
        known.map(stored_id) => INT8,
        data_until => INT8,
        code_began(now) => INT8,
    ];
    let actor = request.id.to_string();
    let action = if gives_data { "give-data" } else { "prove-request" };
    let subject = known.map_or_else(|| actor.clone(), |id| id.to_string());
    let act = AuditAction { actor: &actor, action };
    let change = RequestChange { what: "privacy_request::prove", sql: PROVE, params, act, subject };
    change.make(pg, now).await
}

/// A change of a request, with a line of the audit log in the same transaction.
struct RequestChange<'a> {
    what: &'static str,
    sql: &'static str,
    params: &'a Params<'a>,
    act: AuditAction<'a>,
    subject: String,
}

impl RequestChange<'_> {
    /// Makes it; `false`, and nothing is recorded, if there was nothing to change.
    async fn make(&self, pg: &Pg, now: Timestamp) -> Result<bool, StoreError> {
        retry(|| async {
            let mut client = pg.client().await?;
            let tx = PgTransaction::begin(&mut client, self.what).await?;
            tx.lasting().await?;
            let is_changed = tx.execute(self.sql, self.params).await? > 0;
            if is_changed {
                audit::record(&tx, self.act, std::slice::from_ref(&self.subject), now).await?;
            }
            tx.commit().await?;
            Ok(is_changed)
        })
        .await
    }
}

/// Erases the proven profile, and ends its request by that.
async fn erase_proven(
    pg: &Pg,
    request: PrivacyRequestId,
    ids: &[ProfileId],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let actor = request.to_string();
    let act = AuditAction { actor: &actor, action: "opt-out" };
    let params = params![
        request.number() as i64 => INT8,
        stored_ms(now) => INT8,
        ids.first().copied().map(stored_id) => INT8,
        code_began(now) => INT8,
    ];
    let condition = ErasureCondition { sql: END_BY_ERASURE, params };
    erase::opt_out_profiles_if(pg, ids, act, now, Some(condition)).await
}

/// Ends a request by the operator's answer, with a line of the audit log; `false` if it had ended before.
pub async fn answer(
    pg: &Pg,
    request: &PrivacyRequest,
    given: &OperatorAnswer<'_>,
    act: AuditAction<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let is_done = given.outcome == PrivacyOutcome::Done;
    let data_until = (is_done && request.kind == PrivacyRequestKind::Access)
        .then(|| stored_ms(days_after(now, DATA_DAYS)));
    let text = given.answer.map(|answer| clean(answer, ANSWER_CHARS_MAX));
    let params = params![
        given.id.number() as i64 => INT8,
        stored_ms(now) => INT8,
        given.outcome as i16 => INT2,
        text => TEXT,
        given.profile.map(stored_id) => INT8,
        data_until => INT8,
        is_done && request.kind.erases() => BOOL,
    ];
    let (what, subject) = ("privacy_request::answer", given.id.to_string());
    let change = RequestChange { what, sql: ANSWER, params, act, subject };
    change.make(pg, now).await
}

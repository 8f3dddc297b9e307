//! Privacy requests: who made how many, whose code is looked for, and how each ended.
//!
//! Making one reads nothing of the account that it names, so that its answer, and the time of it, say nothing of
//! whether the account is known. A secret is stored as its HMAC and compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use model::privacy_request::{
    ABOUT_CHARS_MAX, DUE_DAYS, KEPT_DAYS, OF_ACCOUNT_FROM_ADDRESS_MAX, OF_ACCOUNT_MAX,
    OF_ADDRESS_MAX, PRESSING_DAYS, PrivacyOutcome, PrivacySecret, ProofCode, days_after,
    next_check,
};
use model::time::{Day, Timestamp};
use model::{Account, Platform, PrivacyRequest, PrivacyRequestId, PrivacyRequestKind};
use sha2::Sha256;

use super::Pg;
use super::connection::retry;
use super::params::params;
use super::row::{PRIVACY_REQUEST, TableRow};
use super::transaction::PgTransaction;
use super::value::{clean, from_ms, platform_number, profile_id, stored_ms};
use crate::StoreError;

mod checks;
mod end;

pub use checks::{CheckOrder, DueCheck, order_check, send_due_checks, take_back};
pub use end::{OperatorAnswer, answer, prove};

/// The columns of a request.
macro_rules! request_columns {
    () => {
        "request_id, kind, platform_id, account, about, code, created_ms, checks, checked_ms, proven_ms,
        profile_id, ended_ms, outcome, answer, data_until_ms"
    };
}

/// The bytes that a subject of a count is known by.
const SUBJECT_BYTES: usize = 16;

/// In the order of subjects, so that two requests cannot deadlock.
const COUNT: &str = "insert into privacy_request_count as c (day, subject_mac, requests)
    select $1, subject, 1 from unnest($2::bytea[]) u(subject) order by subject
    on conflict (day, subject_mac) do update set requests = c.requests + 1
    returning subject_mac, requests";
const CREATE: &str = "insert into privacy_request (request_id, kind, platform_id, account, about,
        secret_mac, code, created_ms, next_check_ms)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const GET: &str =
    concat!("select ", request_columns!(), " from privacy_request where request_id = $1");
const OPEN: &str = concat!(
    "select secret_mac, ",
    request_columns!(),
    " from privacy_request where request_id = $1"
);
const OPEN_REQUESTS: &str = concat!(
    "select ",
    request_columns!(),
    " from privacy_request where ended_ms is null
    order by proven_ms is null, created_ms, request_id limit $1"
);
const PRESSING: &str = "select count(*) from privacy_request
    where ended_ms is null and proven_ms is not null and created_ms <= $1";
/// Those that ended long ago, and those that were due long ago and that no operator answered.
const RETIRE: &str = "delete from privacy_request where request_id in (
        select request_id from privacy_request
        where ended_ms < $1 or (ended_ms is null and created_ms < $2) limit $3)";
const FORGET_COUNTS: &str = "delete from privacy_request_count where (day, subject_mac) in (
        select day, subject_mac from privacy_request_count where day < $1 limit $2)";

/// A request that is made.
#[derive(Debug, Clone, Copy)]
pub struct NewPrivacyRequest<'a> {
    /// A random id.
    pub id: PrivacyRequestId,
    /// What is demanded.
    pub kind: PrivacyRequestKind,
    /// The account that it is about, known or not.
    pub account: &'a Account,
    /// What an objection or a correction is about; cut to [`ABOUT_CHARS_MAX`].
    pub about: Option<&'a str>,
    /// What the account has to show.
    pub code: &'a ProofCode,
    /// What reads the outcome.
    pub secret: &'a PrivacySecret,
    /// The client's address; `None` if it is not limited.
    pub address: Option<&'a [u8]>,
}

/// Makes a request; `false`, and nothing is made, if there were as many of the account, from the address or of both on
/// this UTC day as there may be. `pepper` is kept outside of the database: see [`key::pepper`](super::key::pepper).
pub async fn create(
    pg: &Pg,
    pepper: &[u8],
    new: &NewPrivacyRequest<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let about = new.about.map(|about| clean(about, ABOUT_CHARS_MAX));
    let first_check = next_check(now, now).filter(|_| new.account.platform.is_crawled());
    let params = params![
        new.id.number() as i64 => INT8,
        new.kind as i16 => INT2,
        platform_number(new.account.platform) => INT2,
        new.account.handle => TEXT,
        about => TEXT,
        mac_of(pepper, new.secret).finalize().into_bytes().to_vec() => BYTEA,
        new.code.as_str() => TEXT,
        stored_ms(now) => INT8,
        first_check.map(stored_ms) => INT8,
    ];
    let limits = limits(pepper, new, now);
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "privacy_request::create").await?;
        tx.lasting().await?;
        if !count(&tx, &limits, now).await? {
            return Ok(false);
        }
        tx.execute(CREATE, params).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// What requests are counted of, and how many there may be.
struct CountedSubject {
    mac: Vec<u8>,
    most: u32,
}

/// The account in any case of its letters, the address, and the account from the address: a stranger uses up the
/// requests of its own address, and not those of the owner.
fn limits(pepper: &[u8], new: &NewPrivacyRequest<'_>, now: Timestamp) -> Vec<CountedSubject> {
    let subject = |kind: &str, name: &[u8], most| {
        let mut mac = hmac(pepper);
        mac.update(&Day::of(now).0.to_le_bytes());
        mac.update(kind.as_bytes());
        mac.update(name);
        let mac = mac.finalize().into_bytes()[..SUBJECT_BYTES].to_vec();
        CountedSubject { mac, most }
    };
    let account = counted_name(new.account);
    let from = new.address.unwrap_or_default();
    let both = [account.as_bytes(), b"\0".as_slice(), from].concat();
    let of_account = [
        subject("privacy account ", account.as_bytes(), OF_ACCOUNT_MAX),
        subject("privacy account from address ", both.as_slice(), OF_ACCOUNT_FROM_ADDRESS_MAX),
    ];
    let address = new.address.map(|address| subject("privacy address ", address, OF_ADDRESS_MAX));
    of_account.into_iter().chain(address).collect()
}

/// The name that the requests of an account are counted by. A query or a fragment of a URL makes no other account of it.
fn counted_name(account: &Account) -> String {
    let name = account.to_string().to_lowercase();
    name.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// Counts one more of each subject; whether none has too many.
async fn count(
    tx: &PgTransaction<'_>,
    limits: &[CountedSubject],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let subjects: Vec<&[u8]> = limits.iter().map(|subject| subject.mac.as_slice()).collect();
    let params = params![i32::from(Day::of(now).0) => INT4, subjects => BYTEA_ARRAY];
    let counted = tx.query(COUNT, params).await?;
    let is_over = |row: &tokio_postgres::Row| {
        let (mac, requests): (&[u8], i32) = (row.get("subject_mac"), row.get("requests"));
        let most = limits.iter().find(|subject| subject.mac == mac).map(|subject| subject.most);
        most.is_none_or(|most| i64::from(requests) > i64::from(most))
    };
    Ok(!counted.iter().any(is_over))
}

/// The request with this id.
pub async fn get(pg: &Pg, id: PrivacyRequestId) -> Result<Option<PrivacyRequest>, StoreError> {
    let params = params![id.number() as i64 => INT8];
    let row = pg.query_opt("privacy_request::get", GET, params).await?;
    row.as_ref().map(|row| from_row(PRIVACY_REQUEST.row(row))).transpose()
}

/// The request with this id, if this is its secret.
pub async fn open(
    pg: &Pg,
    pepper: &[u8],
    id: PrivacyRequestId,
    secret: &PrivacySecret,
) -> Result<Option<PrivacyRequest>, StoreError> {
    let params = params![id.number() as i64 => INT8];
    let row = pg.read_opt("privacy_request::open", OPEN, params).await?;
    let row = row.as_ref().map(|row| PRIVACY_REQUEST.row(row));
    let stored: &[u8] = row.as_ref().map_or(Ok(&[][..]), |row| row.get("secret_mac"))?;
    // In constant time; without a row there is nothing that could be equal.
    let is_secret = mac_of(pepper, secret).verify_slice(stored).is_ok();
    row.filter(|_| is_secret).map(from_row).transpose()
}

/// The requests that have not ended, at most `limit`: the proven ones before the others, and then those that are due
/// first.
pub async fn unanswered(pg: &Pg, limit: u32) -> Result<Vec<PrivacyRequest>, StoreError> {
    let params = params![i64::from(limit) => INT8];
    let rows = pg.query("privacy_request::unanswered", OPEN_REQUESTS, params).await?;
    PRIVACY_REQUEST.rows(&rows).map(from_row).collect()
}

/// How many proven requests wait for an operator's answer that are due within [`PRESSING_DAYS`], or were due.
pub async fn pressing(pg: &Pg, now: Timestamp) -> Result<u64, StoreError> {
    let made = days_after(now, PRESSING_DAYS - DUE_DAYS);
    let params = params![stored_ms(made) => INT8];
    let row = pg.query_opt("privacy_request::pressing", PRESSING, params).await?;
    Ok(row.map_or(0, |row| row.get::<_, i64>("count") as u64))
}

/// What was deleted of requests.
pub(super) struct RetiredRequests {
    /// How many requests.
    pub(super) requests: usize,
    /// Whether there may be more to delete.
    pub(super) more: bool,
}

/// Deletes requests that ended [`KEPT_DAYS`] ago, those that were due as long ago, and the counts of days before
/// the last one, at most `most` of each.
pub(super) async fn retire(
    pg: &Pg,
    now: Timestamp,
    most: usize,
) -> Result<RetiredRequests, StoreError> {
    let what = "privacy_request::retire";
    let ended = days_after(now, -KEPT_DAYS);
    let made = days_after(now, -KEPT_DAYS - DUE_DAYS);
    let params = params![stored_ms(ended) => INT8, stored_ms(made) => INT8, most as i64 => INT8];
    let requests = pg.execute(what, RETIRE, params).await? as usize;
    let first_kept = i32::from(Day::of(now).0) - 1;
    let forget = params![first_kept => INT4, most as i64 => INT8];
    let counts = pg.execute(what, FORGET_COUNTS, forget).await? as usize;
    Ok(RetiredRequests { requests, more: requests == most || counts == most })
}

fn hmac(pepper: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(pepper).expect("an HMAC key may have any length")
}

/// The secret is 160 random bits, so one HMAC is enough.
fn mac_of(pepper: &[u8], secret: &PrivacySecret) -> Hmac<Sha256> {
    let mut mac = hmac(pepper);
    mac.update(secret.reveal().as_bytes());
    mac
}

fn from_row(row: TableRow<'_>) -> Result<PrivacyRequest, StoreError> {
    let time = |column| row.get::<Option<i64>>(column).map(|ms| ms.map(from_ms));
    let ended_at = time("ended_ms")?;
    let outcome = match row.get::<Option<i16>>("outcome")? {
        Some(_) => Some(row.number("outcome", PrivacyOutcome::from_number)?),
        None => None,
    };
    let checks: i16 = row.get("checks")?;
    Ok(PrivacyRequest {
        id: PrivacyRequestId::new(row.unsigned("request_id")?),
        kind: row.number("kind", PrivacyRequestKind::from_number)?,
        platform: row.number("platform_id", Platform::from_number)?,
        handle: row.get("account")?,
        about: row.get("about")?,
        code: row.parsed("code")?,
        created_at: from_ms(row.get("created_ms")?),
        checks: u32::try_from(checks).map_err(|why| row.corrupt("checks", why))?,
        checked_at: time("checked_ms")?,
        proven_at: time("proven_ms")?,
        profile: row.get::<Option<i64>>("profile_id")?.map(profile_id),
        ended: outcome.zip(ended_at),
        answer: row.get("answer")?,
        data_until: time("data_until_ms")?,
    })
}

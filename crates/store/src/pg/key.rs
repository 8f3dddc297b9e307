//! API keys. Only a keyed hash of a secret is stored.
//!
//! A key has one secret, and for a while after a rotation the one before, so that its holder changes it
//! without a gap.

use hmac::{Hmac, KeyInit, Mac};
use model::key::{ApiSecret, KeyRealm};
use model::time::Timestamp;
use model::{KeyId, MicroCredits, PayerId, Scope};
use sha2::Sha256;

use super::Pg;
use super::audit::{self, AuditAction};
use super::connection::retry;
use super::params::{Params, params};
use super::row::API_KEY;
use super::transaction::PgTransaction;
use super::value::{clean, from_ms, stored_ms};
use crate::StoreError;

mod list;
mod rotate;

pub use list::{KEYS_MAX, KeyPage, count_active, newest, of_account, of_payer, ordered, page};
pub use rotate::{KeyRotation, rotate};

/// The most that a new key may spend on a UTC day: 10,000 credits, or $10.
pub const DAILY_CAP_DEFAULT: MicroCredits = MicroCredits::new(10_000_000_000);
/// The most characters of a key's name; longer ones are cut.
pub const NAME_CHARS_MAX: usize = 80;

/// What is stored of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// The account that pays.
    pub payer: PayerId,
    /// The account's name.
    pub account: String,
    /// What its holder calls it; may be empty.
    pub name: String,
    /// Which world it opens.
    pub realm: KeyRealm,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The most that it may spend on a UTC day.
    pub daily_cap: MicroCredits,
    /// The last characters of the secret.
    pub last_four: String,
    /// The last characters of the secret before, if it was ever rotated.
    pub old_last_four: Option<String>,
    /// Until when the secret before opens it.
    pub old_until: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked: from then on it opens nothing.
    pub revoked_at: Option<Timestamp>,
}

/// Who pays for a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOwner<'a> {
    /// The account of this name; made if there is none.
    Account(&'a str),
    /// An account that exists.
    Payer(PayerId),
}

/// A key to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey<'a> {
    /// The account that pays.
    pub owner: KeyOwner<'a>,
    /// The secret, which only its holder keeps.
    pub secret: &'a ApiSecret,
    /// What it may do.
    pub scopes: &'a [Scope],
    /// What its holder calls it; may be empty.
    pub name: &'a str,
    /// The most that it may spend on a UTC day, not below zero.
    pub daily_cap: MicroCredits,
    /// What it was ordered as, by which [`ordered`] finds it: there is one key of each.
    pub order: Option<&'a str>,
}

impl<'a> NewKey<'a> {
    /// A key without a name, with the usual cap.
    pub const fn new(
        owner: KeyOwner<'a>,
        secret: &'a ApiSecret,
        scopes: &'a [Scope],
    ) -> NewKey<'a> {
        NewKey { owner, secret, scopes, name: "", daily_cap: DAILY_CAP_DEFAULT, order: None }
    }
}

const MAKE_ACCOUNT: &str = "insert into account (name, created_ms) values ($1, $2)
    on conflict (name) do nothing";
const PAYER: &str = "select account_id from account where name = $1";
const ACCOUNT: &str = "select account_id, name account from account where account_id = $1";
/// A repeated call finds the row that the first one made.
const CREATE: &str = "insert into api_key
        (account_id, mac, last_four, realm, scopes, created_ms, name, daily_cap, order_id)
    select account_id, $2, $3, $4, $5, $6, $7, $8, $9 from account where account_id = $1
    on conflict (mac) do update set mac = excluded.mac returning key_id";
const COLUMNS: &str =
    "select k.key_id, a.name account, k.realm, k.scopes, k.last_four, k.created_ms,
    k.revoked_ms, a.account_id, k.name, k.daily_cap, k.old_last_four, k.old_until_ms
    from api_key k join account a using (account_id)";
const REVOKE: &str = "update api_key set revoked_ms = $2
    where key_id = $1 and revoked_ms is null and account_id = coalesce($3, account_id)";
const SET_CAP: &str = "update api_key set daily_cap = $3
    where key_id = $1 and account_id = $2 and revoked_ms is null";

/// What an installation hashes its keys with, made of its own secret. The same for ever.
pub fn pepper(secret: &[u8]) -> Vec<u8> {
    blake3::derive_key("borg 2026 api key pepper", secret).to_vec()
}

/// Creates a key. `pepper` is kept outside of the database: see [`pepper`].
pub async fn create(
    pg: &Pg,
    pepper: &[u8],
    new: &NewKey<'_>,
    act: AuditAction<'_>,
    now: Timestamp,
) -> Result<KeyId, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "key::create").await?;
        let id = insert(&tx, pepper, new, now).await?;
        audit::record(&tx, act, &[id.to_string()], now).await?;
        tx.commit().await?;
        Ok(id)
    })
    .await
}

async fn insert(
    tx: &PgTransaction<'_>,
    pepper: &[u8],
    new: &NewKey<'_>,
    now: Timestamp,
) -> Result<KeyId, StoreError> {
    let account = match new.owner {
        KeyOwner::Payer(payer) => payer.number() as i64,
        KeyOwner::Account(name) => account_named(tx, name, now).await?,
    };
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.slug()).collect();
    let params = params![
        account => INT8,
        mac(pepper, new.secret) => BYTEA,
        new.secret.last_four() => TEXT,
        realm_number(new.secret.realm()) => INT2,
        scopes => TEXT_ARRAY,
        stored_ms(now) => INT8,
        clean(new.name, NAME_CHARS_MAX) => TEXT,
        new.daily_cap.micros() => INT8,
        new.order => TEXT,
    ];
    let rows = tx.query(CREATE, params).await?;
    let id = rows.first().map(|row| KeyId::new(row.get::<_, i64>("key_id") as u64));
    id.ok_or_else(|| StoreError::Conflict(format!("create a key: no account {:?}", new.owner)))
}

/// The number of the account of this name, which is made if there is none.
async fn account_named(
    tx: &PgTransaction<'_>,
    name: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    tx.execute(MAKE_ACCOUNT, params![name => TEXT, stored_ms(now) => INT8]).await?;
    let rows = tx.query(PAYER, params![name => TEXT]).await?;
    let id = API_KEY.rows(&rows).next().map(|row| row.get("account_id"));
    id.unwrap_or_else(|| Err(StoreError::Conflict(format!("there is no account {name}"))))
}

/// The account of this name as a payer; made if there is none.
pub async fn payer(pg: &Pg, account: &str, now: Timestamp) -> Result<PayerId, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "key::payer").await?;
        let id = account_named(&tx, account, now).await?;
        tx.commit().await?;
        Ok(PayerId::new(id as u64))
    })
    .await
}

/// The account of this name as a payer, if there is one.
pub async fn known_payer(pg: &Pg, account: &str) -> Result<Option<PayerId>, StoreError> {
    let row = pg.query_opt("key::known_payer", PAYER, params![account => TEXT]).await?;
    let id: Option<i64> = row.as_ref().map(|row| API_KEY.row(row).get("account_id")).transpose()?;
    Ok(id.map(|id| PayerId::new(id as u64)))
}

/// The name of a payer's account, if there is such an account.
pub async fn account(pg: &Pg, payer: PayerId) -> Result<Option<String>, StoreError> {
    let params = params![payer.number() as i64 => INT8];
    let row = pg.query_opt("key::account", ACCOUNT, params).await?;
    row.as_ref().map(|row| API_KEY.row(row).get("account")).transpose()
}

/// The key with this secret, or with it as the one before its rotation if that holds at `now`; revoked or
/// not.
pub async fn find(
    pg: &Pg,
    pepper: &[u8],
    secret: &ApiSecret,
    now: Timestamp,
) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("{COLUMNS} where k.mac = $1 or (k.old_mac = $1 and k.old_until_ms > $2)");
    let params = params![mac(pepper, secret) => BYTEA, stored_ms(now) => INT8];
    let row = pg.read_opt("key::find", &sql, params).await?;
    row.as_ref().map(from_row).transpose()
}

/// Revokes a key; whether there was one to revoke.
pub async fn revoke(
    pg: &Pg,
    id: KeyId,
    act: AuditAction<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (key, payer) = (id.number() as i64, None::<i64>);
    let params = params![key => INT8, stored_ms(now) => INT8, payer => INT8];
    change(pg, id, KeyChange { what: "key::revoke", sql: REVOKE, params }, (act, now)).await
}

/// Revokes a key of this payer; whether there was one to revoke.
pub async fn revoke_of(
    pg: &Pg,
    payer: PayerId,
    id: KeyId,
    act: AuditAction<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (key, payer) = (id.number() as i64, payer.number() as i64);
    let params = params![key => INT8, stored_ms(now) => INT8, payer => INT8];
    change(pg, id, KeyChange { what: "key::revoke_of", sql: REVOKE, params }, (act, now)).await
}

/// A key's cap that is to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapChange {
    /// Whose key.
    pub payer: PayerId,
    /// Which key.
    pub key: KeyId,
    /// The most that it may spend on a UTC day, not below zero: from the next day that it spends on.
    pub daily_cap: MicroCredits,
}

/// Sets the cap of a payer's key; whether there was one that is not revoked. What a wallet has of a day that
/// began stays: that is the budget of that day.
pub async fn set_cap(
    pg: &Pg,
    new: &CapChange,
    act: AuditAction<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (key, payer) = (new.key.number() as i64, new.payer.number() as i64);
    let params = params![key => INT8, payer => INT8, new.daily_cap.micros() => INT8];
    change(pg, new.key, KeyChange { what: "key::set_cap", sql: SET_CAP, params }, (act, now)).await
}

/// A statement that changes one key or none.
#[derive(Clone, Copy)]
struct KeyChange<'a> {
    what: &'static str,
    sql: &'static str,
    params: &'a Params<'a>,
}

/// Changes a key, with a line of the audit log if there was one to change.
async fn change(
    pg: &Pg,
    id: KeyId,
    change: KeyChange<'_>,
    (act, now): (AuditAction<'_>, Timestamp),
) -> Result<bool, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, change.what).await?;
        let is_changed = tx.execute(change.sql, change.params).await? == 1;
        if is_changed {
            audit::record(&tx, act, &[id.to_string()], now).await?;
        }
        tx.commit().await?;
        Ok(is_changed)
    })
    .await
}

/// The secret is 178 random bits, so one HMAC is enough; a leaked database without the pepper
/// cannot even confirm a guess.
fn mac(pepper: &[u8], secret: &ApiSecret) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(pepper).expect("an HMAC key may have any length");
    mac.update(secret.reveal().as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn realm_number(realm: KeyRealm) -> i16 {
    match realm {
        KeyRealm::Live => 1,
        KeyRealm::Test => 2,
    }
}

fn from_row(row: &tokio_postgres::Row) -> Result<ApiKey, StoreError> {
    let row = API_KEY.row(row);
    let realm = |number: u8| match number {
        1 => Some(KeyRealm::Live),
        2 => Some(KeyRealm::Test),
        _ => None,
    };
    Ok(ApiKey {
        id: KeyId::new(row.get::<i64>("key_id")? as u64),
        payer: PayerId::new(row.get::<i64>("account_id")? as u64),
        account: row.get("account")?,
        name: row.get("name")?,
        realm: row.number("realm", realm)?,
        scopes: row.get("scopes")?,
        daily_cap: MicroCredits::new(row.get("daily_cap")?),
        last_four: row.get("last_four")?,
        old_last_four: row.get("old_last_four")?,
        old_until: row.get::<Option<i64>>("old_until_ms")?.map(from_ms),
        created_at: from_ms(row.get("created_ms")?),
        revoked_at: row.get::<Option<i64>>("revoked_ms")?.map(from_ms),
    })
}

//! API keys. Only a keyed hash of a secret is stored.

use hmac::{Hmac, KeyInit, Mac};
use model::key::{ApiSecret, KeyRealm};
use model::time::Timestamp;
use model::{KeyId, PayerId, Scope};
use sha2::Sha256;

use super::Pg;
use super::audit::{self, AuditAction};
use super::connection::retry;
use super::params::params;
use super::row::API_KEY;
use super::transaction::PgTransaction;
use super::value::{from_ms, stored_ms};
use crate::StoreError;

/// What is stored of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// The account that pays.
    pub payer: PayerId,
    /// The account's name.
    pub account: String,
    /// Which world it opens.
    pub realm: KeyRealm,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The last characters of the secret.
    pub last_four: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked: from then on it opens nothing.
    pub revoked_at: Option<Timestamp>,
}

/// A key to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey<'a> {
    /// The account that pays; created if there is none of this name.
    pub account: &'a str,
    /// The secret, which only its holder keeps.
    pub secret: &'a ApiSecret,
    /// What it may do.
    pub scopes: &'a [Scope],
}

const ACCOUNT: &str = "insert into account (name, created_ms) values ($1, $2)
    on conflict (name) do nothing";
/// A repeated call finds the row that the first one made.
const CREATE: &str = "insert into api_key
        (account_id, mac, last_four, realm, scopes, created_ms)
    select account_id, $2, $3, $4, $5, $6 from account where name = $1
    on conflict (mac) do update set mac = excluded.mac returning key_id";
const COLUMNS: &str =
    "select k.key_id, a.name account, k.realm, k.scopes, k.last_four, k.created_ms,
    k.revoked_ms, a.account_id from api_key k join account a using (account_id)";
const REVOKE: &str = "update api_key set revoked_ms = $2 where key_id = $1 and revoked_ms is null";

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
    let at = stored_ms(now);
    tx.execute(ACCOUNT, params![new.account => TEXT, at => INT8]).await?;
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.slug()).collect();
    let params = params![
        new.account => TEXT,
        mac(pepper, new.secret) => BYTEA,
        new.secret.last_four() => TEXT,
        realm_number(new.secret.realm()) => INT2,
        scopes => TEXT_ARRAY,
        at => INT8,
    ];
    let rows = tx.query(CREATE, params).await?;
    let id = rows.first().map(|row| KeyId::new(row.get::<_, i64>("key_id") as u64));
    id.ok_or_else(|| StoreError::Conflict(format!("create a key: no account {}", new.account)))
}

/// The key with this secret, revoked or not.
pub async fn find(
    pg: &Pg,
    pepper: &[u8],
    secret: &ApiSecret,
) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("{COLUMNS} where k.mac = $1");
    let row = pg.read_opt("key::find", &sql, params![mac(pepper, secret) => BYTEA]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The keys of an account, the newest first.
pub async fn of_account(pg: &Pg, account: &str) -> Result<Vec<ApiKey>, StoreError> {
    let sql = format!("{COLUMNS} where a.name = $1 order by k.key_id desc");
    let rows = pg.query("key::of_account", &sql, params![account => TEXT]).await?;
    rows.iter().map(from_row).collect()
}

/// The newest keys, at most `limit`, the newest first.
pub async fn newest(pg: &Pg, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
    let sql = format!("{COLUMNS} order by k.key_id desc limit $1");
    let rows = pg.query("key::newest", &sql, params![i64::from(limit) => INT8]).await?;
    rows.iter().map(from_row).collect()
}

/// Revokes a key; whether there was one to revoke.
pub async fn revoke(
    pg: &Pg,
    id: KeyId,
    act: AuditAction<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let params = params![id.number() as i64 => INT8, stored_ms(now) => INT8];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "key::revoke").await?;
        let revoked = tx.execute(REVOKE, params).await? == 1;
        if revoked {
            audit::record(&tx, act, &[id.to_string()], now).await?;
        }
        tx.commit().await?;
        Ok(revoked)
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
        realm: row.number("realm", realm)?,
        scopes: row.get("scopes")?,
        last_four: row.get("last_four")?,
        created_at: from_ms(row.get("created_ms")?),
        revoked_at: row.get::<Option<i64>>("revoked_ms")?.map(from_ms),
    })
}

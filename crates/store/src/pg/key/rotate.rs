//! Another secret for a key.

use model::key::ApiSecret;
use model::time::Timestamp;
use model::{KeyId, PayerId};

use super::{mac, realm_number};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::audit::{self, AuditAction};
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::transaction::PgTransaction;
use crate::pg::value::stored_ms;

/// What it sets on the right is of the row before.
const ROTATE: &str = "update api_key set mac = $3, last_four = $4, old_mac = mac,
        old_last_four = last_four, old_until_ms = $6
    where key_id = $1 and account_id = $2 and realm = $5 and revoked_ms is null and mac <> $3";
const IS_ROTATED: &str = "select from api_key where key_id = $1 and account_id = $2 and mac = $3
        and revoked_ms is null";

/// A key that gets another secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRotation<'a> {
    /// Whose key.
    pub payer: PayerId,
    /// Which key.
    pub key: KeyId,
    /// The new secret, of the realm of the key.
    pub secret: &'a ApiSecret,
    /// Until when the present secret opens the key too. The one before that ends at once.
    pub old_until: Timestamp,
}

/// Gives a key another secret; whether there was such a key that is not revoked. The same rotation again
/// changes nothing.
pub async fn rotate(
    pg: &Pg,
    pepper: &[u8],
    new: &KeyRotation<'_>,
    act: AuditAction<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (key, payer) = (new.key.number() as i64, new.payer.number() as i64);
    let mac = mac(pepper, new.secret);
    let params = params![
        key => INT8,
        payer => INT8,
        mac => BYTEA,
        new.secret.last_four() => TEXT,
        realm_number(new.secret.realm()) => INT2,
        stored_ms(new.old_until) => INT8,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "key::rotate").await?;
        if tx.execute(ROTATE, params).await? == 0 {
            let params = params![key => INT8, payer => INT8, mac => BYTEA];
            return Ok(!tx.query(IS_ROTATED, params).await?.is_empty());
        }
        audit::record(&tx, act, &[new.key.to_string()], now).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

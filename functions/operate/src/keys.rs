//! API keys. A secret is shown once; the record keeps only its keyed hash.

use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::port::Clock;
use model::{KeyId, Scope};
use serde_json::{Value, json};
use store::Pg;
use store::pg::audit::Act;
use store::pg::key::{self, ApiKey, NewKey};

use crate::{Doors, LINES_MAX, OperateError};

/// Creates a key that may read everything; its secret is in the answer and nowhere else.
pub(crate) async fn create<C: Clock>(
    doors: &Doors<'_, C>,
    account: &str,
    test: bool,
    act: Act<'_>,
) -> Result<Value, OperateError> {
    let secret = ApiSecret::mint(if test { KeyRealm::Test } else { KeyRealm::Live }, || {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map(|()| random)
    });
    let secret = secret.map_err(|error| OperateError::Random(error.to_string()))?;
    let new = NewKey { account, secret: &secret, scopes: &Scope::READING };
    let id = key::create(doors.pg, doors.pepper, &new, act, doors.clock.now()).await?;
    Ok(json!({ "key": secret.reveal(), "id": id, "account": account }))
}

pub(crate) async fn list(pg: &Pg, account: Option<&str>) -> Result<Value, OperateError> {
    let keys = match account {
        Some(account) => key::of_account(pg, account).await?,
        None => key::newest(pg, LINES_MAX).await?,
    };
    let shown = |key: &ApiKey| {
        json!({
            "id": key.id,
            "account": key.account,
            "test": key.realm == KeyRealm::Test,
            "last_four": key.last_four,
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
        })
    };
    Ok(json!({ "keys": keys.iter().map(shown).collect::<Vec<_>>() }))
}

pub(crate) async fn revoke<C: Clock>(
    doors: &Doors<'_, C>,
    id: KeyId,
    act: Act<'_>,
) -> Result<Value, OperateError> {
    if key::revoke(doors.pg, id, act, doors.clock.now()).await? {
        return Ok(json!({ "revoked": id }));
    }
    Err(OperateError::Unknown(format!("key {id} to revoke")))
}

//! API keys. A secret is shown once; the database keeps only its keyed hash.

use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::port::Clock;
use model::{KeyId, Scope};
use store::Pg;
use store::pg::audit::AuditAction;
use store::pg::key::{self, KeyOwner, NewKey};

use crate::outcome::KeySummary;
use crate::{LINES_MAX, OperateDependencies, OperateError, OrderOutcome};

/// Creates a key that may read everything and use the money that it is paid with, or read sample data; its
/// secret is in the outcome and nowhere else.
pub(crate) async fn create<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    account: &str,
    test: bool,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let secret = ApiSecret::mint(if test { KeyRealm::Test } else { KeyRealm::Live }, || {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map(|()| random)
    });
    let secret = secret.map_err(|error| OperateError::Random(error.to_string()))?;
    let scopes: &[Scope] = if test { &Scope::READING } else { &Scope::DEFAULT };
    let new = NewKey::new(KeyOwner::Account(account), &secret, scopes);
    let OperateDependencies { pg, clock, pepper, .. } = dependencies;
    let id = key::create(pg, pepper, &new, act, clock.now()).await?;
    Ok(OrderOutcome::KeyCreated {
        key: secret.reveal().to_owned(),
        id,
        account: account.to_owned(),
    })
}

/// The keys of an account, or the newest of all.
pub(crate) async fn list(pg: &Pg, account: Option<&str>) -> Result<OrderOutcome, OperateError> {
    let keys = match account {
        Some(account) => key::of_account(pg, account).await?,
        None => key::newest(pg, LINES_MAX).await?,
    };
    Ok(OrderOutcome::Keys { keys: keys.into_iter().map(KeySummary::from).collect() })
}

/// Revokes a key.
pub(crate) async fn revoke<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    id: KeyId,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    if key::revoke(dependencies.pg, id, act, dependencies.clock.now()).await? {
        return Ok(OrderOutcome::KeyRevoked { revoked: id });
    }
    Err(OperateError::Unknown(format!("key {id} to revoke")))
}

//! API keys. A secret is shown once; the database keeps only its keyed hash.

use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::port::Clock;
use model::{KeyId, Scope};
use store::Pg;
use store::pg::audit::AuditAction;
use store::pg::key::{self, KeyOwner, NewKey};

use crate::outcome::KeySummary;
use crate::{
    CreditAmount, KeyToCreate, LINES_MAX, OperateDependencies, OperateError, OrderOutcome, credits,
};

/// Creates a key, and gives its account credits if that was ordered too. The secret is in the outcome and
/// nowhere else.
pub(crate) async fn create<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    wanted: &KeyToCreate,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let secret = ApiSecret::mint(if wanted.test { KeyRealm::Test } else { KeyRealm::Live }, || {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map(|()| random)
    });
    let secret = secret.map_err(|error| OperateError::Random(error.to_string()))?;
    let scopes: Vec<Scope> = match wanted.scopes.as_slice() {
        [] if wanted.test => Scope::READING.to_vec(),
        [] => Scope::DEFAULT.to_vec(),
        scopes => scopes.iter().map(|scope| scope.0).collect(),
    };
    let mut new = NewKey::new(KeyOwner::Account(&wanted.account), &secret, &scopes);
    new.daily_cap = wanted.daily_cap.map_or(new.daily_cap, CreditAmount::micros);
    let OperateDependencies { pg, clock, pepper, .. } = dependencies;
    let id = key::create(pg, pepper, &new, act, clock.now()).await?;
    if let Some(credits) = wanted.credits {
        credits::give_with_key(dependencies, &wanted.account, id, credits).await?;
    }
    Ok(OrderOutcome::KeyCreated {
        key: secret.reveal().to_owned(),
        id,
        account: wanted.account.clone(),
        credits: wanted.credits,
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

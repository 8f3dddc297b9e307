//! API keys. A secret is shown once; the database keeps only its keyed hash.

use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::port::Clock;
use model::{GrantId, KeyId, Scope, Timestamp};
use store::Pg;
use store::pg::audit::AuditAction;
use store::pg::key::{self, ApiKey, KeyOwner, KeyRotation, NewKey};

use crate::outcome::KeySummary;
use crate::{
    CreditAmount, KeyToCreate, LINES_MAX, OperateDependencies, OperateError, OrderOutcome, credits,
};

/// For how long the secret before opens a key that was ordered again, in seconds: a day.
const OVERLAP_SECONDS: i64 = 86_400;

/// Creates a key, and gives its account credits if that was ordered too; of an order with an id each once. The
/// secret is in the outcome and nowhere else.
pub(crate) async fn create<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    wanted: &KeyToCreate,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let secret = ApiSecret::mint(realm(wanted), || {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map(|()| random)
    });
    let secret = secret.map_err(|error| OperateError::Random(error.to_string()))?;
    let known = match &wanted.id {
        Some(id) => key::ordered(dependencies.pg, id.as_str()).await?,
        None => None,
    };
    let id = match &known {
        Some(known) if is_same(known, wanted) => known.id,
        Some(_) => return Err(other_order()),
        None => make(dependencies, wanted, &secret, act).await?,
    };
    if let Some(credits) = wanted.credits {
        credits::give_with_key(dependencies, &wanted.account, id, credits).await?;
    }
    if let Some(known) = &known {
        rotate(dependencies, known, &secret, act).await?;
    }
    Ok(OrderOutcome::KeyCreated {
        key: secret.reveal().to_owned(),
        id,
        account: wanted.account.clone(),
        credits: wanted.credits,
    })
}

const fn realm(wanted: &KeyToCreate) -> KeyRealm {
    if wanted.test { KeyRealm::Test } else { KeyRealm::Live }
}

async fn make<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    wanted: &KeyToCreate,
    secret: &ApiSecret,
    act: AuditAction<'_>,
) -> Result<KeyId, OperateError> {
    let scopes: Vec<Scope> = match wanted.scopes.as_slice() {
        [] if wanted.test => Scope::READING.to_vec(),
        [] => Scope::DEFAULT.to_vec(),
        scopes => scopes.iter().map(|scope| scope.0).collect(),
    };
    let mut new = NewKey::new(KeyOwner::Account(&wanted.account), secret, &scopes);
    new.daily_cap = wanted.daily_cap.map_or(new.daily_cap, CreditAmount::micros);
    new.order = wanted.id.as_ref().map(GrantId::as_str);
    let OperateDependencies { pg, clock, pepper, .. } = dependencies;
    Ok(key::create(pg, pepper, &new, act, clock.now()).await?)
}

/// Whether an order that is repeated is for the key that was made.
fn is_same(known: &ApiKey, wanted: &KeyToCreate) -> bool {
    known.account == wanted.account && known.realm == realm(wanted) && known.revoked_at.is_none()
}

fn other_order() -> OperateError {
    let why =
        "a key was made by this id for another account or realm, or is revoked: take another id";
    OperateError::Refused(why.to_owned())
}

/// Gives the key of an order that is repeated another secret.
async fn rotate<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    known: &ApiKey,
    secret: &ApiSecret,
    act: AuditAction<'_>,
) -> Result<(), OperateError> {
    let OperateDependencies { pg, clock, pepper, .. } = dependencies;
    let now = clock.now();
    let old_until = Timestamp::from_second(now.as_second().saturating_add(OVERLAP_SECONDS));
    let old_until = old_until.unwrap_or(Timestamp::MAX);
    let rotation = KeyRotation { payer: known.payer, key: known.id, secret, old_until };
    match key::rotate(pg, pepper, &rotation, act, now).await? {
        true => Ok(()),
        false => Err(other_order()),
    }
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

//! Credits: given, given back, shown, and frozen.

use billing::{FundOutcome, RefundOutcome};
use model::charge::ChargeRef;
use model::port::{Clock, Ledger, Wallet};
use model::{ChargeId, Grant, GrantId, GrantKind, PayerId, WalletStatus};
use store::pg::audit::{self, AuditAction};
use store::pg::key;
use store::pg::ledger::PgLedger;

use crate::outcome::{CreditSummary, GrantLine};
use crate::{CreditAmount, CreditsToAdd, OperateDependencies, OperateError, OrderOutcome};

/// Bytes of the id of credits that were ordered without one.
const ID_BYTES: usize = 16;

/// Gives credits, once for each id.
pub(crate) async fn add<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    add: &CreditsToAdd,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let (pg, now) = (dependencies.pg, dependencies.clock.now());
    if add.expires_at.is_some_and(|end| end <= now) {
        return Err(OperateError::Refused(
            "credits cannot expire before they are given".to_owned(),
        ));
    }
    let id = match &add.id {
        Some(id) => id.clone(),
        None => random_id()?,
    };
    let payer = key::payer(pg, &add.account, now).await?;
    audit::note(pg, act, Some(id.as_str()), now).await?;
    let grant = Grant::new(id, payer, add.kind, add.credits.micros()).effective(now);
    let grant = Grant { expires_at: add.expires_at, ..grant };
    let given = give(dependencies, &grant).await?;
    let (account, credits, grant) = (add.account.clone(), add.credits, grant.id);
    Ok(OrderOutcome::CreditsAdded { grant, account, payer, credits, given })
}

/// Gives the credits that come with a new key.
pub(crate) async fn give_with_key<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    account: &str,
    key: model::KeyId,
    credits: CreditAmount,
) -> Result<(), OperateError> {
    let (pg, now) = (dependencies.pg, dependencies.clock.now());
    let payer = key::payer(pg, account, now).await?;
    let id = format!("with-{key}").parse().map_err(refused)?;
    let grant = Grant::new(id, payer, GrantKind::Paid, credits.micros()).effective(now);
    let act = AuditAction { actor: dependencies.actor, action: "add-credits" };
    audit::note(pg, act, Some(grant.id.as_str()), now).await?;
    give(dependencies, &grant).await.map(|_| ())
}

/// Gives a grant. Whether the wallet has it; it gets it later if it takes no credits now.
async fn give<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    grant: &Grant,
) -> Result<bool, OperateError> {
    let (ledger, now) = (PgLedger::new(dependencies.pg.clone()), dependencies.clock.now());
    match billing::fund(dependencies.wallet, &ledger, grant, now).await? {
        FundOutcome::Funded => Ok(true),
        FundOutcome::Later => Ok(false),
        FundOutcome::Refused => {
            let why =
                format!("{} was given before, to another account or as another amount", grant.id);
            Err(OperateError::Refused(why))
        }
    }
}

fn random_id() -> Result<GrantId, OperateError> {
    let mut random = [0; ID_BYTES];
    getrandom::fill(&mut random).map_err(|error| OperateError::Random(error.to_string()))?;
    format!("order-{:032x}", u128::from_be_bytes(random)).parse().map_err(refused)
}

fn refused(error: impl std::fmt::Display) -> OperateError {
    OperateError::Refused(error.to_string())
}

/// Gives a posted charge back, once.
pub(crate) async fn refund<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    payer: PayerId,
    charge: ChargeId,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let (pg, now) = (dependencies.pg, dependencies.clock.now());
    audit::note(pg, act, Some(&charge.to_string()), now).await?;
    let (ledger, reference) = (PgLedger::new(pg.clone()), ChargeRef { payer, charge });
    let given = match billing::refund(dependencies.wallet, &ledger, reference, now).await? {
        RefundOutcome::Refunded { .. } => true,
        RefundOutcome::Later => false,
        RefundOutcome::NotPosted => {
            return Err(OperateError::Unknown(format!("posted charge {charge} of {payer}")));
        }
    };
    Ok(OrderOutcome::Refunded { refunded: charge, payer, given })
}

/// The payer that an order names, by one of two ways.
pub(crate) async fn payer_of<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    account: Option<&str>,
    payer: Option<PayerId>,
) -> Result<PayerId, OperateError> {
    match (account, payer) {
        (Some(account), None) => known_payer(dependencies, account).await,
        (None, Some(payer)) => Ok(payer),
        _ => Err(OperateError::Refused("name the account or the payer".to_owned())),
    }
}

/// The payer of an account that there is.
async fn known_payer<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    account: &str,
) -> Result<PayerId, OperateError> {
    let payer = key::known_payer(dependencies.pg, account).await?;
    payer.ok_or_else(|| OperateError::Unknown(format!("account {account}")))
}

/// What an account has.
pub(crate) async fn show<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    account: &str,
) -> Result<OrderOutcome, OperateError> {
    let payer = known_payer(dependencies, account).await?;
    let balance = dependencies.wallet.balance(payer).await?;
    let ledger = PgLedger::new(dependencies.pg.clone()).payer(payer).await?;
    let grants = ledger.grants.into_iter().map(GrantLine::from).collect();
    Ok(OrderOutcome::Credits(CreditSummary::new(account, payer, &balance, grants)))
}

/// Lets an account neither spend nor get credits.
pub(crate) async fn freeze<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    account: &str,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let payer = known_payer(dependencies, account).await?;
    note(dependencies, payer, act).await?;
    let leases_closed = billing::freeze(dependencies.wallet, payer).await?;
    Ok(OrderOutcome::WalletSet { payer, status: WalletStatus::Frozen, leases_closed })
}

/// Lets an account spend and get credits again.
pub(crate) async fn unfreeze<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    account: &str,
    act: AuditAction<'_>,
) -> Result<OrderOutcome, OperateError> {
    let payer = known_payer(dependencies, account).await?;
    note(dependencies, payer, act).await?;
    dependencies.wallet.set_status(payer, WalletStatus::Open).await?;
    Ok(OrderOutcome::WalletSet { payer, status: WalletStatus::Open, leases_closed: 0 })
}

async fn note<C: Clock>(
    dependencies: &OperateDependencies<'_, C>,
    payer: PayerId,
    act: AuditAction<'_>,
) -> Result<(), OperateError> {
    let now = dependencies.clock.now();
    Ok(audit::note(dependencies.pg, act, Some(&payer.to_string()), now).await?)
}

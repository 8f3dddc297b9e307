//! Credits that come, and credits that go without an answer.

use std::collections::BTreeMap;

use model::charge::ChargeRef;
use model::ledger::{GrantExpiry, RecordOutcome, Refund};
use model::port::{Ledger, PortError, Wallet};
use model::wallet::{AdjustOutcome, WalletAdjustment};
use model::{Grant, GrantId, GrantKind, MicroCredits, Timestamp, TransferId};

use crate::instant::{after, before};

/// A grant ends so long after its end: until then charges may be written that were served before.
const EXPIRY_GRACE_SECONDS: i64 = 900;

/// Credits that are given back can be used for at least so long.
const REFUND_SECONDS_MIN: i64 = 30 * 86_400;

/// What became of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FundOutcome {
    /// The payer has it, now or before.
    Funded,
    /// The ledger has it, and the wallet takes it later: it is closed to new credits.
    Later,
    /// Another grant has this id, or it gives nothing.
    Refused,
}

/// Gives a grant: to the ledger, then to the wallet, then it is noted that the wallet has it. A death
/// between leaves a grant that the sweeper gives again.
///
/// # Errors
/// Those of the ports.
pub async fn fund<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
    grant: &Grant,
    now: Timestamp,
) -> Result<FundOutcome, PortError> {
    // A grant of a refund is recorded by the refund.
    if ledger.grant(&grant.id).await?.is_none() {
        let fresh = Grant { remaining: grant.amount, ..grant.clone() };
        ledger.record_grant(&fresh, now).await?;
    }
    match ledger.grant(&grant.id).await? {
        Some(known) if known.payer == grant.payer && known.amount == grant.amount => {
            give_to_wallet(wallet, ledger, &known).await
        }
        _ => Ok(FundOutcome::Refused),
    }
}

/// Gives a recorded grant to the wallet.
async fn give_to_wallet<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
    grant: &Grant,
) -> Result<FundOutcome, PortError> {
    if grant.in_wallet {
        return Ok(FundOutcome::Funded);
    }
    let id = TransferId::Grant { grant: grant.id.clone() };
    let (payer, amount) = (grant.payer, grant.amount);
    match wallet.adjust(&WalletAdjustment { payer, id, amount }).await? {
        AdjustOutcome::Refused(_) => Ok(FundOutcome::Later),
        AdjustOutcome::Done | AdjustOutcome::DoneBefore { .. } => {
            ledger.mark_in_wallet(&grant.id).await?;
            Ok(FundOutcome::Funded)
        }
    }
}

/// What became of what is left of a grant after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryOutcome {
    /// So much of it is taken back.
    Expired {
        /// How much.
        amount: MicroCredits,
    },
    /// Not now: it did not end, charges from before its end are not posted, or its credits are set aside.
    Later,
}

/// Takes back what is left of a grant after its end: from the wallet first, so that no charge finds
/// itself uncovered, then from the ledger. What a death between leaves is finished by the next call.
///
/// Charges that were served before the end are posted before, so that they draw on it. What is set aside
/// at that time expires later, or is used.
///
/// # Errors
/// Those of the ports.
pub async fn expire<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
    grant: &Grant,
    now: Timestamp,
) -> Result<ExpiryOutcome, PortError> {
    let Some(end) = grant.expires_at.filter(|&end| end < before(now, EXPIRY_GRACE_SECONDS)) else {
        return Ok(ExpiryOutcome::Later);
    };
    // What the page said may be old: another sweeper may have taken this part.
    let Some(grant) = ledger.grant(&grant.id).await?.filter(|grant| grant.in_wallet) else {
        return Ok(ExpiryOutcome::Later);
    };
    let (payer, part) = (grant.payer, grant.expiries);
    let id = TransferId::Expiry { grant: grant.id.clone(), part };
    let taken = match wallet.adjusted(payer, &id).await? {
        Some(taken) => Some(taken),
        None => take_from_wallet(wallet, &grant, end, id).await?,
    };
    let Some(amount) = taken.and_then(|taken| MicroCredits::ZERO.checked_sub(taken)) else {
        return Ok(ExpiryOutcome::Later);
    };
    let expiry = GrantExpiry { payer, grant: grant.id, part, amount, at: now };
    match ledger.expire(&expiry).await? {
        RecordOutcome::Recorded | RecordOutcome::RecordedBefore => {
            Ok(ExpiryOutcome::Expired { amount })
        }
        RecordOutcome::Differs | RecordOutcome::Refused => {
            Err(PortError::Refused(format!("{payer}: the ledger does not let a grant expire")))
        }
    }
}

/// What the wallet let go of, below zero.
async fn take_from_wallet<W: Wallet>(
    wallet: &W,
    grant: &Grant,
    end: Timestamp,
    id: TransferId,
) -> Result<Option<MicroCredits>, PortError> {
    let view = wallet.view(grant.payer).await?;
    let is_waiting = view.charges.iter().any(|charge| charge.served_at.is_some_and(|at| at < end));
    let most = grant.remaining.min(view.balance.available);
    if is_waiting || most <= MicroCredits::ZERO {
        return Ok(None);
    }
    let amount = MicroCredits::new(-most.micros());
    let wanted = WalletAdjustment { payer: grant.payer, id, amount };
    Ok(match wallet.adjust(&wanted).await? {
        AdjustOutcome::Done => Some(amount),
        AdjustOutcome::DoneBefore { amount } => Some(amount),
        AdjustOutcome::Refused(_) => None,
    })
}

/// What became of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOutcome {
    /// The payer has the credits, now or before.
    Refunded {
        /// How much.
        amount: MicroCredits,
    },
    /// The ledger has it, and the wallet takes it later.
    Later,
    /// The charge is not posted, or is not the payer's.
    NotPosted,
}

/// Gives a posted charge back, once, as new grants of the kinds that it was paid with. They end no earlier
/// than the grants did, nor within 30 days.
///
/// # Errors
/// Those of the ports.
pub async fn refund<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
    charge: ChargeRef,
    now: Timestamp,
) -> Result<RefundOutcome, PortError> {
    let id = TransferId::Charge { charge: charge.charge };
    let lines = ledger.transfers(&[id]).await?;
    let Some(line) = lines.into_iter().find(|line| line.transfer.payer == charge.payer) else {
        return Ok(RefundOutcome::NotPosted);
    };
    let mut drawn = Vec::with_capacity(line.draws.len());
    for draw in &line.draws {
        if let Some(grant) = ledger.grant(&draw.grant).await? {
            drawn.push(Grant { amount: draw.amount, ..grant });
        }
    }
    let grants = grants_of_refund(charge, &drawn, now)?;
    let (payer, charge) = (charge.payer, charge.charge);
    let wanted = Refund { payer, charge, grants, at: now };
    match ledger.refund(&wanted).await? {
        RecordOutcome::Recorded | RecordOutcome::RecordedBefore => {}
        RecordOutcome::Differs | RecordOutcome::Refused => return Ok(RefundOutcome::NotPosted),
    }
    for grant in &wanted.grants {
        if fund(wallet, ledger, grant, now).await? != FundOutcome::Funded {
            return Ok(RefundOutcome::Later);
        }
    }
    Ok(RefundOutcome::Refunded { amount: line.transfer.amount })
}

/// One grant for each kind of those that were drawn; `amount` is what was drawn.
fn grants_of_refund(
    charge: ChargeRef,
    drawn: &[Grant],
    now: Timestamp,
) -> Result<Vec<Grant>, PortError> {
    let soonest = after(now, REFUND_SECONDS_MIN);
    let mut refunds: BTreeMap<GrantKind, Grant> = BTreeMap::new();
    for grant in drawn {
        let id = format!("refund-{}-{}", grant.kind.slug(), charge.charge);
        let id: GrantId = id.parse().map_err(|error| PortError::Refused(format!("{error}")))?;
        let zero = MicroCredits::ZERO;
        let new = || Grant {
            priority: 0,
            expires_at: Some(soonest),
            ..Grant::new(id, charge.payer, grant.kind, zero).effective(now)
        };
        let refund = refunds.entry(grant.kind).or_insert_with(new);
        let end = |end: Option<Timestamp>| end.unwrap_or(Timestamp::MAX);
        let latest = end(refund.expires_at).max(end(grant.expires_at));
        refund.expires_at = (latest < Timestamp::MAX).then_some(latest);
        let too_much = || PortError::Refused("more credits than can be counted".to_owned());
        refund.amount = refund.amount.checked_add(grant.amount).ok_or_else(too_much)?;
        refund.remaining = refund.amount;
    }
    Ok(refunds.into_values().collect())
}

#[cfg(test)]
mod tests;

//! What the meter does when doorbells ring.

use std::collections::{BTreeMap, BTreeSet};

use model::charge::{ChargeRef, ChargeState};
use model::ledger::PostVerdict;
use model::port::{CHARGES_MAX, Ledger, PortError, Wallet};
use model::wallet::MarkOutcome;
use model::{Charge, MicroCredits, Timestamp};

/// What becomes of a doorbell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorbellVerdict {
    /// There is nothing more to do: its charge is posted, now or before.
    Posted,
    /// There is nothing to post: the charge is pending, void, or does not exist. Should it be served later,
    /// it is rung for again.
    Nothing,
    /// To be rung again: the ledger does not have the grant yet that covers it.
    Later {
        /// What is missing.
        missing: MicroCredits,
    },
    /// The ledger has another amount, or the wallet says that the charge was not served: a person must look.
    Wrong,
}

/// Posts the charges that doorbells ring for, in batches. The verdicts are in their order.
///
/// The message decides nothing: each charge is read from the wallet. The ledger has it first, and only
/// then the wallet hears of it: a meter that dies between leaves a charge that is posted again in vain.
///
/// # Errors
/// Those of the ports. All doorbells are then to be rung again; some charges may be posted.
pub async fn post<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
    doorbells: &[ChargeRef],
    now: Timestamp,
) -> Result<Vec<DoorbellVerdict>, PortError> {
    let distinct: BTreeSet<ChargeRef> = doorbells.iter().copied().collect();
    let distinct: Vec<ChargeRef> = distinct.into_iter().collect();
    let mut verdicts = BTreeMap::new();
    for batch in distinct.chunks(CHARGES_MAX) {
        post_batch(wallet, ledger, batch, now, &mut verdicts).await?;
    }
    let verdict = |bell| verdicts.get(bell).copied().unwrap_or(DoorbellVerdict::Nothing);
    Ok(doorbells.iter().map(verdict).collect())
}

async fn post_batch<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
    batch: &[ChargeRef],
    now: Timestamp,
    verdicts: &mut BTreeMap<ChargeRef, DoorbellVerdict>,
) -> Result<(), PortError> {
    let mut charges = wallet.charges(batch).await?;
    let posted = charges.iter().filter(|charge| charge.state == ChargeState::Posted);
    verdicts.extend(posted.map(|charge| (charge.reference(), DoorbellVerdict::Posted)));
    charges.retain(|charge| charge.state == ChargeState::Served);
    if charges.is_empty() {
        return Ok(());
    }
    // One order for all meters: grants are drawn, and rows locked, in the same one.
    charges.sort_by_key(order);
    let found = ledger.post(&charges, now).await?;
    let mut to_mark = Vec::with_capacity(charges.len());
    for (charge, verdict) in charges.iter().zip(found) {
        let verdict = match verdict {
            PostVerdict::Posted | PostVerdict::PostedBefore => {
                to_mark.push(charge.reference());
                DoorbellVerdict::Posted
            }
            PostVerdict::Uncovered { missing } => DoorbellVerdict::Later { missing },
            PostVerdict::Differs { .. } => DoorbellVerdict::Wrong,
        };
        verdicts.insert(charge.reference(), verdict);
    }
    if to_mark.is_empty() {
        return Ok(());
    }
    let marks = wallet.mark_posted(&to_mark, now).await?;
    for (charge, mark) in to_mark.into_iter().zip(marks) {
        if mark != MarkOutcome::Posted {
            verdicts.insert(charge, DoorbellVerdict::Wrong);
        }
    }
    Ok(())
}

/// By payer, and the earlier served first.
fn order(charge: &Charge) -> impl Ord + use<> {
    (charge.payer, charge.served_at, charge.id)
}

#[cfg(test)]
mod tests;

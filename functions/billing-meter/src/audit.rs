//! Proves that wallets and ledger are equal, and keeps what was found.

use std::time::Duration;

use billing::{AuditDifference, AuditPart, AuditReport, Audited};
use model::PayerId;
use serde::Serialize;
use serde_json::{Value, json};
use store::pg::ledger::{Reconciliation, keep_reconciliation};
use store::pg::meter_place::{self, PlacedWork};

use crate::{MeterDependencies, MeterError};

/// How long the lists of a wallet may be behind what is in it.
const LISTS_LATE: Duration = Duration::from_secs(2);

/// About how many payers one audit compares, on AWS in a few minutes at most; the next one continues.
pub const PAYERS_AUDITED: u64 = 2_000;

/// The most payers whose differences are kept in detail.
const DETAILS_MAX: usize = 100;

/// What an audit found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MeterAudit {
    /// Payers that were compared.
    pub payers: u64,
    /// Those who moved meanwhile, and are compared the next time.
    pub moving: u64,
    /// Those whose wallet differs.
    pub differing: u64,
    /// The sum of the sizes of all differences of any kind, in micro-credits; 0 where all is well.
    pub difference: u64,
    /// Whether there are payers left: the next audit begins with them.
    pub is_cut: bool,
}

/// Compares wallets with the ledger, and the ledger's accounts with each other: about `most` payers, beginning
/// where the audit before ended, so that each has its turn. A payer who differs is compared again after a moment,
/// as its wallet's lists may be late. Who differs twice gets no new credits until an operator has looked.
///
/// # Errors
/// Those of the ports and the database.
pub async fn audit(deps: MeterDependencies<'_>, most: u64) -> Result<MeterAudit, MeterError> {
    let after = meter_place::get(deps.pg, PlacedWork::Audit).await?;
    let part = AuditPart { after: after.as_deref(), most: Some(most) };
    let (mut report, next) = billing::compare_some(deps.wallet, &deps.ledger(), part).await?;
    compare_again(deps, &mut report).await?;
    for &payer in report.differences.keys() {
        billing::stop_funding(deps.wallet, payer).await?;
        tracing::error!(%payer, "a wallet differs from the ledger");
    }
    let found = MeterAudit {
        payers: report.payers,
        moving: report.moving,
        differing: report.differences.len() as u64,
        difference: total(&report),
        is_cut: next.is_some(),
    };
    let kept = Reconciliation {
        at: deps.clock.now(),
        payers: found.payers,
        differing: found.differing,
        difference: report.wallet_minus_ledger(),
        report: details(&report),
    };
    keep_reconciliation(deps.pg, &kept).await?;
    meter_place::set(deps.pg, PlacedWork::Audit, next.as_deref(), kept.at).await?;
    Ok(found)
}

/// Leaves only the differences that are still there.
async fn compare_again(
    deps: MeterDependencies<'_>,
    report: &mut AuditReport,
) -> Result<(), MeterError> {
    if report.differences.is_empty() {
        return Ok(());
    }
    tokio::time::sleep(LISTS_LATE).await;
    for payer in std::mem::take(&mut report.differences).into_keys() {
        match billing::audit_payer(deps.wallet, &deps.ledger(), payer).await? {
            Audited::Equal => {}
            Audited::Moving => report.moving += 1,
            Audited::Differs(difference) => {
                report.differences.insert(payer, difference);
            }
        }
    }
    Ok(())
}

/// The sizes of all differences of any kind.
fn total(report: &AuditReport) -> u64 {
    let payers: u128 = report.differences.values().map(size).sum();
    let sums = report.ledger_sum.unsigned_abs() + report.customers_less_grants.unsigned_abs();
    u64::try_from(payers.saturating_add(sums)).unwrap_or(u64::MAX)
}

fn size(difference: &AuditDifference) -> u128 {
    let AuditDifference { wallet_minus_ledger, balance, held, leased, .. } = *difference;
    let amounts = [wallet_minus_ledger, balance, held, leased, difference.account_minus_grants];
    let sum: u128 = amounts.iter().map(|amount| amount.unsigned_abs()).sum();
    sum + u128::from(difference.faults)
}

/// What a person needs who is to look at it. Amounts exceed what JSON's numbers hold everywhere, so they
/// are texts.
fn details(report: &AuditReport) -> Value {
    let payer = |(payer, difference): (&PayerId, &AuditDifference)| {
        json!({
            "payer": payer,
            "wallet_minus_ledger": difference.wallet_minus_ledger.to_string(),
            "balance": difference.balance.to_string(),
            "held": difference.held.to_string(),
            "leased": difference.leased.to_string(),
            "account_minus_grants": difference.account_minus_grants.to_string(),
            "faults": difference.faults,
        })
    };
    let payers: Vec<Value> = report.differences.iter().take(DETAILS_MAX).map(payer).collect();
    json!({
        "moving": report.moving,
        "payers": payers,
        "ledger_sum": report.ledger_sum.to_string(),
        "customers_less_grants": report.customers_less_grants.to_string(),
    })
}

//! Alerts that payers set: they fire when what they wait for becomes true, and are armed again when it no
//! longer is.

use std::collections::BTreeMap;

use model::alert::{AlertKind, SpendAlert};
use model::port::Wallet;
use model::{Day, MicroCredits, PayerId};
use serde::Serialize;
use store::pg::{alert, spending};

use crate::{MeterDependencies, MeterError};

/// Alerts that are read at once.
const PAGE: u32 = 1_000;

/// What became of alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AlertReport {
    /// How many there are.
    pub checked: u64,
    /// Those that fired now.
    pub fired: u64,
    /// Those that had fired and are armed again now.
    pub armed: u64,
}

/// The amounts that alerts compare, each read once.
#[derive(Default)]
struct KnownAmounts(BTreeMap<(PayerId, u8), MicroCredits>);

/// Checks every alert: a balance below its threshold, or more than that spent on this UTC day.
///
/// # Errors
/// Those of the database and the wallet.
pub async fn check_alerts(deps: MeterDependencies<'_>) -> Result<AlertReport, MeterError> {
    let (mut report, mut known) = (AlertReport::default(), KnownAmounts::default());
    let mut after = None;
    loop {
        let page = alert::page(deps.pg, after, PAGE).await?;
        for one in &page {
            report.checked += 1;
            let is_true = known.is_true(deps, one).await?;
            if is_true != one.fired_at.is_some() {
                alert::fire(deps.pg, one.id, is_true.then(|| deps.clock.now())).await?;
                let count = if is_true { &mut report.fired } else { &mut report.armed };
                *count += 1;
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.id),
            _ => return Ok(report),
        }
    }
}

impl KnownAmounts {
    async fn is_true(
        &mut self,
        deps: MeterDependencies<'_>,
        alert: &SpendAlert,
    ) -> Result<bool, MeterError> {
        let place = (alert.payer, alert.kind as u8);
        let amount = match self.0.get(&place) {
            Some(&amount) => amount,
            None => {
                let amount = amount(deps, alert).await?;
                self.0.insert(place, amount);
                amount
            }
        };
        Ok(alert.kind.is_crossed(amount, alert.threshold))
    }
}

/// What an alert compares with its threshold.
async fn amount(
    deps: MeterDependencies<'_>,
    alert: &SpendAlert,
) -> Result<MicroCredits, MeterError> {
    Ok(match alert.kind {
        AlertKind::BalanceBelow => deps.wallet.balance(alert.payer).await?.available,
        AlertKind::SpentAbove => {
            spending::spent_on(deps.pg, alert.payer, Day::of(deps.clock.now())).await?
        }
    })
}

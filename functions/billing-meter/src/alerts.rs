//! Alerts that payers set: they fire when what they wait for becomes true, and are armed again when it no
//! longer is.

use std::collections::BTreeMap;

use model::alert::{AlertKind, SpendAlert};
use model::port::Wallet;
use model::{Day, MicroCredits, PayerId};
use serde::Serialize;
use store::pg::alert::{self, AlertPlace};
use store::pg::meter_place::{self, PlacedWork};
use store::pg::spending;

use crate::{MeterDependencies, MeterError};

/// The most alerts that one tick checks: half of a minute's worth where each is of another payer. The next tick
/// continues.
pub const ALERTS_CHECKED: u32 = 2_000;

/// Alerts that are read at once.
const PAGE: u32 = 1_000;

/// What became of alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AlertReport {
    /// How many were checked.
    pub checked: u64,
    /// Those that fired now.
    pub fired: u64,
    /// Those that had fired and are armed again now.
    pub armed: u64,
    /// Whether there are others, with which the next check begins.
    pub is_cut: bool,
}

/// The amounts that alerts compare, each read once.
#[derive(Default)]
struct KnownAmounts(BTreeMap<(PayerId, u8), MicroCredits>);

/// Checks alerts, payer by payer: a balance below its threshold, or more than that spent on this UTC day. At most
/// `most`, beginning where the check before ended, so that each has its turn. One that cannot be checked keeps no
/// other from it.
///
/// # Errors
/// Those of the database, at once, and the first of the wallet, when the others are checked.
pub async fn check_alerts(
    deps: MeterDependencies<'_>,
    most: u32,
) -> Result<AlertReport, MeterError> {
    let place = meter_place::get(deps.pg, PlacedWork::Alerts).await?;
    let mut after: Option<AlertPlace> = place.and_then(|place| serde_json::from_str(&place).ok());
    let mut check = AlertCheck::default();
    loop {
        let left = most.saturating_sub(u32::try_from(check.report.checked).unwrap_or(u32::MAX));
        let page = alert::page(deps.pg, after, left.min(PAGE)).await?;
        for one in &page {
            check.one(deps, one).await?;
        }
        let is_last = page.len() < left.min(PAGE) as usize;
        after = page.last().map(AlertPlace::of).filter(|_| !is_last);
        if is_last || left <= PAGE {
            break;
        }
    }
    let place = after.and_then(|place| serde_json::to_string(&place).ok());
    meter_place::set(deps.pg, PlacedWork::Alerts, place.as_deref(), deps.clock.now()).await?;
    check.report.is_cut = place.is_some();
    check.failed.map_or(Ok(check.report), Err)
}

/// A check that is under way.
#[derive(Default)]
struct AlertCheck {
    report: AlertReport,
    known: KnownAmounts,
    /// The first failure.
    failed: Option<MeterError>,
}

impl AlertCheck {
    async fn one(
        &mut self,
        deps: MeterDependencies<'_>,
        one: &SpendAlert,
    ) -> Result<(), MeterError> {
        self.report.checked += 1;
        let is_true = match self.known.is_true(deps, one).await {
            Ok(is_true) => is_true,
            Err(error) => {
                self.failed.get_or_insert(error);
                return Ok(());
            }
        };
        if is_true != one.fired_at.is_some() {
            alert::fire(deps.pg, one.id, is_true.then(|| deps.clock.now())).await?;
            let count = if is_true { &mut self.report.fired } else { &mut self.report.armed };
            *count += 1;
        }
        Ok(())
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

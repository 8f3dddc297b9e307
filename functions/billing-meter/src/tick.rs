//! What happens each minute.

use serde::Serialize;

use crate::{
    ALERTS_CHECKED, AlertReport, MeterDependencies, MeterError, MeterSweep, PriceReport,
    check_alerts, publish_prices, sweep,
};

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TickReport {
    /// Prices.
    pub prices: PriceReport,
    /// What was left undone.
    pub sweep: MeterSweep,
    /// Alerts.
    pub alerts: AlertReport,
}

/// Publishes prices, then sweeps, then checks alerts. What fails keeps nothing else from being done.
///
/// # Errors
/// The first error; each is logged.
pub async fn tick(deps: MeterDependencies<'_>) -> Result<TickReport, MeterError> {
    let prices = logged("publish prices", publish_prices(deps).await);
    let sweep = logged("sweep", sweep(deps).await);
    let alerts = logged("check alerts", check_alerts(deps, ALERTS_CHECKED).await);
    Ok(TickReport { prices: prices?, sweep: sweep?, alerts: alerts? })
}

fn logged<T>(what: &str, done: Result<T, MeterError>) -> Result<T, MeterError> {
    done.inspect_err(|error| tracing::error!(%error, what, "a part of a tick failed"))
}

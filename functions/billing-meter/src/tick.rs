//! What happens each minute.

use serde::Serialize;

use crate::{
    AlertReport, MeterDependencies, MeterError, MeterSweep, PriceReport, check_alerts,
    publish_prices, sweep,
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
/// The first error.
pub async fn tick(deps: MeterDependencies<'_>) -> Result<TickReport, MeterError> {
    let prices = publish_prices(deps).await;
    let sweep = sweep(deps).await;
    let alerts = check_alerts(deps).await;
    Ok(TickReport { prices: prices?, sweep: sweep?, alerts: alerts? })
}

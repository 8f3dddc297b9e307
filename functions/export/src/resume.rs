//! Jobs: sending them, and sending them again where an export stands still.

use billing::abandon;
use model::message::ExportJob;
use model::port::{OutgoingMessage, PortError, Queue, Wallet as _};
use model::{ChargeState, Export, ExportId, Timestamp};
use serde::Serialize;
use store::pg::export;

use crate::{ExportDependencies, ExportError};

/// An export that did not go on for so long gets another job, in seconds.
const STALLED_SECONDS: i64 = 900;

/// The most exports that are looked after at once.
const STALLED_MAX: u32 = 100;

/// What was done about exports that stood still.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ResumeReport {
    /// Those that got a job.
    pub resumed: u64,
    /// Those whose order was never accepted, and that are given up.
    pub given_up: u64,
}

/// Sends the job of an export.
///
/// # Errors
/// That of the queue.
pub async fn send(queue: &impl Queue, export: ExportId) -> Result<(), PortError> {
    let body = serde_json::to_string(&ExportJob { export });
    let body = body.map_err(|error| PortError::Refused(error.to_string()))?;
    queue.send(&[OutgoingMessage { body, delay_seconds: 0 }]).await
}

/// Gives an order up that was left before it was noted that its most is held, and what is held of it; whether it did.
/// The hold comes first, since it is not looked for again.
async fn give_up_order(
    deps: ExportDependencies<'_>,
    order: &Export,
    now: Timestamp,
) -> Result<bool, ExportError> {
    let charges = deps.wallet.charges(&[order.terms.charge]).await?;
    // The nonce of a hold is the number of its export.
    let held = charges
        .iter()
        .find(|held| held.state == ChargeState::Pending && held.nonce == order.id.number());
    if let Some(held) = held {
        abandon(deps.wallet, order.terms.charge, held.attempt()).await?;
    }
    let why = "its order was not completed: order it again";
    Ok(export::fail_unheld(deps.pg, order.id, why, now).await?)
}

/// Looks after exports that stand still: a process that died left them.
///
/// # Errors
/// Those of the database and the queue; what is left is found again.
pub async fn resume(deps: ExportDependencies<'_>) -> Result<ResumeReport, ExportError> {
    let now = deps.clock.now();
    let before = Timestamp::from_second(now.as_second() - STALLED_SECONDS).unwrap_or(now);
    let mut report = ResumeReport::default();
    for stalled in export::stalled(deps.pg, before, STALLED_MAX).await? {
        if stalled.attempt.is_none() {
            report.given_up += u64::from(give_up_order(deps, &stalled, now).await?);
            continue;
        }
        send(deps.queue, stalled.id).await?;
        export::touch(deps.pg, stalled.id, now).await?;
        report.resumed += 1;
    }
    Ok(report)
}

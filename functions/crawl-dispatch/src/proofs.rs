//! Jobs that look for the codes of privacy requests.

use model::Platform;
use model::message::FetchMessage;
use model::port::{OutgoingMessage, Queue};
use store::pg::privacy_request::{self, DueCheck};

use crate::{DispatchDependencies, DispatchError, DispatchSettings};

/// The most such jobs of one tick; the next one sends more.
const JOBS_A_TICK: u32 = 50;

/// Sends a job for each request whose code is to be looked for now, on platforms that are crawled.
pub(crate) async fn send<Q: Queue>(
    dependencies: DispatchDependencies<'_, Q>,
    settings: &DispatchSettings,
) -> Result<(), DispatchError> {
    let DispatchDependencies { pg, queue, clock } = dependencies;
    let platforms: Vec<Platform> = settings.paces.keys().copied().collect();
    let send_jobs = async |due: &[DueCheck]| {
        let message = |check: &DueCheck| {
            let body = serde_json::to_string(&FetchMessage::Proof(check.job()));
            OutgoingMessage { body: body.expect("a proof job is plain data"), delay_seconds: 0 }
        };
        let messages: Vec<OutgoingMessage> = due.iter().map(message).collect();
        queue.send(&messages).await.map_err(DispatchError::from)
    };
    let now = clock.now();
    let sent =
        privacy_request::send_due_checks(pg, &platforms, JOBS_A_TICK, now, send_jobs).await?;
    if sent > 0 {
        tracing::info!(checks = sent, "dispatched");
    }
    Ok(())
}

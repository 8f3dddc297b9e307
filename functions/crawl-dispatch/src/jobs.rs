//! The jobs of a tick: reserved profiles in messages.

use std::collections::BTreeMap;

use model::budget::TokenLease;
use model::message::FetchJob;
use model::port::{OutgoingMessage, PortError, Queue};
use model::time::Timestamp;
use store::pg::frontier::Reservation;

use crate::HostShare;

/// The reserved profiles as jobs of at most `job_profiles`; the tokens of a host are shared among its
/// jobs.
pub(crate) fn jobs(
    shares: &[HostShare],
    reservations: &[Reservation],
    job_profiles: u32,
    now: Timestamp,
) -> Vec<FetchJob> {
    let by_host: BTreeMap<_, _> = shares.iter().map(|share| (share.host.id, share)).collect();
    let size = (job_profiles as usize).clamp(1, FetchJob::PROFILES_MAX);
    let mut jobs = Vec::new();
    for claim in reservations {
        let share = by_host[&claim.host];
        let lease = share.travelling(now);
        let parts = claim.profiles.len().div_ceil(size) as u32;
        for profiles in claim.profiles.chunks(size) {
            jobs.push(FetchJob {
                platform: share.host.platform,
                host: share.host.name.clone(),
                lease: TokenLease { tokens: lease.tokens / parts, ..lease },
                profiles: profiles.to_vec(),
            });
        }
    }
    jobs
}

/// Sends each job in a message of its own.
pub(crate) async fn send(queue: &impl Queue, jobs: &[FetchJob]) -> Result<(), PortError> {
    let body = |job| serde_json::to_string(job).expect("a fetch job is plain data");
    let messages: Vec<OutgoingMessage> =
        jobs.iter().map(|job| OutgoingMessage { body: body(job), delay_seconds: 0 }).collect();
    queue.send(&messages).await
}

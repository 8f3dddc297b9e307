//! A tick to fetch jobs: due profiles, by host, within every host's budget.
//!
//! A tick takes what fits into the queue and shares it among the hosts with due profiles. It leases
//! tokens for all of these hosts at once, reserves the profiles that the tokens are good for and sends
//! them as jobs before the reservations are committed. A tick that runs twice reserves other profiles.
//! One that dies, or cannot send, has reserved nothing; the jobs that it did send find no reservations
//! and end. Before all that it sends a job for each privacy request whose code is to be looked for.

mod jobs;
mod pace;
mod proofs;
mod share;

use std::collections::BTreeMap;

use model::Platform;
use model::port::{Clock, PortError, Queue, delivery_seconds_max};
use serde::Serialize;
use store::pg::frontier::{self, Reservation, ReservationRequest};
use store::{Pg, StoreError};

use share::HostShare;

pub use pace::{HostPace, paces};
pub use share::HOSTS_MAX;

/// How long the fetch queue hides a received job, in seconds, as in the template.
const VISIBILITY_SECONDS: u32 = 1_800;

/// How long a reservation lasts, in seconds: an hour in the queue, and then longer than its job may be
/// received again and again.
pub const RESERVATION_SECONDS: u32 = 3_600 + delivery_seconds_max(VISIBILITY_SECONDS);

/// How much a tick does.
#[derive(Debug, Clone)]
pub struct DispatchSettings {
    /// The platforms that are crawled.
    pub paces: BTreeMap<Platform, HostPace>,
    /// The most jobs in the queue.
    pub jobs_max: u32,
    /// The most profiles of one job; at most [`FetchJob::PROFILES_MAX`](model::message::FetchJob).
    pub job_profiles: u32,
    /// How long a reservation lasts: longer than a job waits and runs, redeliveries included.
    pub reservation_seconds: u32,
    /// The most profiles that this tick may reserve.
    pub profiles_max: u64,
}

/// What a tick is given.
pub struct DispatchDependencies<'a, Q> {
    /// The database.
    pub pg: &'a Pg,
    /// The queue of fetch jobs.
    pub queue: &'a Q,
    /// The current time.
    pub clock: &'a dyn Clock,
}

// Derived, these would require the queue itself to be `Copy`.
impl<Q> Copy for DispatchDependencies<'_, Q> {}
impl<Q> Clone for DispatchDependencies<'_, Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q: std::fmt::Debug> std::fmt::Debug for DispatchDependencies<'_, Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DispatchDependencies").field("queue", self.queue).finish_non_exhaustive()
    }
}

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DispatchSummary {
    /// Hosts with due profiles.
    pub hosts: u64,
    /// Profiles reserved and sent.
    pub profiles: u64,
    /// Jobs sent.
    pub jobs: u64,
}

/// Why a tick ended early. It has reserved nothing then.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue failed.
    #[error("send fetch jobs: {0}")]
    Queue(#[from] PortError),
}

/// Sends jobs for what is due now.
pub async fn tick<Q: Queue>(
    dependencies: DispatchDependencies<'_, Q>,
    settings: &DispatchSettings,
) -> Result<DispatchSummary, DispatchError> {
    let DispatchDependencies { pg, queue, clock } = dependencies;
    // First, and whether there is room or not: a person waits for the answer. The crawl goes on without it.
    if let Err(error) = proofs::send(dependencies, settings).await {
        tracing::warn!(%error, "no codes are looked for in this tick");
    }
    let room = u64::from(settings.jobs_max).saturating_sub(queue.depth().await?);
    if room == 0 || settings.profiles_max == 0 {
        return Ok(DispatchSummary::default());
    }
    let now = clock.now();
    let due = frontier::due_hosts(pg, now, HOSTS_MAX).await?;
    let mut shares = share::shares(due, settings, room);
    share::lease(pg, &mut shares, now).await?;
    let request =
        |share: &HostShare| Some(ReservationRequest::new(share.host.id, share.affordable()?));
    let requests: Vec<_> = shares.iter().filter_map(request).collect();
    let send_jobs = async |reservations: &[Reservation]| {
        let jobs = jobs::jobs(&shares, reservations, settings.job_profiles, now);
        jobs::send(queue, &jobs).await?;
        Ok::<_, DispatchError>(jobs.len() as u64)
    };
    let (reservations, jobs) =
        frontier::reserve_then(pg, &requests, now, settings.reservation_seconds, send_jobs).await?;
    let profiles = reservations.iter().map(|one| one.profiles.len() as u64).sum();
    tracing::debug!(hosts = shares.len(), profiles, jobs, "dispatched");
    Ok(DispatchSummary { hosts: shares.len() as u64, profiles, jobs })
}

#[cfg(test)]
mod tests {
    use model::port::RECEIVES_MAX;

    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    /// The numbers behind a key in a part of the template.
    fn numbers(part: &str, key: &str) -> Vec<u32> {
        let behind = part.split(key).skip(1).map(|rest| rest.trim_start_matches(": "));
        let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
        behind.map(|rest| digits(rest).parse().expect("a number")).collect()
    }

    #[test]
    fn the_template_has_the_numbers_that_reservations_are_computed_from() {
        let receives = numbers(TEMPLATE, "maxReceiveCount");
        assert_eq!(receives, vec![RECEIVES_MAX; TEMPLATE.matches("RedrivePolicy").count()]);
        let (_, queue) = TEMPLATE.split_once("\n  FetchQueue:\n").expect("there is a fetch queue");
        assert_eq!(numbers(queue, "VisibilityTimeout")[0], VISIBILITY_SECONDS);
        const { assert!(RESERVATION_SECONDS > RECEIVES_MAX * VISIBILITY_SECONDS) };
    }
}

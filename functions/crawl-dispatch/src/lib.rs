//! A tick to fetch jobs: due profiles, by host, within every host's budget.
//!
//! A tick takes what fits into the queue, shares it among the hosts with due profiles, leases
//! tokens for all of them at once, claims the profiles that the tokens are good for and sends them
//! as jobs, before the claims hold. A tick that runs twice claims other profiles; one that dies, or
//! cannot send, has claimed nothing. Jobs that it sent find no claims and end.

mod share;

use std::collections::BTreeMap;

use model::Platform;
use model::budget::{HostLimit, TokenLease};
use model::message::FetchJob;
use model::port::{Clock, OutgoingMessage, PortError, Queue, delivery_seconds_max};
use model::time::Timestamp;
use store::pg::frontier::{self, Claim, DueHost};
use store::pg::host::{self, Grant, Want};
use store::{Pg, StoreError};

pub use share::HOSTS_MAX;

/// How long the fetch queue hides a received job, in seconds: what the template says.
const VISIBILITY_SECONDS: u32 = 1_800;

/// How long a claim lasts, in seconds: an hour in the queue, and then longer than its job is received
/// again and again.
pub const CLAIM_SECONDS: u32 = 3_600 + delivery_seconds_max(VISIBILITY_SECONDS);

/// Leases that live shorter than this are not worth sending: the fetch takes its own.
const TRAVEL_MS_MIN: u32 = 5_000;

/// How a platform's hosts are asked, as long as they announce nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The limit of each host.
    pub limit: HostLimit,
    /// About how many requests one profile's round takes.
    pub requests_a_profile: u32,
}

/// How much a tick does.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The platforms that are crawled.
    pub paces: BTreeMap<Platform, Pace>,
    /// The most jobs in the queue.
    pub jobs_max: u32,
    /// The most profiles of one job; at most [`FetchJob::PROFILES_MAX`].
    pub job_profiles: u32,
    /// How long a claim lasts: longer than a job waits and runs, redeliveries included.
    pub claim_seconds: u32,
    /// The most profiles that this tick may claim.
    pub profiles_max: u64,
}

/// The doors of one tick.
#[derive(Debug)]
pub struct Doors<'a, Q, C> {
    /// The record.
    pub pg: &'a Pg,
    /// Where fetch jobs go.
    pub queue: &'a Q,
    /// The present.
    pub clock: &'a C,
}

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Hosts with due profiles.
    pub hosts: u64,
    /// Profiles claimed and sent.
    pub profiles: u64,
    /// Jobs sent.
    pub jobs: u64,
}

/// Why a tick ended early. Nothing is claimed then.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue failed.
    #[error("send fetch jobs: {0}")]
    Queue(#[from] PortError),
}

/// Sends jobs for what is due now.
pub async fn tick<Q: Queue, C: Clock>(
    doors: &Doors<'_, Q, C>,
    settings: &Settings,
) -> Result<Dispatched, DispatchError> {
    let waiting = doors.queue.depth().await?;
    let room = u64::from(settings.jobs_max).saturating_sub(waiting);
    let now = doors.clock.now();
    if room == 0 || settings.profiles_max == 0 {
        return Ok(Dispatched::default());
    }
    let mut due = frontier::due_hosts(doors.pg, now, HOSTS_MAX).await?;
    due.retain(|one| settings.paces.contains_key(&one.host.platform));
    let wishes = share::wishes(&due, settings, room);
    let leases = lease(doors.pg, settings, &due, &wishes, now).await?;
    let wants: Vec<_> = due
        .iter()
        .zip(&wishes)
        .zip(&leases)
        .filter_map(|((due, &wish), lease)| {
            Some((due.host.id, share::claim(*lease, wish, settings, due)?))
        })
        .collect();
    let send_for = async |claims: &[Claim]| {
        let jobs = jobs(&due, &leases, claims, settings, now);
        send(doors.queue, &jobs).await?;
        Ok::<_, DispatchError>(jobs.len() as u64)
    };
    let (claims, jobs) =
        frontier::claim_then(doors.pg, &wants, now, settings.claim_seconds, send_for).await?;
    let profiles = claims.iter().map(|claim| claim.profiles.len() as u64).sum();
    tracing::debug!(hosts = due.len(), profiles, jobs, "dispatched");
    Ok(Dispatched { hosts: due.len() as u64, profiles, jobs })
}

/// A lease for each host, in their order: `None` for those that must wait. Hosts whose leases are
/// too short-lived to travel get an empty one.
async fn lease(
    pg: &Pg,
    settings: &Settings,
    due: &[DueHost],
    wishes: &[u32],
    now: Timestamp,
) -> Result<Vec<Option<TokenLease>>, StoreError> {
    let limit = |one: &DueHost| {
        one.host.announced.unwrap_or_else(|| settings.paces[&one.host.platform].limit)
    };
    let travels = |one: &DueHost| limit(one).lease_ms() >= TRAVEL_MS_MIN;
    let want = |(one, &profiles): (&DueHost, &u32)| Want {
        host: one.host.id,
        tokens: profiles.saturating_mul(settings.paces[&one.host.platform].requests_a_profile),
        default: settings.paces[&one.host.platform].limit,
    };
    let wants: Vec<Want> =
        due.iter().zip(wishes).filter(|(one, _)| travels(one)).map(want).collect();
    let mut grants = host::lease(pg, &wants, now).await?.into_iter();
    let empty = TokenLease { tokens: 0, expires: now };
    Ok(due
        .iter()
        .map(|one| match travels(one).then(|| grants.next()).flatten() {
            None => Some(empty),
            Some(Grant::Lease(lease)) => Some(lease),
            Some(Grant::Wait { .. }) => None,
        })
        .collect())
}

/// The claimed profiles as jobs; the tokens of a host are shared among its jobs.
fn jobs(
    due: &[DueHost],
    leases: &[Option<TokenLease>],
    claims: &[Claim],
    settings: &Settings,
    now: Timestamp,
) -> Vec<FetchJob> {
    let by_host: BTreeMap<_, _> =
        due.iter().zip(leases).map(|(one, lease)| (one.host.id, (one, lease))).collect();
    let size = (settings.job_profiles as usize).clamp(1, FetchJob::PROFILES_MAX);
    let mut jobs = Vec::new();
    for claim in claims {
        let (one, lease) = by_host[&claim.host];
        let lease = lease.unwrap_or(TokenLease { tokens: 0, expires: now });
        let parts = claim.profiles.len().div_ceil(size) as u32;
        for profiles in claim.profiles.chunks(size) {
            jobs.push(FetchJob {
                platform: one.host.platform,
                host: one.host.name.clone(),
                lease: TokenLease { tokens: lease.tokens / parts, ..lease },
                profiles: profiles.to_vec(),
            });
        }
    }
    jobs
}

async fn send(queue: &impl Queue, jobs: &[FetchJob]) -> Result<(), PortError> {
    let body = |job| serde_json::to_string(job).expect("a fetch job is plain data");
    let messages: Vec<OutgoingMessage> =
        jobs.iter().map(|job| OutgoingMessage { body: body(job), delay_seconds: 0 }).collect();
    queue.send(&messages).await
}

#[cfg(test)]
mod tests {
    use model::port::RECEIVES_MAX;

    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    /// The numbers that stand behind a key in a part of the template.
    fn numbers(part: &str, key: &str) -> Vec<u32> {
        let behind = part.split(key).skip(1).map(|rest| rest.trim_start_matches(": "));
        let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
        behind.map(|rest| digits(rest).parse().expect("a number")).collect()
    }

    #[test]
    fn the_template_keeps_to_what_claims_are_reckoned_by() {
        let receives = numbers(TEMPLATE, "maxReceiveCount");
        assert_eq!(receives, vec![RECEIVES_MAX; TEMPLATE.matches("RedrivePolicy").count()]);
        let (_, queue) = TEMPLATE.split_once("\n  FetchQueue:\n").expect("there is a fetch queue");
        assert_eq!(numbers(queue, "VisibilityTimeout")[0], VISIBILITY_SECONDS);
        const { assert!(CLAIM_SECONDS > RECEIVES_MAX * VISIBILITY_SECONDS) };
    }
}

//! Ticks against a real PostgreSQL: what they reserve, share, lease and send.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};

use crawl_dispatch::{
    DispatchDependencies, DispatchError, DispatchSettings, DispatchSummary, HostPace, paces, tick,
};
use model::budget::HostLimit;
use model::message::{FetchJob, FetchMessage};
use model::observation::NamedProfile;
use model::port::{Clock, OutgoingMessage, PortError, Queue, ReceivedMessage};
use model::privacy_request::{CODE_BYTES, PrivacySecret, ProofCode, SECRET_BYTES};
use model::{Account, Platform, PrivacyRequestId, PrivacyRequestKind, ProfileId};
use platforms::{CrawlEngine, EngineSettings};
use store::Pg;
use store::pg::frontier::{self, CrawlSeeds};
use store::pg::host;
use store::pg::privacy_request::{self, NewPrivacyRequest};
use store::queue::PgQueue;
use testkit::{Database, Frozen, database};

const HOST: &str = "one.example";

/// The largest number of messages that one look at a queue returns.
const RECEIVED_MAX: usize = 10;

/// A database, a queue and a clock that stands still.
struct World {
    database: Database,
    queue: PgQueue<Frozen>,
    clock: Frozen,
}

impl World {
    async fn new() -> World {
        let database = database().await;
        let clock = Frozen::default();
        let queue = PgQueue::new(database.pg().clone(), "fetch", 10, clock.clone());
        World { database, queue, clock }
    }

    fn pg(&self) -> &Pg {
        self.database.pg()
    }

    /// Makes `count` new profiles of a host due.
    async fn add_due(&self, host: &str, count: usize) {
        let named = |n| NamedProfile {
            native_id: format!("https://{host}/users/{n}"),
            host: Some(host.to_owned()),
            ..NamedProfile::default()
        };
        let names: Vec<NamedProfile> = (0..count).map(named).collect();
        let seeds = CrawlSeeds {
            platform: Platform::FEDIVERSE,
            names: &names,
            default_host: host,
            depth: 0,
        };
        frontier::seed(self.pg(), seeds, self.clock.now()).await.unwrap();
    }

    async fn tick(&self, settings: &DispatchSettings) -> DispatchSummary {
        tick(self.dependencies(&self.queue), settings).await.unwrap()
    }

    fn dependencies<'a, Q>(&'a self, queue: &'a Q) -> DispatchDependencies<'a, Q> {
        DispatchDependencies { pg: self.pg(), queue, clock: &self.clock }
    }

    /// Receives all jobs of the queue; they stay in it.
    async fn jobs(&self) -> Vec<FetchJob> {
        let mut jobs = Vec::new();
        loop {
            let received = self.queue.receive(RECEIVED_MAX, 60).await.unwrap();
            if received.is_empty() {
                return jobs;
            }
            jobs.extend(received.iter().map(|one| serde_json::from_str(&one.body).unwrap()));
        }
    }
}

/// Hosts that may answer `requests` a second, two for each profile.
fn settings(requests: u32, window_ms: u32) -> DispatchSettings {
    let limit = HostLimit { requests, window_ms };
    let pace = HostPace { limit, requests_a_profile: 2 };
    DispatchSettings {
        paces: BTreeMap::from([(Platform::FEDIVERSE, pace)]),
        jobs_max: 100,
        job_profiles: 10,
        reservation_seconds: 3_600,
        profiles_max: u64::MAX,
    }
}

fn profiles_by_host(jobs: &[FetchJob]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for job in jobs {
        *counts.entry(job.host.as_str()).or_default() += job.profiles.len();
    }
    counts
}

#[tokio::test]
async fn due_profiles_are_sent_once_in_jobs_of_bounded_size() {
    let world = World::new().await;
    world.add_due(HOST, 25).await;
    let done = world.tick(&settings(3_000, 300_000)).await;
    assert_eq!(done, DispatchSummary { hosts: 1, profiles: 25, jobs: 3 });
    let again = world.tick(&settings(3_000, 300_000)).await;
    assert_eq!(again, DispatchSummary::default());
    let jobs = world.jobs().await;
    let mut sizes: Vec<usize> = jobs.iter().map(|job| job.profiles.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 10, 10]);
    let profiles: BTreeSet<ProfileId> = jobs.into_iter().flat_map(|job| job.profiles).collect();
    assert_eq!(profiles.len(), 25);
}

#[tokio::test]
async fn jobs_name_platform_and_host_and_carry_the_tokens_of_their_host() {
    let world = World::new().await;
    world.add_due(HOST, 20).await;
    world.tick(&settings(3_000, 300_000)).await;
    let jobs = world.jobs().await;
    assert!(jobs.iter().all(|job| job.platform == Platform::FEDIVERSE && job.host == HOST));
    let tokens: Vec<u32> = jobs.iter().map(|job| job.lease.tokens).collect();
    assert_eq!(tokens, [20, 20], "two requests for each of 20 profiles, shared by two jobs");
    assert!(jobs.iter().all(|job| job.lease.expires > world.clock.now()));
}

#[tokio::test]
async fn room_is_shared_among_hosts() {
    let world = World::new().await;
    world.add_due("large.example", 200).await;
    world.add_due("small.example", 5).await;
    world.add_due("other.example", 200).await;
    let settings = DispatchSettings { jobs_max: 10, ..settings(30_000, 300_000) };
    let done = world.tick(&settings).await;
    assert_eq!((done.hosts, done.profiles), (3, 100));
    let jobs = world.jobs().await;
    let counts = profiles_by_host(&jobs);
    assert_eq!(counts["small.example"], 5);
    assert!(counts["large.example"].abs_diff(counts["other.example"]) <= 1, "{counts:?}");
}

#[tokio::test]
async fn a_full_queue_gets_no_more_jobs() {
    let world = World::new().await;
    world.add_due(HOST, 50).await;
    let settings = DispatchSettings { jobs_max: 2, ..settings(30_000, 300_000) };
    assert_eq!(world.tick(&settings).await.jobs, 2);
    assert_eq!(world.tick(&settings).await, DispatchSummary::default());
    for message in world.queue.receive(1, 60).await.unwrap() {
        world.queue.finish(&message.receipt).await.unwrap();
    }
    assert_eq!(world.tick(&settings).await.jobs, 1, "the room of the finished job");
}

#[tokio::test]
async fn a_host_gets_no_more_profiles_than_its_limit_has_tokens_for() {
    let world = World::new().await;
    world.add_due(HOST, 100).await;
    let settings = settings(40, 300_000);
    let first = world.tick(&settings).await.profiles;
    assert!((1..=20).contains(&first), "{first} profiles for 40 requests");
    assert_eq!(world.tick(&settings).await.profiles, 0, "its tokens are lent");
    let mut sent = first;
    for _ in 0..6 {
        world.clock.advance_seconds(60);
        sent += world.tick(&settings).await.profiles;
    }
    assert!(sent > first, "tokens come back");
    assert!(sent <= 20 * 3, "{sent} profiles in two windows of 40 requests");
}

#[tokio::test]
async fn an_announced_limit_goes_before_that_of_the_manifest() {
    let world = World::new().await;
    world.add_due(HOST, 100).await;
    let id = host::ids(world.pg(), Platform::FEDIVERSE, &[HOST]).await.unwrap()[0];
    host::announce(world.pg(), id, HostLimit { requests: 10, window_ms: 300_000 }).await.unwrap();
    let done = world.tick(&settings(30_000, 300_000)).await;
    assert!((1..=5).contains(&done.profiles), "{done:?}");
}

#[tokio::test]
async fn a_host_whose_leases_are_short_gets_jobs_with_empty_leases() {
    let world = World::new().await;
    world.add_due(HOST, 10).await;
    assert_eq!(world.tick(&settings(1, 100)).await.profiles, 10);
    assert!(world.jobs().await.iter().all(|job| job.lease.tokens == 0));
}

#[tokio::test]
async fn a_host_that_asked_for_a_pause_waits() {
    let world = World::new().await;
    world.add_due(HOST, 10).await;
    let id = host::ids(world.pg(), Platform::FEDIVERSE, &[HOST]).await.unwrap()[0];
    let now = world.clock.now();
    let until = now + jiff::SignedDuration::from_secs(120);
    host::pause(world.pg(), id, until, now).await.unwrap();
    assert_eq!(world.tick(&settings(3_000, 300_000)).await.profiles, 0);
    world.clock.advance_seconds(200);
    assert_eq!(world.tick(&settings(3_000, 300_000)).await.profiles, 10);
}

#[tokio::test]
async fn profiles_of_a_lost_job_are_sent_again_when_their_reservation_ends() {
    let world = World::new().await;
    world.add_due(HOST, 5).await;
    let settings = settings(3_000, 300_000);
    assert_eq!(world.tick(&settings).await.profiles, 5);
    world.queue.clear().await.unwrap();
    world.clock.advance_seconds(settings.reservation_seconds - 1);
    assert_eq!(world.tick(&settings).await.profiles, 0);
    world.clock.advance_seconds(2);
    assert_eq!(world.tick(&settings).await.profiles, 5);
}

#[tokio::test]
async fn the_quota_of_a_tick_holds_over_all_hosts() {
    let world = World::new().await;
    world.add_due("a.example", 20).await;
    world.add_due("b.example", 20).await;
    let quota = DispatchSettings { profiles_max: 7, ..settings(3_000, 300_000) };
    assert_eq!(world.tick(&quota).await.profiles, 7);
    let none = DispatchSettings { profiles_max: 0, ..settings(3_000, 300_000) };
    assert_eq!(world.tick(&none).await, DispatchSummary::default());
}

#[tokio::test]
async fn hosts_of_platforms_without_a_pace_are_left_out() {
    let world = World::new().await;
    world.add_due(HOST, 5).await;
    let nothing = DispatchSettings { paces: BTreeMap::new(), ..settings(3_000, 300_000) };
    assert_eq!(world.tick(&nothing).await, DispatchSummary::default());
    let counts = frontier::counts(world.pg(), world.clock.now()).await.unwrap();
    assert_eq!(counts.due, 5);
}

/// A queue that takes no messages.
#[derive(Debug)]
struct BrokenQueue;

impl Queue for BrokenQueue {
    async fn send(&self, _: &[OutgoingMessage]) -> Result<(), PortError> {
        Err(PortError::Retry("it is broken".to_owned()))
    }

    async fn receive(&self, _: usize, _: u32) -> Result<Vec<ReceivedMessage>, PortError> {
        Ok(Vec::new())
    }

    async fn finish(&self, _: &str) -> Result<(), PortError> {
        Ok(())
    }

    async fn release(&self, _: &str, _: u32) -> Result<(), PortError> {
        Ok(())
    }

    async fn depth(&self) -> Result<u64, PortError> {
        Ok(0)
    }

    async fn dead_letters(&self, _: usize) -> Result<Vec<String>, PortError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_tick_that_cannot_send_has_reserved_nothing() {
    let world = World::new().await;
    world.add_due(HOST, 5).await;
    let settings = settings(3_000, 300_000);
    let failed = tick(world.dependencies(&BrokenQueue), &settings).await;
    assert!(matches!(failed, Err(DispatchError::Queue(_))), "{failed:?}");
    assert_eq!(world.tick(&settings).await.profiles, 5);
}

#[tokio::test]
async fn two_ticks_at_once_never_send_a_profile_twice() {
    let world = World::new().await;
    world.add_due(HOST, 60).await;
    let settings = settings(30_000, 300_000);
    let (one, other) = tokio::join!(world.tick(&settings), world.tick(&settings));
    let jobs = world.jobs().await;
    let sent: Vec<ProfileId> = jobs.into_iter().flat_map(|job| job.profiles).collect();
    let distinct: BTreeSet<ProfileId> = sent.iter().copied().collect();
    assert_eq!(sent.len(), distinct.len());
    assert_eq!(one.profiles + other.profiles, sent.len() as u64);
}

#[test]
fn every_platform_with_a_manifest_has_a_pace() {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let paces = paces(&engine);
    assert_eq!(paces.keys().copied().collect::<Vec<_>>(), engine.platforms());
    assert_eq!(engine.platforms(), Platform::CRAWLED);
    assert!(paces.values().all(|pace| pace.limit.requests > 0 && pace.requests_a_profile > 0));
}

/// Makes a privacy request of an account.
async fn demand(world: &World, number: u64, account: &str) {
    let account: Account = account.parse().unwrap();
    let new = NewPrivacyRequest {
        id: PrivacyRequestId::new(number),
        kind: PrivacyRequestKind::Access,
        account: &account,
        about: None,
        code: &ProofCode::from_random(&[0; CODE_BYTES]),
        secret: &PrivacySecret::from_random(&[0; SECRET_BYTES]),
        address: None,
    };
    assert!(privacy_request::create(world.pg(), b"", &new, world.clock.now()).await.unwrap());
}

#[tokio::test]
async fn a_code_is_looked_for_even_if_the_queue_is_full() {
    let world = World::new().await;
    demand(&world, 1, "fediverse:ada@one.example").await;
    demand(&world, 2, "github:ada").await;
    let full = DispatchSettings { jobs_max: 0, ..settings(3_000, 300_000) };
    world.tick(&full).await;
    assert_eq!(world.queue.receive(RECEIVED_MAX, 60).await.unwrap().len(), 0);
    world.clock.advance_seconds(600);
    for _ in 0..2 {
        assert_eq!(world.tick(&full).await, DispatchSummary::default());
    }
    let received = world.queue.receive(RECEIVED_MAX, 60).await.unwrap();
    let messages: Vec<FetchMessage> =
        received.iter().map(|one| FetchMessage::read(&one.body).unwrap()).collect();
    // One of a platform that is not crawled is for the operator.
    let [FetchMessage::Proof(job)] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!((job.prove, job.number), (PrivacyRequestId::new(1), 1));
}

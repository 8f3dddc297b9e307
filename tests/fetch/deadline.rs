//! A job ends before its deadline with what it saw committed, however slow its host is.

use model::budget::TokenLease;
use model::message::FetchJob;
use model::observation::NamedProfile;
use model::port::{Clock, Web, WebError, WebRequest, WebResponse};
use model::time::Timestamp;
use model::{Platform, ProfileId};
use platform_fetch::{FetchDependencies, FetchSummary, HostCache, JOB_SECONDS, handle};
use platforms::engine::FetchMemory;
use platforms::{CrawlEngine, EngineSettings};
use store::Pg;
use store::pg::frontier::{self, CrawlSeeds, ReservationRequest};
use testkit::{Frozen, database};

/// How long each answer takes.
const ANSWER_SECONDS: u32 = 5;

/// More than one job has time for: each needs a share of a page and five lists.
const PROFILES: usize = 60;

const HOST: &str = "public.api.bsky.app";

/// Bluesky, where no one attends to anyone, slowly.
struct Slow(Frozen);

impl Web for Slow {
    async fn fetch(&self, request: WebRequest) -> Result<WebResponse, WebError> {
        self.0.advance_seconds(ANSWER_SECONDS);
        let query = request.url.split_once('?').map_or("", |(_, query)| query);
        let actors = query.split('&').filter_map(|pair| pair.strip_prefix("actors="));
        let profile = |did: &str| format!(r#"{{"did":"{did}","handle":"{}.test"}}"#, &did[8..]);
        let profiles: Vec<String> = actors.map(profile).collect();
        let service =
            r#"[{"type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.test"}]"#;
        let body = format!(
            r#"{{"profiles":[{}],"follows":[],"followers":[],"feed":[],"records":[],"lists":[],
            "service":{service}}}"#,
            profiles.join(",")
        );
        Ok(WebResponse { status: 200, headers: Vec::new(), body: body.into_bytes() })
    }
}

fn now_and(clock: &Frozen, seconds: i64) -> Timestamp {
    clock.now() + jiff::SignedDuration::from_secs(seconds)
}

/// Claims what is due and does one job with it, within the time of an invocation.
async fn work(
    pg: &Pg,
    web: &Slow,
    engine: &CrawlEngine,
    memory: &FetchMemory,
) -> Option<FetchSummary> {
    let clock = &web.0;
    let due = frontier::due_hosts(pg, clock.now(), 1).await.unwrap();
    let host = due.first()?.host.id;
    let claims = frontier::reserve(pg, &[ReservationRequest::new(host, 1_000)], clock.now(), 3_600)
        .await
        .unwrap();
    let profiles: Vec<ProfileId> = claims.into_iter().flat_map(|claim| claim.profiles).collect();
    let lease = TokenLease { tokens: 0, expires: clock.now() };
    let job = FetchJob { platform: Platform::BLUESKY, host: HOST.to_owned(), lease, profiles };
    let hosts = HostCache::new();
    let dependencies = FetchDependencies { pg, web, clock, engine, memory, hosts: &hosts };
    let deadline = now_and(clock, JOB_SECONDS);
    let fetched = handle(dependencies, &job, deadline).await.unwrap();
    assert!(clock.now() < deadline, "it ended {} late", clock.now() - deadline);
    Some(fetched)
}

#[tokio::test]
async fn a_slow_host_costs_no_page_and_no_job_its_time() {
    let database = database().await;
    let pg = database.pg();
    let web = Slow(Frozen::at("2026-11-22T10:00:00Z".parse().unwrap()));
    let named = |n| NamedProfile { native_id: format!("did:plc:{n}"), ..NamedProfile::default() };
    let names: Vec<NamedProfile> = (0..PROFILES).map(named).collect();
    let seeds =
        CrawlSeeds { platform: Platform::BLUESKY, names: &names, default_host: HOST, depth: 0 };
    frontier::seed(pg, seeds, web.0.now()).await.unwrap();
    let (engine, memory) =
        (CrawlEngine::new(EngineSettings::default()).unwrap(), FetchMemory::of_recordings());
    let mut jobs = 0;
    while let Some(fetched) = work(pg, &web, &engine, &memory).await {
        jobs += 1;
        assert!(fetched.committed.applied > 0 && jobs < 100, "job {jobs} got nowhere");
        let counts = frontier::counts(pg, web.0.now()).await.unwrap();
        assert_eq!(counts.claimed, 0, "after job {jobs} profiles are left under a claim");
    }
    let counts = frontier::counts(pg, web.0.now()).await.unwrap();
    assert_eq!((counts.crawled, counts.failed), (PROFILES as u64, 0));
    assert!(jobs > 1, "the host was not slow enough for this test");
}

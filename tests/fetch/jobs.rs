//! What jobs write, how often a page is tried, and what happens to jobs that come twice.

use model::budget::TokenLease;
use model::message::FetchJob;
use model::{Platform, ProfileId};
use platform_fetch::{FetchError, FetchSummary, JobEnd, handle, handle_message};

use crate::world::{HOST, World, profile_page};

const ADA: &str = "did:plc:ada";
const BO: &str = "did:plc:bo";

/// A world in which Ada is due and follows Bo.
async fn world_of_ada() -> World {
    let world = World::new().await;
    let page = profile_page(ADA, "ada.test", r#","displayName":"Ada","followsCount":1"#);
    world.web.answer("getProfiles", 200, &page);
    world.web.answer("getFollows", 200, r#"{"follows":[{"did":"did:plc:bo","handle":"bo.test"}]}"#);
    world.add_due(&[ADA]).await;
    world
}

#[tokio::test]
async fn a_job_stores_its_profiles_their_names_and_their_arcs() {
    let world = world_of_ada().await;
    let summary = world.run(&world.job().await.unwrap()).await;
    assert!(summary.requests >= 5, "{summary:?}");
    assert_eq!((summary.committed.arcs_added, summary.committed.new_profiles), (1, 1));
    let ada = world.find("ada.test").await.expect("Ada is found by handle");
    assert_eq!(world.find(ADA).await, Some(ada), "and by native id");
    assert!(world.find(BO).await.is_some(), "so is the account that she follows");
    let stored = store::pg::profile::get(world.pg(), &[ada]).await.unwrap();
    assert_eq!(stored[0].texts.display_name.as_deref(), Some("Ada"));
    let counts = world.counts().await;
    assert_eq!((counts.known, counts.crawled, counts.claimed), (2, 1, 0));
}

#[tokio::test]
async fn a_job_that_is_delivered_again_adds_nothing() {
    let world = world_of_ada().await;
    let job = world.job().await.unwrap();
    world.run(&job).await;
    world.web.take_requests();
    assert_eq!(world.run(&job).await, FetchSummary::default());
    assert_eq!(world.web.take_requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_job_that_runs_twice_at_once_adds_its_arcs_once() {
    let world = world_of_ada().await;
    let job = world.job().await.unwrap();
    let (one, other) = tokio::join!(world.run(&job), world.run(&job));
    assert_eq!(one.committed.arcs_added + other.committed.arcs_added, 1);
    assert_eq!(world.counts().await.crawled, 1);
}

#[tokio::test]
async fn a_renamed_account_is_found_by_its_new_handle_only() {
    let world = world_of_ada().await;
    world.run(&world.job().await.unwrap()).await;
    let ada = world.find("ada.test").await;
    world.web.answer("getProfiles", 200, &profile_page(ADA, "countess.test", ""));
    world.clock.advance_seconds(40 * 86_400);
    while let Some(job) = world.job().await {
        world.run(&job).await;
    }
    assert_eq!(world.find("countess.test").await, ada);
    assert_eq!(world.find("ada.test").await, None);
}

#[tokio::test]
async fn an_account_whose_owner_refuses_leaves_nothing() {
    let world = world_of_ada().await;
    let label = r#","displayName":"Ada","labels":[{"val":"!no-unauthenticated"}]"#;
    world.web.answer("getProfiles", 200, &profile_page(ADA, "ada.test", label));
    let summary = world.run(&world.job().await.unwrap()).await;
    assert_eq!(summary.committed.arcs_added, 0);
    assert_eq!(world.find("ada.test").await, None);
    let requests = world.web.take_requests();
    assert!(!requests.iter().any(|url| url.contains("getFollows")), "{requests:?}");
}

#[tokio::test]
async fn an_account_that_refuses_later_loses_what_was_stored() {
    let world = world_of_ada().await;
    world.run(&world.job().await.unwrap()).await;
    assert!(world.find("ada.test").await.is_some());
    let label = r#","labels":[{"val":"!no-unauthenticated"}]"#;
    world.web.answer("getProfiles", 200, &profile_page(ADA, "ada.test", label));
    world.clock.advance_seconds(40 * 86_400);
    while let Some(job) = world.job().await {
        world.run(&job).await;
    }
    assert_eq!(world.find("ada.test").await, None);
}

#[tokio::test]
async fn a_page_that_always_fails_is_given_up_in_the_end() {
    let world = world_of_ada().await;
    world.web.answer("getProfile", 503, "down");
    world.web.answer("getProfiles", 503, "down");
    let mut jobs = 0;
    for _ in 0..60 {
        if let Some(job) = world.job().await {
            world.run(&job).await;
            jobs += 1;
        }
        world.clock.advance_seconds(3_600);
    }
    let counts = world.counts().await;
    assert_eq!((counts.failed, counts.crawled), (1, 0), "after {jobs} jobs");
    assert!((2..=20).contains(&jobs), "{jobs} jobs");
}

#[tokio::test]
async fn a_list_that_fails_once_is_read_in_the_next_job() {
    let world = world_of_ada().await;
    world.web.answer("getFollows", 503, "down");
    let first = world.run(&world.job().await.unwrap()).await;
    assert_eq!(first.committed.arcs_added, 0);
    assert!(world.job().await.is_none(), "the round waits before it continues");
    world.web.answer("getFollows", 200, r#"{"follows":[{"did":"did:plc:bo","handle":"bo.test"}]}"#);
    world.clock.advance_seconds(60);
    let second = world.run(&world.job().await.unwrap()).await;
    assert_eq!(second.committed.arcs_added, 1);
    assert!(second.requests < first.requests, "streams that are done are not read again");
}

#[tokio::test]
async fn a_host_that_asks_for_a_pause_gets_one() {
    let world = world_of_ada().await;
    let header = vec![("retry-after".to_owned(), "600".to_owned())];
    world.web.answer_with("getFollows", 429, header, "{}");
    world.run(&world.job().await.unwrap()).await;
    world.add_due(&[BO]).await;
    world.clock.advance_seconds(500);
    assert!(world.job().await.is_none(), "the host is paused for all of its profiles");
    world.clock.advance_seconds(200);
    assert!(world.job().await.is_some());
}

#[tokio::test]
async fn a_job_after_its_deadline_sends_nothing_and_frees_its_profiles() {
    let world = world_of_ada().await;
    let job = world.job().await.unwrap();
    let now = model::port::Clock::now(&world.clock);
    let summary = handle(world.dependencies(), &job, now).await.unwrap();
    assert_eq!(summary, FetchSummary::default());
    assert_eq!(world.web.take_requests(), Vec::<String>::new());
    assert_eq!(world.job().await.map(|job| job.profiles), Some(job.profiles), "due at once");
}

fn job_of(platform: Platform, profiles: Vec<ProfileId>) -> FetchJob {
    let lease = TokenLease { tokens: 0, expires: model::Timestamp::UNIX_EPOCH };
    FetchJob { platform, host: HOST.to_owned(), lease, profiles }
}

#[tokio::test]
async fn a_job_of_a_platform_without_a_manifest_is_an_error() {
    let world = World::new().await;
    let job = job_of("github".parse().unwrap(), Vec::new());
    let failed = handle(world.dependencies(), &job, model::Timestamp::MAX).await;
    assert!(matches!(failed, Err(FetchError::NoManifest(_))), "{failed:?}");
}

#[tokio::test]
async fn a_message_ends_as_its_job_does() {
    let world = world_of_ada().await;
    let job = serde_json::to_string(&world.job().await.unwrap()).unwrap();
    let deadline = model::Timestamp::MAX;
    let end = async |body: &str| handle_message(world.dependencies(), body, 1, deadline).await;
    assert!(matches!(end("no JSON").await, JobEnd::Poison { .. }));
    assert!(matches!(end(&job).await, JobEnd::Done(summary) if summary.requests > 0));
    let unknown = serde_json::to_string(&job_of("github".parse().unwrap(), Vec::new())).unwrap();
    assert!(matches!(end(&unknown).await, JobEnd::Poison { .. }));
}

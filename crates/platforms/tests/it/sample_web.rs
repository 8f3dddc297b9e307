//! The engine crawls the sample web: what it finds is what a perfect crawler would.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::budget::HostLimit;
use model::identity::Claim;
use model::observation::SeenProfile;
use model::{Layer, Platform};
use platforms::engine::FetchSubject;
use platforms::http::{ClientSettings, WebClient};
use platforms::{CrawlEngine, EngineSettings, OriginOverrides};
use sample::{FaultSettings, InjectedFault, RunningWeb, SampleWorld, ServerConfig, WorldConfig};

use crate::crawler::{Found, clock, crawl, seeds};

/// A served world, the engine and the client pointed at it.
struct Stage {
    running: RunningWeb,
    engine: CrawlEngine,
    client: WebClient,
}

fn stage(config: &WorldConfig, change: impl FnOnce(&mut ServerConfig)) -> Stage {
    let mut server = ServerConfig::new(clock());
    server.slow = Duration::from_millis(1);
    server.flaky_for = Duration::from_millis(200);
    change(&mut server);
    let running = sample::serve(Arc::new(SampleWorld::generate(config)), server).unwrap();
    let (bluesky, instance) = (running.bluesky_url(), running.fediverse_url());
    let items = [format!("instance={instance}"), bluesky.to_owned()];
    let origins = OriginOverrides::parse(&items).unwrap();
    let client = WebClient::new(ClientSettings {
        exempt: origins.exempt(),
        silence_timeout: Duration::from_millis(800),
        total_timeout: Duration::from_millis(2_000),
        ..ClientSettings::default()
    });
    let engine = CrawlEngine::new(EngineSettings { origins, ..EngineSettings::default() }).unwrap();
    Stage { running, engine, client: client.unwrap() }
}

async fn crawl_all(stage: &Stage) -> Found {
    let mut subjects = Vec::new();
    for platform in [Platform::BLUESKY, Platform::FEDIVERSE] {
        let handles = stage.running.seeds(platform);
        subjects.extend(seeds(&stage.engine, &stage.client, platform, &handles).await);
    }
    crawl(&stage.engine, &stage.client, subjects).await
}

type Ties = BTreeMap<(String, String), (u32, u32)>;

/// The arcs of a layer that a perfect crawler sees: count and last day.
fn truth(world: &SampleWorld, layer: Layer) -> Ties {
    let name = |id| world.account(id).native_id.clone();
    let counted = layer.is_interaction();
    let tie = |tie: sample::world::WorldArc| {
        let weight = if counted { (tie.count, tie.last / 86_400) } else { (0, 0) };
        ((name(tie.src), name(tie.dst)), weight)
    };
    world.truth().arcs(layer).into_iter().map(tie).collect()
}

/// What was found of a layer, as far as both ends are there.
fn found_ties(found: &Found, layer: Layer) -> Ties {
    let is_there = |id: &String| found.profiles.contains_key(id) && !found.gone.contains_key(id);
    let arcs = found
        .arcs
        .iter()
        .filter(|((src, dst, of), _)| *of == layer && is_there(src) && is_there(dst));
    arcs.map(|((src, dst, _), (count, day))| {
        ((src.clone(), dst.clone()), (*count, u32::from(*day)))
    })
    .collect()
}

fn assert_equals_truth(stage: &Stage, found: &Found) {
    let world = stage.running.world();
    let truth_of = world.truth();
    let reachable: BTreeSet<&String> =
        truth_of.reachable().map(|id| &world.account(id).native_id).collect();
    let alive: BTreeSet<&String> =
        found.profiles.keys().filter(|id| !found.gone.contains_key(*id)).collect();
    assert_eq!(alive.difference(&reachable).collect::<Vec<_>>(), Vec::<&&String>::new());
    assert_eq!(reachable.difference(&alive).collect::<Vec<_>>(), Vec::<&&String>::new());
    let layers =
        [Layer::Follow, Layer::Mention, Layer::Reply, Layer::Repost, Layer::Like, Layer::List];
    for layer in layers {
        let (wanted, got) = (truth(world, layer), found_ties(found, layer));
        let wrong = wanted.iter().filter(|(key, weight)| got.get(*key) != Some(*weight));
        assert_eq!(wrong.take(3).collect::<Vec<_>>(), Vec::new(), "missing in {layer}");
        let extra = got.keys().filter(|key| !wanted.contains_key(*key));
        assert_eq!(extra.take(3).collect::<Vec<_>>(), Vec::<&(String, String)>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_reachable_is_found_and_nothing_else() {
    let stage = stage(&WorldConfig::sized(1_000, 7), |_| {});
    let found = crawl_all(&stage).await;
    eprintln!(
        "{} profiles, {} requests, troubles {:?}",
        found.profiles.len(),
        found.requests,
        found.troubles
    );
    eprintln!("{:?}", stage.running.stats().by_route);
    eprintln!("refused {:?}", found.refused.iter().take(5).collect::<Vec<_>>());
    assert_equals_truth(&stage, &found);
    let world = stage.running.world();
    for link in world.truth().links() {
        assert!(are_linked(&found, world, link), "{link:?}");
    }
}

/// Whether both sides' claims prove the link by the law of `model::identity`.
fn are_linked(found: &Found, world: &SampleWorld, link: sample::world::PlantedLink) -> bool {
    let of = |id| &found.profiles[&world.account(id).native_id];
    let (a, b) = (of(link.bluesky), of(link.fediverse));
    let names = |claims: &[Claim], platform, other: &SeenProfile| {
        let handles = other.handles().map(str::to_lowercase);
        let mut targets = handles.chain([other.named.native_id.clone()]);
        targets.any(|target| claims.contains(&Claim::Account { platform, target }))
    };
    let (of_a, of_b) = (&a.claims, &b.claims);
    let mutual = names(of_a, Platform::FEDIVERSE, b) && names(of_b, Platform::BLUESKY, a);
    let page = |claim: &&Claim| matches!(claim, Claim::Website { .. }) && of_b.contains(claim);
    mutual || of_a.iter().any(|claim| page(&claim))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_lose_nothing() {
    let stage = stage(&WorldConfig::sized(240, 3), |server| {
        let rate = |fault| match fault {
            InjectedFault::Hang
            | InjectedFault::Drip
            | InjectedFault::Endless
            | InjectedFault::GzipBomb => 0.002,
            _ => 0.01,
        };
        server.faults = InjectedFault::ALL
            .into_iter()
            .fold(FaultSettings::default(), |faults, fault| faults.and(fault, rate(fault)));
        server.faults.hang = Duration::from_secs(3);
    });
    let found = crawl_all(&stage).await;
    let dealt = stage.running.stats().by_fault;
    assert!(dealt.len() >= 12, "{dealt:?}");
    assert_equals_truth(&stage, &found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_crawl_adds_nothing_to_the_counts() {
    let stage = stage(&WorldConfig::sized(120, 5), |_| {});
    let first = crawl_all(&stage).await;
    let mut again = Vec::new();
    for seen in first.profiles.values() {
        let platform = match seen.named.native_id.starts_with("did:") {
            true => Platform::BLUESKY,
            false => Platform::FEDIVERSE,
        };
        let mut subject = FetchSubject::new(platform, seen.named.clone());
        let own = first.watermarks.iter().filter(|((id, _), _)| *id == seen.named.native_id);
        subject.watermarks = own.map(|((_, layer), mark)| (*layer, mark.clone())).collect();
        again.push(subject);
    }
    let second = crawl(&stage.engine, &stage.client, again).await;
    let counts: u32 = second.arcs.values().map(|(count, _)| count).sum();
    assert!(first.arcs.values().any(|(count, _)| *count > 0));
    assert_eq!(counts, 0);
    assert_eq!(first.watermarks, second.watermarks);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announced_windows_are_learned_in_both_dialects() {
    let stage = stage(&WorldConfig::sized(1_000, 7), |_| {});
    let found = crawl_all(&stage).await;
    let last = |part: &str| {
        let of_host = found.news.iter().filter(|news| news.host.contains(part));
        of_host.filter_map(|news| news.limit).next_back()
    };
    let limit = Some(HostLimit { requests: 2_000, window_ms: 1_000 });
    assert_eq!(last("127.0.0.1"), limit, "RateLimit-Policy");
    // Inferred from ends that follow each other: where a busy machine lets one go by unseen, the
    // window is taken for this many times as long, and never for the 300 s that are usual.
    let inferred = found.news.iter().filter(|news| news.host.ends_with(".social.test"));
    let is_near = |seen: HostLimit| {
        seen.requests == 2_000 && seen.window_ms.is_multiple_of(1_000) && seen.window_ms < 300_000
    };
    assert!(inferred.filter_map(|news| news.limit).any(is_near));
}

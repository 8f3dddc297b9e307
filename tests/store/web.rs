//! A small social web to crawl in tests.

use model::observation::{ListCoverage, NamedProfile, Observation, SeenArc, SeenList, SeenProfile};
use model::profile_text::ProfileTexts;
use model::time::{Day, Timestamp};
use model::{Adjacency, AdjacencyEntry, ChangePosition, Direction, Layer, Platform, ProfileId};
use store::Pg;
use store::pg::adjacency::AdjacencyRow;
use store::pg::audit::AuditAction;
use store::pg::change::{self, PlacedEvent};
use store::pg::crawl::{
    CrawlBatch, CrawlOutcome, CrawledProfile, CrawledStream, RoundEnd, StreamCheckpoint, StreamEnd,
    commit,
};
use store::pg::frontier::{self, CrawlSeeds, DueHost, ReservationRequest};
use store::pg::snapshot::SnapshotReader;
use store::pg::{account_key, adjacency};

/// Who does what an operator does.
pub(crate) const ACT: AuditAction<'_> = AuditAction { actor: "local:0", action: "test" };

/// The platform of the small web.
pub(crate) const PLATFORM: Platform = Platform::BLUESKY;
/// Its host.
pub(crate) const HOST: &str = "api.sky.test";

/// 22 November 2026, 10 o'clock, and `seconds`.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_341_600 + seconds).unwrap()
}

pub(crate) fn named(name: &str) -> NamedProfile {
    NamedProfile {
        native_id: format!("did:{name}"),
        handle: Some(format!("{name}.sky.test")),
        host: None,
    }
}

pub(crate) fn page(name: &str) -> SeenProfile {
    SeenProfile {
        named: named(name),
        texts: ProfileTexts {
            display_name: Some(name.to_uppercase()),
            bio: Some(format!("I am {name}")),
            ..ProfileTexts::default()
        },
        ..SeenProfile::default()
    }
}

pub(crate) async fn id(pg: &Pg, name: &str) -> ProfileId {
    account_key::resolve(pg, PLATFORM, &[named(name)]).await.unwrap()[0]
}

pub(crate) async fn ids<const N: usize>(pg: &Pg, names: [&str; N]) -> [ProfileId; N] {
    let resolved = account_key::resolve(pg, PLATFORM, &names.map(named)).await.unwrap();
    resolved.try_into().unwrap()
}

/// CrawlSeeds and claims these profiles, without a limit of depth.
pub(crate) async fn claimed(pg: &Pg, names: &[&str], now: Timestamp) -> Vec<ProfileId> {
    seeded(pg, names, frontier::DEPTH_UNLIMITED, now).await;
    let claims = claim(pg, now).await;
    assert!(claims.len() >= names.len(), "{claims:?}");
    claims
}

pub(crate) async fn seeded(pg: &Pg, names: &[&str], depth: i16, now: Timestamp) -> Vec<ProfileId> {
    let names: Vec<NamedProfile> = names.iter().map(|name| named(name)).collect();
    let seeds = CrawlSeeds { platform: PLATFORM, names: &names, default_host: HOST, depth };
    frontier::seed(pg, seeds, now).await.unwrap()
}

/// Claims everything that is due, for ten minutes.
pub(crate) async fn claim(pg: &Pg, now: Timestamp) -> Vec<ProfileId> {
    let hosts = frontier::due_hosts(pg, now, 100).await.unwrap();
    let request = |due: &DueHost| ReservationRequest::new(due.host.id, 1_000);
    let wants: Vec<_> = hosts.iter().map(request).collect();
    let claims = frontier::reserve(pg, &wants, now, 600).await.unwrap();
    claims.into_iter().flat_map(|claim| claim.profiles).collect()
}

pub(crate) fn arc(name: &str) -> SeenArc {
    SeenArc { other: named(name), count: 0, last_day: Day(0), weight: 1.0 }
}

/// A complete list of follows.
pub(crate) fn follows(names: &[&str]) -> Observation {
    list(Layer::Follow, names, ListCoverage::Complete)
}

pub(crate) fn list(layer: Layer, names: &[&str], coverage: ListCoverage) -> Observation {
    let arcs = names.iter().map(|name| arc(name)).collect();
    Observation::List(SeenList { layer, direction: Direction::Out, arcs, coverage })
}

/// Mentions, each counted once on day 7, up to a watermark.
pub(crate) fn mentions(names: &[&str], watermark: &str) -> Observation {
    let one = |name: &&str| SeenArc { count: 1, last_day: Day(7), ..arc(name) };
    Observation::List(SeenList {
        layer: Layer::Mention,
        direction: Direction::Out,
        arcs: names.iter().map(one).collect(),
        coverage: ListCoverage::Newer { watermark: Some(watermark.to_owned()) },
    })
}

pub(crate) fn stream(name: &str, observations: Vec<Observation>) -> CrawledStream {
    CrawledStream {
        stream: name.to_owned(),
        began: StreamCheckpoint::default(),
        observations,
        end: StreamEnd::Done,
    }
}

/// A stream that was cut, from one cursor to the next.
pub(crate) fn cut(
    name: &str,
    from: Option<&str>,
    observations: Vec<Observation>,
    to: &str,
) -> CrawledStream {
    CrawledStream {
        end: StreamEnd::Cut { cursor: Some(to.to_owned()) },
        ..resumed(name, from, observations)
    }
}

/// A stream that was done from a cursor on.
pub(crate) fn resumed(
    name: &str,
    from: Option<&str>,
    observations: Vec<Observation>,
) -> CrawledStream {
    let began = StreamCheckpoint { cursor: from.map(str::to_owned), watermarks: Vec::new() };
    CrawledStream { began, ..stream(name, observations) }
}

/// A finished round.
pub(crate) fn round(id: ProfileId, streams: Vec<CrawledStream>) -> CrawledProfile {
    CrawledProfile { id, streams, end: RoundEnd::Done }
}

pub(crate) fn batch(now: Timestamp, profiles: Vec<CrawledProfile>) -> CrawlBatch {
    CrawlBatch { platform: PLATFORM, default_host: HOST.to_owned(), now, profiles }
}

pub(crate) async fn commit_all(
    pg: &Pg,
    now: Timestamp,
    profiles: Vec<CrawledProfile>,
) -> CrawlOutcome {
    commit(pg, &batch(now, profiles)).await.unwrap()
}

/// Crawls one profile for the first time: its page and its follows.
pub(crate) async fn crawled(
    pg: &Pg,
    page: SeenProfile,
    follows_whom: &[&str],
    now: Timestamp,
) -> ProfileId {
    let name = page.named.native_id.trim_start_matches("did:").to_owned();
    claimed(pg, &[&name], now).await;
    let mine = id(pg, &name).await;
    let streams = vec![
        stream("profile", vec![Observation::Profile(Box::new(page))]),
        stream("follows", vec![follows(follows_whom)]),
    ];
    commit_all(pg, now, vec![round(mine, streams)]).await;
    mine
}

pub(crate) async fn lists(pg: &Pg, id: ProfileId) -> Vec<AdjacencyRow> {
    adjacency::of(pg, id).await.unwrap()
}

/// The one list of a profile in a layer of its own.
pub(crate) async fn own_list(pg: &Pg, id: ProfileId, layer: Layer) -> (AdjacencyRow, Adjacency) {
    let rows = lists(pg, id).await;
    let mut of_layer = rows
        .into_iter()
        .filter(|row| (row.key.layer, row.key.direction) == (layer, Direction::Out));
    let row = of_layer.next().unwrap();
    assert_eq!(of_layer.next(), None);
    let list = row.list().unwrap();
    (row, list)
}

pub(crate) fn plain(ids: &[ProfileId]) -> Adjacency {
    ids.iter().map(|&id| AdjacencyEntry::plain(id)).collect()
}

/// The events after a position.
pub(crate) async fn events(pg: &Pg, after: ChangePosition) -> Vec<PlacedEvent> {
    change::page(pg, after, 100).await.unwrap()
}

/// A high-water mark above everything written so far. Transactions of other tests on the same server keep it
/// low, so it may take a moment.
pub(crate) async fn mark(pg: &Pg) -> u64 {
    for _ in 0..1_000 {
        let reader = SnapshotReader::open(pg).await.unwrap();
        if reader.lists(reader.high_water(), None, 1).await.unwrap().is_empty() {
            return reader.high_water();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the mark never passed what was written")
}

//! A snapshot made from its parent shows what the database shows, whatever changed in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use graph::seed::RandomSeed;
use graph::{Hierarchy, LayerArcs, Level, Overlap};
use model::index::{CommunityIndex, PersonIndex, ProfileIndex};
use model::observation::{ListCoverage, NamedProfile, Observation, SeenArc, SeenList, SeenProfile};
use model::port::{PortError, PutOutcome};
use model::profile::GoneReason;
use model::profile_text::ProfileTexts;
use model::time::Day;
use model::{Account, AdjacencyEntry, Consent, Direction, Layer, PersonId, PersonKind, Platform};
use store::objects::Folder;
use store::pg::adjacency::{self, ImportMode};
use store::pg::audit::AuditAction;
use store::pg::crawl::{
    CrawlBatch, CrawledProfile, CrawledStream, RoundEnd, StreamCheckpoint, StreamEnd, commit,
};
use store::pg::frontier::{self, CrawlSeeds, ReservationRequest};
use store::pg::{account_key, erase, profile};
use testkit::{Database, Frozen, database};

use model::port::{Clock as _, Objects};
use model::snapshot::{Shard, manifest_key};
use snapshot::load::{open_facts, open_layers};
use snapshot::{NodeFact, Nodes, ObjectStore, load, load_nodes};
use store::pg::snapshot::SnapshotReader;

use super::*;
use crate::{DatabaseGraph, RunSettings, Scored, TimeBudget, handle, start};

const HOST: &str = "api.sky.test";
const ACCOUNTS: u64 = 24;

/// Everything is cut, spilled and paged.
const TINY: BuildLimits = BuildLimits { page_rows: 3, range_arcs: 7, spill_bytes: 80 };

/// A record, and what is sealed of it.
struct World {
    db: Database,
    home: tempfile::TempDir,
    objects: Folder,
    clock: Frozen,
    random: RandomSeed,
    /// Where everybody is.
    platform: Platform,
}

impl World {
    async fn new(seed: u64) -> World {
        let home = tempfile::tempdir().unwrap();
        let objects = Folder::open(home.path()).unwrap();
        let platform = [Platform::BLUESKY, Platform::FEDIVERSE][seed as usize % 2];
        let (db, clock, random) = (database().await, Frozen::default(), RandomSeed(seed));
        World { db, home, objects, clock, random, platform }
    }

    fn dependencies(&self) -> ScoreDependencies<'_> {
        self.dependencies_with(&self.objects)
    }

    fn dependencies_with<'a>(&'a self, objects: &'a impl Objects) -> ScoreDependencies<'a> {
        let objects = ObjectStore::new(objects);
        ScoreDependencies { pg: self.db.pg(), objects, clock: &self.clock }
    }

    async fn full(&self) -> SnapshotManifest {
        seal_full(self.dependencies(), TINY, None).await.unwrap()
    }

    async fn merged(&self, parent: &SnapshotManifest) -> SnapshotManifest {
        match seal_from_parent(self.dependencies(), TINY, parent).await.unwrap() {
            MergeOutcome::Sealed(child) => child,
            MergeOutcome::NeedsFullBuild(reason) => panic!("{reason:?}"),
        }
    }

    fn any_account(&mut self) -> NamedProfile {
        let number = self.random.below(ACCOUNTS);
        NamedProfile {
            native_id: format!("did:{number}"),
            handle: Some(format!("n{number}.sky.test")),
            host: None,
        }
    }

    async fn id(&self, named: &NamedProfile) -> ProfileId {
        let ids = account_key::resolve(self.db.pg(), self.platform, std::slice::from_ref(named));
        ids.await.unwrap()[0]
    }

    fn layer(&mut self) -> Layer {
        [Layer::Follow, Layer::Mention, Layer::Block][self.random.below(3) as usize]
    }

    /// Anything that can happen.
    async fn something(&mut self) {
        self.clock.advance_seconds(3 * 86_400);
        match self.random.below(12) {
            0..4 => self.import_list().await,
            4..7 => self.show_lists().await,
            7 | 8 => self.show_page().await,
            9 => self.join().await,
            10 => {
                let named = self.any_account();
                let id = self.id(&named).await;
                erase::profile(self.db.pg(), id, GoneReason::Deleted, self.clock.now())
                    .await
                    .unwrap();
            }
            _ => {
                let account = Account::new(self.platform, "did:0").unwrap();
                let act = AuditAction { actor: "local:0", action: "opt-out" };
                erase::opt_out(self.db.pg(), &account, act, self.clock.now()).await.unwrap();
            }
        }
    }

    /// A list of a bulk file: replaced, and then complete, or added to.
    async fn import_list(&mut self) {
        let (owner, layer) = (self.any_account(), self.layer());
        let owner = self.id(&owner).await;
        let mut entries = Vec::new();
        for _ in 0..self.random.below(9) {
            let other = self.any_account();
            let other = self.id(&other).await;
            let weight = [1.0, 1.0, 0.25, 7.5][self.random.below(4) as usize];
            let mut entry = AdjacencyEntry { weight, ..AdjacencyEntry::plain(other) };
            if layer.is_interaction() {
                (entry.count, entry.last_day) = (self.random.below(50) as u32, Day(20_000));
            }
            entries.push(entry);
        }
        let mode = [ImportMode::Replace, ImportMode::Merge][self.random.below(2) as usize];
        let lists = [(owner, entries.into_iter().collect())];
        adjacency::import(self.db.pg(), layer, &lists, mode, self.clock.now()).await.unwrap();
    }

    /// Lists of both sides, as a crawl shows them.
    async fn show_lists(&mut self) {
        let owner = self.any_account();
        let mut streams = Vec::new();
        for (direction, stream) in [(Direction::Out, "out"), (Direction::In, "in")] {
            let count = self.random.below(7);
            let arc = |other| SeenArc { other, count: 0, last_day: Day(0), weight: 1.0 };
            let arcs = (0..count).map(|_| arc(self.any_account())).collect();
            let coverage = match self.random.below(3) {
                0 => ListCoverage::Part { cursor: "next".to_owned() },
                1 => ListCoverage::Hidden,
                _ => ListCoverage::Complete,
            };
            let seen = SeenList { layer: Layer::Follow, direction, arcs, coverage };
            streams.push(CrawledStream {
                stream: stream.to_owned(),
                began: StreamCheckpoint::default(),
                observations: vec![Observation::List(seen)],
                end: StreamEnd::Done,
            });
        }
        self.crawl(&owner, streams).await;
    }

    async fn crawl(&self, owner: &NamedProfile, streams: Vec<CrawledStream>) {
        let (pg, now) = (self.db.pg(), self.clock.now());
        let names = std::slice::from_ref(owner);
        let platform = self.platform;
        let depth = frontier::DEPTH_UNLIMITED;
        let seeds = CrawlSeeds { platform, names, default_host: HOST, depth };
        let id = frontier::seed(pg, seeds, now).await.unwrap()[0];
        let hosts = frontier::due_hosts(pg, now, 9).await.unwrap();
        let wants: Vec<_> =
            hosts.iter().map(|due| ReservationRequest::new(due.host.id, 1_000)).collect();
        frontier::reserve(pg, &wants, now, 600).await.unwrap();
        let profiles = vec![CrawledProfile { id, streams, end: RoundEnd::Done }];
        let default_host = HOST.to_owned();
        commit(pg, &CrawlBatch { platform, default_host, now, profiles }).await.unwrap();
    }

    /// A page, which may refuse; who was gone is back by it.
    async fn show_page(&mut self) {
        let consents =
            [Consent::default(), Consent::default(), Consent::UNLISTED, Consent::REFUSED];
        let kinds = [PersonKind::Unknown, PersonKind::Person, PersonKind::Bot];
        let page = SeenProfile {
            named: self.any_account(),
            texts: ProfileTexts {
                bio: Some(format!("text {}", self.random.below(1_000))),
                ..ProfileTexts::default()
            },
            kind: kinds[self.random.below(3) as usize],
            consent: consents[self.random.below(4) as usize],
            ..SeenProfile::default()
        };
        let pages = [page];
        let (pg, now) = (self.db.pg(), self.clock.now());
        profile::import(pg, self.platform, &pages, now).await.unwrap();
    }

    /// Two profiles are one person, and no others are.
    async fn join(&mut self) {
        let (one, other) = (self.any_account(), self.any_account());
        let mut group = vec![self.id(&one).await, self.id(&other).await];
        group.sort_unstable();
        group.dedup();
        let groups = if group.len() > 1 { vec![group] } else { Vec::new() };
        person::save_groups(self.db.pg(), &groups, self.clock.now()).await.unwrap();
    }

    /// Checks that a snapshot shows what the database shows.
    async fn check(&self, manifest: &SnapshotManifest) {
        let DatabaseGraph { nodes, layers } = read_database(self.db.pg()).await.unwrap();
        let objects = ObjectStore::new(&self.objects);
        let facts = open_facts(objects, manifest).await.unwrap();
        let own = |fact: NodeFact| NodeFact { person: fact.id.home_person(), ..fact };
        let profiles: Vec<Option<NodeFact>> = facts.into_iter().map(|fact| fact.map(own)).collect();
        let apart = Nodes::new(&profiles);
        let sealed = open_layers(objects, manifest, &apart).await.unwrap();
        assert_eq!(arcs(&apart, &sealed), arcs(&nodes, &layers));
        let opened = load(objects, manifest.id).await.unwrap();
        assert_eq!(people(&opened.nodes), people(&nodes));
        assert_eq!(manifest.profiles, nodes.profiles.len() as u64);
        assert_eq!(manifest.people, nodes.people.len() as u64);
        let left = self.objects.list(&format!("snapshots/{}/spill", manifest.id)).await.unwrap();
        assert_eq!(left, [""; 0]);
        for layer in opened.layers(objects).await.unwrap() {
            assert_eq!(layer.arcs.nodes(), nodes.people.len());
        }
    }
}

type Arcs = BTreeMap<(Layer, ProfileId, ProfileId), (u32, u16, u32)>;

/// Arcs between stored ids, with count, day and the bits of the weight.
fn arcs(nodes: &Nodes, layers: &[LayerArcs]) -> Arcs {
    let mut arcs = Arcs::new();
    for layer in layers {
        for source in 0..layer.arcs.nodes() as u32 {
            for at in layer.arcs.range(source) {
                let id = |profile: u32| nodes.profiles[ProfileIndex::new(profile)];
                let ends = (layer.layer, id(source), id(layer.arcs.targets()[at]));
                let weight = layer.arcs.weights().map_or(1.0, |weights| weights[at]);
                let count = layer.counts.get(at).copied().unwrap_or(0);
                let day = layer.last_days.get(at).map_or(0, |day| day.0);
                arcs.insert(ends, (count, day, weight.to_bits()));
            }
        }
    }
    arcs
}

/// What is said of each profile's person.
fn people(nodes: &Nodes) -> BTreeMap<ProfileId, (PersonId, PersonKind, bool)> {
    let said = |(&id, &person): (&ProfileId, &PersonIndex)| {
        assert_eq!(nodes.person(nodes.people[person]), Some(person));
        assert_eq!(nodes.profile(id).map(|profile| nodes.profiles[profile]), Some(id));
        (id, (nodes.people[person], nodes.kinds[person], nodes.unlisted[person]))
    };
    nodes.profiles.iter().zip(&nodes.person_of).map(said).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_of_what_changed_are_those_of_the_whole_record() {
    let (mut merged, mut unread, mut reasons) = (0, 0, BTreeSet::new());
    for seed in 0..6 {
        let mut world = World::new(seed).await;
        let mut parent = world.full().await;
        world.check(&parent).await;
        for _ in 0..16 {
            for _ in 0..=world.random.below(6) {
                world.something().await;
            }
            let limits = if world.random.below(3) == 0 { BuildLimits::default() } else { TINY };
            match seal_from_parent(world.dependencies(), limits, &parent).await.unwrap() {
                MergeOutcome::Sealed(child) => {
                    assert_eq!(child.parent, Some(parent.id));
                    assert!(child.numbers >= parent.numbers && child.ordered == parent.ordered);
                    (parent, merged) = (child, merged + 1);
                }
                MergeOutcome::NeedsFullBuild(reason) => {
                    reasons.insert(format!("{reason:?}"));
                    parent = world.full().await;
                }
            }
            world.check(&parent).await;
        }
        let reader = SnapshotReader::open(world.db.pg()).await.unwrap();
        unread += reader.unread(None, 100).await.unwrap().len();
    }
    assert!(unread > 0, "every profile that a list names was read");
    assert!(merged > 40 && reasons.len() == 2, "{merged} merged, {reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_change_is_copied_and_who_is_erased_is_not() {
    let mut world = World::new(50).await;
    for _ in 0..40 {
        world.import_list().await;
    }
    let parent = world.full().await;
    let same = world.merged(&parent).await;
    let bodies = |manifest: &SnapshotManifest| -> Vec<String> {
        let shards = manifest.layers.iter().flat_map(|layer| &layer.shards);
        shards.map(|shard| shard.blake3.clone()).collect()
    };
    assert_eq!(bodies(&same), bodies(&parent));
    let named = world.any_account();
    let gone = world.id(&named).await;
    erase::profile(world.db.pg(), gone, GoneReason::Deleted, world.clock.now()).await.unwrap();
    let child = world.merged(&same).await;
    let opened = load(ObjectStore::new(&world.objects), child.id).await.unwrap();
    assert_eq!(opened.nodes.profile(gone), None);
    assert_eq!(opened.nodes.person(gone.home_person()), None);
    world.check(&child).await;
}

/// Objects that fail after a number of puts, as if the process were killed.
struct Dying<'a>(&'a Folder, AtomicU32);

impl Objects for Dying<'_> {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<PutOutcome, PortError> {
        let left =
            self.1.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| PortError::Retry("killed".to_owned()))?;
        self.0.put(key, body).await
    }
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.0.get(key).await
    }
    async fn get_range(
        &self,
        key: &str,
        start: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, PortError> {
        self.0.get_range(key, start, length).await
    }
    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.0.list(prefix).await
    }
    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.0.delete(key).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_dies_anywhere_leaves_nothing_that_is_read() {
    let mut world = World::new(60).await;
    for _ in 0..12 {
        world.something().await;
    }
    let parent = world.full().await;
    world.import_list().await;
    world.import_list().await;
    for puts in 0.. {
        let dying = Dying(&world.objects, AtomicU32::new(puts));
        match seal_from_parent(world.dependencies_with(&dying), TINY, &parent).await {
            Ok(MergeOutcome::NeedsFullBuild(reason)) => panic!("{reason:?}"),
            Ok(MergeOutcome::Sealed(child)) => {
                world.check(&child).await;
                assert!(puts > 3, "it was killed at least {puts} times");
                return;
            }
            Err(error) => assert!(error.is_passing(), "{error}"),
        }
        let manifests = world.objects.list("snapshots/").await.unwrap();
        let manifests = manifests.iter().filter(|key| key.ends_with("manifest.json"));
        assert_eq!(manifests.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_shards_are_refused_by_name() {
    let mut world = World::new(70).await;
    for _ in 0..20 {
        world.import_list().await;
    }
    let manifest = world.full().await;
    let arcs = manifest.layers.iter().flat_map(|layer| &layer.shards);
    let shards: Vec<Shard> = arcs.chain(&manifest.nodes).cloned().collect();
    assert!(shards.len() > 4);
    for shard in shards {
        let path = world.home.path().join(&shard.key);
        let whole = std::fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 4;
        for body in [&flipped[..], &whole[..whole.len() - 1], &[]] {
            std::fs::write(&path, body).unwrap();
            let merged = seal_from_parent(world.dependencies(), TINY, &manifest).await.unwrap_err();
            assert!(merged.to_string().contains(&shard.key) && merged.is_unreadable(), "{merged}");
            let opened = async {
                let objects = ObjectStore::new(&world.objects);
                load(objects, manifest.id).await?.layers(objects).await
            };
            let opened = opened.await.unwrap_err();
            assert!(opened.to_string().contains(&shard.key), "{opened}");
        }
        std::fs::write(&path, whole).unwrap();
    }
    // The codec refuses a sound shard in another one's place.
    let layer = manifest.layers.iter().find(|layer| layer.shards.len() > 1).unwrap();
    let mut swapped = manifest.clone();
    let at = manifest.layers.iter().position(|one| one == layer).unwrap();
    let other = &layer.shards[1];
    let first = &mut swapped.layers[at].shards[0];
    (first.key, first.blake3) = (other.key.clone(), other.blake3.clone());
    let refused = seal_from_parent(world.dependencies(), TINY, &swapped).await.unwrap_err();
    assert!(refused.to_string().contains(&other.key) && refused.is_unreadable(), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_go_by_community_then_by_in_degree_and_the_unknown_come_last() {
    let mut world = World::new(80).await;
    for _ in 0..20 {
        world.import_list().await;
    }
    let before = world.full().await;
    assert!(!is_parent(&before), "there were no communities yet");
    let nodes = load_nodes(ObjectStore::new(&world.objects), before.id).await.unwrap();
    let community = |person: usize| person as u32 % 3;
    let communities: Vec<u32> = (0..nodes.people.len()).map(community).collect();
    let late = NamedProfile { native_id: "did:late".to_owned(), ..NamedProfile::default() };
    let late = world.id(&late).await;
    let lists = [(
        late,
        [AdjacencyEntry::plain(nodes.profiles[ProfileIndex::new(0)])].into_iter().collect(),
    )];
    let (pg, now) = (world.db.pg(), world.clock.now());
    adjacency::import(pg, Layer::Follow, &lists, ImportMode::Replace, now).await.unwrap();
    let order = CommunityOrder::new(nodes.clone(), &one_level(&communities));
    let after = seal_full(world.dependencies(), TINY, Some(&order)).await.unwrap();
    world.check(&after).await;
    assert!(is_parent(&after) && after.ordered == after.numbers);
    let opened = load_nodes(ObjectStore::new(&world.objects), after.id).await.unwrap();
    assert_eq!(opened.profiles.last(), Some(&late));
    let (_, rest) = opened.people.split_last().unwrap();
    let place = |person: &PersonId| communities[nodes.person(*person).unwrap().index()];
    assert!(rest.iter().map(place).is_sorted());
}

/// Scores from the first stage to the last; the manifest of what was scored.
async fn scored(world: &World) -> SnapshotManifest {
    let dependencies = world.dependencies();
    let mut job = start(dependencies, &RunSettings::default()).await.unwrap();
    while let Scored::Next(next) = handle(dependencies, job, TimeBudget::ENDLESS).await.unwrap() {
        job = next;
    }
    let snapshot = snapshot_of(world.db.pg(), job.run).await.unwrap();
    let manifest = load_manifest(ObjectStore::new(&world.objects), snapshot).await.unwrap();
    world.check(&manifest).await;
    manifest
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_give_an_order_then_merge_and_begin_anew_from_what_cannot_be_read() {
    let mut world = World::new(90).await;
    for _ in 0..30 {
        world.import_list().await;
    }
    let first = scored(&world).await;
    assert_eq!((first.parent, first.ordered), (None, 0));
    let second = scored(&world).await;
    assert_eq!((second.parent, second.ordered), (None, second.numbers));
    world.import_list().await;
    let third = scored(&world).await;
    assert_eq!((third.parent, third.ordered), (Some(second.id), second.numbers));
    let broken = world.home.path().join(&third.layers[0].shards[0].key);
    std::fs::write(broken, b"borg").unwrap();
    let fourth = scored(&world).await;
    assert_eq!((fourth.parent, fourth.ordered), (None, fourth.numbers));
    let path = world.home.path().join(manifest_key(fourth.id));
    let old = std::fs::read_to_string(&path).unwrap().replace("\"format\": 2", "\"format\": 0");
    std::fs::write(path, old).unwrap();
    let fifth = scored(&world).await;
    assert_eq!((fifth.parent, fifth.ordered), (None, 0));
}

fn one_level(community_of: &[u32]) -> Hierarchy {
    let level = Level {
        resolution: 1.0,
        communities: 3,
        parents: Vec::new().into(),
        community_of: community_of.iter().map(|&own| CommunityIndex::new(own).into()).collect(),
    };
    let offsets = vec![0; community_of.len() + 1];
    let overlap = Overlap { offsets, communities: Vec::new(), shares: Vec::new() };
    let levels = vec![level];
    Hierarchy { levels, leaf: 0, bits: 0.0, fewest: 0.0, insides: Vec::new().into(), overlap }
}

//! Three groups of people, scored as often as a test wants, and all that a run leaves behind.

use std::collections::{BTreeMap, BTreeSet};

use graph_score::{ObjectStore, RunSettings, ScoreDependencies, Scored, TimeBudget, handle, start};
use model::message::ScoreJob;
use model::observation::{NamedProfile, SeenProfile};
use model::port::{Clock as _, Objects};
use model::profile_text::ProfileTexts;
use model::{Adjacency, AdjacencyEntry, CommunityId, Consent, Layer, Platform, ProfileId, RunId};
use store::objects::Folder;
use store::pg::adjacency::{self, ImportMode};
use store::pg::{account_key, profile};
use tempfile::TempDir;
use testkit::{Database, Frozen, database};

/// How many people there are, in groups of [`GROUP`].
pub(crate) const PEOPLE: u32 = 90;
pub(crate) const GROUP: u32 = 30;

/// The one who is not listed: of the first group.
pub(crate) const HERMIT: u32 = 3;

/// Arcs, from the one who attends to the one attended to.
pub(crate) type Arcs = BTreeSet<(u32, u32)>;

/// A database, objects and a clock of a test's own.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) objects: Folder,
    pub(crate) clock: Frozen,
    /// The profile of each person.
    pub(crate) ids: Vec<ProfileId>,
    _folder: TempDir,
}

fn hash(a: u32, b: u32) -> u32 {
    (a.wrapping_mul(0x9e37_79b9) ^ b.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35) >> 16
}

/// Everybody attends to a part of its group, to the earlier ones more often, and to one outside.
pub(crate) fn arcs() -> Arcs {
    let mut arcs = Arcs::new();
    for person in 0..PEOPLE {
        let first = person / GROUP * GROUP;
        let near = first..first + GROUP;
        let near = near.filter(|&other| hash(other, person) % (8 + other % GROUP) < 6);
        arcs.extend(near.map(|other| (person, other)));
        arcs.insert((person, (first + GROUP + hash(person, 7) % GROUP) % PEOPLE));
    }
    arcs.retain(|arc| arc.0 != arc.1);
    arcs
}

/// The same, but the last of the first group has won all others of it.
pub(crate) fn risen() -> Arcs {
    let mut arcs = arcs();
    arcs.extend((0..GROUP - 1).map(|fan| (fan, GROUP - 1)));
    arcs
}

/// The same groups, but the even and the odd of the first attend to each other no more.
pub(crate) fn halved() -> Arcs {
    let mut arcs = arcs();
    arcs.retain(|&(from, to)| from >= GROUP || to >= GROUP || from % 2 == to % 2);
    let alike = |from: u32| (0..GROUP).filter(move |&to| from != to && from % 2 == to % 2);
    arcs.extend((0..GROUP).flat_map(|from| alike(from).map(move |to| (from, to))));
    arcs
}

fn page(person: u32, unlisted: bool) -> SeenProfile {
    SeenProfile {
        named: NamedProfile { native_id: person.to_string(), ..NamedProfile::default() },
        texts: ProfileTexts {
            bio: Some(format!("one of group{}", person / GROUP)),
            ..ProfileTexts::default()
        },
        consent: if unlisted { Consent::UNLISTED } else { Consent::default() },
        ..SeenProfile::default()
    }
}

impl World {
    /// A world that is not scored yet.
    pub(crate) async fn new() -> World {
        let (database, clock) = (database().await, Frozen::default());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let objects = Folder::open(folder.path()).expect("it takes objects");
        let page = |person: u32| page(person, person == HERMIT);
        let pages: Vec<SeenProfile> = (0..PEOPLE).map(page).collect();
        let names: Vec<NamedProfile> = pages.iter().map(|page| page.named.clone()).collect();
        let (pg, now) = (database.pg(), clock.now());
        profile::import(pg, Platform::FILE, &pages, now).await.expect("profiles import");
        let ids = account_key::resolve(pg, Platform::FILE, &names).await.expect("names resolve");
        let world = World { database, objects, clock, ids, _folder: folder };
        world.attend(&arcs()).await;
        world
    }

    /// A world with one run, of which the arcs have changed since.
    pub(crate) async fn scored_and_changed() -> World {
        let world = World::new().await;
        world.score().await;
        world.attend(&risen()).await;
        world
    }

    /// Takes a person out of all lists.
    pub(crate) async fn unlist(&self, person: u32) {
        let (pg, now) = (self.database.pg(), self.clock.now());
        let imported = profile::import(pg, Platform::FILE, &[page(person, true)], now).await;
        imported.expect("a profile imports");
    }

    /// Makes these the arcs.
    pub(crate) async fn attend(&self, arcs: &Arcs) {
        let id = |person: u32| self.ids[person as usize];
        let list = |person: u32| {
            let others = arcs.range((person, 0)..(person + 1, 0));
            let list: Adjacency = others.map(|arc| AdjacencyEntry::plain(id(arc.1))).collect();
            (id(person), list)
        };
        let lists: Vec<_> = (0..PEOPLE).map(list).collect();
        let (pg, now) = (self.database.pg(), self.clock.now());
        let imported = adjacency::import(pg, Layer::Follow, &lists, ImportMode::Replace, now).await;
        imported.expect("lists import");
    }

    /// What a scoring works with, with these objects.
    pub(crate) fn dependencies<'a>(&'a self, objects: &'a impl Objects) -> ScoreDependencies<'a> {
        let objects = ObjectStore::new(objects);
        ScoreDependencies { pg: self.database.pg(), objects, clock: &self.clock }
    }

    /// Begins a run.
    pub(crate) async fn start(&self) -> ScoreJob {
        let started = start(self.dependencies(&self.objects), &RunSettings::default()).await;
        started.expect("a run begins")
    }

    /// Goes on from a job until the run is published.
    pub(crate) async fn finish(&self, mut job: ScoreJob) {
        loop {
            let done = handle(self.dependencies(&self.objects), job, TimeBudget::ENDLESS).await;
            match done.expect("nothing disturbs the worker") {
                Scored::Next(next) => job = next,
                Scored::Published => return,
                other => panic!("an undisturbed worker gets {other:?}"),
            }
        }
    }

    /// A whole run that nothing disturbs.
    pub(crate) async fn score(&self) -> RunId {
        let job = self.start().await;
        self.finish(job).await;
        job.run
    }

    /// The ids of all communities of a run, those for which another stands among them.
    pub(crate) async fn community_ids(&self, run: RunId) -> Vec<CommunityId> {
        let sql = format!("select community_id from community_{} order by 1", run.number());
        let rows = self.database.client().await.query(&sql, &[]).await.expect("they are loaded");
        rows.iter().map(|row| CommunityId::new(row.get::<_, i64>(0) as u64)).collect()
    }

    /// All that a run leaves behind: the sealed objects, the served tables' contents and the history as
    /// hashes, and what the change log says of it.
    pub(crate) async fn left_by(&self, run: RunId) -> BTreeMap<String, Vec<u8>> {
        let mut left = BTreeMap::new();
        for key in self.objects.list(&format!("runs/{run}/")).await.expect("keys are listed") {
            let body = self.objects.get(&key).await.expect("objects are read");
            left.insert(key, body.expect("what is listed is there"));
        }
        let client = self.database.client().await;
        let tables: Vec<String> =
            client.query_one("select run_tables()", &[]).await.expect("tables are named").get(0);
        for table in tables {
            let sql = format!(
                "select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from \
                 {table}_{} t",
                run.number()
            );
            let hash: String = client.query_one(&sql, &[]).await.expect("it is loaded").get(0);
            left.insert(table, hash.into_bytes());
        }
        let sql = "select coalesce(string_agg(subject || ':' || body::text, '|' order by seq), '')
            from change_log where kind in (5, 6, 7)";
        let changes: String = client.query_one(sql, &[]).await.expect("the log is read").get(0);
        left.insert("changes".to_owned(), changes.into_bytes());
        for table in ["rank_step", "rank_reason", "community_event"] {
            let sql = format!(
                "select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {table} t
                where run_id = $1"
            );
            let hash = client.query_one(&sql, &[&(run.number() as i64)]).await;
            let hash: String = hash.expect("the history is loaded").get(0);
            left.insert(table.to_owned(), hash.into_bytes());
        }
        left
    }
}

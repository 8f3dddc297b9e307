//! A run after one that an earlier version sealed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use graph_score::{CommunityNames, ObjectStore, SealedRun, artifact};
use model::EventKind;
use model::port::Objects;
use model::{CommunityId, RunId, SnapshotId};
use store::pg::publish::RunLoader;
use store::pg::run;

use crate::world::{PEOPLE, World};

/// What earlier versions sealed of the world's people and arcs: run 1, of snapshot 1.
const V0_1_0: &str = "compat/v0.1.0/objects";
/// The last version that wrote snapshots of format 1.
const FORMAT_1: &str = "compat/format-1/objects";

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Puts the sealed run into the world's objects and serves it.
async fn inherit(world: &World, sealed: &str) -> RunId {
    let (root, mut found) = (Path::new(sealed), Vec::new());
    files(root, &mut found);
    assert!(found.len() > 10);
    for path in found {
        let key = path.strip_prefix(root).unwrap().to_str().unwrap();
        world.objects.put(key, std::fs::read(&path).unwrap()).await.unwrap();
    }
    let (pg, now) = (world.database.pg(), model::port::Clock::now(&world.clock));
    let snapshot = SnapshotId::new(store::pg::snapshot::mint(pg).await.unwrap().number());
    let id = run::create(pg, Some(snapshot), now).await.unwrap();
    RunLoader::begin(pg, id).await.unwrap().finish(1).await.unwrap();
    run::activate(pg, id, now).await.unwrap();
    id
}

async fn names(world: &World, run: RunId) -> CommunityNames {
    artifact::open(ObjectStore::new(&world.objects), &artifact::key(run, "names")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_continues_one_that_the_release_before_sealed() {
    let world = World::new().await;
    let before = inherit(&world, V0_1_0).await;
    let sealed = SealedRun::active(world.database.pg(), &world.objects).await.unwrap();
    assert_eq!(sealed.run, before);
    let old = names(&world, before).await;
    let after = world.score().await;
    let new = names(&world, after).await;
    let born = new.lineage.iter().filter(|event| event.event == EventKind::Born).count();
    assert_eq!(born, 0, "the same people in the same communities: {:?}", new.lineage);
    let ids = |names: &CommunityNames| {
        names.levels.iter().map(|level| level.ids.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&new), ids(&old));
    let manifest = world.objects.get("snapshots/snp_2/manifest.json").await.unwrap().unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["numbers"], PEOPLE);
}

/// The part of the communities of one run that the other has, by id.
fn shared(one: &CommunityNames, other: &CommunityNames) -> f64 {
    let ids = |names: &CommunityNames| -> BTreeSet<CommunityId> {
        names.levels.iter().flat_map(|level| level.ids.iter().copied()).collect()
    };
    let (one, other) = (ids(one), ids(other));
    one.intersection(&other).count() as f64 / one.len().max(other.len()) as f64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn communities_keep_their_ids_over_a_change_of_format() {
    let world = World::new().await;
    let before = inherit(&world, FORMAT_1).await;
    let old = names(&world, before).await;
    let after = world.score().await;
    assert!(shared(&old, &names(&world, after).await) >= 0.99);
    let manifest = world.objects.get("snapshots/snp_2/manifest.json").await.unwrap().unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!((&manifest["format"], &manifest["parent"]), (&2.into(), &serde_json::Value::Null));
    assert_eq!((&manifest["numbers"], &manifest["ordered"]), (&PEOPLE.into(), &PEOPLE.into()));
    let again = world.score().await;
    assert!(shared(&old, &names(&world, again).await) >= 0.99);
    let manifest = world.objects.get("snapshots/snp_3/manifest.json").await.unwrap().unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["parent"], "snp_2", "from then on a snapshot has a parent");
}

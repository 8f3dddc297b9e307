//! A run after one that the release before sealed.

use std::path::{Path, PathBuf};

use graph::lineage::EventKind;
use graph_score::{Names, Sealed, seal};
use model::port::Objects;
use model::{RunId, SnapshotId};
use store::pg::publish::Loader;
use store::pg::run;

use crate::world::{PEOPLE, World};

/// What v0.1.0 sealed of the world's people and arcs: run 1, of snapshot 1.
const SEALED: &str = "../../tests/compat/v0.1.0/objects";

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Puts the sealed run into the world's objects and serves it.
async fn inherit(world: &World) -> RunId {
    let (root, mut found) = (Path::new(SEALED), Vec::new());
    files(root, &mut found);
    assert!(found.len() > 10);
    for path in found {
        let key = path.strip_prefix(root).unwrap().to_str().unwrap();
        world.objects.put(key, std::fs::read(&path).unwrap()).await.unwrap();
    }
    let (pg, now) = (world.database.pg(), model::port::Clock::now(&world.clock));
    let snapshot = SnapshotId::new(store::pg::snapshot::mint(pg).await.unwrap().number());
    let id = run::create(pg, Some(snapshot), now).await.unwrap();
    Loader::begin(pg, id).await.unwrap().finish(1).await.unwrap();
    run::activate(pg, id, now).await.unwrap();
    id
}

async fn names(world: &World, run: RunId) -> Names {
    seal::open(&world.objects, &seal::key(run, "names")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_the_release_before_sealed_is_gone_on_from() {
    let world = World::new().await;
    let before = inherit(&world).await;
    let sealed = Sealed::active(world.database.pg(), &world.objects).await.unwrap();
    assert_eq!(sealed.run, before);
    let old = names(&world, before).await;
    let after = world.score().await;
    let new = names(&world, after).await;
    let born = new.lineage.iter().filter(|event| event.event == EventKind::Born).count();
    assert_eq!(born, 0, "the same people in the same communities: {:?}", new.lineage);
    let ids =
        |names: &Names| names.levels.iter().map(|level| level.ids.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&new), ids(&old));
    let manifest = world.objects.get("snapshots/snp_2/manifest.json").await.unwrap().unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["numbers"], PEOPLE);
}

//! Communities that came apart, in the names of a run.

use graph_score::{CommunityNames, ObjectStore, artifact};
use model::EventKind;
use model::RunId;

use crate::world::{World, halved};

async fn names(world: &World, run: RunId) -> CommunityNames {
    artifact::open(ObjectStore::new(&world.objects), &artifact::key(run, "names"))
        .await
        .expect("names are sealed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_split_is_reported_with_the_ids_that_are_served() {
    let world = World::new().await;
    let first = world.score().await;
    let before = names(&world, first).await;
    let born = before.lineage.iter().filter(|event| event.event == EventKind::Born).count();
    assert_eq!(born, before.levels.iter().map(|level| level.ids.len()).sum::<usize>());
    world.attend(&halved()).await;
    let second = world.score().await;
    let after = names(&world, second).await;
    let leaf = after.levels.last().expect("there are levels");
    let old = &before.levels.last().expect("there are levels").ids;
    let split = after.lineage.iter().find(|event| event.event == EventKind::Split);
    let split = split.unwrap_or_else(|| panic!("a split in {:?}", after.lineage));
    let other = split.other.expect("it came from somewhere");
    assert!(old.contains(&other) && leaf.ids.contains(&other), "the old one lives on");
    assert!(leaf.ids.contains(&split.community) && !old.contains(&split.community));
    let mut ids: Vec<_> = after.levels.iter().flat_map(|level| &level.ids).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "no id is given twice");
}

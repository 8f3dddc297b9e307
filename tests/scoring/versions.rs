//! A run after one that another version of Borg sealed.

use graph_score::SealedRun;
use model::RunId;
use model::port::Objects;

use crate::world::World;

/// Makes a run's seals look as if another version had made them.
async fn make_strange(world: &World, run: RunId) {
    for key in world.objects.list(&format!("runs/{run}/")).await.unwrap() {
        let mut body = world.objects.get(&key).await.unwrap().unwrap();
        if body.starts_with(b"brg") {
            body[3] = 0xff;
            world.objects.delete(&key).await.unwrap();
            world.objects.put(&key, body).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_version_sealed_is_done_without() {
    let world = World::new().await;
    let first = world.score().await;
    make_strange(&world, first).await;
    let open = || SealedRun::active(world.database.pg(), &world.objects);
    let refused = open().await.unwrap_err().to_string();
    assert!(refused.contains("another version"), "{refused}");
    let second = world.score().await;
    assert_eq!(open().await.unwrap().run, second);
}

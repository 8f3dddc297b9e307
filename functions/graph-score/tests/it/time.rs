//! A run that is short of time stops in order and goes on in the next invocation.

use std::time::Duration;

use graph_score::{Budget, Scored, handle};
use model::message::Stage;
use model::port::{Objects, PortError, Put};
use store::objects::Folder;
use store::pg::run::{self, RunState};
use testkit::Frozen;

use crate::world::World;

/// Objects that take a minute to seal.
struct Slow<'a> {
    inner: &'a Folder,
    clock: &'a Frozen,
}

impl Objects for Slow<'_> {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<Put, PortError> {
        self.clock.advance_seconds(60);
        self.inner.put(key, body).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.inner.get(key).await
    }

    async fn get_range(
        &self,
        key: &str,
        start: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, PortError> {
        self.inner.get_range(key, start, length).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.inner.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.inner.delete(key).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_ranked_over_several_invocations_and_come_out_the_same() {
    let wanted = World::new().await;
    let run = wanted.score().await;
    let world = World::new().await;
    let slow = Slow { inner: &world.objects, clock: &world.clock };
    let (mut job, mut later) = (world.start().await, 0);
    loop {
        let budget = Budget::of(Duration::from_secs(100), &world.clock);
        match handle(world.doors(&slow), job, budget).await.unwrap() {
            Scored::Next(next) => job = next,
            Scored::Later => {
                assert_eq!(job.stage, Stage::People);
                later += 1;
            }
            Scored::Published => break,
            other => panic!("the only worker gets {other:?}"),
        }
    }
    assert!(later >= 1, "everything fitted into one invocation");
    assert!(world.left_by(run).await == wanted.left_by(run).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_never_fit_is_given_up_with_a_reason() {
    let world = World::scored_and_changed().await;
    let job = world.start().await;
    let budget = Budget::of(Duration::from_micros(10), &world.clock);
    let refused = handle(world.doors(&world.objects), job, budget).await.unwrap_err();
    assert!(!refused.is_passing() && refused.to_string().contains("borg score"), "{refused}");
    let stored = run::get(world.database.pg(), job.run).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.error), (RunState::Failed, Some(refused.to_string())));
    let again = handle(world.doors(&world.objects), job, Budget::ENDLESS).await.unwrap();
    assert_eq!(again, Scored::Ended, "nobody tries it for ever");
}

//! A run that is short of time stops in order and continues in the next invocation.

use std::collections::BTreeSet;
use std::time::Duration;

use graph_score::{Scored, TimeBudget, handle};
use model::message::Stage;
use model::port::PortError;
use store::pg::run::{self, RunState};
use testkit::Frozen;

use crate::around::{Around, Seals};
use crate::world::World;

/// Every seal takes a minute.
struct Slow<'a>(&'a Frozen);

impl Seals for Slow<'_> {
    async fn before(&self, _: &str) -> Result<(), PortError> {
        self.0.advance_seconds(60);
        Ok(())
    }

    async fn after(&self, _: &str) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_ranked_and_published_over_several_invocations_and_come_out_the_same() {
    let wanted = World::new().await;
    let run = wanted.score().await;
    let world = World::new().await;
    let slow = Around { inner: &world.objects, seals: Slow(&world.clock) };
    let (mut job, mut handed_on) = (world.start().await, BTreeSet::new());
    loop {
        let budget = TimeBudget::of(Duration::from_secs(100), &world.clock);
        match handle(world.dependencies(&slow), job, budget).await.unwrap() {
            Scored::Next(next) => job = next,
            Scored::Later => {
                handed_on.insert(job.stage);
            }
            Scored::Published => break,
            other => panic!("the only worker gets {other:?}"),
        }
    }
    assert_eq!(handed_on, BTreeSet::from([Stage::People, Stage::Publish]));
    assert!(world.left_by(run).await == wanted.left_by(run).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_never_fit_is_given_up_with_a_reason() {
    let world = World::scored_and_changed().await;
    let job = world.start().await;
    let budget = TimeBudget::of(Duration::from_micros(10), &world.clock);
    let refused = handle(world.dependencies(&world.objects), job, budget).await.unwrap_err();
    assert!(!refused.is_passing() && refused.to_string().contains("borg score"), "{refused}");
    let stored = run::get(world.database.pg(), job.run).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.error), (RunState::Failed, Some(refused.to_string())));
    let again = handle(world.dependencies(&world.objects), job, TimeBudget::ENDLESS).await.unwrap();
    assert_eq!(again, Scored::Failed, "it is not tried for ever");
}

//! A worker may die anywhere: the next one continues, and the run ends the same, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll};

use graph_score::{STAGE_LEASE_SECONDS, Scored, TimeBudget, handle};
use model::RunId;
use model::message::ScoreJob;
use model::port::PortError;
use tokio::sync::Notify;

use crate::around::{Around, Seals};
use crate::world::World;

/// On which side of a seal the worker dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Before,
    After,
}

/// Lets a worker die before and after each object is sealed, once each.
struct Deadly<'a> {
    died: &'a Mutex<BTreeSet<(String, Side)>>,
    reached: Notify,
}

impl Deadly<'_> {
    /// Never returns the first time that it is called for this place.
    async fn survive(&self, key: &str, side: Side) {
        // A worker that continues seals its snapshot under a new id.
        let name = key.splitn(3, '/').nth(2).unwrap_or(key).to_owned();
        if self.died.lock().unwrap().insert((name, side)) {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

impl Seals for Deadly<'_> {
    async fn before(&self, key: &str) -> Result<(), PortError> {
        self.survive(key, Side::Before).await;
        Ok(())
    }

    async fn after(&self, key: &str) {
        self.survive(key, Side::After).await;
    }
}

/// What an undisturbed second run leaves behind.
async fn wanted() -> (RunId, BTreeMap<String, Vec<u8>>) {
    let world = World::scored_and_changed().await;
    let run = world.score().await;
    (run, world.left_by(run).await)
}

/// Works until the worker dies; the job to continue with, or none if it reached the end before.
async fn work_and_die(
    world: &World,
    mut job: ScoreJob,
    deadly: &Around<'_, Deadly<'_>>,
) -> Option<ScoreJob> {
    loop {
        let done = tokio::select! {
            biased;
            () = deadly.seals.reached.notified() => return Some(job),
            done = handle(world.dependencies(deadly), job, TimeBudget::ENDLESS) => done,
        };
        match done.expect("it dies, but does not fail") {
            Scored::Next(next) => job = next,
            _ => return None,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_and_after_every_seal_a_run_ends_the_same() {
    let (run, wanted) = wanted().await;
    let world = World::scored_and_changed().await;
    let mut job = world.start().await;
    let died = Mutex::new(BTreeSet::new());
    loop {
        let seals = Deadly { died: &died, reached: Notify::new() };
        let deadly = Around { inner: &world.objects, seals };
        match work_and_die(&world, job, &deadly).await {
            Some(there) => job = there,
            None => break,
        }
        world.clock.advance_seconds(STAGE_LEASE_SECONDS + 1);
    }
    let left = world.left_by(run).await;
    let names = left.keys().filter(|name| left.get(*name) != wanted.get(*name));
    assert_eq!(names.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(left.len(), wanted.len());
    let died = died.lock().unwrap();
    let prefix = format!("runs/{run}/");
    let sealed = left.keys().filter_map(|key| key.strip_prefix(&prefix));
    for name in sealed.filter(|name| *name != "settings") {
        assert!(died.contains(&(name.to_owned(), Side::Before)), "{name}");
        assert!(died.contains(&(name.to_owned(), Side::After)), "{name}");
    }
    assert!(died.len() > 20, "{died:?}");
}

/// A future that is polled a number of times, and then dropped.
struct Mortal<F> {
    inner: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future> Future for Mortal<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<F::Output>> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.inner.as_mut().poll(context).map(Some)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_many_other_points_a_run_ends_the_same() {
    let (run, wanted) = wanted().await;
    let world = World::scored_and_changed().await;
    let mut job = world.start().await;
    let (mut polls, mut deaths) = (2, 0);
    loop {
        let inner = Box::pin(handle(world.dependencies(&world.objects), job, TimeBudget::ENDLESS));
        match pin!(Mortal { inner, polls }).await {
            Some(Ok(Scored::Next(next))) => (job, polls) = (next, 2),
            Some(Ok(Scored::Published)) => break,
            Some(other) => panic!("the next worker gets {other:?}"),
            None => {
                world.clock.advance_seconds(STAGE_LEASE_SECONDS + 1);
                (polls, deaths) = (polls + 3, deaths + 1);
            }
        }
    }
    assert!(world.left_by(run).await == wanted, "after {deaths} deaths");
    assert!(deaths > 30, "{deaths} deaths");
}

/// Lets the first seal fail.
struct Failing(Mutex<bool>);

impl Seals for Failing {
    async fn before(&self, key: &str) -> Result<(), PortError> {
        match std::mem::replace(&mut *self.0.lock().unwrap(), false) {
            true => Err(PortError::Retry(format!("put {key}: slow down"))),
            false => Ok(()),
        }
    }

    async fn after(&self, _: &str) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failure_that_may_pass_the_stage_is_free_at_once() {
    let world = World::scored_and_changed().await;
    let job = world.start().await;
    let objects = Around { inner: &world.objects, seals: Failing(Mutex::new(true)) };
    let dependencies = world.dependencies(&objects);
    let failed = handle(dependencies, job, TimeBudget::ENDLESS).await.unwrap_err();
    assert!(failed.is_passing() && failed.to_string().contains("slow down"), "{failed}");
    let again = handle(dependencies, job, TimeBudget::ENDLESS).await.unwrap();
    assert!(matches!(again, Scored::Next(_)), "{again:?}");
}

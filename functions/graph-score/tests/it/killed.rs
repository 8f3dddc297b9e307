//! A worker may die anywhere: the next one goes on, and the run ends the same, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll};

use graph_score::{Budget, STAGE_LEASE_SECONDS, Scored, handle};
use model::RunId;
use model::message::ScoreJob;
use model::port::{Objects, PortError, Put};
use store::objects::Folder;
use tokio::sync::Notify;

use crate::world::World;

/// On which side of a seal the worker dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Before,
    After,
}

/// Objects that let a worker die before and after each of them is sealed, once each.
struct Deadly<'a> {
    inner: &'a Folder,
    died: &'a Mutex<BTreeSet<(String, Side)>>,
    reached: Notify,
}

impl Deadly<'_> {
    /// Never returns the first time that it is called for this place.
    async fn survive(&self, key: &str, side: Side) {
        // A worker that goes on seals its snapshot under a new id.
        let name = key.splitn(3, '/').nth(2).unwrap_or(key).to_owned();
        if self.died.lock().unwrap().insert((name, side)) {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

impl Objects for Deadly<'_> {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<Put, PortError> {
        self.survive(key, Side::Before).await;
        let put = self.inner.put(key, body).await;
        self.survive(key, Side::After).await;
        put
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

/// What an undisturbed second run leaves behind.
async fn wanted() -> (RunId, BTreeMap<String, Vec<u8>>) {
    let world = World::scored_and_changed().await;
    let run = world.score().await;
    (run, world.left_by(run).await)
}

/// Works until the worker dies; the job to go on with, or none if it got to the end before.
async fn work_and_die(world: &World, mut job: ScoreJob, deadly: &Deadly<'_>) -> Option<ScoreJob> {
    loop {
        let done = tokio::select! {
            biased;
            () = deadly.reached.notified() => return Some(job),
            done = handle(world.doors(deadly), job, Budget::ENDLESS) => done,
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
        let deadly = Deadly { inner: &world.objects, died: &died, reached: Notify::new() };
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

/// A future that is polled so many times, and then dropped.
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
        let inner = Box::pin(handle(world.doors(&world.objects), job, Budget::ENDLESS));
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

//! Runs the protocol's own code one call at a time, in a state that can be copied: what a process has heard
//! so far is a list of replies, and to go on it runs from its beginning, hears them again, and makes one
//! more call.

use std::any::Any;
use std::fmt::{self, Debug};
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

use crate::twin::Gate;

/// A reply that a process has heard.
#[derive(Clone)]
pub(super) struct Reply {
    text: String,
    value: Arc<dyn Any + Send + Sync>,
}

impl Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Reply {
    fn eq(&self, other: &Reply) -> bool {
        self.text == other.text
    }
}

impl Eq for Reply {}

impl Hash for Reply {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// What a process has heard, and how many calls it may still make.
struct Log {
    heard: Vec<Reply>,
    at: usize,
    calls: usize,
}

/// A part of a world.
pub(super) trait Part<S> {
    /// The part.
    fn part(&mut self) -> &mut S;
}

/// The gate of one process to a world.
pub(super) struct Replay<'a, W> {
    world: &'a Mutex<W>,
    log: &'a Mutex<Log>,
}

impl<W> Clone for Replay<'_, W> {
    fn clone(&self) -> Self {
        Replay { world: self.world, log: self.log }
    }
}

fn locked<T, R>(mutex: &Mutex<T>, look: impl FnOnce(&mut T) -> R) -> R {
    look(&mut mutex.lock().unwrap_or_else(PoisonError::into_inner))
}

impl<W: Part<S> + Send, S> Gate<S> for Replay<'_, W> {
    async fn pass<T, F>(&self, step: F) -> T
    where
        T: Clone + Debug + Send + Sync + 'static,
        F: FnOnce(&mut S) -> T + Send,
    {
        let answer = locked(self.log, |log| {
            log.at += 1;
            if let Some(reply) = log.heard.get(log.at - 1) {
                return reply.value.downcast_ref::<T>().cloned();
            }
            log.calls = log.calls.checked_sub(1)?;
            let answer = locked(self.world, |world| step(world.part()));
            let text = format!("{answer:?}");
            log.heard.push(Reply { text, value: Arc::new(answer.clone()) });
            Some(answer)
        });
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

/// A process after a step.
pub(super) enum Stepped {
    /// It goes on, having heard this.
    Heard(Vec<Reply>),
    /// It is done.
    Done,
}

/// What a process does, through its gate.
pub(super) type Process<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs `process`, which has heard some replies, for `calls` calls more.
pub(super) fn run<W>(
    world: W,
    heard: Vec<Reply>,
    calls: usize,
    process: impl for<'a> FnOnce(Replay<'a, W>) -> Process<'a>,
) -> (W, Stepped) {
    let (world, log) = (Mutex::new(world), Mutex::new(Log { heard, at: 0, calls }));
    let mut work = process(Replay { world: &world, log: &log });
    let polled = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    drop(work);
    let heard = log.into_inner().unwrap_or_else(PoisonError::into_inner).heard;
    let world = world.into_inner().unwrap_or_else(PoisonError::into_inner);
    (world, if polled.is_ready() { Stepped::Done } else { Stepped::Heard(heard) })
}

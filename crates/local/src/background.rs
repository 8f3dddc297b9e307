//! Work of this machine that goes on beside others, in loops, until its end is asked for.

use std::fmt::Display;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a loop waits for a database that does not answer.
pub(crate) const DATABASE_WAIT: Duration = Duration::from_secs(1);

/// Loops that run until [`BackgroundLoops::end`].
pub(crate) struct BackgroundLoops {
    what: &'static str,
    is_ended: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

/// What tells a loop that its end was asked for.
pub(crate) struct LoopEnd(watch::Receiver<bool>);

impl BackgroundLoops {
    /// No loop yet. `what` is whose they are, for errors.
    pub(crate) fn new(what: &'static str) -> BackgroundLoops {
        BackgroundLoops { what, is_ended: watch::Sender::new(false), running: Vec::new() }
    }

    /// Starts a loop, on a thread of its own: the compiler cannot see that such deep futures may move between
    /// threads, and long work keeps no other from its turn.
    pub(crate) fn start<F: Future<Output = ()> + 'static>(
        &mut self,
        work: impl FnOnce(LoopEnd) -> F + Send + 'static,
    ) {
        let (runtime, end) = (Handle::current(), LoopEnd(self.is_ended.subscribe()));
        let running = tokio::task::spawn_blocking(move || runtime.block_on(work(end)));
        self.running.push(running);
    }

    /// Ends the loops after what they are doing.
    pub(crate) async fn end(self) -> Result<()> {
        self.is_ended.send_replace(true);
        for one in self.running {
            one.await.with_context(|| format!("a loop of {} panicked", self.what))?;
        }
        Ok(())
    }
}

impl LoopEnd {
    /// Whether the end was asked for, or the one who may ask for it is gone.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits for a time, or until the end is asked for.
    pub(crate) async fn sleep(&mut self, time: Duration) {
        drop(tokio::time::timeout(time, self.0.wait_for(|is_ended| *is_ended)).await);
    }

    /// Does rounds of work until the end is asked for. After one that found nothing to do it sleeps for `idle`, and
    /// after one that failed for [`DATABASE_WAIT`]. `what` is what waits then, for the log.
    pub(crate) async fn rounds<E: Display>(
        &mut self,
        what: &str,
        idle: Duration,
        round: impl AsyncFn() -> Result<usize, E>,
    ) {
        while !self.is_asked() {
            match round().await {
                Ok(0) => self.sleep(idle).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(what, %error, "it waits for the database");
                    self.sleep(DATABASE_WAIT).await;
                }
            }
        }
    }
}

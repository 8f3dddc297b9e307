//! How a process hears of new events: one reader of the stream for all who wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{ChangePosition, KeyId};
use store::Pg;
use store::pg::change;
use tokio::sync::watch;

/// How often the stream is looked at while requests wait.
const LOOKED_EVERY: Duration = Duration::from_millis(500);

/// Who waits in this process, and how far the stream is.
pub(crate) struct ChangeWatch {
    /// The most requests of one key that wait.
    waiting_max: u32,
    heard: watch::Sender<Heard>,
    waiting: Mutex<Waiting>,
}

/// What those who wait hear of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Heard {
    head: ChangePosition,
    /// Whether the process is about to end.
    is_ending: bool,
}

#[derive(Default)]
struct Waiting {
    by_key: HashMap<KeyId, u32>,
    is_looking: bool,
}

impl ChangeWatch {
    /// One for which no request waits.
    pub(crate) fn new(waiting_max: u32) -> Arc<ChangeWatch> {
        let (heard, _) = watch::channel(Heard::default());
        Arc::new(ChangeWatch { waiting_max, heard, waiting: Mutex::default() })
    }

    /// Lets all who wait go, and no request wait any more: the process is about to end.
    pub(crate) fn end(&self) {
        self.heard.send_modify(|heard| heard.is_ending = true);
    }

    /// Whether no request waits any more.
    pub(crate) fn is_ending(&self) -> bool {
        self.heard.borrow().is_ending
    }

    /// Begins to wait; `None` if as many requests of the key wait as may.
    pub(crate) fn wait(self: &Arc<ChangeWatch>, key: KeyId, pg: &Pg) -> Option<WaitingRequest> {
        let mut waiting = self.waiting();
        let of_key = waiting.by_key.entry(key).or_default();
        if *of_key >= self.waiting_max {
            return None;
        }
        *of_key += 1;
        if !std::mem::replace(&mut waiting.is_looking, true) {
            tokio::spawn(Arc::clone(self).look(pg.clone()));
        }
        Some(WaitingRequest { watch: Arc::clone(self), key, heard: self.heard.subscribe() })
    }

    /// Looks at the stream until no request waits.
    async fn look(self: Arc<ChangeWatch>, pg: Pg) {
        loop {
            tokio::time::sleep(LOOKED_EVERY).await;
            {
                let mut waiting = self.waiting();
                if waiting.by_key.is_empty() {
                    waiting.is_looking = false;
                    return;
                }
            }
            match change::sequence(&pg).await {
                Ok(bounds) => {
                    self.heard.send_if_modified(|heard| {
                        std::mem::replace(&mut heard.head, bounds.head) != bounds.head
                    });
                }
                Err(error) => tracing::warn!(%error, "the stream is looked at again"),
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits, until it is dropped: with its answer, or with its client.
pub(crate) struct WaitingRequest {
    watch: Arc<ChangeWatch>,
    key: KeyId,
    heard: watch::Receiver<Heard>,
}

impl WaitingRequest {
    /// Returns when the stream is beyond a position, after a time, or when the process ends.
    pub(crate) async fn beyond(&mut self, position: ChangePosition, most: Duration) {
        let is_beyond = self.heard.wait_for(|heard| heard.head > position || heard.is_ending);
        // The sender lives as long as the watch, and so as long as this.
        drop(tokio::time::timeout(most, is_beyond).await);
    }
}

impl Drop for WaitingRequest {
    fn drop(&mut self) {
        let mut waiting = self.watch.waiting();
        if let Some(count) = waiting.by_key.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                waiting.by_key.remove(&self.key);
            }
        }
    }
}

//! The queue that an installation is set to have.

use std::sync::Arc;

use model::port::{Clock, OutgoingMessage, PortError, Queue, ReceivedMessage};

use super::PgQueue;
#[cfg(feature = "aws")]
use super::Sqs;
use crate::failpoint::passed_on;

/// One of the queues. Each call passes two places of [`failpoint`](crate::failpoint).
#[derive(Clone)]
pub enum StoredQueue {
    /// In PostgreSQL.
    Postgres(PgQueue<Arc<dyn Clock>>),
    /// In SQS.
    #[cfg(feature = "aws")]
    Sqs(Sqs),
}

passed_on! {
    Queue for StoredQueue or Sqs
    "queue.send" send(messages: &[OutgoingMessage]) -> ();
    "queue.receive" receive(most: usize, visibility_seconds: u32) -> Vec<ReceivedMessage>;
    "queue.finish" finish(receipt: &str) -> ();
    "queue.release" release(receipt: &str, seconds: u32) -> ();
    "queue.depth" depth() -> u64;
    "queue.dead_letters" dead_letters(most: usize) -> Vec<String>;
}

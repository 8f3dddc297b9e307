//! A deliver job to one attempt: what was found for a webhook is sent to its address, signed, and what follows is
//! noted.
//!
//! Who begins an attempt notes it first, so a job that runs twice sends once. A worker that dies leaves an attempt
//! without an end, and a minute later another one is due, but not of a ping. The receiver knows a delivery by its id, which is the same
//! with each attempt. What is due within a quarter of an hour is sent as a message that waits; what is due later is
//! woken by the tick of `webhook-dispatch`, which finds it in the database.
//!
//! | answer | what follows |
//! |---|---|
//! | 2xx | it is delivered |
//! | 410 | the webhook is disabled |
//! | any other, a redirect, none | it is tried again, by the schedule of [`model::webhook`] or, if that is later, as `Retry-After` says; a ping is not, nor what had as many attempts as there may be |
//! | none of 2xx for five days | the webhook is disabled |

#[cfg(feature = "lambda")]
pub mod event;
mod job;
mod message;
mod send;
mod signature;
mod verdict;

use std::time::Duration;

use model::port::Clock;
use platforms::ServerOrigin;
use platforms::engine::ErasedWeb;
use platforms::http::ClientSettings;
use store::queue::StoredQueue;
use store::{Pg, WebhookSealer};

pub use job::{JobOutcome, handle};
pub use message::{JobEnd, handle_message};
pub use signature::signatures;

/// What a job is given.
#[derive(Clone, Copy)]
pub struct DeliverDependencies<'a> {
    /// The database.
    pub pg: &'a Pg,
    /// The queue of deliveries, for attempts that follow soon.
    pub queue: &'a StoredQueue,
    /// The web client, of [`client_settings`].
    pub web: &'a dyn ErasedWeb,
    /// The present.
    pub clock: &'a dyn Clock,
    /// Opens the secrets of webhooks.
    pub sealer: &'a WebhookSealer,
}

/// How the client for webhooks behaves: ten seconds, no redirects, no private addresses but those of `exempt`. Of an
/// answer only the status and the headers count: a body that comes slowly is no failure.
pub fn client_settings(contact: &str, exempt: Vec<ServerOrigin>) -> ClientSettings {
    ClientSettings {
        contact: contact.to_owned(),
        exempt,
        total_timeout: Duration::from_secs(10),
        is_body_left: true,
        ..ClientSettings::default()
    }
}

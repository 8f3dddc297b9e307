//! Webhooks on one machine: the tick of `webhook-dispatch` and the handler of `deliver`, in two loops.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use api_gateway::{GatewaySecrets, WebhookDispatcher};
use deliver::{DeliverDependencies, JobEnd, client_settings, handle_message};
use futures::future::join_all;
use model::port::{PortError, Queue, ReceivedMessage};
use platforms::ServerOrigin;
use platforms::http::WebClient;
use store::clock::System;
use store::queue::StoredQueue;
use store::{Pg, WebhookSealer};

use crate::background::{BackgroundLoops, LoopEnd};
use crate::home::BorgHome;

/// How long a received job is left to its worker, in seconds: far longer than it takes.
const VISIBILITY_SECONDS: u32 = 60;

/// Jobs that are done at the same time, the most that a queue gives.
const AT_ONCE: usize = 10;

/// How long the sender sleeps where there is no job.
const IDLE: Duration = Duration::from_millis(250);

/// How often it is looked for what is new: more often than on AWS, as nothing is paid for a look.
const TICKED_EVERY: Duration = Duration::from_secs(5);

/// How long a tick looks.
const TICK_TIME: Duration = Duration::from_secs(10);

/// Two loops that run until [`LocalWebhooks::end`].
pub(crate) struct LocalWebhooks(BackgroundLoops);

/// What sends.
struct Sender {
    pg: Pg,
    queue: StoredQueue,
    web: WebClient,
    clock: System,
    sealer: WebhookSealer,
}

impl LocalWebhooks {
    /// Starts the loops.
    pub(crate) fn start(home: &BorgHome) -> Result<LocalWebhooks> {
        let secret = home.secret()?;
        let secrets = GatewaySecrets::derived(&secret, None, [0; 16]);
        let (queue, clock) = (home.deliver_queue(), Arc::new(home.clock));
        let dispatcher = WebhookDispatcher::new(home.pg.clone(), queue.clone(), clock, &secrets);
        let sender = Sender {
            pg: home.pg.clone(),
            queue,
            web: WebClient::new(client_settings("", exempt(&home.webhook_origins)?))?,
            clock: home.clock,
            sealer: secrets.webhooks,
        };
        let mut loops = BackgroundLoops::new("the webhooks");
        loops.start(|end| tick_until(dispatcher, end));
        loops.start(|end| send_until(sender, end));
        Ok(LocalWebhooks(loops))
    }

    /// Ends the loops after what they are doing; what is to be sent waits for the next start.
    pub(crate) async fn end(self) -> Result<()> {
        self.0.end().await
    }
}

fn exempt(origins: &[String]) -> Result<Vec<ServerOrigin>> {
    let parsed = origins.iter().map(|origin| ServerOrigin::parse(origin)).collect::<Result<_, _>>();
    parsed.context("read the environment variable BORG_WEBHOOK_ORIGINS")
}

impl Sender {
    fn dependencies(&self) -> DeliverDependencies<'_> {
        let Sender { pg, queue, web, clock, sealer } = self;
        DeliverDependencies { pg, queue, web, clock, sealer }
    }

    /// Does the jobs that wait now, several at a time; returns how many.
    async fn round(&self) -> Result<usize, PortError> {
        let received = self.queue.receive(AT_ONCE, VISIBILITY_SECONDS).await?;
        let ended = join_all(received.iter().map(|message| self.job(message))).await;
        ended.into_iter().collect::<Result<Vec<()>, PortError>>()?;
        Ok(received.len())
    }

    async fn job(&self, message: &ReceivedMessage) -> Result<(), PortError> {
        let ReceivedMessage { body, receipt, receives } = message;
        match handle_message(self.dependencies(), body, *receives).await {
            JobEnd::Done => self.queue.finish(receipt).await,
            JobEnd::Retry { after_seconds, why } => {
                tracing::debug!(why, after_seconds, "a delivery comes again");
                self.queue.release(receipt, after_seconds).await
            }
            JobEnd::Poison { why } => {
                tracing::warn!(why, "a delivery cannot be done");
                self.queue.release(receipt, 0).await
            }
        }
    }
}

/// Sends until the end is asked for.
async fn send_until(sender: Sender, mut end: LoopEnd) {
    end.rounds("deliveries", IDLE, async || sender.round().await).await;
}

/// Looks for what is new until the end is asked for.
async fn tick_until(dispatcher: WebhookDispatcher, mut end: LoopEnd) {
    while !end.is_asked() {
        if let Err(problem) = dispatcher.tick(TICK_TIME).await {
            tracing::warn!(?problem, "webhooks wait for the next tick");
        }
        end.sleep(TICKED_EVERY).await;
    }
}

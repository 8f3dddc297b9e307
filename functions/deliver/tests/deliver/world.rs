//! A database, a clock that stands still, the queue, the client, and one webhook.

use std::sync::Arc;
use std::time::Duration;

use deliver::{DeliverDependencies, JobEnd, client_settings, handle_message};
use model::change::ChangeRange;
use model::port::{Clock, Queue as _};
use model::time::Timestamp;
use model::webhook::Delivery;
use model::{
    ChangeFilter, ChangePosition, DeliveryId, PayerId, Webhook, WebhookName, WebhookSecret,
    WebhookUrl,
};
use platforms::ServerOrigin;
use platforms::http::{ClientSettings, WebClient};
use store::pg::key;
use store::pg::webhook::delivery::{self, DeliveryPage};
use store::pg::webhook::due::{self, FoundChanges};
use store::pg::webhook::{self, NewWebhook, WebhookKey};
use store::queue::{PgQueue, StoredQueue};
use store::{Pg, WebhookSealer};
use testkit::{Database, Frozen, database};

pub(crate) const SECRET: WebhookSecret = WebhookSecret::new([7; WebhookSecret::BYTES]);
/// A text as the gateway writes it.
pub(crate) const BODY: &str = r#"{"type":"changes.available","timestamp":"2026-11-22T10:00:00Z","data":{"webhook":"news","from":"AbC-1","to":"dEf_2","events":3}}"#;

/// Everything that a delivery needs.
pub(crate) struct World {
    database: Database,
    pub(crate) clock: Frozen,
    pub(crate) queue: StoredQueue,
    web: WebClient,
    pub(crate) sealer: WebhookSealer,
    payer: PayerId,
    name: WebhookName,
}

impl World {
    /// The webhook `news`, at this address. `exempt` is the one private origin that may be reached.
    pub(crate) async fn new(url: &str, exempt: &str) -> World {
        World::at(url, exempt, Frozen::default()).await
    }

    /// The same with a clock.
    pub(crate) async fn at(url: &str, exempt: &str, clock: Frozen) -> World {
        let database = database().await;
        let payer = key::payer(database.pg(), "holder", clock.now()).await.unwrap();
        let exempt = vec![ServerOrigin::parse(exempt).unwrap()];
        let settings = ClientSettings {
            // Or a slow receiver would make the test slow, too.
            total_timeout: Duration::from_millis(500),
            ..client_settings("tests@example.org", exempt)
        };
        let waiting: Arc<dyn Clock> = Arc::new(clock.clone());
        let queue = PgQueue::new(database.pg().clone(), "deliver", 10, waiting);
        let world = World {
            clock,
            queue: StoredQueue::Postgres(queue),
            web: WebClient::new(settings).unwrap(),
            sealer: WebhookSealer::new(b"the secret of the tests"),
            payer,
            name: "news".parse().unwrap(),
            database,
        };
        world.put(url).await;
        world
    }

    pub(crate) fn pg(&self) -> &Pg {
        self.database.pg()
    }

    pub(crate) fn key(&self) -> WebhookKey<'_> {
        WebhookKey { payer: self.payer, name: &self.name }
    }

    pub(crate) fn sealed(&self, secret: &WebhookSecret) -> Vec<u8> {
        self.sealer.seal(self.payer, &self.name, secret)
    }

    /// Puts the webhook, which enables it.
    pub(crate) async fn put(&self, url: &str) {
        let url = WebhookUrl::stored(url.to_owned());
        let (filter, position) = (ChangeFilter::default(), ChangePosition::new(0));
        let secret = self.sealed(&SECRET);
        let new = NewWebhook { url: &url, filter: &filter, position, secret: &secret };
        webhook::put(self.pg(), self.key(), &new, self.clock.now()).await.unwrap();
    }

    /// A new delivery.
    pub(crate) async fn announce(&self) -> DeliveryId {
        self.clock.advance_seconds(1);
        let now = self.clock.now();
        let taken = due::take(self.pg(), ChangePosition::new(1 << 40), now).await.unwrap();
        let to = taken[0].position.plus(1);
        let range = ChangeRange { from: taken[0].announced, to };
        let found = FoundChanges { range, events: 1, body: BODY };
        due::announce(self.pg(), &taken[0], &found, now).await.unwrap().unwrap()
    }

    pub(crate) fn dependencies(&self) -> DeliverDependencies<'_> {
        let World { queue, web, clock, sealer, .. } = self;
        DeliverDependencies { pg: self.pg(), queue, web, clock, sealer }
    }

    /// Sends messages for what is due, as the tick does.
    pub(crate) async fn wake(&self) {
        due::give_up(self.pg(), self.clock.now()).await.unwrap();
        let jobs = due::waking(self.pg(), self.clock.now()).await.unwrap();
        let messages: Vec<_> = jobs.iter().map(|job| job.message(0)).collect();
        self.queue.send(&messages).await.unwrap();
        due::woken(self.pg(), &jobs, self.clock.now()).await.unwrap();
    }

    /// Does what there are messages for at this time; how many there were.
    pub(crate) async fn work(&self) -> usize {
        let mut done = 0;
        loop {
            let received = self.queue.receive(10, 60).await.unwrap();
            if received.is_empty() {
                return done;
            }
            done += received.len();
            for message in received {
                let end =
                    handle_message(self.dependencies(), &message.body, message.receives).await;
                match end {
                    JobEnd::Done => self.queue.finish(&message.receipt).await.unwrap(),
                    JobEnd::Retry { after_seconds, .. } => {
                        self.queue.release(&message.receipt, after_seconds.max(1)).await.unwrap();
                    }
                    JobEnd::Poison { why } => panic!("{why}"),
                }
            }
        }
    }

    /// Lets time pass, with a tick and all work each `step` seconds.
    pub(crate) async fn pass(&self, seconds: u32, step: u32) {
        for _ in 0..seconds.div_ceil(step) {
            self.wake().await;
            self.work().await;
            self.clock.advance_seconds(step);
        }
    }

    /// The log, the newest first.
    pub(crate) async fn log(&self) -> Vec<Delivery> {
        let page = DeliveryPage { before: None, limit: 50 };
        delivery::page(self.pg(), self.key(), page).await.unwrap()
    }

    pub(crate) async fn webhook(&self) -> Webhook {
        webhook::get(self.pg(), self.key()).await.unwrap().unwrap()
    }
}

/// The statuses of a delivery's attempts.
pub(crate) fn statuses(delivery: &Delivery) -> Vec<Option<u16>> {
    let ends = delivery.attempts.iter().map(|attempt| attempt.end.as_ref());
    ends.map(|end| end.expect("it ended").status).collect()
}

/// The whole seconds between the attempts of a delivery.
pub(crate) fn pauses(delivery: &Delivery) -> Vec<i64> {
    let began: Vec<Timestamp> = delivery.attempts.iter().map(|attempt| attempt.began_at).collect();
    began.windows(2).map(|pair| pair[1].as_second() - pair[0].as_second()).collect()
}

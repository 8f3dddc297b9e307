//! A small world behind the API: people with telling names, one run, a key for everything.
//!
//! Numbers of the run, by trust: 0 Ada (two joined profiles), 1 Grace, 2 the organisation ACME,
//! 3 the unlisted Hermit, 4 a bot, 5 and up the Alans. Grace has a second profile that is not listed,
//! and Ada's second one was crawled: it follows that one and a profile that was never read.

mod map;
mod pages;
mod rows;
mod run;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api_gateway::{
    ChargingSettings, Gateway, GatewayParts, GatewaySecrets, RequestLimits, WebhookDispatcher,
    WebhookParts, router,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use billing::DoorbellVerdict;
use billing::payment::PaymentSecret;
use model::charge::ChargeRef;
use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::port::{Clock, Queue as _, Wallet as _};
use model::time::Timestamp;
use model::{
    Adjacency, AdjacencyEntry, CommunityId, Grant, GrantKind, KeyId, Layer, MicroCredits, PayerId,
    PersonId, Platform, ProfileId, RunId, Scope,
};
use serde_json::Value;
use snapshot::SharedObjects;
use store::objects::ObjectLinks;
use store::pg::audit::AuditAction;
use store::pg::key::{self, KeyOwner, NewKey};
use store::pg::ledger::PgLedger;
use store::pg::{account_key, adjacency, community, person};
use store::queue::{PgQueue, StoredQueue};
use store::wallet::{PgWallet, StoredWallet};
use store::{Pg, WebhookSealer};
use tempfile::TempDir;
use testkit::{Database, Frozen, database};
use tower::ServiceExt as _;

pub(crate) use map::load_map;
pub(crate) use pages::{ALANS, ada_too, bluesky};
use pages::{crawl, grace_too, import, on_fediverse};
pub(crate) use rows::ALAN;

/// Who does what tests do.
pub(crate) const ACT: AuditAction<'_> = AuditAction { actor: "local:0", action: "test" };
const PEPPER: &[u8] = b"the pepper of the tests";
/// An origin that webhooks may have though it is private.
pub(crate) const WEBHOOK_ORIGIN: &str = "http://127.0.0.1:9";
/// What payment callbacks are signed with.
pub(crate) const PAYMENT_SECRET: &str = "whsec_tests";

/// The API over the small world.
pub(crate) struct Api {
    pub(crate) router: Router,
    pub(crate) database: Database,
    /// The connection of the API.
    pub(crate) answering: Pg,
    pub(crate) gateway: Gateway,
    pub(crate) clock: Frozen,
    pub(crate) key: String,
    pub(crate) key_id: KeyId,
    pub(crate) world: World,
    pub(crate) objects: SharedObjects,
    pub(crate) folder: TempDir,
}

/// What is in it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) run: RunId,
    pub(crate) rust: CommunityId,
    pub(crate) art: CommunityId,
    /// The profiles in the order of the run's numbers.
    pub(crate) profiles: Vec<ProfileId>,
    /// Ada's second profile.
    pub(crate) ada_too: ProfileId,
    /// Grace's second one, which is not listed.
    pub(crate) grace_too: ProfileId,
    /// A profile on a platform of opt-in that a crawl met and did not read.
    pub(crate) unread: ProfileId,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The entry `data` of an answer that must be one.
    pub(crate) fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["data"].clone()
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }
}

impl Api {
    /// A new database with the world in it, and an account with many credits.
    pub(crate) async fn new() -> Api {
        Api::with(RequestLimits::NONE).await
    }

    /// The same with limits.
    pub(crate) async fn with(limits: RequestLimits) -> Api {
        let (database, clock) = (database().await, Frozen::default());
        let world = World::build(database.pg(), clock.now()).await;
        // One connection: a request never waits for a second one while it holds the first.
        let answering = Pg::connect_for_answers(database.url(), 1).await.expect("a pool opens");
        let (objects, folder) = rows::objects();
        let gateway = gateway(&answering, &clock, &objects, limits);
        let router = router(gateway.clone());
        let (key, key_id) = (String::new(), KeyId::new(0));
        let mut api = Api {
            router,
            database,
            answering,
            gateway,
            clock,
            key,
            key_id,
            world,
            objects,
            folder,
        };
        api.seal_rows(api.world.run).await;
        (api.key, api.key_id) = api.new_key("tester", &Scope::ALL, 1).await;
        api.fund("tester", "1000000").await;
        api
    }

    /// Another process that serves the same, whose clock differs.
    pub(crate) fn beside(&self, clock: &Frozen) -> Router {
        router(gateway(&self.answering, clock, &self.objects, RequestLimits::NONE))
    }

    /// The account's id.
    pub(crate) async fn payer(&self, account: &str) -> PayerId {
        key::payer(self.database.pg(), account, self.clock.now()).await.expect("it is there")
    }

    /// Gives an account credits.
    pub(crate) async fn fund(&self, account: &str, credits: &str) {
        let (payer, now) = (self.payer(account).await, self.clock.now());
        let id = format!("gift-{payer}-{credits}").parse().expect("an id");
        let amount: MicroCredits = credits.parse().expect("credits");
        let grant = Grant::new(id, payer, GrantKind::Paid, amount);
        let (wallet, ledger) = (self.wallet(), self.ledger());
        let funded = billing::fund(&wallet, &ledger, &grant, now).await;
        assert_eq!(funded, Ok(billing::FundOutcome::Funded));
    }

    pub(crate) fn wallet(&self) -> PgWallet {
        PgWallet::new(self.database.pg().clone())
    }

    pub(crate) fn ledger(&self) -> PgLedger {
        PgLedger::new(self.database.pg().clone())
    }

    /// Posts what was charged, as the meter does; how many doorbells rang.
    pub(crate) async fn post_charges(&self) -> usize {
        self.gateway.flush().await.expect("doorbells ring");
        let queue = usage_queue(self.database.pg(), &self.clock);
        let mut posted = 0;
        loop {
            let received = queue.receive(10, 60).await.expect("the queue is there");
            if received.is_empty() {
                return posted;
            }
            let bells: Vec<ChargeRef> = received
                .iter()
                .map(|message| billing::parse_doorbell(&message.body).expect("a doorbell"))
                .collect();
            let (wallet, ledger, now) = (self.wallet(), self.ledger(), self.clock.now());
            let verdicts = billing::post(&wallet, &ledger, &bells, now).await.expect("it posts");
            assert!(verdicts.iter().all(|&verdict| verdict == DoorbellVerdict::Posted));
            for message in &received {
                queue.finish(&message.receipt).await.expect("it ends");
            }
            posted += received.len();
        }
    }

    /// What looks for what is new for webhooks.
    pub(crate) fn dispatcher(&self) -> WebhookDispatcher {
        let (pg, clock) = (self.database.pg(), &self.clock);
        let queue = StoredQueue::Postgres(deliver_queue(pg, clock));
        WebhookDispatcher::new(pg.clone(), queue, Arc::new(clock.clone()), &secrets())
    }

    /// What the account may spend.
    pub(crate) async fn available(&self, account: &str) -> MicroCredits {
        let balance = self.wallet().balance(self.payer(account).await).await;
        balance.expect("it is read").available
    }

    /// A further key; `seed` tells it from others.
    pub(crate) async fn new_key(
        &self,
        account: &str,
        scopes: &[Scope],
        seed: u8,
    ) -> (String, KeyId) {
        let secret = secret(seed);
        let (pg, now) = (self.database.pg(), self.clock.now());
        let usual = NewKey::new(KeyOwner::Account(account), &secret, scopes);
        let new = NewKey { daily_cap: MicroCredits::MAX, ..usual };
        let id = key::create(pg, PEPPER, &new, ACT, now).await;
        (secret.reveal().to_owned(), id.expect("the key is new"))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path), Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        self.send(self.request("POST", path), Body::from(body.to_owned())).await
    }

    /// A request with the key of this API; change it as the test needs.
    pub(crate) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let bearer = format!("Bearer {}", self.key);
        Request::builder().method(method).uri(path).header("authorization", bearer)
    }

    pub(crate) async fn send(&self, request: axum::http::request::Builder, body: Body) -> Reply {
        let request = request.body(body).expect("the request is well formed");
        let response = self.router.clone().oneshot(request).await.expect("a router never fails");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 26).await.expect("the body is in memory");
        let text = String::from_utf8(bytes.to_vec()).expect("answers are UTF-8");
        Reply { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// The person with this number in the run.
    pub(crate) fn person(&self, number: usize) -> PersonId {
        self.world.profiles[number].home_person()
    }

    /// Follows `next_cursor` to the end; the data of all pages.
    pub(crate) async fn walk(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut next = path.to_owned();
        for _ in 0..1000 {
            let reply = self.get(&next).await;
            all.extend(reply.data().as_array().expect("pages are lists").clone());
            let Some(cursor) = reply.json()["next_cursor"].as_str().map(str::to_owned) else {
                return all;
            };
            next = format!("{path}&cursor={cursor}");
        }
        panic!("the walk of {path} does not end");
    }
}

/// Each gateway is a process of its own, whose numbers no other one draws.
static INSTANCES: AtomicU64 = AtomicU64::new(0);

fn secrets() -> GatewaySecrets {
    GatewaySecrets {
        pepper: PEPPER.to_vec(),
        cursors: b"the cursors of the tests".to_vec(),
        quotes: [5; 32],
        webhooks: WebhookSealer::new(b"the webhooks of the tests"),
        payments: Some(PaymentSecret::new(PAYMENT_SECRET)),
        instance: u128::from(INSTANCES.fetch_add(1, Ordering::Relaxed)).to_le_bytes(),
    }
}

fn gateway(pg: &Pg, clock: &Frozen, objects: &SharedObjects, limits: RequestLimits) -> Gateway {
    Gateway::new(GatewayParts {
        pg: pg.clone(),
        clock: Arc::new(clock.clone()),
        secrets: secrets(),
        wallet: StoredWallet::Postgres(PgWallet::new(pg.clone())),
        usage: StoredQueue::Postgres(usage_queue(pg, clock)),
        charging: ChargingSettings { limits, doorbells_at_once: 4 },
        objects: objects.clone(),
        exports: StoredQueue::Postgres(export_queue(pg, clock)),
        links: ObjectLinks::Own,
        row_cache_bytes: 1 << 20,
        webhooks: WebhookParts {
            queue: StoredQueue::Postgres(deliver_queue(pg, clock)),
            origins: vec![WEBHOOK_ORIGIN.to_owned()],
        },
    })
}

/// The queue of deliveries.
pub(crate) fn deliver_queue(pg: &Pg, clock: &Frozen) -> PgQueue<Arc<dyn Clock>> {
    PgQueue::new(pg.clone(), "deliver", 10, Arc::new(clock.clone()))
}

/// Where jobs of exports wait.
pub(crate) fn export_queue(pg: &Pg, clock: &Frozen) -> PgQueue<Arc<dyn Clock>> {
    PgQueue::new(pg.clone(), "export", 10, Arc::new(clock.clone()))
}

pub(crate) fn usage_queue(pg: &Pg, clock: &Frozen) -> PgQueue<Arc<dyn Clock>> {
    PgQueue::new(pg.clone(), "usage", 10, Arc::new(clock.clone()))
}

/// A secret that differs by its seed.
pub(crate) fn secret(seed: u8) -> ApiSecret {
    ApiSecret::from_random(KeyRealm::Live, &[seed; RANDOM_BYTES]).expect("small bytes are fair")
}

impl World {
    async fn build(pg: &Pg, now: Timestamp) -> World {
        let pages = bluesky();
        let profiles = import(pg, Platform::BLUESKY, &pages, now).await;
        let ada_too = crawl(pg, now).await;
        let grace_too = import(pg, Platform::FEDIVERSE, &[grace_too()], now).await[0];
        let unread = account_key::resolve(pg, Platform::FEDIVERSE, &[on_fediverse("wraith")]).await;
        let unread = unread.expect("names resolve")[0];
        let joined = [vec![profiles[0], ada_too], vec![profiles[1], grace_too]];
        person::save_groups(pg, &joined, now).await.expect("groups are disjoint");
        let arcs: Adjacency =
            profiles[1..].iter().map(|&other| AdjacencyEntry::plain(other)).collect();
        let lists = [(profiles[0], arcs)];
        let mode = adjacency::ImportMode::Replace;
        adjacency::import(pg, Layer::Follow, &lists, mode, now).await.expect("lists import");
        let minted = community::mint(pg, 2).await.expect("ids are minted");
        let (rust, art) = (minted[0], minted[1]);
        let run = RunId::new(0);
        let mut world = World { run, rust, art, profiles, ada_too, grace_too, unread };
        world.run = world.publish(pg, &pages, now).await;
        world
    }
}

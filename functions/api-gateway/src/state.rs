//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use billing::payment::PaymentSecret;
use model::port::Clock;
use model::time::Timestamp;
use pricing::QuoteSigner;
use snapshot::SharedObjects;
use store::objects::ObjectLinks;
use store::queue::StoredQueue;
use store::wallet::StoredWallet;
use store::{Pg, WebhookSealer};

use crate::answer::AnswerRun;
use crate::change_watch::ChangeWatch;
use crate::charging::{Charging, ChargingSettings};
use crate::client_address::AddressBlock;
use crate::cursor::CursorSealer;
use crate::error::Problem;
use crate::file_signer::FileSigner;
use crate::key_cache::KeyCache;
use crate::label_book::LabelBook;
use crate::person_rows::RowReader;
use crate::rate_limit::RateLimiter;
use crate::served::ServedRunCache;
use crate::shared_reading::SharedReading;

/// The secrets of an installation.
#[derive(Clone)]
pub struct GatewaySecrets {
    /// The key of the stored hashes of API keys. The same in every instance; it never changes.
    pub pepper: Vec<u8>,
    /// Encrypts cursors. The same in every instance; if it changes, all cursors become invalid.
    pub cursors: Vec<u8>,
    /// Signs quotes: the seed of an Ed25519 key. The same in every instance.
    pub quotes: [u8; 32],
    /// Seals the secrets of webhooks. The same in every instance, and where deliveries are signed.
    pub webhooks: WebhookSealer,
    /// What payment callbacks are signed with; `None` if none are taken.
    pub payments: Option<PaymentSecret>,
    /// What the request ids of this instance are derived from: random, another one at each start.
    pub instance: [u8; 16],
}

/// What a gateway is made of.
pub struct GatewayParts {
    /// The database.
    pub pg: Pg,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// The secrets of the installation.
    pub secrets: GatewaySecrets,
    /// Who pays.
    pub wallet: StoredWallet,
    /// Where doorbells ring for charges.
    pub usage: StoredQueue,
    /// How it charges.
    pub charging: ChargingSettings,
    /// The sealed runs, and the files of exports.
    pub objects: SharedObjects,
    /// Where jobs of exports wait.
    pub exports: StoredQueue,
    /// Where links to files of exports lead.
    pub links: ObjectLinks,
    /// The most memory that blocks of person rows take between answers, in bytes.
    pub row_cache_bytes: usize,
    /// Where webhooks are sent from, and to.
    pub webhooks: WebhookParts,
}

/// What a gateway needs for webhooks.
#[derive(Clone)]
pub struct WebhookParts {
    /// The queue of deliveries.
    pub queue: StoredQueue,
    /// Origins, such as `http://127.0.0.1:9000`, that webhooks may have though they are no public `https`: for tests.
    pub origins: Vec<String>,
}

/// What every request needs. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Gateway {
    state: Arc<GatewayState>,
}

struct GatewayState {
    pg: Pg,
    clock: Arc<dyn Clock>,
    pepper: Vec<u8>,
    keys: KeyCache,
    served: ServedRunCache,
    labels: LabelBook,
    status: SharedReading<Option<AnswerRun>>,
    addresses: RateLimiter<AddressBlock>,
    sealer: CursorSealer,
    signer: QuoteSigner,
    payments: Option<PaymentSecret>,
    charging: Charging,
    changes: Arc<ChangeWatch>,
    are_streams_sent: bool,
    rows: RowReader,
    webhooks: WebhookParts,
    webhook_sealer: WebhookSealer,
    objects: SharedObjects,
    exports: StoredQueue,
    links: ObjectLinks,
    files: FileSigner,
    instance: [u8; 16],
    requests: AtomicU64,
}

impl GatewaySecrets {
    /// The secrets that are derived from that of the installation. `instance` is random.
    pub fn derived(secret: &[u8], payments: Option<PaymentSecret>, instance: [u8; 16]) -> Self {
        GatewaySecrets {
            pepper: store::pg::key::pepper(secret),
            cursors: blake3::derive_key("borg 2026 cursor signing", secret).to_vec(),
            quotes: blake3::derive_key("borg 2026-11 api-gateway quotes", secret),
            webhooks: WebhookSealer::new(secret),
            payments,
            instance,
        }
    }
}

impl Gateway {
    /// A gateway of these parts.
    pub fn new(parts: GatewayParts) -> Gateway {
        let GatewayParts { pg, clock, secrets, wallet, usage, charging, .. } = parts;
        let limits = charging.limits;
        let state = GatewayState {
            pg,
            clock,
            keys: KeyCache::new(&secrets.pepper),
            served: ServedRunCache::default(),
            labels: LabelBook::default(),
            status: SharedReading::default(),
            addresses: RateLimiter::new(charging.limits.address),
            sealer: CursorSealer::new(&secrets.cursors),
            signer: QuoteSigner::new(&secrets.quotes),
            payments: secrets.payments,
            charging: Charging::new(wallet, usage, charging),
            changes: ChangeWatch::new(limits.waiting_max),
            are_streams_sent: limits.are_streams_sent,
            rows: RowReader::new(parts.objects.clone(), parts.row_cache_bytes),
            objects: parts.objects,
            exports: parts.exports,
            links: parts.links,
            files: FileSigner::new(&secrets.cursors),
            webhooks: parts.webhooks,
            webhook_sealer: secrets.webhooks,
            pepper: secrets.pepper,
            instance: secrets.instance,
            requests: AtomicU64::new(0),
        };
        Gateway { state: Arc::new(state) }
    }

    /// Rings all doorbells that wait and stores what was counted: to be called now and then, and at the end.
    ///
    /// # Errors
    /// That the queue or the database cannot be reached; what was not sent is sent by the next call, or found by
    /// the sweeper.
    pub async fn flush(&self) -> Result<(), Problem> {
        self.state.charging.flush(&self.state.pg).await
    }

    /// Flushes, and closes the credit leases of this process: to be called when no request comes any more.
    ///
    /// # Errors
    /// As [`Gateway::flush`]; what is not closed is closed by the sweeper.
    pub async fn close(&self) -> Result<(), Problem> {
        self.flush().await?;
        Ok(self.state.charging.leases.close(&self.state.charging.wallet).await?)
    }

    /// Lets requests that wait for events be answered now, and streams of events end: to be called before the last
    /// requests are waited for.
    pub fn end_waiting(&self) {
        self.state.changes.end();
    }

    pub(crate) fn charging(&self) -> &Charging {
        &self.state.charging
    }

    /// Who waits for events.
    pub(crate) fn changes(&self) -> &Arc<ChangeWatch> {
        &self.state.changes
    }

    /// Whether answers may be sent bit by bit.
    pub(crate) fn are_streams_sent(&self) -> bool {
        self.state.are_streams_sent
    }

    pub(crate) fn signer(&self) -> &QuoteSigner {
        &self.state.signer
    }

    /// What payment callbacks are signed with; `None` if none are taken.
    pub(crate) fn payments(&self) -> Option<&PaymentSecret> {
        self.state.payments.as_ref()
    }

    pub(crate) fn pg(&self) -> &Pg {
        &self.state.pg
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.state.clock.now()
    }

    pub(crate) fn pepper(&self) -> &[u8] {
        &self.state.pepper
    }

    pub(crate) fn keys(&self) -> &KeyCache {
        &self.state.keys
    }

    pub(crate) fn served_run(&self) -> &ServedRunCache {
        &self.state.served
    }

    pub(crate) fn labels(&self) -> &LabelBook {
        &self.state.labels
    }

    /// What is served, as `/v1/status` says it.
    pub(crate) fn status(&self) -> &SharedReading<Option<AnswerRun>> {
        &self.state.status
    }

    /// How many requests each client address sent.
    pub(crate) fn addresses(&self) -> &RateLimiter<AddressBlock> {
        &self.state.addresses
    }

    /// The attention between people of runs.
    pub(crate) fn rows(&self) -> &RowReader {
        &self.state.rows
    }

    /// Where webhooks are sent from, and to.
    pub(crate) fn webhooks(&self) -> &WebhookParts {
        &self.state.webhooks
    }

    /// Seals the secrets of webhooks.
    pub(crate) fn webhook_sealer(&self) -> &WebhookSealer {
        &self.state.webhook_sealer
    }

    /// What is sealed.
    pub(crate) fn objects(&self) -> &SharedObjects {
        &self.state.objects
    }

    /// Where jobs of exports wait.
    pub(crate) fn exports(&self) -> &StoredQueue {
        &self.state.exports
    }

    /// Where links to files of exports lead.
    pub(crate) fn links(&self) -> &ObjectLinks {
        &self.state.links
    }

    /// Signs the names of files that this server gives itself.
    pub(crate) fn files(&self) -> &FileSigner {
        &self.state.files
    }

    pub(crate) fn sealer(&self) -> &CursorSealer {
        &self.state.sealer
    }

    /// A number that no other request has, and that cannot be guessed from another one.
    pub(crate) fn nonce(&self) -> u64 {
        let hash = self.next_hash();
        hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// A new id for a request, which cannot be guessed from another one.
    pub(crate) fn request_id(&self) -> String {
        format!("req_{}", &self.next_hash().to_hex()[..20])
    }

    fn next_hash(&self) -> blake3::Hash {
        let number = self.state.requests.fetch_add(1, Ordering::Relaxed);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.state.instance).update(&number.to_le_bytes());
        hasher.finalize()
    }
}

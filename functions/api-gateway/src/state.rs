//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::port::Clock;
use model::time::Timestamp;
use store::Pg;

use crate::cursor::CursorSealer;
use crate::key_cache::KeyCache;
use crate::served::ServedRunCache;

/// The secrets of an installation.
#[derive(Clone)]
pub struct GatewaySecrets {
    /// The key of the stored hashes of API keys. The same in every instance; it never changes.
    pub pepper: Vec<u8>,
    /// Encrypts cursors. The same in every instance; if it changes, all cursors become invalid.
    pub cursors: Vec<u8>,
    /// What the request ids of this instance are derived from: random, another one at each start.
    pub instance: [u8; 16],
}

/// What every request needs. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Gateway(Arc<GatewayState>);

struct GatewayState {
    pg: Pg,
    clock: Arc<dyn Clock>,
    pepper: Vec<u8>,
    keys: KeyCache,
    served: ServedRunCache,
    sealer: CursorSealer,
    instance: [u8; 16],
    requests: AtomicU64,
}

impl Gateway {
    /// A gateway to this database.
    pub fn new(pg: Pg, clock: Arc<dyn Clock>, secrets: GatewaySecrets) -> Gateway {
        Gateway(Arc::new(GatewayState {
            pg,
            clock,
            keys: KeyCache::new(&secrets.pepper),
            served: ServedRunCache::default(),
            sealer: CursorSealer::new(&secrets.cursors),
            pepper: secrets.pepper,
            instance: secrets.instance,
            requests: AtomicU64::new(0),
        }))
    }

    pub(crate) fn pg(&self) -> &Pg {
        &self.0.pg
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn pepper(&self) -> &[u8] {
        &self.0.pepper
    }

    pub(crate) fn keys(&self) -> &KeyCache {
        &self.0.keys
    }

    pub(crate) fn served_run(&self) -> &ServedRunCache {
        &self.0.served
    }

    pub(crate) fn sealer(&self) -> &CursorSealer {
        &self.0.sealer
    }

    /// A new id for a request, which cannot be guessed from another one.
    pub(crate) fn request_id(&self) -> String {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.instance).update(&number.to_le_bytes());
        format!("req_{}", &hasher.finalize().to_hex()[..20])
    }
}

//! What the handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::port::Clock;
use model::time::Timestamp;
use store::Pg;

use crate::auth::KeyCache;
use crate::cursor::Sealer;

/// What an installation keeps to itself.
#[derive(Clone)]
pub struct Secrets {
    /// Under which the hashes of API keys are stored. The same in every instance, for ever.
    pub pepper: Vec<u8>,
    /// Seals cursors. The same in every instance; changing it voids the walks under way.
    pub cursors: Vec<u8>,
    /// Begins the request ids of this instance: random, for each start anew.
    pub instance: [u8; 16],
}

/// What every request needs. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

struct Shared {
    pg: Pg,
    clock: Arc<dyn Clock>,
    pepper: Vec<u8>,
    keys: KeyCache,
    sealer: Sealer,
    instance: [u8; 16],
    requests: AtomicU64,
}

impl Gateway {
    /// A gateway to this record.
    pub fn new(pg: Pg, clock: Arc<dyn Clock>, secrets: Secrets) -> Gateway {
        Gateway(Arc::new(Shared {
            pg,
            clock,
            keys: KeyCache::new(&secrets.pepper),
            sealer: Sealer::new(&secrets.cursors),
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

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    /// A new id for a request, which nobody can guess from another.
    pub(crate) fn request_id(&self) -> String {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.instance).update(&number.to_le_bytes());
        format!("req_{}", &hasher.finalize().to_hex()[..20])
    }
}

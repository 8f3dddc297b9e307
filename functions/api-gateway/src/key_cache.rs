//! API keys that were read lately, so that a request need not read its key. A revocation holds, and a notice comes,
//! within [`KEPT_SECONDS`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::key::ApiSecret;
use store::pg::key::ApiKey;

/// How long a key that was read is used.
const KEPT_SECONDS: i64 = 30;
/// The most keys that are kept; past it all are forgotten.
const KEYS_MAX: usize = 10_000;

/// A key, and what its account should know.
pub(crate) struct KnownKey {
    pub(crate) key: ApiKey,
    /// What every answer says, if there is something: see [`mod@crate::notice`].
    pub(crate) notice: Option<String>,
}

/// Keys as the database had them lately, by a keyed hash of the secret; `None` for unknown ones.
pub(crate) struct KeyCache {
    hash_key: [u8; 32],
    known: Mutex<HashMap<[u8; 32], RememberedKey>>,
}

struct RememberedKey {
    until_second: i64,
    key: Option<Arc<KnownKey>>,
}

impl KeyCache {
    /// An empty cache.
    pub(crate) fn new(pepper: &[u8]) -> KeyCache {
        let hash_key = blake3::derive_key("borg 2026-11 api-gateway key cache", pepper);
        KeyCache { hash_key, known: Mutex::default() }
    }

    pub(crate) fn hash(&self, secret: &ApiSecret) -> [u8; 32] {
        *blake3::keyed_hash(&self.hash_key, secret.reveal().as_bytes()).as_bytes()
    }

    pub(crate) fn get(&self, hash: &[u8; 32], second: i64) -> Option<Option<Arc<KnownKey>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|one| second < one.until_second).map(|one| one.key.clone())
    }

    pub(crate) fn put(&self, hash: [u8; 32], second: i64, key: Option<Arc<KnownKey>>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEYS_MAX {
            known.clear();
        }
        known.insert(hash, RememberedKey { until_second: second + KEPT_SECONDS, key });
    }

    /// Forgets all keys: one was changed. Other processes notice within [`KEPT_SECONDS`].
    pub(crate) fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

//! Names learned on the way, so that no request is made twice for one: who a host's numeric id or
//! an `acct` is, and where a profile's own server stands. Bounded; when full it starts anew.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::observation::Named;

use crate::origin::Origin;
use crate::window::Window;

/// The most entries of one kind; about 40 MB when full.
const ENTRIES_MAX: usize = 200_000;

/// Shared by everything that one process fetches; the longer it lives, the fewer requests.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    names: HashMap<String, Option<Named>>,
    origins: HashMap<String, Origin>,
    windows: HashMap<String, Option<Window>>,
}

impl Memory {
    /// An empty memory.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// Who this key stands for; `Some(None)` is known to be nobody.
    pub(crate) fn name(&self, key: &str) -> Option<Option<Named>> {
        self.inner().names.get(key).cloned()
    }

    pub(crate) fn keep_name(&self, key: String, named: Option<Named>) {
        let mut inner = self.inner();
        if inner.names.len() >= ENTRIES_MAX {
            inner.names.clear();
        }
        inner.names.insert(key, named);
    }

    /// Whether the key is known at all.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.inner().names.contains_key(key)
    }

    pub(crate) fn origin(&self, native_id: &str) -> Option<Origin> {
        self.inner().origins.get(native_id).cloned()
    }

    pub(crate) fn keep_origin(&self, native_id: String, origin: Origin) {
        let mut inner = self.inner();
        if inner.origins.len() >= ENTRIES_MAX {
            inner.origins.clear();
        }
        inner.origins.insert(native_id, origin);
    }

    /// Works on what is known of a host's rate-limit windows.
    pub(crate) fn with_window<T>(
        &self,
        host: &str,
        work: impl FnOnce(&mut Option<Window>) -> T,
    ) -> T {
        let mut inner = self.inner();
        if inner.windows.len() >= ENTRIES_MAX {
            inner.windows.clear();
        }
        work(inner.windows.entry(host.to_owned()).or_default())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

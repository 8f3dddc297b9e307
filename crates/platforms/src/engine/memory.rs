//! Names that were looked up, so that no request is made twice for one: which profile a host's numeric
//! id or an `acct` is, where a profile's own server is, and under which domain a host's accounts are
//! known. Bounded; the least recently used entries go first.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::observation::NamedProfile;

use super::robots_rules::RobotsRules;
use crate::origin::ServerOrigin;
use crate::window::RateWindow;

/// The most entries of one generation of one kind; two of names are about 80 MB when full.
const ENTRIES_MAX: usize = 200_000;

/// Shared by everything that one process fetches; the longer it lives, the fewer requests.
#[derive(Debug, Default)]
pub struct FetchMemory {
    inner: Mutex<MemoryState>,
    ignores_robots: bool,
}

#[derive(Debug, Default)]
struct MemoryState {
    names: GenerationCache<Option<NamedProfile>>,
    origins: GenerationCache<ServerOrigin>,
    domains: GenerationCache<AccountDomain>,
    windows: GenerationCache<Option<RateWindow>>,
    robots: GenerationCache<RobotsRules>,
}

/// Under which domain the accounts of a host are known.
#[derive(Debug)]
enum AccountDomain {
    Known(String),
    /// It gave no answer, this many times in a row.
    Silent(u32),
}

/// A host that gave no answer this many times gets no further request: its accounts are known by its
/// name.
const SILENCES_MAX: u32 = 3;

/// Two generations of entries. An entry that is read moves to the young one; when that is full it
/// becomes the old one, and the old one goes. So an entry outlives [`ENTRIES_MAX`] others at least.
#[derive(Debug)]
struct GenerationCache<T> {
    young: HashMap<String, T>,
    old: HashMap<String, T>,
}

impl<T> Default for GenerationCache<T> {
    fn default() -> GenerationCache<T> {
        GenerationCache { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<T> GenerationCache<T> {
    fn get(&mut self, key: &str) -> Option<&mut T> {
        if let Some((key, value)) = self.old.remove_entry(key) {
            self.keep(key, value);
        }
        self.young.get_mut(key)
    }

    fn keep(&mut self, key: String, value: T) {
        if self.young.len() >= ENTRIES_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }
}

impl FetchMemory {
    /// An empty memory.
    pub fn new() -> FetchMemory {
        FetchMemory::default()
    }

    /// An empty memory of a web that has no robots.txt: recorded answers.
    pub fn of_recordings() -> FetchMemory {
        FetchMemory { ignores_robots: true, ..FetchMemory::default() }
    }

    pub(super) fn heeds_robots(&self) -> bool {
        !self.ignores_robots
    }

    pub(super) fn robots(&self, host: &str) -> Option<RobotsRules> {
        self.inner().robots.get(host).cloned()
    }

    pub(super) fn keep_robots(&self, host: String, rules: RobotsRules) {
        self.inner().robots.keep(host, rules);
    }

    /// The profile of this key; `Some(None)` if it is known that there is none.
    pub(crate) fn name(&self, key: &str) -> Option<Option<NamedProfile>> {
        self.inner().names.get(key).cloned()
    }

    pub(crate) fn keep_name(&self, key: String, named: Option<NamedProfile>) {
        self.inner().names.keep(key, named);
    }

    /// Whether the key is known at all.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.inner().names.get(key).is_some()
    }

    pub(crate) fn origin(&self, native_id: &str) -> Option<ServerOrigin> {
        self.inner().origins.get(native_id).cloned()
    }

    pub(crate) fn keep_origin(&self, native_id: String, origin: ServerOrigin) {
        self.inner().origins.keep(native_id, origin);
    }

    /// Under which domain the accounts of a host are known; `None` if it is to be requested.
    pub(crate) fn domain(&self, host: &str) -> Option<String> {
        match self.inner().domains.get(host)? {
            AccountDomain::Known(domain) => Some(domain.clone()),
            AccountDomain::Silent(times) => (*times >= SILENCES_MAX).then(|| host.to_owned()),
        }
    }

    /// Keeps the domain that a host names for its accounts, or that it gave no answer.
    pub(crate) fn keep_domain(&self, host: &str, answer: Option<String>) {
        let domains = &mut self.inner().domains;
        let domain = match (answer, domains.get(host)) {
            (Some(domain), _) => AccountDomain::Known(domain),
            (None, Some(AccountDomain::Silent(times))) => AccountDomain::Silent(*times + 1),
            (None, _) => AccountDomain::Silent(1),
        };
        domains.keep(host.to_owned(), domain);
    }

    /// Calls `work` with what is known of a host's rate-limit windows.
    pub(crate) fn with_window<T>(
        &self,
        host: &str,
        work: impl FnOnce(&mut Option<RateWindow>) -> T,
    ) -> T {
        let mut inner = self.inner();
        if let Some(window) = inner.windows.get(host) {
            return work(window);
        }
        let mut window = None;
        let done = work(&mut window);
        inner.windows.keep(host.to_owned(), window);
        done
    }

    fn inner(&self) -> MutexGuard<'_, MemoryState> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_requested_until_the_host_answers_or_was_silent_too_often() {
        let memory = FetchMemory::new();
        memory.keep_domain("known.test", Some("other.test".to_owned()));
        assert_eq!(memory.domain("known.test").as_deref(), Some("other.test"));
        for _ in 0..SILENCES_MAX {
            assert_eq!(memory.domain("silent.test"), None);
            memory.keep_domain("silent.test", None);
        }
        assert_eq!(memory.domain("silent.test").as_deref(), Some("silent.test"));
    }

    #[test]
    fn what_is_read_stays_and_the_rest_is_bounded() {
        let mut kept = GenerationCache::default();
        kept.keep("asked".to_owned(), 1);
        kept.keep("forgotten".to_owned(), 2);
        for number in 0..3 * ENTRIES_MAX {
            kept.keep(number.to_string(), 0);
            if number % 1_000 == 0 {
                assert_eq!(kept.get("asked"), Some(&mut 1));
            }
        }
        assert_eq!(kept.get("forgotten"), None);
        assert!(kept.young.len() + kept.old.len() <= 2 * ENTRIES_MAX);
    }
}

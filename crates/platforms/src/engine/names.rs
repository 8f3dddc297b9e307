//! The accounts that records name, and how names that they lack are found out.

use std::collections::HashSet;

use model::observation::NamedProfile;

use super::CrawlEngine;
use super::context::FetchContext;
use super::memory::FetchMemory;
use super::name_lookup::LookupRequest;
use super::partial_name::{LocalHandle, PartialName};
use super::stop_reason::StopReason;
use super::stream_scope::StreamScope;
use super::subject::FetchSubject;
use crate::manifest::{FindBy, PlatformManifest};

/// The most lookups for one page's names; the rest waits for the page's next visit.
const LOOKUPS_MAX: usize = 200;

/// How far a name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NameState {
    Known(NamedProfile),
    /// To be looked up.
    Open(PartialName),
    /// The record names no account.
    Absent,
    /// The record names an account whose native id cannot be found out.
    Unresolvable,
}

/// A name on a page, and how it may be looked up.
#[derive(Debug)]
pub(super) struct PageName<'r> {
    pub(super) state: NameState,
    pub(super) find: &'r [FindBy],
}

/// Resolves the names that a host's pages give, by what is known already.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameResolver<'a> {
    pub(super) manifest: &'a PlatformManifest,
    pub(super) memory: &'a FetchMemory,
    pub(super) host: &'a str,
}

impl NameResolver<'_> {
    /// How far a name is known. Remembers a complete one if pages that lack it may need it.
    pub(super) fn state(&self, find: &[FindBy], names: PartialName) -> NameState {
        let names = names.in_one_form(self.manifest).at_known_domain(self.memory, self.host);
        if let Some(native_id) = names.native_id.as_ref() {
            if !self.manifest.handle.native.is_match(native_id) {
                return NameState::Unresolvable;
            }
            let named = names.named(self.manifest, native_id.clone());
            if !find.is_empty() {
                self.learn(&names, Some(&named));
            }
            return NameState::Known(named);
        }
        let keys: Vec<String> = find.iter().filter_map(|by| self.key(*by, &names)).collect();
        let known: Vec<Option<Option<NamedProfile>>> =
            keys.iter().map(|key| self.memory.name(key)).collect();
        if let Some(named) = known.iter().flatten().flatten().next() {
            return NameState::Known(named.clone());
        }
        match (keys.is_empty(), known.iter().all(Option::is_some)) {
            (true, _) => NameState::Absent,
            (false, true) => NameState::Unresolvable,
            (false, false) => NameState::Open(names),
        }
    }

    fn is_open(&self, name: &PageName<'_>) -> bool {
        self.open_names(name).is_some()
    }

    /// The names that are still to be looked up.
    fn open_names(&self, name: &PageName<'_>) -> Option<PartialName> {
        let NameState::Open(names) = &name.state else { return None };
        match self.state(name.find, names.clone()) {
            NameState::Open(names) => Some(names),
            _ => None,
        }
    }

    fn key(&self, by: FindBy, names: &PartialName) -> Option<String> {
        match by {
            FindBy::LocalId => Some(format!("{}#{}", self.host, names.local_id.as_ref()?)),
            FindBy::Handle => Some(format!("@{}", names.handle.as_ref()?.to_lowercase())),
        }
    }

    fn learn(&self, names: &PartialName, named: Option<&NamedProfile>) {
        for by in [FindBy::LocalId, FindBy::Handle] {
            if let Some(key) = self.key(by, names)
                && !self.memory.knows(&key)
            {
                self.memory.keep_name(key, named.cloned());
            }
        }
    }
}

/// A name that is to be looked up, and by what.
#[derive(Clone, Copy)]
struct OpenName<'a> {
    find: &'a [FindBy],
    names: &'a PartialName,
}

/// A lookup that failed, and the host that failed it.
struct FailedLookup {
    host: String,
    reason: StopReason,
}

impl CrawlEngine {
    /// Looks up every open name of a page at `host`. A host that fails gets no second request for this
    /// page. After enough attempts of the subject, the names of failing hosts are left open.
    pub(super) async fn resolve_names(
        &self,
        fetch: &mut FetchContext<'_>,
        scope: StreamScope<'_>,
        host: &str,
        names: &mut [&mut PageName<'_>],
    ) -> Result<(), StopReason> {
        let resolver = NameResolver { manifest: scope.manifest, memory: fetch.memory, host };
        let is_open = |name: &&mut PageName<'_>| matches!(name.state, NameState::Open(_));
        if !names.iter().any(is_open) {
            return Ok(());
        }
        let is_passing = |stop: &StopReason| {
            matches!(stop, StopReason::Retry { .. } | StopReason::Unreadable(_))
        };
        match self.find_all(fetch, resolver, names).await? {
            Some(stop) if is_passing(&stop) && scope.subject.attempt >= FetchSubject::PATIENCE => {}
            Some(stop) => return Err(stop),
            // The memory may have dropped a name before the page could use it.
            None if names.iter().any(|name| resolver.is_open(name)) => return Err(StopReason::Cut),
            None => {}
        }
        for name in names {
            if let NameState::Open(partial) = &name.state {
                name.state = resolver.state(name.find, partial.clone());
            }
        }
        Ok(())
    }

    /// Looks up open names, each once. Returns the trouble of the hosts that failed, first that which
    /// may pass.
    async fn find_all(
        &self,
        fetch: &mut FetchContext<'_>,
        resolver: NameResolver<'_>,
        names: &[&mut PageName<'_>],
    ) -> Result<Option<StopReason>, StopReason> {
        let mut failed = HashSet::new();
        let (mut lookups, mut trouble) = (0, None);
        for name in names {
            let Some(open) = resolver.open_names(name) else { continue };
            if lookups >= LOOKUPS_MAX {
                // What was found is remembered: the next visit continues with the rest.
                return Err(StopReason::Cut);
            }
            match self
                .find(fetch, resolver, OpenName { find: name.find, names: &open }, &failed)
                .await
            {
                Ok(()) => lookups += 1,
                Err(FailedLookup { host, reason }) => {
                    lookups += usize::from(reason != StopReason::Cut);
                    failed.insert(host);
                    let passing = trouble.filter(|stop| {
                        matches!(stop, StopReason::Retry { .. } | StopReason::Unreadable(_))
                    });
                    trouble = passing.or(Some(reason));
                }
            }
        }
        Ok(trouble)
    }

    /// Finds one name and remembers it, or remembers that there is none. A host that `failed` already
    /// gets no request.
    async fn find(
        &self,
        fetch: &mut FetchContext<'_>,
        resolver: NameResolver<'_>,
        name: OpenName<'_>,
        failed: &HashSet<String>,
    ) -> Result<(), FailedLookup> {
        let NameResolver { manifest, host, .. } = resolver;
        let mut found = name.names.clone();
        for by in name.find {
            let lookup = match by {
                FindBy::LocalId => manifest.by_local_id.as_ref(),
                FindBy::Handle => manifest.by_handle.as_ref(),
            };
            let Some(lookup) = lookup else { continue };
            let at = match by {
                FindBy::LocalId => host,
                FindBy::Handle => handle_host(&found).unwrap_or(host),
            };
            let at = at.to_owned();
            if failed.contains(&at) {
                return Err(FailedLookup { host: at, reason: StopReason::Cut });
            }
            let request = LookupRequest { manifest, lookup, names: &found, host };
            let answer = match self.look_up(fetch, request).await {
                Err(StopReason::Disallowed(_)) => PartialName::default(),
                Err(reason) => return Err(FailedLookup { host: at, reason }),
                Ok(answer) => answer,
            };
            found.native_id = answer.native_id.or(found.native_id);
            found.handle = answer.handle.or(found.handle);
            if found.native_id.is_some() {
                break;
            }
        }
        let fits = |id: &String| manifest.handle.native.is_match(id);
        let native_id = found.native_id.clone().filter(fits);
        let named = native_id.map(|native_id| found.named(manifest, native_id));
        resolver.learn(name.names, named.as_ref());
        Ok(())
    }
}

fn handle_host(names: &PartialName) -> Option<&str> {
    Some(LocalHandle::split(names.handle.as_deref()?)?.host)
}

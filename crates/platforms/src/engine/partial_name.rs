//! What a record says of an account's names.

use std::borrow::Cow;

use model::handle;
use model::observation::NamedProfile;

use super::clean;
use super::memory::FetchMemory;
use crate::manifest::{NameSelectors, PlatformManifest};
use crate::path::{PageNode, SelectorContext, ValueSelector};

/// The names of an account, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PartialName {
    pub(super) native_id: Option<String>,
    pub(super) handle: Option<String>,
    pub(super) local_id: Option<String>,
}

impl PartialName {
    /// Reads the names in a record.
    pub(super) fn read(
        selectors: &NameSelectors,
        record: &PageNode<'_>,
        context: SelectorContext<'_>,
    ) -> PartialName {
        let read = |selector: &Option<ValueSelector>| {
            clean::name(selector.as_ref()?.text(record, context)?)
        };
        PartialName {
            native_id: read(&selectors.native_id),
            handle: read(&selectors.handle),
            local_id: read(&selectors.local_id),
        }
    }

    /// The same with the handle in its one form; without it if it can have none.
    pub(super) fn in_one_form(self, manifest: &PlatformManifest) -> PartialName {
        let handle = self.handle.and_then(|handle| one_form(manifest, handle));
        PartialName { handle, ..self }
    }

    /// A handle that `host` gives one of its own accounts, under the domain where others know it.
    pub(super) fn at_known_domain(self, memory: &FetchMemory, host: &str) -> PartialName {
        let own = self.handle.as_deref().and_then(LocalHandle::split);
        let own = own.filter(|own| own.host == host);
        let known =
            own.and_then(|own| Some(LocalHandle { host: &memory.domain(host)?, ..own }.join()));
        PartialName { handle: known.or(self.handle), ..self }
    }

    /// The profile of this native id.
    pub(super) fn named(&self, manifest: &PlatformManifest, native_id: String) -> NamedProfile {
        let named = NamedProfile { native_id, handle: self.handle.clone(), host: None };
        NamedProfile { host: manifest.home_host(&named), ..named }
    }
}

fn one_form(manifest: &PlatformManifest, handle: String) -> Option<String> {
    match handle::canonical(manifest.platform, &handle).ok()? {
        Cow::Borrowed(same) if same.len() == handle.len() => Some(handle),
        other => Some(other.into_owned()),
    }
}

/// The two halves of a handle like `ada@one.example`.
#[derive(Debug, Clone, Copy)]
pub(super) struct LocalHandle<'h> {
    pub(super) name: &'h str,
    pub(super) host: &'h str,
}

impl<'h> LocalHandle<'h> {
    /// The halves of a handle; `None` if it has no host.
    pub(super) fn split(handle: &'h str) -> Option<LocalHandle<'h>> {
        let (name, host) = handle.split_once('@')?;
        Some(LocalHandle { name, host })
    }

    /// The whole handle.
    pub(super) fn join(self) -> String {
        format!("{}@{}", self.name, self.host)
    }
}

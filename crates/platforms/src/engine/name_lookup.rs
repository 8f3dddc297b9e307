//! One lookup of a name: a request whose answer names an account.

use super::CrawlEngine;
use super::clean;
use super::context::FetchContext;
use super::page_request::PageRequest;
use super::partial_name::PartialName;
use super::stop_reason::StopReason;
use super::values::TemplateValues;
use crate::manifest::{NameLookup, PlatformManifest, StreamAuth};
use crate::path::{SelectorContext, ValueSelector};

/// A lookup, and the names that are known so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookupRequest<'a> {
    pub(super) manifest: &'a PlatformManifest,
    pub(super) lookup: &'a NameLookup,
    pub(super) names: &'a PartialName,
    /// The host whose page has the name.
    pub(super) host: &'a str,
}

impl LookupRequest<'_> {
    fn page_request(&self) -> PageRequest<'_> {
        let native_id = self.names.native_id.as_deref();
        PageRequest {
            manifest: self.manifest,
            requests: std::slice::from_ref(&self.lookup.request),
            auth: &StreamAuth::None,
            errors: &self.manifest.errors,
            values: TemplateValues {
                native_id,
                native_host: native_id.and_then(|id| self.manifest.native_host(id)),
                handle: self.names.handle.as_deref(),
                local_id: self.names.local_id.as_deref(),
                host: Some(self.host),
                ..TemplateValues::default()
            },
            link: None,
            attempt: 0,
        }
    }
}

impl CrawlEngine {
    /// The names in the answer of one lookup; none where the host says that there is no such account.
    pub(super) async fn look_up(
        &self,
        fetch: &mut FetchContext<'_>,
        request: LookupRequest<'_>,
    ) -> Result<PartialName, StopReason> {
        let answer = match self.request_page(fetch, request.page_request()).await {
            Ok(answer) => answer,
            Err(
                stop @ (StopReason::Cut | StopReason::Retry { .. } | StopReason::Disallowed(_)),
            ) => return Err(stop),
            Err(_) => return Ok(PartialName::default()),
        };
        let LookupRequest { manifest, lookup, .. } = request;
        let page = answer.page(&lookup.shape)?;
        let context = SelectorContext { host: &answer.host };
        let text = |selector: &Option<ValueSelector>| {
            clean::name(selector.as_ref()?.text(&page, context)?)
        };
        let names = PartialName {
            native_id: text(&lookup.native_id),
            handle: text(&lookup.handle),
            local_id: text(&lookup.local_id),
        };
        Ok(names.in_one_form(manifest))
    }
}

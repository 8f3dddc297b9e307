//! What a visit to a stream works on.

use super::page_request::PageRequest;
use super::stop_reason::StopReason;
use super::subject::FetchSubject;
use super::values::TemplateValues;
use crate::manifest::{ManifestStream, PagerKind, PagingRules, PlatformManifest, RequestTemplate};
use crate::path::{PageNode, SelectorContext};
use crate::verdict;

/// What a visit works on.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamScope<'a> {
    pub(super) manifest: &'a PlatformManifest,
    pub(super) stream: &'a ManifestStream,
    pub(super) subject: &'a FetchSubject,
}

impl<'a> StreamScope<'a> {
    /// The request for a page.
    pub(super) fn page_request(
        &self,
        requests: &'a [RequestTemplate],
        values: TemplateValues<'a>,
    ) -> PageRequest<'a> {
        let stream = self.stream;
        let is_link = matches!(stream.paging.pager, PagerKind::Link { .. });
        let link = values.cursor.filter(|_| is_link);
        PageRequest {
            manifest: self.manifest,
            requests,
            auth: &stream.auth,
            errors: &stream.errors,
            values,
            link,
            attempt: self.subject.attempt,
        }
    }

    /// The cursor that the visit begins with.
    pub(super) fn began(&self) -> Option<String> {
        self.subject.progress(&self.stream.name)?.cursor.clone()
    }

    /// The values of the stream's requests, but for the cursor.
    pub(super) fn values(&self) -> TemplateValues<'a> {
        TemplateValues {
            local_id: self.subject.local_id.as_deref(),
            ..TemplateValues::of(self.manifest, &self.subject.named)
        }
    }
}

/// Refuses a page that lacks its records altogether, or whose body asks for a pause.
pub(super) fn well_formed(
    paging: &PagingRules,
    page: &PageNode<'_>,
    context: SelectorContext<'_>,
) -> Result<(), StopReason> {
    if paging.records.as_ref().is_some_and(|records| !records.is_there(page)) {
        let why = format!("{} answered without the expected list", context.host);
        return Err(StopReason::Unreadable(why));
    }
    let wait_ms = paging.wait.as_ref().and_then(|wait| verdict::body_wait_ms(wait, page, context));
    match wait_ms {
        Some(_) => Err(StopReason::Retry {
            after_ms: wait_ms,
            why: format!("{} asks for a pause", context.host),
        }),
        None => Ok(()),
    }
}

//! What a visit to a stream works on.

use super::ask::{Ask, Stop};
use super::subject::Subject;
use super::values::Values;
use crate::manifest::{Manifest, Pager, Paging, RequestTemplate, Stream};
use crate::path::{Context, Node};
use crate::verdict;

/// What a visit works on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) stream: &'a Stream,
    pub(super) subject: &'a Subject,
}

impl<'a> Scene<'a> {
    /// The request for a page.
    pub(super) fn ask(&self, requests: &'a [RequestTemplate], values: Values<'a>) -> Ask<'a> {
        let stream = self.stream;
        let is_link = matches!(stream.paging.pager, Pager::Link { .. });
        let link = values.cursor.filter(|_| is_link);
        Ask {
            manifest: self.manifest,
            requests,
            auth: &stream.auth,
            errors: &stream.errors,
            values,
            link,
            attempt: self.subject.attempt,
        }
    }

    /// The values of the stream's requests, but for the cursor.
    pub(super) fn values(&self) -> Values<'a> {
        Values {
            local_id: self.subject.local_id.as_deref(),
            ..Values::of(self.manifest, &self.subject.named)
        }
    }
}

/// Refuses a page that lacks its records altogether, or whose body asks for a pause.
pub(super) fn well_formed(
    paging: &Paging,
    page: &Node<'_>,
    context: Context<'_>,
) -> Result<(), Stop> {
    if paging.records.as_ref().is_some_and(|records| !records.is_there(page)) {
        let why = format!("{} answered without the expected list", context.host);
        return Err(Stop::Unreadable(why));
    }
    let told = paging.wait.as_ref().and_then(|wait| verdict::told_ms(wait, page, context));
    match told {
        Some(_) => {
            Err(Stop::Retry { after_ms: told, why: format!("{} asks for a pause", context.host) })
        }
        None => Ok(()),
    }
}

//! Requests for pages, their targets and their answers.

use std::borrow::Cow;

use model::port::WebResponse;

use super::stop_reason::StopReason;
use super::values::TemplateValues;
use crate::manifest::{ErrorRules, PlatformManifest, RequestTemplate, StreamAuth};
use crate::origin::ServerOrigin;
use crate::path::{PageNode, PageShape, read, text_of};

/// Where a request goes.
#[derive(Debug, Clone)]
pub(super) struct RequestTarget {
    /// The origin, without a trailing slash.
    pub(super) base: String,
    /// The host whose budget is charged.
    pub(super) host: String,
    /// The `Host` header, where it is not the origin's own.
    pub(super) host_header: Option<String>,
}

/// An answer that is a page, and the host that sent it.
#[derive(Debug)]
pub(super) struct PageAnswer {
    pub(super) response: WebResponse,
    pub(super) host: String,
}

impl PageAnswer {
    /// Reads what `shape` selects of the body. Errors name the host: there may be several.
    pub(super) fn page(&self, shape: &PageShape) -> Result<PageNode<'_>, StopReason> {
        let read = text_of(&self.response.body).and_then(|text| read(shape, text));
        read.map_err(|error| StopReason::Unreadable(format!("{}: {error}", self.host)))
    }

    /// Replaces bytes that are no text by replacement characters.
    pub(super) fn replace_bad_bytes(&mut self) {
        if let Cow::Owned(text) = String::from_utf8_lossy(&self.response.body) {
            self.response.body = text.into_bytes();
        }
    }
}

/// What a request is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageRequest<'a> {
    pub(super) manifest: &'a PlatformManifest,
    /// The first whose names are all known is sent.
    pub(super) requests: &'a [RequestTemplate],
    pub(super) auth: &'a StreamAuth,
    pub(super) errors: &'a ErrorRules,
    pub(super) values: TemplateValues<'a>,
    /// What a Link header names: path and query, or a query alone.
    pub(super) link: Option<&'a str>,
    /// How often it failed before.
    pub(super) attempt: u32,
}

impl RequestTarget {
    pub(super) fn at(origin: &ServerOrigin) -> RequestTarget {
        RequestTarget {
            base: origin.as_str().to_owned(),
            host: origin.host().to_owned(),
            host_header: None,
        }
    }
}

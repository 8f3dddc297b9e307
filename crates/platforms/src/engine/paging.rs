//! Paging: the records of a page, and what follows the page.

use std::borrow::Cow;

use model::port::WebResponse;

use super::link::next_link;
use super::stop_reason::StopReason;
use crate::manifest::{PagerKind, PagingRules, UntilParam};
use crate::path::{PageNode, SelectorContext, ValueSelector};
use crate::template::escape_url;

/// The longest cursor of a platform, in bytes.
const CURSOR_BYTES_MAX: usize = 8_192;

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NextPage {
    /// Another page, at this cursor.
    Page(String),
    /// Nothing: the host says so.
    End,
    /// Nothing that the host names, but it does not say either that this is all.
    Unknown,
}

impl NextPage {
    fn page(cursor: Option<String>) -> NextPage {
        cursor.filter(|cursor| !cursor.is_empty()).map_or(NextPage::End, NextPage::Page)
    }

    /// The cursor of another page.
    pub(super) fn cursor(self) -> Option<String> {
        match self {
            NextPage::Page(cursor) => Some(cursor),
            NextPage::End | NextPage::Unknown => None,
        }
    }
}

/// What decides whether there is another page, besides the page itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct PagingInput<'a> {
    pub(super) response: &'a WebResponse,
    pub(super) context: SelectorContext<'a>,
    /// The cursor of this page.
    pub(super) cursor: Option<&'a str>,
}

/// What follows a page. A short page is never the end by itself.
pub(super) fn next_page(
    paging: &PagingRules,
    page: &PageNode<'_>,
    input: PagingInput<'_>,
) -> Result<NextPage, StopReason> {
    let number = |start: u64| input.cursor.and_then(|text| text.parse().ok()).unwrap_or(start);
    let next = match &paging.pager {
        PagerKind::None => NextPage::End,
        PagerKind::Cursor(selector) => {
            let cursor = selector.text(page, input.context);
            NextPage::page(cursor.map(Cow::into_owned))
        }
        PagerKind::Link { until } => link(paging, page, input, until.as_ref()),
        PagerKind::Offset => {
            NextPage::page(count(paging, page).map(|count| (number(0) + count).to_string()))
        }
        PagerKind::Page => NextPage::page(count(paging, page).map(|_| (number(1) + 1).to_string())),
        PagerKind::Until { last } => NextPage::page(last_text(paging, page, last, input.context)),
    };
    match next {
        NextPage::Page(cursor) if cursor.len() > CURSOR_BYTES_MAX => Err(StopReason::Unreadable(
            format!("{} sends a cursor of more than {CURSOR_BYTES_MAX} bytes", input.context.host),
        )),
        next => Ok(next),
    }
}

/// What a page's Link header names. Where there is none, the next page begins at the last record's id if
/// the manifest says how, and an empty page is the end.
fn link(
    paging: &PagingRules,
    page: &PageNode<'_>,
    input: PagingInput<'_>,
    until: Option<&UntilParam>,
) -> NextPage {
    if input.response.header("link").is_some_and(|header| !header.trim().is_empty()) {
        return NextPage::page(next_link(input.response));
    }
    match (until, count(paging, page)) {
        (_, None) => NextPage::End,
        (None, Some(_)) => NextPage::Unknown,
        (Some(UntilParam { last, param }), Some(_)) => {
            let last = last_text(paging, page, last, input.context);
            NextPage::page(last.map(|last| {
                let mut next = format!("{param}=");
                escape_url(&last, &mut next);
                next
            }))
        }
    }
}

/// How many records a page has; `None` for none.
fn count(paging: &PagingRules, page: &PageNode<'_>) -> Option<u64> {
    let mut count = 0;
    for_each_record(paging, page, &mut |_| count += 1);
    (count > 0).then_some(count)
}

/// Calls `work` with every record of a page.
pub(super) fn for_each_record<'n, 'a>(
    paging: &PagingRules,
    page: &'n PageNode<'a>,
    work: &mut dyn FnMut(&'n PageNode<'a>),
) {
    match &paging.records {
        Some(records) => {
            records.visit(page, &mut |record| {
                work(record);
                true
            });
        }
        None => work(page),
    }
}

fn last_text(
    paging: &PagingRules,
    page: &PageNode<'_>,
    selector: &ValueSelector,
    context: SelectorContext<'_>,
) -> Option<String> {
    let mut last = None;
    for_each_record(paging, page, &mut |record| {
        last = selector.text(record, context).or(last.take());
    });
    last.map(Cow::into_owned)
}

//! The engine's own cursor: the platform's cursor with what else it takes to go on.

use model::port::WebResponse;
use serde::{Deserialize, Serialize};

use super::ask::Stop;
use super::link::next_link;
use super::watermark::Trace;
use crate::manifest::{Pager, Paging};
use crate::path::{Context, Node};

/// The longest cursor of a platform, in bytes.
const CURSOR_BYTES_MAX: usize = 8_192;

/// Where a stream stands. Kept as JSON in `Progress::cursor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Pages read so far, in all visits of this round.
    #[serde(rename = "p", default)]
    pub(super) pages: u32,
    /// The platform's cursor for the next page.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
    /// Interactions: what was read in this round.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub(super) trace: Option<Trace>,
    /// Interactions: the newest post, as earlier versions noted it.
    #[serde(rename = "t", default, skip_serializing)]
    newest: Option<String>,
    /// Lists: how many people were named in this round.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub(super) people: u32,
    /// Lists: whether one ended without a word that this is all.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_open: bool,
    /// Lists of lists: the one that is being read.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(people: &u32) -> bool {
    *people == 0
}

impl Mark {
    /// Reads a cursor; none, or one that is not ours, is the start.
    pub(super) fn parse(cursor: Option<&str>) -> Mark {
        let mut mark: Mark =
            cursor.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let newest = mark.newest.take();
        mark.trace = mark.trace.or_else(|| Some(Trace::of_newest(&newest?)));
        mark
    }

    /// The cursor; `None` at the start.
    pub(super) fn cursor(&self) -> Option<String> {
        if *self == Mark::default() { None } else { serde_json::to_string(self).ok() }
    }
}

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Another page, at this cursor.
    Page(String),
    /// Nothing: the host says so.
    End,
    /// Nothing that the host names, and no word that this is all.
    Unknown,
}

impl Next {
    fn page(cursor: Option<String>) -> Next {
        cursor.filter(|cursor| !cursor.is_empty()).map_or(Next::End, Next::Page)
    }

    /// The cursor of another page.
    pub(super) fn cursor(self) -> Option<String> {
        match self {
            Next::Page(cursor) => Some(cursor),
            Next::End | Next::Unknown => None,
        }
    }
}

/// What decides whether there is another page, besides the page itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) response: &'a WebResponse,
    pub(super) context: Context<'a>,
    /// The cursor that this page was asked for with.
    pub(super) cursor: Option<&'a str>,
}

/// What follows a page. A short page is never the end by itself.
pub(super) fn next_page(paging: &Paging, page: &Node<'_>, turn: Turn<'_>) -> Result<Next, Stop> {
    let number = |start: u64| turn.cursor.and_then(|text| text.parse().ok()).unwrap_or(start);
    let next = match &paging.pager {
        Pager::None => Next::End,
        Pager::Cursor(selector) => {
            let cursor = selector.text(page, turn.context);
            Next::page(cursor.map(std::borrow::Cow::into_owned))
        }
        Pager::Link { until } => link(paging, page, turn, until.as_ref()),
        Pager::Offset => {
            Next::page(count(paging, page).map(|count| (number(0) + count).to_string()))
        }
        Pager::Page => Next::page(count(paging, page).map(|_| (number(1) + 1).to_string())),
        Pager::Until { last } => Next::page(last_text(paging, page, last, turn.context)),
    };
    match next {
        Next::Page(cursor) if cursor.len() > CURSOR_BYTES_MAX => Err(Stop::Unreadable(format!(
            "{} sends a cursor of more than {CURSOR_BYTES_MAX} bytes",
            turn.context.host
        ))),
        next => Ok(next),
    }
}

/// What a page's Link header says. Where there is none, the last record's id leads on if the manifest
/// says how, and an empty page is the end.
fn link(
    paging: &Paging,
    page: &Node<'_>,
    turn: Turn<'_>,
    until: Option<&(crate::path::Selector, String)>,
) -> Next {
    if turn.response.header("link").is_some_and(|header| !header.trim().is_empty()) {
        return Next::page(next_link(turn.response));
    }
    match (until, count(paging, page)) {
        (_, None) => Next::End,
        (None, Some(_)) => Next::Unknown,
        (Some((last, param)), Some(_)) => {
            let last = last_text(paging, page, last, turn.context);
            Next::page(last.map(|last| {
                let mut next = format!("{param}=");
                crate::template::escape_url(&last, &mut next);
                next
            }))
        }
    }
}

/// How many records a page has; `None` for none.
fn count(paging: &Paging, page: &Node<'_>) -> Option<u64> {
    let mut count = 0;
    visit(paging, page, &mut |_| count += 1);
    (count > 0).then_some(count)
}

/// Visits every record of a page.
pub(super) fn visit<'n, 'a>(
    paging: &Paging,
    page: &'n Node<'a>,
    work: &mut dyn FnMut(&'n Node<'a>),
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
    paging: &Paging,
    page: &Node<'_>,
    selector: &crate::path::Selector,
    context: Context<'_>,
) -> Option<String> {
    let mut last = None;
    visit(paging, page, &mut |record| last = selector.text(record, context).or(last.take()));
    last.map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_foreign_ones_are_the_start() {
        let mark = Mark {
            pages: 3,
            cursor: Some("a=b".into()),
            trace: Some(Trace::of_newest("7")),
            ..Mark::default()
        };
        assert_eq!(Mark::parse(mark.cursor().as_deref()), mark);
        assert_eq!(Mark::parse(Some("{\"p\":\"x\"}")), Mark::default());
        assert_eq!(Mark::default().cursor(), None);
    }

    #[test]
    fn a_round_that_an_earlier_version_began_is_gone_on_with() {
        let began = Mark::parse(Some(r#"{"p":3,"c":"a=b","t":"7","b":"5"}"#));
        assert_eq!((began.pages, began.cursor.as_deref()), (3, Some("a=b")));
        assert_eq!(began.trace, Some(Trace::of_newest("7")));
    }
}

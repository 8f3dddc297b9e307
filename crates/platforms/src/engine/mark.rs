//! The engine's own cursor: the platform's cursor with what else it takes to go on.

use std::cmp::Ordering;

use model::port::Response;
use model::time::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::manifest::{Order, Pager, Paging};
use crate::path::{Context, Node};

/// Where a stream stands. Kept as JSON in `Progress::cursor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Pages read so far, in all visits of this round.
    #[serde(rename = "p", default)]
    pub(super) pages: u32,
    /// The platform's cursor for the next page.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
    /// Interactions: the newest post seen in this round.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(super) top: Option<String>,
    /// Interactions: the oldest post counted in this round.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub(super) bottom: Option<String>,
    /// Lists of lists: the one that is being read.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<String>,
}

impl Mark {
    /// Reads a cursor; none, or one that is not ours, is the start.
    pub(super) fn parse(cursor: Option<&str>) -> Mark {
        cursor.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// The cursor; `None` at the start.
    pub(super) fn cursor(&self) -> Option<String> {
        if *self == Mark::default() { None } else { serde_json::to_string(self).ok() }
    }
}

/// What decides whether there is another page, besides the page itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) response: &'a Response,
    pub(super) context: Context<'a>,
    /// The cursor that this page was asked for with.
    pub(super) cursor: Option<&'a str>,
}

/// The cursor of the next page; `None` at the end. A short page is never the end by itself.
pub(super) fn next_cursor(paging: &Paging, page: &Node<'_>, turn: Turn<'_>) -> Option<String> {
    let count = || {
        let mut count = 0_u64;
        visit(paging, page, &mut |_| count += 1);
        (count > 0).then_some(count)
    };
    let number = |start: u64| turn.cursor.and_then(|text| text.parse().ok()).unwrap_or(start);
    let next = match &paging.pager {
        Pager::None => None,
        Pager::Cursor(selector) => {
            selector.text(page, turn.context).map(std::borrow::Cow::into_owned)
        }
        Pager::Link { until } => match turn.response.header("link") {
            Some(link) => next_link(link),
            None => {
                let (last, param) = until.as_ref()?;
                let last = last_text(paging, page, last, turn.context)?;
                let mut next = format!("{param}=");
                crate::template::escape_url(&last, &mut next);
                Some(next)
            }
        },
        Pager::Offset => count().map(|count| (number(0) + count).to_string()),
        Pager::Page => count().map(|_| (number(1) + 1).to_string()),
        Pager::Until { last } => last_text(paging, page, last, turn.context),
    };
    next.filter(|next| !next.is_empty() && next.len() <= model::platform::HANDLE_BYTES_MAX)
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

/// The query of a Link header's `next`. Host and path are not taken: the next page is asked of the
/// same host, wherever the header points.
fn next_link(header: &str) -> Option<String> {
    let next = header.split(',').find(|link| {
        let is_next = |param: &str| {
            let param = param.trim();
            param.eq_ignore_ascii_case("rel=\"next\"") || param.eq_ignore_ascii_case("rel=next")
        };
        link.split(';').skip(1).any(is_next)
    })?;
    let target = next.split_once('<')?.1.split_once('>')?.0;
    let base = Url::parse("https://host.invalid/").ok()?;
    base.join(target).ok()?.query().map(str::to_owned)
}

/// Where a post stands in its stream's order, with the text that says so. Two texts for one
/// moment are equal.
#[derive(Debug, Clone)]
pub(super) struct Place {
    place: Ordinal,
    pub(super) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Ordinal {
    Time(Timestamp),
    Number(u128),
    /// The text itself decides.
    Text,
}

impl Place {
    /// Reads a mark; `None` if it is not in this order, since it would then stand in the way for
    /// ever.
    pub(super) fn parse(order: Order, text: &str) -> Option<Place> {
        let place = match order {
            Order::Time => Ordinal::Time(text.parse().ok()?),
            Order::Number => Ordinal::Number(text.parse().ok()?),
            Order::Text => Ordinal::Text,
        };
        Some(Place { place, text: text.to_owned() })
    }

    /// When the post was, where the order tells.
    pub(super) fn time(&self) -> Option<Timestamp> {
        match self.place {
            Ordinal::Time(at) => Some(at),
            Ordinal::Number(_) | Ordinal::Text => None,
        }
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Place) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Place {}

impl Ord for Place {
    fn cmp(&self, other: &Place) -> Ordering {
        let by_text = match self.place {
            Ordinal::Text => self.text.cmp(&other.text),
            _ => Ordering::Equal,
        };
        self.place.cmp(&other.place).then(by_text)
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_foreign_ones_are_the_start() {
        let mark = Mark {
            pages: 3,
            cursor: Some("a=b".into()),
            top: Some("2026-01-01T00:00:00Z".into()),
            bottom: None,
            item: None,
        };
        assert_eq!(Mark::parse(mark.cursor().as_deref()), mark);
        assert_eq!(Mark::parse(Some("{\"p\":\"x\"}")), Mark::default());
        assert_eq!(Mark::default().cursor(), None);
    }

    #[test]
    fn only_the_query_of_a_next_link_is_taken() {
        let header =
            "<https://evil.example/x?limit=80&max_id=7>; rel=\"next\", <https://a/b>; rel=\"prev\"";
        assert_eq!(next_link(header).as_deref(), Some("limit=80&max_id=7"));
        assert_eq!(next_link("</x?max_id=1 2>; rel=next").as_deref(), Some("max_id=1%202"));
        for header in ["", "<https://a/b?x=1>; rel=\"prev\"", "https://a; rel=\"next\"", "<a"] {
            assert_eq!(next_link(header), None, "{header}");
        }
    }

    #[test]
    fn watermarks_compare_by_meaning() {
        let place = |order, text| Place::parse(order, text).unwrap();
        assert!(place(Order::Number, "99") < place(Order::Number, "100"));
        let (first, second) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z");
        assert!(place(Order::Time, first) < place(Order::Time, second));
        assert!(place(Order::Text, "3la") < place(Order::Text, "3lb"));
        assert!(Place::parse(Order::Time, "yesterday").is_none());
    }
}

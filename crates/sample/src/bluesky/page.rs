//! Pages with opaque cursors. As on the real AppView, a page may be short or even empty although
//! more follows, and a last page may have a cursor to nothing: only a missing cursor is the end.

use std::ops::Range;

use super::refusal::BlueskyRefusal;
use crate::random::mix_pair;
use crate::site::SiteRequest;

/// Spreads positions over all cursors; odd, so that it can be undone.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
const MASK: u64 = 0x00C0_FFEE_5A3B_1E00;

/// The number that undoes multiplication by [`SPREAD`] (Newton's iteration modulo 2^64).
const GATHER: u64 = {
    let mut inverse = SPREAD;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(SPREAD.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
};

/// One page: which items, and the cursor to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListPage {
    pub(super) range: Range<usize>,
    pub(super) cursor: Option<String>,
}

/// The requested page of a list of `len` items. `salt` identifies the list: it decides which of its
/// pages are short.
pub(super) fn page(
    ask: &SiteRequest<'_>,
    len: usize,
    salt: u64,
) -> Result<ListPage, BlueskyRefusal> {
    let limit = limit(ask)?;
    let position = match ask.query.get("cursor") {
        Some(cursor) => open(&cursor, len).ok_or(BlueskyRefusal::MalformedCursor)?,
        None => PagePosition { start: 0, seen: false },
    };
    let start = position.start;
    let quirk = mix_pair(salt, start as u64) % 64;
    let most = match quirk {
        0 if !position.seen => 0,
        1..8 => limit.div_ceil(2),
        _ => limit,
    };
    let end = (start + most).min(len);
    let dangling = end == len && start < len && salt.is_multiple_of(4);
    let next = (end < len || dangling).then_some(PagePosition { start: end, seen: most == 0 });
    let next = if ask.loops { Some(position) } else { next };
    Ok(ListPage { range: start..end, cursor: next.map(seal) })
}

/// `limit`: 1 to 100, 50 if absent.
pub(super) fn limit(ask: &SiteRequest<'_>) -> Result<usize, BlueskyRefusal> {
    match ask.query.get("limit") {
        None => Ok(50),
        Some(text) => match text.parse::<i64>() {
            Err(_) => Err(BlueskyRefusal::NoNumber("limit")),
            Ok(limit) if limit < 1 => Err(BlueskyRefusal::TooSmall("limit", 1)),
            Ok(limit) if limit > 100 => Err(BlueskyRefusal::TooLarge("limit", 100)),
            Ok(limit) => Ok(limit as usize),
        },
    }
}

/// Where a page begins, and whether an empty page has been shown there.
#[derive(Debug, Clone, Copy)]
struct PagePosition {
    start: usize,
    seen: bool,
}

fn seal(position: PagePosition) -> String {
    let plain = (position.start as u64) << 1 | u64::from(position.seen);
    format!("3{:016x}", (plain ^ MASK).wrapping_mul(SPREAD))
}

fn open(cursor: &str, len: usize) -> Option<PagePosition> {
    let code = u64::from_str_radix(cursor.strip_prefix('3')?, 16).ok()?;
    let plain = code.wrapping_mul(GATHER) ^ MASK;
    let start = (plain >> 1) as usize;
    (start <= len).then_some(PagePosition { start, seen: plain & 1 == 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::QueryString;

    fn read_all(len: usize, limit: usize, salt: u64) -> (Vec<usize>, usize) {
        let (mut seen, mut pages, mut query) = (Vec::new(), 0, format!("limit={limit}"));
        loop {
            let ask = SiteRequest {
                host: "",
                path: "",
                query: QueryString(&query),
                accept: "",
                loops: false,
            };
            let page = page(&ask, len, salt).unwrap();
            seen.extend(page.range);
            pages += 1;
            match page.cursor {
                Some(cursor) => query = format!("limit={limit}&cursor={cursor}"),
                None => return (seen, pages),
            }
        }
    }

    #[test]
    fn pages_hold_every_item_once_whatever_their_quirks() {
        let mut pages = 0;
        for salt in 0..500 {
            let (seen, count) = read_all(230, 100, salt);
            assert_eq!(seen, (0..230).collect::<Vec<_>>());
            pages += count;
        }
        assert!((1_600..2_200).contains(&pages), "{pages}");
        assert_eq!(read_all(0, 100, 1).0, Vec::<usize>::new());
    }

    #[test]
    fn foreign_cursors_and_limits_are_refused() {
        for query in ["cursor=", "cursor=abc", "cursor=30000000000000001", "cursor=3zz"] {
            let ask = SiteRequest {
                host: "",
                path: "",
                query: QueryString(query),
                accept: "",
                loops: false,
            };
            assert_eq!(page(&ask, 10, 1), Err(BlueskyRefusal::MalformedCursor), "{query}");
        }
        for query in ["limit=0", "limit=101", "limit=x", "limit=-5"] {
            let ask = SiteRequest {
                host: "",
                path: "",
                query: QueryString(query),
                accept: "",
                loops: false,
            };
            assert!(page(&ask, 10, 1).is_err(), "{query}");
        }
    }

    #[test]
    fn a_loop_returns_the_cursor_of_the_request() {
        let looping = |query: &str| {
            page(
                &SiteRequest {
                    host: "",
                    path: "",
                    query: QueryString(query),
                    accept: "",
                    loops: true,
                },
                90,
                3,
            )
            .unwrap()
        };
        let first = looping("limit=10").cursor.unwrap();
        assert_eq!(looping(&format!("limit=10&cursor={first}")).cursor, Some(first));
    }
}

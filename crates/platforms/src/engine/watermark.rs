//! Which posts of a feed are counted in the record already.
//!
//! What platforms call a post is opaque: its order, length and form say nothing, and times are what
//! somebody's clock said. What can be relied on is the order in which a host lists posts, newest or
//! oldest first, and that posts keep their ids. So a watermark remembers the ids of some posts at the
//! end of the list where new ones appear (its *anchors*), and a post is new by where it stands beside
//! them. Times only help out: where a pinned post stands on top, and where all anchors were deleted.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// So many posts are remembered at an end of a list.
const ANCHORS_MAX: usize = 16;

/// The bytes of one anchor: two of the posts of one feed share them once in 2^48 / posts.
const ANCHOR_BYTES: usize = 6;

/// What pairs of neighbours say of a list's order must add up to so much, and to half of what they
/// would say with one voice, before it is believed. Where it is not, the whole list is read.
const EVIDENCE: u32 = 8;

/// What stands for a post's id: the beginning of its BLAKE3 hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Anchor([u8; ANCHOR_BYTES]);

impl Anchor {
    pub(super) fn of(id: &str) -> Anchor {
        let hash = blake3::hash(id.as_bytes());
        let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        Anchor(*first)
    }
}

/// A post as far as it stands in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Post {
    pub(super) anchor: Anchor,
    /// When it was, if it says so, in milliseconds.
    pub(super) at_ms: Option<i64>,
}

/// The order in which a host lists posts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum ListOrder {
    #[default]
    #[serde(rename = "u")]
    Unknown,
    #[serde(rename = "n")]
    NewestFirst,
    #[serde(rename = "o")]
    OldestFirst,
}

/// What is kept of a feed between two rounds, as JSON in the record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    /// The first posts of the list, as [`BASE64`].
    #[serde(rename = "h", default, skip_serializing_if = "String::is_empty")]
    head: String,
    /// The last ones, where new ones may appear behind them.
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    tail: String,
    /// The earliest and the latest moment of the anchors, in milliseconds; none is in the future.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    between: Option<(i64, i64)>,
    #[serde(rename = "o", default)]
    order: ListOrder,
    /// Where a list that has the oldest first is read on.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// What a feed's last round left, to tell new posts by while the list is read in its order.
#[derive(Debug, Clone, Default)]
pub(super) struct Watermark {
    head: HashSet<Anchor>,
    tail: HashSet<Anchor>,
    between: Option<(i64, i64)>,
    order: ListOrder,
    cursor: Option<String>,
}

/// How far a reading of the list has come beside the anchors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Passed {
    /// An anchor of the list's beginning was seen.
    #[serde(rename = "h", default)]
    head: bool,
    /// An anchor of its end was seen.
    #[serde(rename = "l", default)]
    tail: bool,
}

impl Watermark {
    /// Reads what [`Trace::watermark`] wrote. Another text is the newest post's id or time, as it was
    /// kept by an earlier version.
    pub(super) fn parse(text: &str) -> Watermark {
        let Ok(stored) = serde_json::from_str::<Stored>(text) else {
            return Watermark::of_newest(text);
        };
        Watermark {
            head: unpacked(&stored.head),
            tail: unpacked(&stored.tail),
            between: stored.between,
            order: stored.order,
            cursor: stored.cursor,
        }
    }

    /// What an earlier version kept: the id of the newest post or, where the newest come first, its time.
    fn of_newest(text: &str) -> Watermark {
        let head = HashSet::from([Anchor::of(text)]);
        match text.parse::<Timestamp>() {
            Err(_) => Watermark { head, ..Watermark::default() },
            Ok(at) => {
                let after = at.as_millisecond() + 1;
                let (between, order) = (Some((after, after)), ListOrder::NewestFirst);
                Watermark { head, between, order, ..Watermark::default() }
            }
        }
    }

    /// Where to begin to read; `None` is the list's beginning.
    pub(super) fn start(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The same, read from the list's beginning: for a host that does not take its own cursor any more.
    pub(super) fn from_start(text: &str) -> Option<String> {
        let stored = serde_json::from_str::<Stored>(text).ok()?;
        serde_json::to_string(&Stored { cursor: None, ..stored }).ok()
    }

    /// Whether the next post of the list is new; `passed` is what was read before it.
    pub(super) fn is_new(&self, post: Post, passed: &mut Passed, now: Timestamp) -> bool {
        let (in_head, in_tail) =
            (self.head.contains(&post.anchor), self.tail.contains(&post.anchor));
        passed.head |= in_head;
        passed.tail |= in_tail;
        if in_head || in_tail {
            return false;
        }
        let is_later = |(_, latest): (i64, i64)| {
            post.at_ms.is_some_and(|at| at > latest && at <= now.as_millisecond())
        };
        let is_earlier = |(earliest, _): (i64, i64)| post.at_ms.is_some_and(|at| at < earliest);
        match (passed.tail, passed.head || self.order == ListOrder::OldestFirst) {
            // Behind the end of what was there.
            (true, _) => true,
            // In the middle of it: only what its time says to be new, as below a pinned post.
            (false, true) => self.between.is_some_and(is_later),
            // Before it, unless all anchors are gone and this is older than they were.
            (false, false) => !self.between.is_some_and(is_earlier),
        }
    }
}

/// What a round has read of a list, of which the next watermark is made. Kept in the cursor of a
/// round that is cut.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trace {
    #[serde(rename = "h", default, skip_serializing_if = "String::is_empty")]
    head: String,
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    tail: String,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    head_between: Option<(i64, i64)>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    tail_between: Option<(i64, i64)>,
    /// What pairs of neighbours say for an ascending order, less what they say against it.
    #[serde(rename = "a", default)]
    ascent: i32,
    /// What they would say with one voice.
    #[serde(rename = "w", default)]
    weight: u32,
    /// The cursor of the last page that had posts.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    last_page: Option<String>,
    #[serde(rename = "p", default)]
    pub(super) passed: Passed,
}

impl Trace {
    /// What a round has read that an earlier version of Borg began, which noted its newest post.
    pub(super) fn of_newest(text: &str) -> Trace {
        let at = text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
        let head_between = at.map(|at| (at, at));
        Trace { head: BASE64.encode(Anchor::of(text).0), head_between, ..Trace::default() }
    }

    /// Takes note of the posts of a page, in the list's order, and of the page's cursor.
    pub(super) fn page(&mut self, posts: &[(Post, String)], cursor: Option<&str>, now: Timestamp) {
        let now = now.as_millisecond();
        let kept = unpacked_list(&self.head).len();
        let room = ANCHORS_MAX.saturating_sub(kept);
        let head = &posts[..posts.len().min(room)];
        self.head.push_str(&packed(head));
        self.head_between = merged(self.head_between, span(head, now));
        if !posts.is_empty() {
            let tail = &posts[posts.len().saturating_sub(ANCHORS_MAX)..];
            self.tail = packed(tail);
            self.tail_between = span(tail, now);
            self.last_page = cursor.map(str::to_owned);
        }
        let evidence = || posts.windows(2).map(|pair| ascent(&pair[0], &pair[1]));
        self.ascent += evidence().sum::<i32>();
        self.weight += evidence().map(i32::unsigned_abs).sum::<u32>();
    }

    /// The posts at the end of what was read, which a host that loops shows again.
    pub(super) fn last(&self) -> HashSet<Anchor> {
        unpacked(&self.tail)
    }

    /// Whether the posts behind those read are older than they.
    pub(super) fn is_newest_first(&self, old: Option<&Watermark>) -> bool {
        self.order(old) == ListOrder::NewestFirst
    }

    fn order(&self, old: Option<&Watermark>) -> ListOrder {
        let evidence = self.ascent.unsigned_abs();
        match evidence >= EVIDENCE && evidence * 2 >= self.weight {
            true if self.ascent > 0 => ListOrder::OldestFirst,
            true => ListOrder::NewestFirst,
            false => old.map(|old| old.order).unwrap_or_default(),
        }
    }

    /// The watermark for the next round; `None` where no post was read.
    pub(super) fn watermark(self, old: Option<&Watermark>) -> Option<String> {
        if self.head.is_empty() {
            return None;
        }
        let stored = match self.order(old) {
            ListOrder::NewestFirst => Stored {
                head: self.head,
                between: self.head_between,
                order: ListOrder::NewestFirst,
                ..Stored::default()
            },
            ListOrder::OldestFirst => Stored {
                tail: self.tail,
                between: self.tail_between,
                order: ListOrder::OldestFirst,
                cursor: self.last_page,
                ..Stored::default()
            },
            ListOrder::Unknown => Stored {
                head: self.head,
                tail: self.tail,
                between: merged(self.head_between, self.tail_between),
                ..Stored::default()
            },
        };
        serde_json::to_string(&stored).ok()
    }
}

/// 3 if the second of two neighbours is later, 1 if times do not tell and it has the greater id; as
/// much below 0 if it is the other way round.
fn ascent((first, first_id): &(Post, String), (second, second_id): &(Post, String)) -> i32 {
    match first.at_ms.zip(second.at_ms) {
        Some((first, second)) if first != second => 3 * second.cmp(&first) as i32,
        _ => second_id.len().cmp(&first_id.len()).then_with(|| second_id.cmp(first_id)) as i32,
    }
}

/// The earliest and the latest moment, those in the future left out; now if all are.
fn span(posts: &[(Post, String)], now: i64) -> Option<(i64, i64)> {
    let times = || posts.iter().filter_map(|(post, _)| post.at_ms);
    let past = || times().filter(|at| *at <= now);
    let any = times().next().map(|_| (now, now));
    past().min().zip(past().max()).or(any)
}

fn merged(a: Option<(i64, i64)>, b: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (one, other) => one.or(other),
    }
}

fn packed(posts: &[(Post, String)]) -> String {
    posts.iter().map(|(post, _)| BASE64.encode(post.anchor.0)).collect()
}

fn unpacked(text: &str) -> HashSet<Anchor> {
    unpacked_list(text).into_iter().collect()
}

/// Six bytes are eight letters without padding, so anchors may be written one behind the other.
fn unpacked_list(text: &str) -> Vec<Anchor> {
    let bytes = BASE64.decode(text).unwrap_or_default();
    bytes.as_chunks::<ANCHOR_BYTES>().0.iter().copied().map(Anchor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A feed of a host: posts with ids and times, in the host's order.
    type Feed = Vec<(String, Option<i64>)>;

    const NOW: i64 = 1_800_000_000_000;

    fn now() -> Timestamp {
        Timestamp::from_millisecond(NOW).unwrap()
    }

    /// One round over pages of `size`, as the engine does it: the ids counted, and the watermark.
    fn round(feed: &Feed, old: Option<&str>, size: usize) -> (Vec<String>, Option<String>, usize) {
        let old = old.map(Watermark::parse);
        let mut at: usize =
            old.as_ref().and_then(|old| old.start()).map_or(0, |start| start.parse().unwrap());
        let (mut counted, mut trace, mut pages) = (Vec::new(), Trace::default(), 0);
        loop {
            let page = &feed[at.min(feed.len())..(at + size).min(feed.len())];
            let mut passed = trace.passed;
            let mut ends_old = false;
            let mut posts = Vec::new();
            for (id, at_ms) in page {
                let post = Post { anchor: Anchor::of(id), at_ms: *at_ms };
                let is_new = old.as_ref().is_none_or(|old| old.is_new(post, &mut passed, now()));
                counted.extend(is_new.then(|| id.clone()));
                ends_old = !is_new;
                posts.push((post, id.clone()));
            }
            let cursor = (at > 0).then(|| at.to_string());
            trace.page(&posts, cursor.as_deref(), now());
            trace.passed = passed;
            pages += 1;
            at += size;
            if at >= feed.len() || (ends_old && trace.is_newest_first(old.as_ref())) {
                break;
            }
        }
        (counted, trace.watermark(old.as_ref()), pages)
    }

    fn feed(posts: impl IntoIterator<Item = u64>, time: impl Fn(u64) -> Option<i64>) -> Feed {
        // Ids say nothing of the order.
        let id = |n: u64| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        posts.into_iter().map(|n| (id(n), time(n))).collect()
    }

    fn hourly(n: u64) -> Option<i64> {
        Some(NOW - 1_000 * 3_600_000 + n as i64 * 3_600_000)
    }

    #[test]
    fn new_posts_are_found_at_either_end_with_and_without_times() {
        for time in [hourly as fn(u64) -> Option<i64>, |_| None, |_| Some(NOW - 5)] {
            for newest_first in [true, false] {
                let listed = |n: u64| match newest_first {
                    true => feed((0..n).rev(), time),
                    false => feed(0..n, time),
                };
                let (first, watermark, _) = round(&listed(150), None, 40);
                assert_eq!(first.len(), 150);
                let (again, second, _) = round(&listed(150), watermark.as_deref(), 40);
                assert_eq!(again, Vec::<String>::new());
                let (new, third, _) = round(&listed(153), second.as_deref(), 40);
                assert_eq!(new.len(), 3, "newest first: {newest_first}");
                let (none, ..) = round(&listed(153), third.as_deref(), 40);
                assert_eq!(none, Vec::<String>::new());
            }
        }
    }

    #[test]
    fn where_the_order_is_known_known_pages_are_not_read() {
        let newest_first = |n: u64| feed((0..n).rev(), hourly);
        let (_, watermark, _) = round(&newest_first(400), None, 40);
        assert_eq!(round(&newest_first(402), watermark.as_deref(), 40).2, 1);
        let oldest_first = |n: u64| feed(0..n, hourly);
        let (_, watermark, _) = round(&oldest_first(400), None, 40);
        assert_eq!(round(&oldest_first(402), watermark.as_deref(), 40).2, 2);
    }

    #[test]
    fn a_wrong_clock_hides_nothing_and_is_counted_once() {
        let wrong =
            |n: u64| if n == 149 || n == 3 { Some(NOW + 9_000_000_000_000) } else { hourly(n) };
        // The post from the future stands on top, and stays there.
        let listed = |n: u64| {
            let rest = feed((0..n).rev().filter(|n| *n != 149), wrong);
            [feed([149], wrong), rest].concat()
        };
        let (_, watermark, _) = round(&listed(150), None, 40);
        let (new, second, _) = round(&listed(155), watermark.as_deref(), 40);
        assert_eq!(new.len(), 5);
        assert_eq!(round(&listed(155), second.as_deref(), 40).0, Vec::<String>::new());
        // The first post of all is from the future.
        let alone = feed([0], |_| Some(NOW + 9_000_000_000_000));
        let (_, watermark, _) = round(&alone, None, 40);
        let more = [alone, feed((1..4).rev(), hourly)].concat();
        assert_eq!(round(&more, watermark.as_deref(), 40).0.len(), 3);
    }

    #[test]
    fn pinned_and_deleted_posts_change_nothing() {
        let pinned =
            |n: u64| [feed([5], hourly), feed((0..n).rev().filter(|n| *n != 5), hourly)].concat();
        let (_, watermark, _) = round(&pinned(150), None, 40);
        assert_eq!(round(&pinned(152), watermark.as_deref(), 40).0.len(), 2);
        // All posts that were remembered are gone.
        let (_, watermark, _) = round(&feed((0..150).rev(), hourly), None, 40);
        let (left, ..) = round(&feed((0..120).rev(), hourly), watermark.as_deref(), 40);
        assert_eq!(left, Vec::<String>::new());
        let (new, ..) =
            round(&feed((200..203).rev().chain((0..120).rev()), hourly), watermark.as_deref(), 40);
        assert_eq!(new.len(), 3);
    }

    #[test]
    fn what_an_earlier_version_kept_is_gone_on_with() {
        let listed = feed((0..150).rev(), hourly);
        let by_id = listed[2].0.clone();
        assert_eq!(round(&listed, Some(&by_id), 40).0.len(), 2);
        let by_time = Timestamp::from_millisecond(listed[2].1.unwrap()).unwrap().to_string();
        let (new, _, pages) = round(&listed, Some(&by_time), 40);
        assert_eq!((new.len(), pages), (2, 1));
    }

    proptest! {
        /// Whatever their ids, all posts are counted and none twice, however many appear at a time.
        #[test]
        fn each_post_counts_once(
            steps in proptest::collection::vec(0_u64..30, 1..6),
            newest_first in any::<bool>(),
            has_times in any::<bool>(),
            size in 20_usize..60,
        ) {
            let time = |n| hourly(n).filter(|_| has_times);
            let (mut posts, mut watermark, mut counted) = (0, None, Vec::new());
            for step in steps {
                posts += step;
                let listed: Vec<u64> = match newest_first {
                    true => (0..posts).rev().collect(),
                    false => (0..posts).collect(),
                };
                let (new, next, _) = round(&feed(listed, time), watermark.as_deref(), size);
                counted.extend(new);
                watermark = next.or(watermark);
            }
            let total = counted.len();
            counted.sort();
            counted.dedup();
            prop_assert_eq!((total, counted.len()), (posts as usize, posts as usize));
        }
    }
}

//! Rounds over feeds whose hosts list, date, pin and delete posts in every way.

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
    let (mut counted, mut reading, mut pages) = (Vec::new(), FeedReading::default(), 0);
    loop {
        let page = &feed[at.min(feed.len())..(at + size).min(feed.len())];
        let mut passed = reading.passed;
        let mut ends_old = false;
        let mut posts = Vec::new();
        for (id, at_ms) in page {
            let post = ListedPost { anchor: Anchor::of(id), at_ms: *at_ms, id: id.clone() };
            let is_new = old.as_ref().is_none_or(|old| old.is_new(&post, &mut passed, now()));
            counted.extend(is_new.then(|| id.clone()));
            ends_old = !is_new;
            posts.push(post);
        }
        let cursor = (at > 0).then(|| at.to_string());
        reading.add_page(&posts, cursor.as_deref(), now());
        reading.passed = passed;
        pages += 1;
        at += size;
        if at >= feed.len() || (ends_old && reading.is_newest_first(old.as_ref())) {
            break;
        }
    }
    (counted, reading.watermark(old.as_ref()), pages)
}

fn feed(posts: impl IntoIterator<Item = u64>, time: impl Fn(u64) -> Option<i64>) -> Feed {
    // The order of ids has no meaning.
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
    let wrong = |n: u64| if n == 149 || n == 3 { Some(NOW + 9_000_000_000_000) } else { hourly(n) };
    // The post from the future is listed first, and stays there.
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
fn a_round_continues_from_what_an_earlier_version_kept() {
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

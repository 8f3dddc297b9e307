//! Posts as a feed lists them, and the anchors that they leave in watermarks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How many posts are remembered at each end of a list.
pub(super) const ANCHORS_MAX: usize = 16;

/// The bytes of one anchor: two of the posts of one feed share them once in 2^48 / posts.
const ANCHOR_BYTES: usize = 6;

/// What a watermark keeps of a post's id: the first bytes of its BLAKE3 hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Anchor([u8; ANCHOR_BYTES]);

impl Anchor {
    /// The anchor of a post with this id.
    pub(super) fn of(id: &str) -> Anchor {
        let hash = blake3::hash(id.as_bytes());
        let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        Anchor(*first)
    }

    /// The anchor as text: six bytes are eight letters without padding, so that anchors can be written
    /// without separators.
    pub(super) fn packed(&self) -> String {
        BASE64.encode(self.0)
    }
}

/// The anchors of these posts as text.
pub(super) fn pack(posts: &[ListedPost]) -> String {
    posts.iter().map(|post| post.anchor.packed()).collect()
}

/// The anchors of a text that [`pack`] wrote; none of another text.
pub(super) fn unpack(text: &str) -> Vec<Anchor> {
    let bytes = BASE64.decode(text).unwrap_or_default();
    bytes.as_chunks::<ANCHOR_BYTES>().0.iter().copied().map(Anchor).collect()
}

/// A post of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedPost {
    pub(super) anchor: Anchor,
    /// When it was, if it says so, in milliseconds.
    pub(super) at_ms: Option<i64>,
    pub(super) id: String,
}

impl ListedPost {
    /// A post with this id and time.
    pub(super) fn new(id: String, at: Option<Timestamp>) -> ListedPost {
        let at_ms = at.map(Timestamp::as_millisecond);
        ListedPost { anchor: Anchor::of(&id), at_ms, id }
    }
}

/// The earliest and the latest moment of some posts, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, i64)", into = "(i64, i64)")]
pub(super) struct TimeSpan {
    pub(super) earliest_ms: i64,
    pub(super) latest_ms: i64,
}

impl From<(i64, i64)> for TimeSpan {
    fn from((earliest_ms, latest_ms): (i64, i64)) -> TimeSpan {
        TimeSpan { earliest_ms, latest_ms }
    }
}

impl From<TimeSpan> for (i64, i64) {
    fn from(span: TimeSpan) -> (i64, i64) {
        (span.earliest_ms, span.latest_ms)
    }
}

impl TimeSpan {
    /// One moment.
    pub(super) fn at(ms: i64) -> TimeSpan {
        TimeSpan { earliest_ms: ms, latest_ms: ms }
    }

    /// The span of these posts, those in the future left out; now if all are.
    pub(super) fn of(posts: &[ListedPost], now_ms: i64) -> Option<TimeSpan> {
        let times = || posts.iter().filter_map(|post| post.at_ms);
        let past = || times().filter(|at| *at <= now_ms);
        let any = times().next().map(|_| TimeSpan::at(now_ms));
        past().min().zip(past().max()).map(TimeSpan::from).or(any)
    }

    /// The span of both.
    pub(super) fn merged(a: Option<TimeSpan>, b: Option<TimeSpan>) -> Option<TimeSpan> {
        match (a, b) {
            (Some(a), Some(b)) => Some(TimeSpan {
                earliest_ms: a.earliest_ms.min(b.earliest_ms),
                latest_ms: a.latest_ms.max(b.latest_ms),
            }),
            (one, other) => one.or(other),
        }
    }
}

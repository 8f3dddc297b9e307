//! Which posts of a feed are counted already.
//!
//! Ids of posts are opaque: their order, length and form mean nothing, and times depend on the clock of
//! the author. Two things are reliable: the order in which a host lists posts, newest or oldest first,
//! and that posts keep their ids. So a watermark remembers the ids of some posts at the end of the list
//! where new ones appear (its *anchors*), and a post is new by its position beside them. Times help in
//! two cases: when a pinned post is listed first, and when all anchors were deleted.

use std::collections::HashSet;

use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::anchor::{Anchor, ListedPost, TimeSpan, unpack};

/// The order in which a host lists posts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ListOrder {
    #[default]
    #[serde(rename = "u")]
    Unknown,
    #[serde(rename = "n")]
    NewestFirst,
    #[serde(rename = "o")]
    OldestFirst,
}

/// What is kept of a feed between two rounds, as JSON in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredWatermark {
    /// The first posts of the list, [packed](super::anchor::pack).
    #[serde(rename = "h", default, skip_serializing_if = "String::is_empty")]
    pub(super) head: String,
    /// The last ones, where new ones may appear behind them.
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    pub(super) tail: String,
    /// The time span of the anchors; nothing in it is in the future.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(super) between: Option<TimeSpan>,
    #[serde(rename = "o", default)]
    pub(super) order: ListOrder,
    /// Where a list that has the oldest first is read on.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
}

/// The watermark of a feed's last round, by which new posts are found while the list is read in its
/// order.
#[derive(Debug, Clone, Default)]
pub(super) struct Watermark {
    head: HashSet<Anchor>,
    tail: HashSet<Anchor>,
    between: Option<TimeSpan>,
    order: ListOrder,
    cursor: Option<String>,
}

/// Which anchors the reading of a list has passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AnchorsPassed {
    /// An anchor of the list's beginning was seen.
    #[serde(rename = "h", default)]
    head: bool,
    /// An anchor of its end was seen.
    #[serde(rename = "l", default)]
    tail: bool,
}

impl AnchorsPassed {
    /// Whether an anchor of the list's end was seen.
    pub(super) fn has_tail(self) -> bool {
        self.tail
    }
}

impl Watermark {
    /// Reads a [`StoredWatermark`]. Another text is the newest post's id or time, as an earlier version
    /// kept it.
    pub(super) fn parse(text: &str) -> Watermark {
        let Ok(stored) = serde_json::from_str::<StoredWatermark>(text) else {
            return Watermark::of_newest(text);
        };
        Watermark {
            head: unpack(&stored.head).into_iter().collect(),
            tail: unpack(&stored.tail).into_iter().collect(),
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
            Ok(at) => Watermark {
                head,
                between: Some(TimeSpan::at(at.as_millisecond() + 1)),
                order: ListOrder::NewestFirst,
                ..Watermark::default()
            },
        }
    }

    /// Where to begin to read; `None` is the list's beginning.
    pub(super) fn start(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The order in which the host listed the posts.
    pub(super) fn order(&self) -> ListOrder {
        self.order
    }

    /// The same, read from the list's beginning: for a host that does not take its own cursor any more.
    pub(super) fn from_start(text: &str) -> Option<String> {
        let stored = serde_json::from_str::<StoredWatermark>(text).ok()?;
        serde_json::to_string(&StoredWatermark { cursor: None, ..stored }).ok()
    }

    /// Whether the next post of the list is new; `passed` is what was read before it.
    pub(super) fn is_new(
        &self,
        post: &ListedPost,
        passed: &mut AnchorsPassed,
        now: Timestamp,
    ) -> bool {
        let (in_head, in_tail) =
            (self.head.contains(&post.anchor), self.tail.contains(&post.anchor));
        passed.head |= in_head;
        passed.tail |= in_tail;
        if in_head || in_tail {
            return false;
        }
        let is_later = |span: TimeSpan| {
            post.at_ms.is_some_and(|at| at > span.latest_ms && at <= now.as_millisecond())
        };
        let is_earlier = |span: TimeSpan| post.at_ms.is_some_and(|at| at < span.earliest_ms);
        match (passed.tail, passed.head || self.order == ListOrder::OldestFirst) {
            // Behind the end of what was listed before.
            (true, _) => true,
            // In the middle of it: only if its time is later, as below a pinned post.
            (false, true) => self.between.is_some_and(is_later),
            // Before it, unless all anchors are gone and this is older than they were.
            (false, false) => !self.between.is_some_and(is_earlier),
        }
    }
}

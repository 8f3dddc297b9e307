//! What a round has read of a feed, and the watermark that follows from it.

use std::collections::HashSet;

use model::Layer;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::anchor::{ANCHORS_MAX, Anchor, ListedPost, TimeSpan, pack, unpack};
use super::watermark::{AnchorsPassed, ListOrder, StoredWatermark, Watermark};

#[cfg(test)]
mod tests;

/// What pairs of neighbours say of a list's order must add up to this, and to half of what they would
/// add up to if all agreed. Otherwise the order is unknown, and the whole list is read.
const EVIDENCE_MIN: u32 = 8;

/// What a round has read of a list, from which the next watermark is made. Kept in the cursor of a
/// round that is cut.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FeedReading {
    #[serde(rename = "h", default, skip_serializing_if = "String::is_empty")]
    head: String,
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    tail: String,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    head_between: Option<TimeSpan>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    tail_between: Option<TimeSpan>,
    /// The evidence of pairs of neighbours for an ascending order, less that against it.
    #[serde(rename = "a", default)]
    ascent: i32,
    /// The evidence if all of them agreed.
    #[serde(rename = "w", default)]
    weight: u32,
    /// The cursor of the last page that had posts.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    last_page: Option<String>,
    #[serde(rename = "p", default)]
    pub(super) passed: AnchorsPassed,
    /// The layers that the round began with; empty if an earlier version of Borg began it.
    #[serde(rename = "y", default, skip_serializing_if = "Vec::is_empty")]
    layers: Vec<Layer>,
}

impl FeedReading {
    /// A round of these layers that has read nothing yet.
    pub(super) fn of_layers(layers: &[Layer]) -> FeedReading {
        FeedReading { layers: layers.to_vec(), ..FeedReading::default() }
    }

    /// Whether the round has read every page for this layer.
    pub(super) fn has_layer(&self, layer: Layer) -> bool {
        self.layers.is_empty() || self.layers.contains(&layer)
    }

    /// What a round has read that an earlier version of Borg began, which kept its newest post.
    pub(super) fn of_newest(text: &str) -> FeedReading {
        let at = text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
        let head_between = at.map(TimeSpan::at);
        FeedReading { head: Anchor::of(text).packed(), head_between, ..FeedReading::default() }
    }

    /// Adds the posts of a page, in the list's order, and the page's cursor.
    pub(super) fn add_page(&mut self, posts: &[ListedPost], cursor: Option<&str>, now: Timestamp) {
        let now_ms = now.as_millisecond();
        let kept = unpack(&self.head).len();
        let room = ANCHORS_MAX.saturating_sub(kept);
        let head = &posts[..posts.len().min(room)];
        self.head.push_str(&pack(head));
        self.head_between = TimeSpan::merged(self.head_between, TimeSpan::of(head, now_ms));
        if !posts.is_empty() {
            let tail = &posts[posts.len().saturating_sub(ANCHORS_MAX)..];
            self.tail = pack(tail);
            self.tail_between = TimeSpan::of(tail, now_ms);
            self.last_page = cursor.map(str::to_owned);
        }
        let evidence = || posts.windows(2).map(|pair| ascent(&pair[0], &pair[1]));
        self.ascent += evidence().sum::<i32>();
        self.weight += evidence().map(i32::unsigned_abs).sum::<u32>();
    }

    /// The posts at the end of what was read, which a host that loops shows again.
    pub(super) fn last(&self) -> HashSet<Anchor> {
        unpack(&self.tail).into_iter().collect()
    }

    /// Whether the posts behind those that were read are older.
    pub(super) fn is_newest_first(&self, old: Option<&Watermark>) -> bool {
        self.order(old) == ListOrder::NewestFirst
    }

    /// Whether all that was read is listed before the end that an earlier round came to.
    pub(super) fn is_before(&self, old: Option<&Watermark>) -> bool {
        self.order(old) == ListOrder::OldestFirst && !self.passed.has_tail()
    }

    fn order(&self, old: Option<&Watermark>) -> ListOrder {
        let evidence = self.ascent.unsigned_abs();
        match evidence >= EVIDENCE_MIN && evidence * 2 >= self.weight {
            true if self.ascent > 0 => ListOrder::OldestFirst,
            true => ListOrder::NewestFirst,
            false => old.map(Watermark::order).unwrap_or_default(),
        }
    }

    /// The watermark for the next round; `None` where no post was read.
    pub(super) fn watermark(self, old: Option<&Watermark>) -> Option<String> {
        if self.head.is_empty() {
            return None;
        }
        let order = self.order(old);
        let stored = match order {
            ListOrder::NewestFirst => StoredWatermark {
                head: self.head,
                between: self.head_between,
                order,
                ..StoredWatermark::default()
            },
            ListOrder::OldestFirst => StoredWatermark {
                tail: self.tail,
                between: self.tail_between,
                order,
                cursor: self.last_page,
                ..StoredWatermark::default()
            },
            ListOrder::Unknown => StoredWatermark {
                head: self.head,
                tail: self.tail,
                between: TimeSpan::merged(self.head_between, self.tail_between),
                ..StoredWatermark::default()
            },
        };
        serde_json::to_string(&stored).ok()
    }
}

/// 3 if the second of two neighbours is later, 1 if their times are equal or unknown and it has the
/// greater id; as much below 0 in the opposite case.
fn ascent(first: &ListedPost, second: &ListedPost) -> i32 {
    match first.at_ms.zip(second.at_ms) {
        Some((first, second)) if first != second => 3 * second.cmp(&first) as i32,
        _ => {
            let by_length = second.id.len().cmp(&first.id.len());
            by_length.then_with(|| second.id.cmp(&first.id)) as i32
        }
    }
}

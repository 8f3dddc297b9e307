//! The layers of a round of a feed: from where each is read, and which posts count for it.
//!
//! All layers of a feed share one watermark, except those that its manifest gained later: every post of
//! the feed is new to them. A round that has such layers reads the feed from its beginning.

use model::Layer;
use model::time::Timestamp;

use super::anchor::ListedPost;
use super::feed_reading::FeedReading;
use super::subject::FetchSubject;
use super::watermark::{AnchorsPassed, Watermark};
use crate::manifest::InteractionRules;

/// The layers of a round.
#[derive(Debug)]
pub(super) struct FeedLayers<'a> {
    all: Vec<Layer>,
    /// Those that have no watermark although others have one.
    unread: Vec<Layer>,
    /// The watermark of the last round, as it is stored.
    stored: Option<&'a str>,
    watermark: Option<Watermark>,
}

impl<'a> FeedLayers<'a> {
    /// The layers of a round that begins, or that continues after `reading`. A layer that the manifest
    /// gained in the middle of a round has missed its first pages, and is left to the next round.
    pub(super) fn of(
        rules: &InteractionRules,
        subject: &'a FetchSubject,
        reading: Option<&FeedReading>,
    ) -> FeedLayers<'a> {
        let mut all = rules.layers();
        all.retain(|layer| reading.is_none_or(|reading| reading.has_layer(*layer)));
        let stored = all.iter().find_map(|layer| subject.watermark(*layer));
        let is_unread = |layer: &Layer| stored.is_some() && subject.watermark(*layer).is_none();
        let unread = all.iter().copied().filter(is_unread).collect();
        FeedLayers { all, unread, stored, watermark: stored.map(Watermark::parse) }
    }

    /// All layers, by number.
    pub(super) fn all(&self) -> &[Layer] {
        &self.all
    }

    /// The watermark of the layers that were read before.
    pub(super) fn watermark(&self) -> Option<&Watermark> {
        self.watermark.as_ref()
    }

    /// Where the round begins to read; `None` is the list's beginning.
    pub(super) fn start(&self) -> Option<&str> {
        self.watermark.as_ref().filter(|_| self.unread.is_empty())?.start()
    }

    /// Whether everything behind known posts is known, in every layer.
    pub(super) fn ends_at_known_posts(&self, reading: &FeedReading) -> bool {
        self.unread.is_empty() && reading.is_newest_first(self.watermark())
    }

    /// Whether the next post of the list is new to the layers that were read before.
    pub(super) fn is_new(
        &self,
        post: &ListedPost,
        passed: &mut AnchorsPassed,
        now: Timestamp,
    ) -> bool {
        self.watermark().is_none_or(|old| old.is_new(post, passed, now))
    }

    /// Whether a post counts for a layer. `is_new`: what [`FeedLayers::is_new`] said of it.
    pub(super) fn counts(&self, layer: Layer, is_new: bool) -> bool {
        self.unread.contains(&layer) || (is_new && self.all.contains(&layer))
    }

    /// The watermark that a layer keeps while its round is not over.
    pub(super) fn kept(&self, layer: Layer) -> Option<&'a str> {
        self.stored.filter(|_| !self.unread.contains(&layer))
    }

    /// The last round's watermark without its cursor, which the host does not take any more.
    pub(super) fn without_cursor(&self) -> Option<String> {
        self.stored.and_then(Watermark::from_start)
    }

    /// The watermark that a finished round leaves to every layer. `is_capped`: whether the list goes on
    /// behind what was read.
    pub(super) fn next(&self, reading: Option<FeedReading>, is_capped: bool) -> Option<String> {
        // Where the cap ends a second reading before the old watermark, that stays, or the posts
        // between would count again.
        let falls_short = |reading: &FeedReading| {
            is_capped && !self.unread.is_empty() && reading.is_before(self.watermark())
        };
        let reading = reading.filter(|reading| !falls_short(reading));
        let new = reading.and_then(|reading| reading.watermark(self.watermark()));
        new.or_else(|| self.stored.map(str::to_owned))
    }
}

//! Reads pages of posts: which are new, and the interactions in each.

use std::collections::HashSet;

use model::Layer;
use model::time::{Day, Timestamp};

use super::anchor::{Anchor, ListedPost};
use super::feed_layers::FeedLayers;
use super::names::{NameResolver, NameState, PageName};
use super::page_request::PageAnswer;
use super::paging::{PagingInput, for_each_record, next_page};
use super::partial_name::PartialName;
use super::stop_reason::StopReason;
use super::stream_scope::{StreamScope, well_formed};
use super::watermark::AnchorsPassed;
use crate::manifest::{ArcRule, InteractionRules};
use crate::path::{PageNode, SelectorContext};

/// An interaction of one post with one account.
#[derive(Debug)]
pub(super) struct PostInteraction<'r> {
    pub(super) layer: Layer,
    pub(super) other: PageName<'r>,
    pub(super) day: Day,
    /// The number of the post on its page.
    pub(super) post: usize,
}

/// What counts of a page.
#[derive(Debug, Default)]
pub(super) struct FeedPage<'r> {
    pub(super) interactions: Vec<PostInteraction<'r>>,
    /// Every post of the page, in the page's order.
    pub(super) posts: Vec<ListedPost>,
    /// The anchors passed, those of earlier pages included.
    pub(super) passed: AnchorsPassed,
    /// Whether the page ends among posts that were counted in an earlier round.
    pub(super) ends_old: bool,
    pub(super) next: Option<String>,
    pub(super) left_out: u32,
}

/// How far a feed was read before a page, which decides which of its posts are new.
#[derive(Debug, Clone, Copy)]
pub(super) struct FeedPosition<'a> {
    /// The layers of the round, and what they have of the feed.
    pub(super) layers: &'a FeedLayers<'a>,
    /// The anchors that this round has passed.
    pub(super) passed: AnchorsPassed,
    /// The posts that this round has seen.
    pub(super) seen: &'a HashSet<Anchor>,
    /// The cursor of the page.
    pub(super) cursor: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// Reads what counts of a page.
pub(super) fn read_feed_page<'r>(
    scope: StreamScope<'_>,
    rules: &'r InteractionRules,
    resolver: NameResolver<'_>,
    answer: &PageAnswer,
    position: FeedPosition<'_>,
) -> Result<FeedPage<'r>, StopReason> {
    let paging = &scope.stream.paging;
    let node = answer.page(&paging.shape)?;
    let context = SelectorContext { host: &answer.host };
    well_formed(paging, &node, context)?;
    let page = FeedPage { passed: position.passed, ..FeedPage::default() };
    let mut reader = PostReader { rules, context, resolver, seen: HashSet::new(), page };
    for_each_record(paging, &node, &mut |record| reader.post(record, position));
    let mut page = reader.page;
    let input = PagingInput { response: &answer.response, context, cursor: position.cursor };
    page.next = next_page(paging, &node, input)?.cursor();
    Ok(page)
}

struct PostReader<'r, 'c> {
    rules: &'r InteractionRules,
    context: SelectorContext<'c>,
    resolver: NameResolver<'c>,
    /// The posts of this page so far.
    seen: HashSet<Anchor>,
    page: FeedPage<'r>,
}

impl<'r> PostReader<'r, '_> {
    /// Reads a post, and its interactions in the layers to which it is new.
    fn post(&mut self, record: &PageNode<'_>, position: FeedPosition<'_>) {
        let Some(id) = self.rules.id.text(record, self.context) else {
            self.page.left_out += 1;
            return;
        };
        let at: Option<Timestamp> =
            self.rules.at.as_ref().and_then(|at| at.text(record, self.context)?.parse().ok());
        let post = ListedPost::new(id.into_owned(), at);
        // A host that loops sends pages again under other cursors.
        let is_again = position.seen.contains(&post.anchor) || !self.seen.insert(post.anchor);
        let passed = &mut self.page.passed;
        let is_new = position.layers.is_new(&post, passed, position.now);
        self.page.posts.push(post);
        self.page.ends_old = !is_new;
        if is_again {
            return;
        }
        // A clock in the future is wrong.
        let day = at.map_or(Day(0), |at| Day::of(at.min(position.now)));
        let counting = |rule: &&ArcRule| position.layers.counts(rule.layer, is_new);
        for rule in self.rules.arcs.iter().filter(counting) {
            self.interactions(rule, record, day);
        }
    }

    /// Reads the interactions of one rule in one post.
    fn interactions(&mut self, rule: &'r ArcRule, record: &PageNode<'_>, day: Day) {
        if !rule.when.iter().all(|condition| condition.holds(record)) {
            return;
        }
        match &rule.each {
            Some(each) => {
                each.visit(record, &mut |item| {
                    self.interaction(rule, item, day);
                    true
                });
            }
            None => self.interaction(rule, record, day),
        }
    }

    fn interaction(&mut self, rule: &'r ArcRule, item: &PageNode<'_>, day: Day) {
        let find = rule.other.find.as_slice();
        let names = PartialName::read(&rule.other, item, self.context);
        let state = self.resolver.state(find, names);
        if state != NameState::Absent {
            let (layer, post) = (rule.layer, self.page.posts.len());
            let other = PageName { state, find };
            self.page.interactions.push(PostInteraction { layer, other, day, post });
        }
    }
}

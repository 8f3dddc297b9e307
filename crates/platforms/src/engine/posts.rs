//! Reads pages of posts: what is new on them, and whom each post touches.

use std::collections::HashSet;

use model::Layer;
use model::time::{Day, Timestamp};

use super::ask::{Answer, Stop};
use super::mark::{Turn, next_page, visit};
use super::memory::Memory;
use super::names::{Settled, alias, settle};
use super::scene::{Scene, well_formed};
use super::watermark::{Anchor, Passed, Post, Watermark};
use crate::manifest::{ArcRule, Find, InteractionRules};
use crate::path::{Context, Node};

/// What one post says of one other.
#[derive(Debug)]
pub(super) struct Touch<'r> {
    pub(super) layer: Layer,
    pub(super) who: Settled,
    pub(super) find: &'r [Find],
    pub(super) day: Day,
    /// Numbers the posts of a page.
    pub(super) post: usize,
}

/// A page as far as it is new.
#[derive(Debug, Default)]
pub(super) struct Page<'r> {
    pub(super) touches: Vec<Touch<'r>>,
    /// Every post of the page with its id, in the page's order.
    pub(super) posts: Vec<(Post, String)>,
    /// How far the list has come beside what was known of it.
    pub(super) passed: Passed,
    /// Whether the page ends among posts that are in the record.
    pub(super) ends_old: bool,
    pub(super) next: Option<String>,
    pub(super) left_out: u32,
    /// How many posts were taken.
    taken: usize,
}

/// Which posts are not to be taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// What the last round left.
    pub(super) watermark: Option<&'a Watermark>,
    /// How far this round has come beside it.
    pub(super) passed: Passed,
    /// The posts that this round has seen.
    pub(super) seen: &'a HashSet<Anchor>,
    /// The cursor that the page was asked for with.
    pub(super) cursor: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// Reads what is new of a page.
pub(super) fn take_in<'r>(
    scene: Scene<'_>,
    rules: &'r InteractionRules,
    answer: &Answer,
    known: Known<'_>,
    memory: &Memory,
) -> Result<Page<'r>, Stop> {
    let paging = &scene.stream.paging;
    let node = answer.page(&paging.shape)?;
    let context = Context { host: &answer.host };
    well_formed(paging, &node, context)?;
    let page = Page { passed: known.passed, ..Page::default() };
    let mut reader = Reader { scene, rules, context, memory, seen: HashSet::new(), page };
    visit(paging, &node, &mut |record| reader.post(record, known));
    let mut page = reader.page;
    let turn = Turn { response: &answer.response, context, cursor: known.cursor };
    page.next = next_page(paging, &node, turn)?.cursor();
    Ok(page)
}

struct Reader<'r, 'c> {
    scene: Scene<'c>,
    rules: &'r InteractionRules,
    context: Context<'c>,
    memory: &'c Memory,
    /// The posts of this page so far.
    seen: HashSet<Anchor>,
    page: Page<'r>,
}

impl<'r> Reader<'r, '_> {
    /// Takes a post if it is new.
    fn post(&mut self, record: &Node<'_>, known: Known<'_>) {
        let Some(id) = self.rules.id.text(record, self.context) else {
            self.page.left_out += 1;
            return;
        };
        let at: Option<Timestamp> =
            self.rules.at.as_ref().and_then(|at| at.text(record, self.context)?.parse().ok());
        let post = Post { anchor: Anchor::of(&id), at_ms: at.map(Timestamp::as_millisecond) };
        // A host that loops sends pages again under other cursors.
        let is_again = known.seen.contains(&post.anchor) || !self.seen.insert(post.anchor);
        self.page.posts.push((post, id.into_owned()));
        let passed = &mut self.page.passed;
        let is_new =
            known.watermark.is_none_or(|watermark| watermark.is_new(post, passed, known.now));
        self.page.ends_old = !is_new;
        if is_new && !is_again {
            self.page.taken += 1;
            // What somebody's clock says of the future is not believed.
            let day = at.map_or(Day(0), |at| Day::of(at.min(known.now)));
            for rule in &self.rules.arcs {
                self.touches(rule, record, day);
            }
        }
    }

    /// Whom one rule finds in one post.
    fn touches(&mut self, rule: &'r ArcRule, record: &Node<'_>, day: Day) {
        if !rule.when.iter().all(|condition| condition.holds(record)) {
            return;
        }
        match &rule.each {
            Some(each) => {
                each.visit(record, &mut |item| self.touch(rule, item, day));
            }
            None => {
                self.touch(rule, record, day);
            }
        }
    }

    /// Always `true`: the next item, please.
    fn touch(&mut self, rule: &'r ArcRule, item: &Node<'_>, day: Day) -> bool {
        let find = rule.other.find.as_slice();
        let alias = alias(&rule.other, item, self.context);
        match settle(self.scene.manifest, self.memory, find, alias, self.context.host) {
            Settled::Nobody => {}
            who => {
                let post = self.page.taken;
                self.page.touches.push(Touch { layer: rule.layer, who, find, day, post });
            }
        }
        true
    }
}

//! Reads pages of posts: what is new on them, and whom each post touches.

use std::collections::HashSet;

use model::Layer;
use model::time::{Day, Timestamp};

use super::ask::{Answer, Stop};
use super::mark::{Place, Turn, next_cursor, visit};
use super::memory::Memory;
use super::names::{Settled, alias, settle};
use super::scene::{Scene, well_formed};
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
    /// Names the posts that were taken.
    pub(super) keys: Vec<String>,
    /// The newest and the oldest post taken.
    pub(super) top: Option<Place>,
    pub(super) bottom: Option<Place>,
    /// `None` at the end, or where the posts are as old as the watermark.
    pub(super) next: Option<String>,
    pub(super) left_out: u32,
}

/// Which posts are not to be taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// The watermark: posts up to it are counted in the record.
    pub(super) watermark: Option<&'a Place>,
    /// Posts from here up were counted by earlier visits of this round.
    pub(super) bottom: Option<&'a Place>,
    /// The posts that this visit has counted, by key.
    pub(super) keys: &'a HashSet<String>,
    /// The cursor that the page was asked for with.
    pub(super) cursor: Option<&'a str>,
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
    let mut reader = Reader { scene, rules, context, memory, page: Page::default() };
    let mut reached = false;
    visit(paging, &node, &mut |record| reached |= reader.post(record, known));
    let mut page = reader.page;
    if !reached {
        let turn = Turn { response: &answer.response, context, cursor: known.cursor };
        page.next = next_cursor(paging, &node, turn);
    }
    Ok(page)
}

struct Reader<'r, 'c> {
    scene: Scene<'c>,
    rules: &'r InteractionRules,
    context: Context<'c>,
    memory: &'c Memory,
    page: Page<'r>,
}

impl<'r> Reader<'r, '_> {
    /// Takes a post if it is new; answers whether the watermark is reached.
    fn post(&mut self, record: &Node<'_>, known: Known<'_>) -> bool {
        let at = self.rules.at.text(record, self.context);
        let Some(at) = at.and_then(|at| Place::parse(self.rules.order, &at)) else {
            self.page.left_out += 1;
            return false;
        };
        if known.watermark.is_some_and(|mark| at <= *mark) {
            return true;
        }
        let id = self.rules.id.text(record, self.context).unwrap_or_default();
        let key = format!("{} {id}", at.text);
        // A host that loops sends pages again under other cursors.
        if known.keys.contains(&key) || known.bottom.is_some_and(|mark| at >= *mark) {
            return false;
        }
        self.page.keys.push(key);
        let day = self.day(record, &at);
        for rule in &self.rules.arcs {
            self.touches(rule, record, day);
        }
        if self.page.bottom.as_ref().is_none_or(|bottom| at < *bottom) {
            self.page.bottom = Some(at.clone());
        }
        self.page.top = self.page.top.take().max(Some(at));
        false
    }

    /// The post's day; where the manifest names no field for it, its place in time.
    fn day(&self, record: &Node<'_>, at: &Place) -> Day {
        let told = || -> Option<Timestamp> {
            self.rules.day.as_ref()?.text(record, self.context)?.parse().ok()
        };
        at.time().or_else(told).map_or(Day(0), Day::of)
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
                let post = self.page.keys.len();
                self.page.touches.push(Touch { layer: rule.layer, who, find, day, post });
            }
        }
        true
    }
}

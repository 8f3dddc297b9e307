//! Reads pages of posts: what is new on them, and whom each post touches.

use std::cmp::Ordering;
use std::collections::HashSet;

use model::Layer;
use model::time::{Day, Timestamp};

use super::ask::{Answer, Stop};
use super::clean;
use super::mark::{Turn, compare, next_cursor, visit};
use super::memory::Memory;
use super::names::{Settled, alias, settle};
use super::scene::{Scene, well_formed};
use crate::manifest::{ArcRule, Find, InteractionRules, Order};
use crate::path::{Context, Node, read};

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
    pub(super) top: Option<String>,
    pub(super) bottom: Option<String>,
    /// `None` at the end, or where the posts are as old as the watermark.
    pub(super) next: Option<String>,
    pub(super) left_out: u32,
}

/// Which posts are not to be taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// The watermark: posts up to it are counted in the record.
    pub(super) watermark: Option<&'a str>,
    /// Posts from here up were counted by earlier visits of this round.
    pub(super) bottom: Option<&'a str>,
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
    let node = read(&paging.shape, &answer.response.body).map_err(Stop::retry)?;
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

/// The later of two marks.
pub(super) fn newest(order: Order, a: Option<String>, b: Option<String>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => match compare(order, &a, &b) {
            Some(Ordering::Less) => Some(b),
            _ => Some(a),
        },
        (a, b) => a.or(b),
    }
}

/// The earlier of two marks.
pub(super) fn oldest(order: Order, a: Option<String>, b: Option<String>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => match compare(order, &b, &a) {
            Some(Ordering::Less) => Some(b),
            _ => Some(a),
        },
        (a, b) => a.or(b),
    }
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
        let order = self.rules.order;
        let at = self.rules.at.text(record, self.context).and_then(clean::name);
        // A mark that cannot be compared would stand in the way for ever.
        let at = at.filter(|at| compare(order, at, at).is_some());
        let Some(at) = at else {
            self.page.left_out += 1;
            return false;
        };
        let is_past = |mark: &str| compare(order, &at, mark) != Some(Ordering::Greater);
        if known.watermark.is_some_and(is_past) {
            return true;
        }
        let is_before = |mark: &str| compare(order, &at, mark) == Some(Ordering::Less);
        let id = self.rules.id.text(record, self.context).unwrap_or_default();
        let key = format!("{at} {id}");
        // A host that loops sends pages again under other cursors.
        if known.keys.contains(&key) || known.bottom.is_some_and(|mark| !is_before(mark)) {
            return false;
        }
        self.page.keys.push(key);
        for rule in &self.rules.arcs {
            self.touches(rule, record);
        }
        self.page.top = newest(order, self.page.top.take(), Some(at.clone()));
        self.page.bottom = oldest(order, self.page.bottom.take(), Some(at));
        false
    }

    /// Whom one rule finds in one post.
    fn touches(&mut self, rule: &'r ArcRule, record: &Node<'_>) {
        if !rule.when.iter().all(|condition| condition.holds(record)) {
            return;
        }
        let day = self.rules.day.text(record, self.context);
        let day = day.and_then(|text| text.parse::<Timestamp>().ok()).map_or(Day(0), Day::of);
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

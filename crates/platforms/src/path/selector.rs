//! Paths, and selectors: paths whose values become text.

use std::borrow::Cow;

use super::condition::RecordCondition;
use super::function::TextFunction;
use super::node::PageNode;

/// What selectors need besides the page.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SelectorContext<'c> {
    /// The host that answered.
    pub(crate) host: &'c str,
}

/// One key, and what its values must fulfil to count.
#[derive(Debug, Clone)]
pub(super) struct PathStep {
    pub(super) slot: usize,
    pub(super) filter: Option<RecordCondition>,
}

/// A way into a page. The empty path is the page itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordPath {
    pub(super) root: Option<Box<RecordCondition>>,
    pub(super) steps: Vec<PathStep>,
}

impl RecordPath {
    /// Visits every value that the path leads to, `null`s left out, until `visit` says `false`.
    /// Returns `false` if it was stopped.
    pub(crate) fn visit<'n, 'a>(
        &self,
        node: &'n PageNode<'a>,
        visit: &mut dyn FnMut(&'n PageNode<'a>) -> bool,
    ) -> bool {
        walk(self.root.as_deref(), &self.steps, node, visit)
    }

    /// Whether the path leads to a list, perhaps an empty one, or to a lone record; the page
    /// itself must be a list.
    pub(crate) fn is_there(&self, node: &PageNode<'_>) -> bool {
        if self.steps.is_empty() {
            return matches!(node, PageNode::Array(_));
        }
        matches!(self.end(node), PageNode::Array(_) | PageNode::Object(_))
    }

    /// Whether the record lacks what the path leads to, which a `null` does not.
    pub(super) fn is_absent(&self, node: &PageNode<'_>) -> bool {
        *self.end(node) == PageNode::Absent
    }

    /// The value at the end of the path, where no list is on the way.
    fn end<'n, 'a>(&self, node: &'n PageNode<'a>) -> &'n PageNode<'a> {
        self.steps.iter().fold(node, |at, step| match at {
            PageNode::Object(slots) => slots.get(step.slot).unwrap_or(&PageNode::Absent),
            _ => &PageNode::Absent,
        })
    }
}

fn walk<'n, 'a>(
    filter: Option<&RecordCondition>,
    steps: &[PathStep],
    node: &'n PageNode<'a>,
    visit: &mut dyn FnMut(&'n PageNode<'a>) -> bool,
) -> bool {
    if let PageNode::Array(items) = node {
        return items.iter().all(|item| walk(filter, steps, item, visit));
    }
    if node.is_nothing() || filter.is_some_and(|filter| !filter.holds(node)) {
        return true;
    }
    match (steps.split_first(), node) {
        (None, _) => visit(node),
        (Some((step, rest)), PageNode::Object(slots)) => {
            slots.get(step.slot).is_none_or(|child| walk(step.filter.as_ref(), rest, child, visit))
        }
        (Some(_), _) => true,
    }
}

/// A path and the functions for its texts.
#[derive(Debug, Clone)]
pub(super) struct SelectorWay {
    pub(super) path: RecordPath,
    pub(super) functions: Vec<TextFunction>,
}

/// Paths with functions, tried in order: the first that yields a text is taken.
#[derive(Debug, Clone)]
pub(crate) struct ValueSelector {
    pub(super) ways: Vec<SelectorWay>,
}

impl ValueSelector {
    /// Every text that the selector yields.
    pub(crate) fn texts<'n>(
        &self,
        node: &'n PageNode<'_>,
        context: SelectorContext<'_>,
        give: &mut dyn FnMut(Cow<'n, str>),
    ) {
        for SelectorWay { path, functions } in &self.ways {
            let mut given = false;
            path.visit(node, &mut |value| {
                if let Some(text) = as_text(value) {
                    chain(functions, text, context.host, &mut |text| {
                        given = true;
                        give(text);
                    });
                }
                true
            });
            if given {
                return;
            }
        }
    }

    /// The first text.
    pub(crate) fn text<'n>(
        &self,
        node: &'n PageNode<'_>,
        context: SelectorContext<'_>,
    ) -> Option<Cow<'n, str>> {
        let mut first = None;
        for SelectorWay { path, functions } in &self.ways {
            path.visit(node, &mut |value| {
                if let Some(text) = as_text(value) {
                    chain(functions, text, context.host, &mut |text| {
                        first.get_or_insert(text);
                    });
                }
                first.is_none()
            });
            if first.is_some() {
                break;
            }
        }
        first
    }

    /// The first value as a count; negative and absurd ones are none.
    pub(crate) fn count(&self, node: &PageNode<'_>, context: SelectorContext<'_>) -> Option<u32> {
        self.text(node, context)?.parse().ok()
    }
}

pub(super) fn as_text<'n>(node: &'n PageNode<'_>) -> Option<Cow<'n, str>> {
    match node {
        PageNode::Text(text) => Some(Cow::Borrowed(text)),
        PageNode::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

pub(super) fn chain<'t>(
    functions: &[TextFunction],
    text: Cow<'t, str>,
    host: &str,
    give: &mut dyn FnMut(Cow<'t, str>),
) {
    match functions.split_first() {
        None => give(text),
        Some((function, rest)) => {
            function.apply(text, host, &mut |text| chain(rest, text, host, give));
        }
    }
}

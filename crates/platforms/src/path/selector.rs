//! Paths, and selectors: paths whose values become text.

use std::borrow::Cow;

use super::condition::Condition;
use super::function::Function;
use super::node::Node;

/// What selectors need to know besides the page.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Context<'c> {
    /// The host that answered.
    pub(crate) host: &'c str,
}

/// One key, and what its values must fulfil to count.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) slot: usize,
    pub(super) filter: Option<Condition>,
}

/// A way into a page. The empty path is the page itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Path {
    pub(super) root: Option<Box<Condition>>,
    pub(super) steps: Vec<Step>,
}

impl Path {
    /// Visits every value that the path leads to, `null`s left out, until `visit` says `false`.
    /// Answers `false` if it was stopped.
    pub(crate) fn visit<'n, 'a>(
        &self,
        node: &'n Node<'a>,
        visit: &mut dyn FnMut(&'n Node<'a>) -> bool,
    ) -> bool {
        walk(self.root.as_deref(), &self.steps, node, visit)
    }

    /// Whether the path leads to a list, perhaps an empty one, or to a lone record; the page
    /// itself must be a list.
    pub(crate) fn is_there(&self, node: &Node<'_>) -> bool {
        if self.steps.is_empty() {
            return matches!(node, Node::Array(_));
        }
        matches!(self.end(node), Node::Array(_) | Node::Object(_))
    }

    /// Whether the record lacks what the path leads to, which a `null` does not.
    pub(super) fn is_absent(&self, node: &Node<'_>) -> bool {
        *self.end(node) == Node::Absent
    }

    /// The value at the end of the path, where no list is on the way.
    fn end<'n, 'a>(&self, node: &'n Node<'a>) -> &'n Node<'a> {
        self.steps.iter().fold(node, |at, step| match at {
            Node::Object(slots) => slots.get(step.slot).unwrap_or(&Node::Absent),
            _ => &Node::Absent,
        })
    }
}

fn walk<'n, 'a>(
    filter: Option<&Condition>,
    steps: &[Step],
    node: &'n Node<'a>,
    visit: &mut dyn FnMut(&'n Node<'a>) -> bool,
) -> bool {
    if let Node::Array(items) = node {
        return items.iter().all(|item| walk(filter, steps, item, visit));
    }
    if node.is_nothing() || filter.is_some_and(|filter| !filter.holds(node)) {
        return true;
    }
    match (steps.split_first(), node) {
        (None, _) => visit(node),
        (Some((step, rest)), Node::Object(slots)) => {
            slots.get(step.slot).is_none_or(|child| walk(step.filter.as_ref(), rest, child, visit))
        }
        (Some(_), _) => true,
    }
}

/// Paths with functions, tried in order: the first that gives anything is taken.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    pub(super) ways: Vec<(Path, Vec<Function>)>,
}

impl Selector {
    /// Every text that the selector gives.
    pub(crate) fn texts<'n>(
        &self,
        node: &'n Node<'_>,
        context: Context<'_>,
        give: &mut dyn FnMut(Cow<'n, str>),
    ) {
        for (path, functions) in &self.ways {
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
        node: &'n Node<'_>,
        context: Context<'_>,
    ) -> Option<Cow<'n, str>> {
        let mut first = None;
        for (path, functions) in &self.ways {
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
    pub(crate) fn count(&self, node: &Node<'_>, context: Context<'_>) -> Option<u32> {
        self.text(node, context)?.parse().ok()
    }
}

pub(super) fn as_text<'n>(node: &'n Node<'_>) -> Option<Cow<'n, str>> {
    match node {
        Node::Text(text) => Some(Cow::Borrowed(text)),
        Node::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

pub(super) fn chain<'t>(
    functions: &[Function],
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

//! Conditions on records: `suspended`, `labels.val == "bot"`, `indexable != true`.

use super::function::TextFunction;
use super::node::PageNode;
use super::selector::{RecordPath, as_text, chain};

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ConditionLiteral {
    Null,
    Absent,
    Bool(bool),
    Whole(i64),
    Text(Box<str>),
}

impl ConditionLiteral {
    fn is(&self, node: &PageNode<'_>) -> bool {
        match (self, node) {
            (ConditionLiteral::Bool(wanted), PageNode::Bool(value)) => wanted == value,
            (ConditionLiteral::Whole(wanted), PageNode::Number(value)) => {
                value.as_i64() == Some(*wanted)
            }
            (ConditionLiteral::Text(wanted), PageNode::Text(value)) => **wanted == **value,
            _ => false,
        }
    }
}

/// What the values must be.
#[derive(Debug, Clone)]
pub(super) enum ConditionTest {
    /// Any value but `null` and `false`.
    There,
    /// At least one is this; `== null`: there is none at all; `== absent`: not even a `null`.
    Is(ConditionLiteral),
    /// None is this; `!= null`: there is one.
    IsNot(ConditionLiteral),
}

/// A path, functions behind it, and what the values must be.
#[derive(Debug, Clone)]
pub(crate) struct RecordCondition {
    pub(super) path: RecordPath,
    pub(super) functions: Vec<TextFunction>,
    pub(super) test: ConditionTest,
}

impl RecordCondition {
    /// Whether a record fulfils it.
    pub(crate) fn holds(&self, node: &PageNode<'_>) -> bool {
        match &self.test {
            ConditionTest::There => self.any(node, &|value| *value != PageNode::Bool(false)),
            ConditionTest::Is(ConditionLiteral::Absent) => self.path.is_absent(node),
            ConditionTest::IsNot(ConditionLiteral::Absent) => !self.path.is_absent(node),
            ConditionTest::Is(ConditionLiteral::Null) => !self.any(node, &|_| true),
            ConditionTest::IsNot(ConditionLiteral::Null) => self.any(node, &|_| true),
            ConditionTest::Is(wanted) => self.any(node, &|value| wanted.is(value)),
            ConditionTest::IsNot(bad) => !self.any(node, &|value| bad.is(value)),
        }
    }

    fn any(&self, node: &PageNode<'_>, fits: &dyn Fn(&PageNode<'_>) -> bool) -> bool {
        if self.functions.is_empty() {
            return !self.path.visit(node, &mut |value| !fits(value));
        }
        !self.path.visit(node, &mut |value| {
            let mut found = false;
            let mut test = |text| found |= fits(&PageNode::Text(text));
            as_text(value).into_iter().for_each(|text| chain(&self.functions, text, "", &mut test));
            !found
        })
    }
}

//! Conditions on records: `suspended`, `labels.val == "bot"`, `indexable != true`.

use super::function::Function;
use super::node::Node;
use super::selector::{Path, as_text, chain};

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Absent,
    Bool(bool),
    Whole(i64),
    Text(Box<str>),
}

impl Literal {
    fn is(&self, node: &Node<'_>) -> bool {
        match (self, node) {
            (Literal::Bool(wanted), Node::Bool(value)) => wanted == value,
            (Literal::Whole(wanted), Node::Number(value)) => value.as_i64() == Some(*wanted),
            (Literal::Text(wanted), Node::Text(value)) => **wanted == **value,
            _ => false,
        }
    }
}

/// What the values must be.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// Any value but `null` and `false`.
    There,
    /// At least one is this; `== null`: there is none at all; `== absent`: not even a `null`.
    Is(Literal),
    /// None is this; `!= null`: there is one.
    IsNot(Literal),
}

/// A path, functions behind it, and what the values must be.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(super) path: Path,
    pub(super) functions: Vec<Function>,
    pub(super) test: Test,
}

impl Condition {
    /// Whether a record fulfils it.
    pub(crate) fn holds(&self, node: &Node<'_>) -> bool {
        match &self.test {
            Test::There => self.any(node, &|value| *value != Node::Bool(false)),
            Test::Is(Literal::Absent) => self.path.is_absent(node),
            Test::IsNot(Literal::Absent) => !self.path.is_absent(node),
            Test::Is(Literal::Null) => !self.any(node, &|_| true),
            Test::IsNot(Literal::Null) => self.any(node, &|_| true),
            Test::Is(wanted) => self.any(node, &|value| wanted.is(value)),
            Test::IsNot(bad) => !self.any(node, &|value| bad.is(value)),
        }
    }

    fn any(&self, node: &Node<'_>, fits: &dyn Fn(&Node<'_>) -> bool) -> bool {
        if self.functions.is_empty() {
            return !self.path.visit(node, &mut |value| !fits(value));
        }
        !self.path.visit(node, &mut |value| {
            let mut found = false;
            let mut test = |text| found |= fits(&Node::Text(text));
            as_text(value).into_iter().for_each(|text| chain(&self.functions, text, "", &mut test));
            !found
        })
    }
}

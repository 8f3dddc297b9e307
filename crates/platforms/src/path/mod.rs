//! The extraction language: small paths into JSON, compiled with the shape that they need.
//!
//! `follows`, `post.record."$type"`, `labels[neg != true].val`, `uri | capture "^at://([^/]+)/"`.
//! Arrays are looked through everywhere, so one value and a list of one are the same (JSON-LD's
//! compaction), and a comparison holds if it holds for any of the values.

mod condition;
mod function;
mod node;
mod parse;
mod scan;
mod selector;
mod shape;

pub(crate) use condition::RecordCondition;
pub(crate) use node::{PageNode, read, text_of};
pub(crate) use parse::PathEnd;
pub(crate) use selector::{RecordPath, SelectorContext, ValueSelector};
pub(crate) use shape::PageShape;

//! The manifest language: one YAML file says all that is special about a platform's API.

mod compile;
mod compile_pager;
mod compile_records;
mod compile_stream;
mod error;
mod nouns;
mod raw;
mod scope;

pub use error::ManifestError;

pub(crate) use compile::manifest as compile;
pub(crate) use nouns::*;
pub(crate) use raw::{Counted, Find, Fold, Form, Order, Then};

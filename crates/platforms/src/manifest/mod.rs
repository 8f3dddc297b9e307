//! The manifest language: one YAML file says all that is special about a platform's API.

mod compile;
mod compile_pager;
mod compile_records;
mod compile_stream;
mod error;
mod nouns;
mod raw;
mod raw_stream;
mod scope;

pub use error::ManifestError;

pub(crate) use compile::manifest as compile;
pub(crate) use nouns::*;
pub(crate) use raw::{Fold, Form, Then};
pub(crate) use raw_stream::{Counted, Find};

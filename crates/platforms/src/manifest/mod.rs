//! The manifest language: one YAML file describes all that is special about a platform's API.

mod compile;
mod compile_errors;
mod compile_pager;
mod compile_records;
mod compile_request;
mod compile_stream;
mod compiled;
mod compiled_request;
mod compiled_stream;
mod error;
mod field_lines;
mod field_place;
mod json_schema;
mod manifest_text;
mod nearest;
mod raw;
mod raw_request;
mod raw_stream;
mod schema_parts;

pub use error::ManifestError;
pub use json_schema::manifest_schema;
pub use manifest_text::ManifestText;

pub(crate) use compile::manifest as compile;
pub(crate) use compiled::*;
pub(crate) use compiled_request::*;
pub(crate) use compiled_stream::*;
pub(crate) use raw::{HandleFold, ResetForm};
pub(crate) use raw_request::ErrorMeaning;
pub(crate) use raw_stream::{CountField, FindBy};

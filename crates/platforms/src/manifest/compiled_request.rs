//! Requests and their answers as the engine uses them.

use super::raw_request::ErrorMeaning;
use crate::path::{PageShape, RecordCondition, ValueSelector};
use crate::template::TextTemplate;

/// A wait that the body names.
#[derive(Debug)]
pub(crate) struct BodyWait {
    pub(crate) field: ValueSelector,
    pub(crate) unit_ms: u64,
}

#[derive(Debug)]
pub(crate) struct ErrorRules {
    pub(crate) shape: PageShape,
    pub(crate) rules: Vec<ErrorRule>,
    pub(crate) wait: Option<BodyWait>,
}

#[derive(Debug)]
pub(crate) struct ErrorRule {
    pub(crate) statuses: Vec<u16>,
    pub(crate) condition: Option<RecordCondition>,
    pub(crate) text: Option<String>,
    pub(crate) then: ErrorMeaning,
}

#[derive(Debug)]
pub(crate) struct RequestTemplate {
    pub(crate) role: usize,
    pub(crate) host: Option<TextTemplate>,
    pub(crate) path: TextTemplate,
    pub(crate) query: Vec<(String, TextTemplate)>,
    pub(crate) headers: Vec<(String, TextTemplate)>,
    pub(crate) body: Option<TextTemplate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamAuth {
    None,
    Bearer { secret: String },
    Header { name: String, secret: String },
}

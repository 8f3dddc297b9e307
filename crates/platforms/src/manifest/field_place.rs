//! Where the compiler is in a manifest, so that every error names file, stream and field.

use regex::Regex;

use super::error::ManifestError;
use super::raw_request::SelectorTexts;
use crate::path::{PageShape, PathEnd, RecordCondition, RecordPath, ValueSelector};
use crate::template::TextTemplate;

/// A place in a file.
#[derive(Debug, Clone)]
pub(super) struct FieldPlace {
    file: String,
    place: String,
}

impl FieldPlace {
    pub(super) fn file(file: &str) -> FieldPlace {
        FieldPlace { file: file.to_owned(), place: String::new() }
    }

    /// The field of this name in this place.
    pub(super) fn under(&self, field: impl std::fmt::Display) -> FieldPlace {
        let place = match self.place.is_empty() {
            true => field.to_string(),
            false => format!("{}.{field}", self.place),
        };
        FieldPlace { file: self.file.clone(), place }
    }

    pub(super) fn fail(&self, why: impl std::fmt::Display) -> ManifestError {
        ManifestError {
            file: self.file.clone(),
            line: None,
            place: self.place.clone(),
            why: why.to_string(),
        }
    }

    /// `Ok` if it holds, else the error.
    pub(super) fn require(&self, holds: bool, why: &str) -> Result<(), ManifestError> {
        if holds { Ok(()) } else { Err(self.fail(why)) }
    }

    pub(super) fn regex(&self, pattern: &str) -> Result<Regex, ManifestError> {
        Regex::new(pattern).map_err(|error| self.fail(error))
    }

    pub(super) fn template(&self, text: &str) -> Result<TextTemplate, ManifestError> {
        TextTemplate::parse(text).map_err(|error| self.fail(error))
    }

    pub(super) fn condition(
        &self,
        text: &str,
        shape: &mut PageShape,
    ) -> Result<RecordCondition, ManifestError> {
        RecordCondition::parse(text, shape).map_err(|error| self.fail(error))
    }

    pub(super) fn path<'s>(
        &self,
        text: &str,
        shape: &'s mut PageShape,
    ) -> Result<PathEnd<'s>, ManifestError> {
        RecordPath::parse(text, shape).map_err(|error| self.fail(error))
    }

    pub(super) fn selector(
        &self,
        ways: &SelectorTexts,
        shape: &mut PageShape,
    ) -> Result<ValueSelector, ManifestError> {
        let ways: Vec<&str> = ways.as_slice().iter().map(String::as_str).collect();
        ValueSelector::parse(&ways, shape).map_err(|error| self.fail(error))
    }

    /// The selector of a field, if there is one.
    pub(super) fn maybe(
        &self,
        field: &str,
        ways: Option<&SelectorTexts>,
        shape: &mut PageShape,
    ) -> Result<Option<ValueSelector>, ManifestError> {
        ways.map(|ways| self.under(field).selector(ways, shape)).transpose()
    }
}

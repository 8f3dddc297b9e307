//! Where the compiler is in a manifest, so that every complaint names file, stream and field.

use regex::Regex;

use super::error::ManifestError;
use super::raw::Texts;
use crate::path::{Condition, Path, Selector, Shape};
use crate::template::Template;

/// A place in a file.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    file: String,
    place: String,
}

impl Scope {
    pub(super) fn file(file: &str) -> Scope {
        Scope { file: file.to_owned(), place: String::new() }
    }

    /// The field of this name in this place.
    pub(super) fn under(&self, field: impl std::fmt::Display) -> Scope {
        let place = match self.place.is_empty() {
            true => field.to_string(),
            false => format!("{}.{field}", self.place),
        };
        Scope { file: self.file.clone(), place }
    }

    pub(super) fn fail(&self, why: impl std::fmt::Display) -> ManifestError {
        ManifestError { file: self.file.clone(), place: self.place.clone(), why: why.to_string() }
    }

    /// `Ok` if it holds, else the complaint.
    pub(super) fn require(&self, holds: bool, why: &str) -> Result<(), ManifestError> {
        if holds { Ok(()) } else { Err(self.fail(why)) }
    }

    pub(super) fn regex(&self, pattern: &str) -> Result<Regex, ManifestError> {
        Regex::new(pattern).map_err(|error| self.fail(error))
    }

    pub(super) fn template(&self, text: &str) -> Result<Template, ManifestError> {
        Template::parse(text).map_err(|error| self.fail(error))
    }

    pub(super) fn condition(
        &self,
        text: &str,
        shape: &mut Shape,
    ) -> Result<Condition, ManifestError> {
        Condition::parse(text, shape).map_err(|error| self.fail(error))
    }

    pub(super) fn path<'s>(
        &self,
        text: &str,
        shape: &'s mut Shape,
    ) -> Result<(Path, &'s mut Shape), ManifestError> {
        Path::parse(text, shape).map_err(|error| self.fail(error))
    }

    pub(super) fn selector(
        &self,
        ways: &Texts,
        shape: &mut Shape,
    ) -> Result<Selector, ManifestError> {
        let ways: Vec<&str> = ways.as_slice().iter().map(String::as_str).collect();
        Selector::parse(&ways, shape).map_err(|error| self.fail(error))
    }

    /// The selector of a field, if there is one.
    pub(super) fn maybe(
        &self,
        field: &str,
        ways: Option<&Texts>,
        shape: &mut Shape,
    ) -> Result<Option<Selector>, ManifestError> {
        ways.map(|ways| self.under(field).selector(ways, shape)).transpose()
    }
}

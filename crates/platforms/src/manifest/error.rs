//! What is wrong with a manifest, and where.

use std::fmt;

use serde_saphyr::{Error, SnippetMode};

use super::field_lines::FieldLines;
use super::nearest::instead;

/// A manifest that cannot be used: names the file, the line, the place in it, and what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// The file.
    pub file: String,
    /// The line, from 1; `None` where the place is not in the file, such as a field that is missing at the top.
    pub line: Option<u64>,
    /// Stream and field, such as `streams.follows.records`; `form` if the text has not the form of a manifest.
    pub place: String,
    /// What is wrong with it, and what was expected.
    pub why: String,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ManifestError { file, line, place, why } = self;
        write!(f, "manifest {file}")?;
        line.map_or(Ok(()), |line| write!(f, ":{line}"))?;
        write!(f, ": {place}: {why}")
    }
}

impl std::error::Error for ManifestError {}

impl ManifestError {
    /// The error with the line of its place.
    pub(super) fn on_line_of(self, yaml: &str) -> ManifestError {
        ManifestError { line: FieldLines::of(yaml).line(&self.place), ..self }
    }

    /// The error of a text that has not the form of a manifest.
    pub(super) fn of_form(file: &str, error: &Error) -> ManifestError {
        ManifestError {
            file: file.to_owned(),
            line: error.location().map(|location| location.line()),
            place: "form".to_owned(),
            why: why(error.without_snippet()),
        }
    }
}

fn why(error: &Error) -> String {
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            format!("unknown field `{field}`: {}", instead(field, expected.iter().copied()))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("unknown word `{variant}`: {}", instead(variant, expected.iter().copied()))
        }
        other => other.render_with_options(serde_saphyr::render_options! {
            snippets: SnippetMode::Off,
        }),
    }
}

//! Why an invocation or a start failed: any error, with its causes, as one line.

use std::error::Error;
use std::fmt;

/// The text of an error and of everything that caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure in words.
    pub fn new(words: impl Into<String>) -> Failure {
        Failure(words.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        let mut words = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            // Many errors repeat their cause in their own words.
            let text = deeper.to_string();
            if !words.contains(&text) {
                words = format!("{words}: {text}");
            }
            cause = deeper.source();
        }
        Failure(words)
    }
}

#[cfg(feature = "lambda")]
impl From<Failure> for lambda_runtime::Diagnostic {
    fn from(failure: Failure) -> lambda_runtime::Diagnostic {
        lambda_runtime::Diagnostic {
            error_type: "Failure".to_owned(),
            error_message: failure.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("read the settings")]
    struct Outer(#[source] std::num::ParseIntError);

    #[test]
    fn a_failure_tells_its_causes_once() {
        let cause = "x".parse::<u8>().unwrap_err();
        let failure = Failure::from(Outer(cause));
        assert_eq!(failure.to_string(), "read the settings: invalid digit found in string");
    }
}

//! Why an invocation or a start failed: any error, with its causes, as one line.

use std::error::Error;
use std::fmt;

/// The text of an error and of everything that caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionFailure(String);

impl FunctionFailure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> FunctionFailure {
        FunctionFailure(text.into())
    }
}

impl fmt::Display for FunctionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: Error> From<E> for FunctionFailure {
    fn from(error: E) -> FunctionFailure {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            // Many errors contain the text of their cause.
            let of_cause = cause.to_string();
            if !text.contains(&of_cause) {
                text = format!("{text}: {of_cause}");
            }
            next = cause.source();
        }
        FunctionFailure(text)
    }
}

#[cfg(feature = "lambda")]
impl From<FunctionFailure> for lambda_runtime::Diagnostic {
    fn from(failure: FunctionFailure) -> lambda_runtime::Diagnostic {
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
    fn a_failure_has_each_cause_once() {
        let cause = "x".parse::<u8>().unwrap_err();
        let failure = FunctionFailure::from(Outer(cause));
        assert_eq!(failure.to_string(), "read the settings: invalid digit found in string");
    }
}

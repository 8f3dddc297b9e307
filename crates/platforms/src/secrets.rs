//! Tokens and keys of platforms' APIs.

use std::collections::BTreeMap;
use std::fmt;

/// Tokens and keys by the names that manifests give them. Their values are never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PlatformSecrets(BTreeMap<String, String>);

/// A text that is no secret. The text itself is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("item {number} of the platforms' secrets is not NAME=VALUE")]
pub struct SecretError {
    /// Which of the items, counted from 1.
    number: usize,
}

impl PlatformSecrets {
    /// Reads `NAME=VALUE` items.
    ///
    /// ```
    /// # use platforms::PlatformSecrets;
    /// let secrets = PlatformSecrets::parse(&["forge_token=abc"])?;
    /// assert_eq!(format!("{secrets:?}"), r#"{"forge_token"}"#, "values are not shown");
    /// # Ok::<(), platforms::SecretError>(())
    /// ```
    pub fn parse<T: AsRef<str>>(items: &[T]) -> Result<PlatformSecrets, SecretError> {
        let secret = |(index, item): (usize, &T)| {
            let halves = item.as_ref().split_once('=');
            let halves = halves.map(|(name, value)| (name.trim(), value.trim()));
            let (name, value) = halves
                .filter(|(name, value)| !name.is_empty() && !value.is_empty())
                .ok_or(SecretError { number: index + 1 })?;
            Ok((name.to_owned(), value.to_owned()))
        };
        items.iter().enumerate().map(secret).collect::<Result<_, _>>().map(PlatformSecrets)
    }

    /// The value of a secret, if it is configured.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl fmt::Debug for PlatformSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_by_name_and_never_shown() {
        let secrets = PlatformSecrets::parse(&["forge_token=abc=def", " key = x "]).unwrap();
        assert_eq!(secrets.get("forge_token"), Some("abc=def"));
        assert_eq!(secrets.get("key"), Some("x"));
        assert_eq!(secrets.get("other"), None);
        assert_eq!(format!("{secrets:?}"), r#"{"forge_token", "key"}"#);
    }

    #[test]
    fn an_error_names_the_place_and_not_the_text() {
        for wrong in ["abc", "=abc", "abc="] {
            let error = PlatformSecrets::parse(&["a=b", wrong]).unwrap_err().to_string();
            assert!(error.contains("item 2") && !error.contains("abc"), "{error}");
        }
    }
}

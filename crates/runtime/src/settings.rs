//! The environment as plain data, read once. Each function's `config.rs` converts it.
#![expect(clippy::disallowed_methods, reason = "this is where the functions read the environment")]

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Why a setting cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is not set, and there is no default.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// It is set to something else than it may be.
    #[error("the environment variable {name} is `{value}`: {expected}")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: String,
    },
}

/// Names and values. Empty values count as not set.
///
/// ```
/// use runtime::EnvironmentSettings;
///
/// let variables = [("DATABASE_URL", "postgres://db"), ("JOBS_MAX", "90"), ("CONTACT", "")];
/// let settings: EnvironmentSettings =
///     variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
/// assert_eq!(settings.number("JOBS_MAX", 16, 1..=100)?, 90);
/// assert!(settings.required("CONTACT").is_err(), "empty is not set");
/// # Ok::<(), runtime::SettingError>(())
/// ```
#[derive(Clone, Default)]
pub struct EnvironmentSettings(BTreeMap<String, String>);

impl EnvironmentSettings {
    /// The environment, without what is no UTF-8.
    pub fn from_env() -> EnvironmentSettings {
        let text = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        text.collect()
    }

    /// A setting's text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A setting's text that has to be there.
    pub fn required(&self, name: &'static str) -> Result<&str, SettingError> {
        self.text(name).ok_or(SettingError::Missing(name))
    }

    /// A whole number within bounds, or the default.
    pub fn number(
        &self,
        name: &'static str,
        default: u64,
        within: RangeInclusive<u64>,
    ) -> Result<u64, SettingError> {
        let Some(value) = self.text(name) else { return Ok(default) };
        let number = value.parse().ok().filter(|number| within.contains(number));
        number.ok_or_else(|| SettingError::Unusable {
            name,
            value: value.to_owned(),
            expected: format!("it should be a number of {} to {}", within.start(), within.end()),
        })
    }

    /// The parts of a text between commas; none if it is not set.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let parts = self.text(name).unwrap_or_default().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).collect()
    }
}

impl FromIterator<(String, String)> for EnvironmentSettings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> EnvironmentSettings {
        EnvironmentSettings(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }
}

/// Shows names only: values may be secrets.
impl std::fmt::Debug for EnvironmentSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, value: &str) -> EnvironmentSettings {
        [(name.to_owned(), value.to_owned())].into_iter().collect()
    }

    #[test]
    fn an_empty_value_is_no_value() {
        assert_eq!(settings("A", "").required("A"), Err(SettingError::Missing("A")));
        assert_eq!(settings("A", "x").required("A"), Ok("x"));
    }

    #[test]
    fn a_number_keeps_within_its_bounds() {
        assert_eq!(EnvironmentSettings::default().number("N", 7, 1..=9), Ok(7));
        assert_eq!(settings("N", "9").number("N", 7, 1..=9), Ok(9));
        for wrong in ["0", "10", "-1", "many"] {
            let error = settings("N", wrong).number("N", 7, 1..=9).unwrap_err();
            assert!(error.to_string().contains("1 to 9"), "{error}");
        }
    }

    #[test]
    fn a_list_has_no_empty_parts() {
        assert_eq!(settings("L", "a=1, b=2,,").list("L"), ["a=1", "b=2"]);
        assert!(EnvironmentSettings::default().list("L").is_empty());
    }

    #[test]
    fn settings_do_not_show_their_values() {
        let shown = format!("{:?}", settings("DATABASE_URL", "postgres://secret"));
        assert_eq!(shown, r#"{"DATABASE_URL"}"#);
    }
}

//! A reader of the change stream whose place the server keeps.

use std::fmt;
use std::str::FromStr;

use crate::change::{ChangePosition, ChangeRange};
use crate::change_filter::ChangeFilter;
use crate::time::Timestamp;

/// The most consumers of one payer.
pub const CONSUMERS_MAX: u32 = 100;

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The name of a consumer: its payer's own, in lower-case letters, digits, `-` and `_`.
///
/// ```
/// use model::ConsumerName;
///
/// assert_eq!("mirror-2".parse::<ConsumerName>().unwrap().as_str(), "mirror-2");
/// assert!("a/b".parse::<ConsumerName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerName(String);

/// The text is no name of a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a consumer's name has 1 to {NAME_BYTES_MAX} lower-case letters, digits, - and _")]
pub struct ConsumerNameError;

impl ConsumerName {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ConsumerName {
    type Err = ConsumerNameError;

    fn from_str(text: &str) -> Result<ConsumerName, ConsumerNameError> {
        let may_be_in =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let is_name = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(may_be_in);
        if is_name { Ok(ConsumerName(text.to_owned())) } else { Err(ConsumerNameError) }
    }
}

/// A reader whose place is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: ConsumerName,
    /// Which events it wants.
    pub filter: ChangeFilter,
    /// Where it is: all up to here is done.
    pub position: ChangePosition,
    /// What is left of a range that it reads again.
    pub replay: Option<ChangeRange>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        let is_name = |text: &str| text.parse::<ConsumerName>().is_ok();
        assert!(is_name("a") && is_name(&"a".repeat(64)) && is_name("0_-z"));
        assert!(!is_name("") && !is_name(&"a".repeat(65)));
        assert!(!is_name("A") && !is_name("ä") && !is_name("a b") && !is_name("a."));
    }
}

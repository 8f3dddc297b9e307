//! A reader of the change stream whose place the server keeps.

use crate::change::{ChangePosition, ChangeRange};
use crate::change_filter::ChangeFilter;
use crate::plain_name::plain_name;
use crate::time::Timestamp;

/// The most consumers of one payer.
pub const CONSUMERS_MAX: u32 = 100;

plain_name! {
    /// The name of a consumer: its payer's own, in lower-case letters, digits, `-` and `_`.
    ///
    /// ```
    /// use model::ConsumerName;
    ///
    /// assert_eq!("mirror-2".parse::<ConsumerName>().unwrap().as_str(), "mirror-2");
    /// assert!("a/b".parse::<ConsumerName>().is_err());
    /// ```
    ConsumerName, ConsumerNameError, "consumer"
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

//! What orders say in words of their own: amounts in credits, and scopes.

use std::fmt;
use std::str::FromStr;

use model::{MicroCredits, Scope};
use serde::{Deserialize, Serialize};

/// An amount above zero, in credits, as text: `12.5`.
///
/// ```
/// use operate::CreditAmount;
///
/// let amount: CreditAmount = "12.5".parse().unwrap();
/// assert_eq!(amount.micros().micros(), 12_500_000);
/// assert!("0".parse::<CreditAmount>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CreditAmount(MicroCredits);

/// The text is no amount of credits above zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no number of credits above zero with at most six decimals, such as 12 or 0.05")]
pub struct CreditAmountError(String);

impl CreditAmount {
    /// The amount.
    pub const fn micros(self) -> MicroCredits {
        self.0
    }
}

impl FromStr for CreditAmount {
    type Err = CreditAmountError;

    fn from_str(text: &str) -> Result<CreditAmount, CreditAmountError> {
        let amount = text.parse().ok().filter(|&amount| amount > MicroCredits::ZERO);
        amount.map(CreditAmount).ok_or_else(|| CreditAmountError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for CreditAmount {
    type Error = CreditAmountError;

    fn try_from(text: String) -> Result<CreditAmount, CreditAmountError> {
        text.parse()
    }
}

impl From<CreditAmount> for String {
    fn from(amount: CreditAmount) -> String {
        amount.to_string()
    }
}

impl fmt::Display for CreditAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a key may do, by name: `search:read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyScope(pub Scope);

/// The text names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope: take {known}", known = Scope::ALL.map(Scope::slug).join(", "))]
pub struct KeyScopeError(String);

impl FromStr for KeyScope {
    type Err = KeyScopeError;

    fn from_str(text: &str) -> Result<KeyScope, KeyScopeError> {
        let scope = Scope::ALL.into_iter().find(|scope| scope.slug() == text);
        scope.map(KeyScope).ok_or_else(|| KeyScopeError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for KeyScope {
    type Error = KeyScopeError;

    fn try_from(text: String) -> Result<KeyScope, KeyScopeError> {
        text.parse()
    }
}

impl From<KeyScope> for String {
    fn from(scope: KeyScope) -> String {
        scope.0.slug().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_scopes_read_back() {
        for text in ["0.000001", "12", "9223372036854.775807"] {
            assert_eq!(text.parse::<CreditAmount>().unwrap().to_string(), text);
        }
        for wrong in ["", "0", "-1", "1,5", "0.0000001"] {
            assert!(wrong.parse::<CreditAmount>().is_err(), "{wrong}");
        }
        for scope in Scope::ALL {
            assert_eq!(scope.slug().parse(), Ok(KeyScope(scope)));
        }
        let error = "all".parse::<KeyScope>().unwrap_err().to_string();
        assert!(error.contains("search:read, "), "{error}");
    }
}

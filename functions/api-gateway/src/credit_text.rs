//! Money in JSON: credits as text, exact to six decimals.

use std::fmt;

use model::MicroCredits;
use serde::{Deserialize, Serialize};

/// An amount as clients see it: `"4.05"` are 4.05 credits, $0.00405. A text, because a JSON number may lose
/// digits on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct CreditText(pub(crate) MicroCredits);

impl TryFrom<String> for CreditText {
    type Error = model::money::MoneyError;

    fn try_from(text: String) -> Result<CreditText, Self::Error> {
        text.parse().map(CreditText)
    }
}

impl From<CreditText> for String {
    fn from(amount: CreditText) -> String {
        amount.0.to_string()
    }
}

impl From<MicroCredits> for CreditText {
    fn from(amount: MicroCredits) -> CreditText {
        CreditText(amount)
    }
}

impl fmt::Display for CreditText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

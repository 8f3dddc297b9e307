//! Money in JSON: credits as text, exact to six decimals.

use std::fmt;

use model::MicroCredits;
use serde::{Deserialize, Serialize};

/// An amount as clients see it: `"4.05"` are 4.05 credits, $0.00405. A text, because a JSON number may lose
/// digits on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct CreditAmount(pub(crate) MicroCredits);

impl TryFrom<String> for CreditAmount {
    type Error = model::money::MoneyError;

    fn try_from(text: String) -> Result<CreditAmount, Self::Error> {
        text.parse().map(CreditAmount)
    }
}

impl From<CreditAmount> for String {
    fn from(amount: CreditAmount) -> String {
        amount.0.to_string()
    }
}

impl From<MicroCredits> for CreditAmount {
    fn from(amount: MicroCredits) -> CreditAmount {
        CreditAmount(amount)
    }
}

impl fmt::Display for CreditAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

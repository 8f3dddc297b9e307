//! Ids of transfers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::charge::ChargeId;
use crate::grant::GrantId;

/// Names a transfer for ever, after what it is for: so nothing is transferred twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TransferId {
    /// A charge.
    Charge {
        /// Which one.
        charge: ChargeId,
    },
    /// A grant is given.
    Grant {
        /// Which one.
        grant: GrantId,
    },
    /// A part of a grant is taken back, after its end.
    Expiry {
        /// Which grant.
        grant: GrantId,
        /// Which part, from 0.
        part: u32,
    },
    /// A charge is given back.
    Refund {
        /// Which one.
        charge: ChargeId,
    },
}

impl TransferId {
    /// The transfer that this one reverses.
    pub fn reverses(&self) -> Option<TransferId> {
        match self {
            TransferId::Refund { charge } => Some(TransferId::Charge { charge: *charge }),
            _ => None,
        }
    }
}

/// Such as `chg_…`, `grant:pay-7`, `expiry:pay-7:0`, `refund:chg_…`.
impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransferId::Charge { charge } => write!(f, "{charge}"),
            TransferId::Grant { grant } => write!(f, "grant:{grant}"),
            TransferId::Expiry { grant, part } => write!(f, "expiry:{grant}:{part}"),
            TransferId::Refund { charge } => write!(f, "refund:{charge}"),
        }
    }
}

/// The text is no id of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no id of a transfer")]
pub struct TransferIdError(String);

impl FromStr for TransferId {
    type Err = TransferIdError;

    fn from_str(text: &str) -> Result<TransferId, TransferIdError> {
        let id = match text.split_once(':') {
            None => text.parse().ok().map(|charge| TransferId::Charge { charge }),
            Some(("grant", id)) => id.parse().ok().map(|grant| TransferId::Grant { grant }),
            Some(("refund", id)) => id.parse().ok().map(|charge| TransferId::Refund { charge }),
            Some(("expiry", rest)) => rest.split_once(':').and_then(|(grant, part)| {
                Some(TransferId::Expiry { grant: grant.parse().ok()?, part: part.parse().ok()? })
            }),
            Some(_) => None,
        };
        let id = id.filter(|id| id.to_string() == text);
        id.ok_or_else(|| TransferIdError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for TransferId {
    type Error = TransferIdError;

    fn try_from(text: String) -> Result<TransferId, TransferIdError> {
        text.parse()
    }
}

impl From<TransferId> for String {
    fn from(id: TransferId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_transfer_has_one_form() {
        let charge = ChargeId::new([9; 20]);
        let grant: GrantId = "pay-7".parse().unwrap();
        let ids = [
            TransferId::Charge { charge },
            TransferId::Grant { grant: grant.clone() },
            TransferId::Expiry { grant, part: 3 },
            TransferId::Refund { charge },
        ];
        for id in &ids {
            assert_eq!(id.to_string().parse().as_ref(), Ok(id));
            assert_eq!(id.reverses().is_some(), matches!(id, TransferId::Refund { .. }));
        }
        assert_eq!(ids[2].to_string(), "expiry:pay-7:3");
        for wrong in ["", "grant:", "expiry:a", "expiry:a:03", "refund:x", "other:a", "grant:a:b"] {
            assert!(wrong.parse::<TransferId>().is_err(), "{wrong}");
        }
    }
}

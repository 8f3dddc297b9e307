//! The orders of an operator, as JSON: `{"opt-out": {"account": "…"}}`.

use std::fmt;
use std::str::FromStr;

use model::{Account, KeyId, PersonId, ProfileId, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Erase an account for good, because its owner asked.
    OptOut {
        /// Which.
        account: OptOutSubject,
    },
    /// Create an API key that may read everything; its secret is in the outcome and nowhere else.
    CreateKey {
        /// The account that it belongs to; made if there is none of this name.
        account: String,
        /// A key for sample data and play credits.
        #[serde(default)]
        test: bool,
    },
    /// List API keys, without their secrets, the newest first.
    ListKeys {
        /// Only those of this account.
        #[serde(default)]
        account: Option<String>,
    },
    /// Revoke an API key; requests with it are refused from half a minute later on.
    RevokeKey {
        /// Which.
        key: KeyId,
    },
    /// Serve an older run again, as long as its results are kept.
    ActivateRun {
        /// Which.
        run: RunId,
    },
    /// Delete what has been kept for long enough.
    Retain {},
    /// List the newest lines of the audit log.
    ListAudit {},
}

/// An order that cannot be read. It does not repeat what was sent: an error is logged, and a log must
/// not name the account of an opt-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no order: take one of opt-out, create-key, list-keys, revoke-key, activate-run, retain and \
     list-audit, such as {{\"opt-out\": {{\"account\": \"bluesky:alice.bsky.social\"}}}}"
)]
pub struct OrderError;

impl Order {
    /// Reads an order.
    pub fn of(event: Value) -> Result<Order, OrderError> {
        serde_json::from_value(event).map_err(|_| OrderError)
    }

    /// Its name in the audit log.
    pub fn action(&self) -> &'static str {
        match self {
            Order::OptOut { .. } => "opt-out",
            Order::CreateKey { .. } => "create-key",
            Order::ListKeys { .. } => "list-keys",
            Order::RevokeKey { .. } => "revoke-key",
            Order::ActivateRun { .. } => "activate-run",
            Order::Retain {} => "retain",
            Order::ListAudit {} => "list-audit",
        }
    }
}

/// What is opted out: an account by handle or native id, a profile, or a person with all profiles.
///
/// ```
/// use operate::OptOutSubject;
///
/// let by_handle: OptOutSubject = "fediverse:ada@example.org".parse()?;
/// assert!(matches!(by_handle, OptOutSubject::Account(_)));
/// assert!(matches!("per_2001".parse()?, OptOutSubject::Person(_)));
/// // What is formatted may be logged: the account is not in it.
/// assert_eq!(format!("{by_handle:?}"), "fediverse:…");
/// # Ok::<(), operate::OptOutSubjectError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OptOutSubject {
    /// By name, seen or not.
    Account(Account),
    /// By public id.
    Profile(ProfileId),
    /// By public id, with all its profiles.
    Person(PersonId),
}

/// A text that names no account, profile or person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "take platform:handle, such as bluesky:alice.bsky.social or fediverse:ada@example.org, or prf_… or per_…"
)]
pub struct OptOutSubjectError;

impl FromStr for OptOutSubject {
    type Err = OptOutSubjectError;

    fn from_str(text: &str) -> Result<OptOutSubject, OptOutSubjectError> {
        if let Ok(profile) = text.parse() {
            return Ok(OptOutSubject::Profile(profile));
        }
        if let Ok(person) = text.parse() {
            return Ok(OptOutSubject::Person(person));
        }
        text.parse().map(OptOutSubject::Account).map_err(|_| OptOutSubjectError)
    }
}

impl TryFrom<String> for OptOutSubject {
    type Error = OptOutSubjectError;

    fn try_from(text: String) -> Result<OptOutSubject, OptOutSubjectError> {
        text.parse()
    }
}

impl From<OptOutSubject> for String {
    fn from(subject: OptOutSubject) -> String {
        match subject {
            OptOutSubject::Account(account) => account.to_string(),
            OptOutSubject::Profile(profile) => profile.to_string(),
            OptOutSubject::Person(person) => person.to_string(),
        }
    }
}

/// Does not name accounts: what is formatted may be logged.
impl fmt::Debug for OptOutSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptOutSubject::Account(account) => write!(f, "{}:…", account.platform),
            OptOutSubject::Profile(profile) => profile.fmt(f),
            OptOutSubject::Person(person) => person.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Platform;
    use serde_json::json;

    #[test]
    fn an_order_reads_back() {
        let orders = [
            json!({"opt-out": {"account": "fediverse:ada@example.org"}}),
            json!({"opt-out": {"account": "prf_2001"}}),
            json!({"create-key": {"account": "me", "test": false}}),
            json!({"list-keys": {"account": null}}),
            json!({"revoke-key": {"key": "key_1"}}),
            json!({"activate-run": {"run": "run_1"}}),
            json!({"retain": {}}),
            json!({"list-audit": {}}),
        ];
        for sent in orders {
            let order = Order::of(sent.clone()).unwrap();
            assert_eq!(json!(order), sent);
            assert!(sent.get(order.action()).is_some(), "{} is not in {sent}", order.action());
        }
    }

    #[test]
    fn an_account_is_named_in_three_ways() {
        let account = Account::new(Platform::BLUESKY, "did:plc:abc").unwrap();
        assert_eq!("bluesky:did:plc:abc".parse(), Ok(OptOutSubject::Account(account)));
        assert_eq!("prf_1".parse(), Ok(OptOutSubject::Profile(ProfileId::new(1))));
        assert_eq!("per_1".parse(), Ok(OptOutSubject::Person(PersonId::new(1))));
        for wrong in ["", "ada", "ada@example.org", "nowhere:ada", "bluesky:", "com_1"] {
            assert_eq!(wrong.parse::<OptOutSubject>(), Err(OptOutSubjectError), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_repeated() {
        let wrong = [
            json!("bluesky:ada.example"),
            json!({"opt-out": "bluesky:ada.example"}),
            json!({"opt-out": {"account": "ada.example"}}),
            json!({"opt-out": {"account": "prf_1", "who": "ada.example"}}),
            json!({"ada.example": {}}),
        ];
        for sent in wrong {
            let why = Order::of(sent.clone()).unwrap_err().to_string();
            assert!(!why.contains("ada.example"), "{sent}: {why}");
        }
        let order = Order::of(json!({"opt-out": {"account": "bluesky:ada.example"}})).unwrap();
        assert!(!format!("{order:?}").contains("ada.example"));
    }
}

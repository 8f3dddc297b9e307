//! The orders of an operator, as JSON: `{"opt-out": {"account": "…"}}`.

use std::fmt;
use std::str::FromStr;

use model::privacy_request::PrivacyOutcome;
use model::{
    Account, ChargeId, GrantId, GrantKind, KeyId, PayerId, PersonId, PrivacyRequestId, ProfileId,
    RunId, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CreditAmount, KeyScope};

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Erase an account for good, because its owner asked.
    OptOut {
        /// Which.
        account: OptOutSubject,
    },
    /// Create an API key; its secret is in the outcome and nowhere else.
    CreateKey(KeyToCreate),
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
    /// Give an account credits.
    AddCredits(CreditsToAdd),
    /// Give the credits of a posted charge back, once.
    Refund {
        /// Whose charge it is, by the account's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// The same by id, in place of the account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payer: Option<PayerId>,
        /// Which.
        charge: ChargeId,
    },
    /// Show what an account has: its wallet and its grants.
    ShowCredits {
        /// Which.
        account: String,
    },
    /// Let an account neither spend nor get credits.
    Freeze {
        /// Which.
        account: String,
    },
    /// Let an account spend and get credits again, also after the auditor stopped it from getting any.
    Unfreeze {
        /// Which.
        account: String,
    },
    /// Serve an older run again, as long as its results are kept.
    ActivateRun {
        /// Which.
        run: RunId,
    },
    /// List the privacy requests that have not ended: the proven ones first, and then those that are due first.
    ListRequests {},
    /// Show a privacy request.
    ShowRequest {
        /// Which.
        request: PrivacyRequestId,
    },
    /// Answer a privacy request: carry it out, or refuse it.
    AnswerRequest(RequestAnswer),
    /// Delete what has been kept for long enough.
    Retain {},
    /// List the newest lines of the audit log.
    ListAudit {},
}

/// An answer to a privacy request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestAnswer {
    /// Which request.
    pub request: PrivacyRequestId,
    /// Whether it is done: an opt-out or an erasure is carried out then, and what is held can be read. Else it is
    /// refused.
    pub outcome: PrivacyOutcome,
    /// What the requester reads. A refusal, an objection and a correction need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Does not repeat the text, which may name an account: what is formatted may be logged.
impl fmt::Debug for RequestAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RequestAnswer { request, outcome, .. } = self;
        f.debug_struct("RequestAnswer")
            .field("request", request)
            .field("outcome", outcome)
            .finish_non_exhaustive()
    }
}

/// A key to be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyToCreate {
    /// The account that it belongs to; made if there is none of this name.
    pub account: String,
    /// A key for sample data, which costs nothing.
    #[serde(default)]
    pub test: bool,
    /// What it may do. If nothing is said: [`Scope::DEFAULT`](model::Scope::DEFAULT), or for sample data
    /// [`Scope::READING`](model::Scope::READING).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<KeyScope>,
    /// The most that it may spend on a UTC day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<CreditAmount>,
    /// Credits that the account gets at the same time, as paid ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<CreditAmount>,
    /// What it is made for, such as `contract-7`: the same id makes one key and gives its credits once. Ordered
    /// again, the key gets another secret, as the first may not have arrived; that one opens it for a day. Random
    /// if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<GrantId>,
}

impl KeyToCreate {
    /// An ordinary key of an account.
    pub fn of(account: &str) -> KeyToCreate {
        let account = account.to_owned();
        KeyToCreate {
            account,
            test: false,
            scopes: Vec::new(),
            daily_cap: None,
            credits: None,
            id: None,
        }
    }
}

/// Credits to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditsToAdd {
    /// Who gets them; made if there is no account of this name.
    pub account: String,
    /// How many.
    pub credits: CreditAmount,
    /// Whether they were paid for.
    #[serde(default = "paid")]
    pub kind: GrantKind,
    /// What they are given for, such as `invoice-7`: the same id gives once. Random if nothing is said.
    #[serde(default)]
    pub id: Option<GrantId>,
    /// When what is left of them is taken back; never if `None`.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

const fn paid() -> GrantKind {
    GrantKind::Paid
}

/// An order that cannot be read. It does not repeat what was sent: an error is logged, and a log must
/// not name the account of an opt-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no order: take one of opt-out, create-key, list-keys, revoke-key, add-credits, refund, show-credits, \
     freeze, unfreeze, activate-run, list-requests, show-request, answer-request, retain and list-audit, such as \
     {{\"opt-out\": {{\"account\": \"bluesky:alice.bsky.social\"}}}}"
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
            Order::CreateKey(_) => "create-key",
            Order::ListKeys { .. } => "list-keys",
            Order::RevokeKey { .. } => "revoke-key",
            Order::AddCredits(_) => "add-credits",
            Order::Refund { .. } => "refund",
            Order::ShowCredits { .. } => "show-credits",
            Order::Freeze { .. } => "freeze",
            Order::Unfreeze { .. } => "unfreeze",
            Order::ActivateRun { .. } => "activate-run",
            Order::ListRequests {} => "list-requests",
            Order::ShowRequest { .. } => "show-request",
            Order::AnswerRequest(_) => "answer-request",
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
mod tests;

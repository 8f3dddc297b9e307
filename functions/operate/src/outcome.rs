//! What an order reports, as the JSON that an invocation answers.

use model::key::KeyRealm;
use model::time::Timestamp;
use model::{KeyId, ProfileId, RunId};
use serde::Serialize;
use store::pg::audit;
use store::pg::key::ApiKey;
use store::pg::retention::RetentionSweep;

/// What an order did or found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OrderOutcome {
    /// Accounts were opted out.
    OptedOut {
        /// Their profiles.
        opted_out: Vec<ProfileId>,
        /// Whether they had been seen before.
        known: bool,
    },
    /// An API key was created.
    KeyCreated {
        /// The secret, which is stored nowhere.
        key: String,
        /// Its id.
        id: KeyId,
        /// The account that it belongs to.
        account: String,
    },
    /// API keys, the newest first.
    Keys {
        /// A line for each.
        keys: Vec<KeySummary>,
    },
    /// An API key was revoked.
    KeyRevoked {
        /// Its id.
        revoked: KeyId,
    },
    /// A run is served.
    RunActivated {
        /// Its id.
        served: RunId,
    },
    /// What was kept for long enough was deleted.
    Retained(RetentionCounts),
    /// The audit log, the newest line first.
    AuditLog {
        /// Its lines.
        lines: Vec<AuditLine>,
    },
}

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeySummary {
    id: KeyId,
    account: String,
    test: bool,
    last_four: String,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl From<ApiKey> for KeySummary {
    fn from(key: ApiKey) -> KeySummary {
        KeySummary {
            id: key.id,
            account: key.account,
            test: key.realm == KeyRealm::Test,
            last_four: key.last_four,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// How much one retention deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RetentionCounts {
    change_days: usize,
    erasures: usize,
    runs_retired: usize,
    runs_forgotten: usize,
    audit_lines: u64,
    /// Whether the next retention has something left to delete.
    more: bool,
}

impl RetentionCounts {
    pub(crate) fn new(swept: &RetentionSweep, audit_lines: u64) -> RetentionCounts {
        RetentionCounts {
            change_days: swept.change_days,
            erasures: swept.erasures,
            runs_retired: swept.runs_retired,
            runs_forgotten: swept.runs_forgotten,
            audit_lines,
            more: swept.more,
        }
    }
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditLine {
    at: Timestamp,
    actor: String,
    action: String,
    subject: Option<String>,
}

impl From<audit::AuditEntry> for AuditLine {
    fn from(line: audit::AuditEntry) -> AuditLine {
        AuditLine { at: line.at, actor: line.actor, action: line.action, subject: line.subject }
    }
}

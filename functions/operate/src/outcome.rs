//! What an order reports, as the JSON that an invocation answers.

use model::key::KeyRealm;
use model::privacy_request::PrivacyRequestStatus;
use model::time::Timestamp;
use model::{
    ChargeId, Grant, GrantId, GrantKind, KeyId, PayerId, PrivacyRequest, PrivacyRequestId,
    PrivacyRequestKind, ProfileId, RunId, WalletBalance, WalletStatus,
};
use serde::Serialize;
use store::pg::audit;
use store::pg::key::ApiKey;
use store::pg::retention::RetentionSweep;

use crate::CreditAmount;

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
        /// Credits that the account got with it.
        #[serde(skip_serializing_if = "Option::is_none")]
        credits: Option<CreditAmount>,
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
    /// Credits were given, now or before.
    CreditsAdded {
        /// What names them for ever.
        grant: GrantId,
        /// Who has them.
        account: String,
        /// The same by id.
        payer: PayerId,
        /// How many.
        credits: CreditAmount,
        /// Whether the wallet has them. If it takes no credits, it gets them once it does.
        given: bool,
    },
    /// A charge was given back, now or before.
    Refunded {
        /// Which.
        refunded: ChargeId,
        /// Who gets it.
        payer: PayerId,
        /// Whether the wallet has the credits. If it takes none, it gets them once it does.
        given: bool,
    },
    /// What an account has.
    Credits(CreditSummary),
    /// A wallet was frozen or opened.
    WalletSet {
        /// Whose.
        payer: PayerId,
        /// What it lets happen now.
        status: WalletStatus,
        /// Leases that were closed.
        leases_closed: u64,
    },
    /// A run is served.
    RunActivated {
        /// Its id.
        served: RunId,
    },
    /// Privacy requests that have not ended: the proven ones first, and then those that are due first.
    Requests {
        /// A line for each.
        requests: Vec<RequestLine>,
    },
    /// A privacy request.
    Request(RequestLine),
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

/// What an account has. Amounts are credits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreditSummary {
    account: String,
    payer: PayerId,
    status: WalletStatus,
    available: String,
    held: String,
    leased: String,
    spent: String,
    funded: String,
    quotes_open: u32,
    grants: Vec<GrantLine>,
}

impl CreditSummary {
    pub(crate) fn new(
        account: &str,
        payer: PayerId,
        balance: &WalletBalance,
        grants: Vec<GrantLine>,
    ) -> CreditSummary {
        CreditSummary {
            account: account.to_owned(),
            payer,
            status: balance.status,
            available: balance.available.to_string(),
            held: balance.held.to_string(),
            leased: balance.leased.to_string(),
            spent: balance.spent.to_string(),
            funded: balance.funded.to_string(),
            quotes_open: balance.quotes_open,
            grants,
        }
    }
}

/// Credits that were given at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantLine {
    grant: GrantId,
    kind: GrantKind,
    given: String,
    left: String,
    expires_at: Option<Timestamp>,
    in_wallet: bool,
}

impl From<Grant> for GrantLine {
    fn from(grant: Grant) -> GrantLine {
        GrantLine {
            grant: grant.id,
            kind: grant.kind,
            given: grant.amount.to_string(),
            left: grant.remaining.to_string(),
            expires_at: grant.expires_at,
            in_wallet: grant.in_wallet,
        }
    }
}

/// A privacy request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestLine {
    request: PrivacyRequestId,
    kind: PrivacyRequestKind,
    status: PrivacyRequestStatus,
    /// As it was given; absent once it is erased.
    account: Option<String>,
    about: Option<String>,
    created_at: Timestamp,
    due_at: Timestamp,
    /// What the account shows to prove the request.
    code: String,
    checks: u32,
    checked_at: Option<Timestamp>,
    proven_at: Option<Timestamp>,
    profile: Option<ProfileId>,
    ended_at: Option<Timestamp>,
    answer: Option<String>,
}

impl RequestLine {
    pub(crate) fn new(request: PrivacyRequest, now: Timestamp) -> RequestLine {
        let platform = request.platform;
        RequestLine {
            request: request.id,
            kind: request.kind,
            status: request.status(now),
            account: request.handle.as_ref().map(|handle| format!("{platform}:{handle}")),
            created_at: request.created_at,
            due_at: request.due_at(),
            code: request.code.as_str().to_owned(),
            checks: request.checks,
            checked_at: request.checked_at,
            proven_at: request.proven_at,
            profile: request.profile,
            ended_at: request.ended.map(|(_, at)| at),
            about: request.about,
            answer: request.answer,
        }
    }
}

/// How much one retention deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RetentionCounts {
    change_days: usize,
    erasures: usize,
    withdrawals: usize,
    runs_retired: usize,
    runs_forgotten: usize,
    history_parts: usize,
    privacy_requests: usize,
    audit_lines: u64,
    /// Proven privacy requests that wait for an answer and are due within a week, or were due.
    requests_pressing: u64,
    /// Whether the next retention has something left to delete.
    more: bool,
}

impl RetentionCounts {
    /// How many proven privacy requests wait for an answer that are due within a week, or were due.
    pub const fn requests_pressing(&self) -> u64 {
        self.requests_pressing
    }

    pub(crate) fn new(
        swept: &RetentionSweep,
        audit_lines: u64,
        requests_pressing: u64,
    ) -> RetentionCounts {
        RetentionCounts {
            change_days: swept.change_days,
            erasures: swept.erasures,
            withdrawals: swept.withdrawals,
            runs_retired: swept.runs_retired,
            runs_forgotten: swept.runs_forgotten,
            history_parts: swept.history_parts,
            privacy_requests: swept.privacy_requests,
            audit_lines,
            requests_pressing,
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

//! The commands of an operator: keys, credits, opt-outs, privacy requests, runs, retention and the audit log.

use clap::{Args, Subcommand, ValueEnum};
use model::{ChargeId, GrantId, GrantKind, KeyId, PayerId, PrivacyRequestId, RunId, Timestamp};
use operate::{CreditAmount, CreditsToAdd, KeyScope, KeyToCreate, OptOutSubject};

/// `borg key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Create a key; it is shown once.
    Create(KeyArgs),
    /// Revoke a key.
    Revoke {
        /// Its id, such as key_1.
        id: KeyId,
    },
}

/// A key to be created.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// The account that it belongs to; made if there is none of this name.
    #[arg(long)]
    account: String,
    /// Credits for the account, as paid ones, such as 1000 or 0.5.
    #[arg(long, value_parser = parse_credits)]
    credits: Option<CreditsOrNone>,
    /// What it may do, such as search:read,ranks:read; reading and money if not given.
    #[arg(long, value_delimiter = ',', value_name = "SCOPE")]
    scopes: Vec<KeyScope>,
    /// The most credits that it may spend on a UTC day.
    #[arg(long, value_name = "CREDITS")]
    daily_cap: Option<CreditAmount>,
    /// A key for sample data, which costs nothing.
    #[arg(long)]
    test: bool,
    /// What it is made for, such as contract-7: the same id makes one key and gives its credits once; again, the
    /// key gets another secret.
    #[arg(long)]
    id: Option<GrantId>,
}

/// An amount of credits; `None` is zero.
type CreditsOrNone = Option<CreditAmount>;

fn parse_credits(text: &str) -> Result<CreditsOrNone, operate::CreditAmountError> {
    if text == "0" { Ok(None) } else { text.parse().map(Some) }
}

impl KeyArgs {
    /// The key as an order says it.
    pub(crate) fn key(&self) -> KeyToCreate {
        KeyToCreate {
            account: self.account.clone(),
            test: self.test,
            scopes: self.scopes.clone(),
            daily_cap: self.daily_cap,
            credits: self.credits.flatten(),
            id: self.id.clone(),
        }
    }
}

/// `borg operate`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateCommand {
    /// Erase an account for good, on its owner's request; it may be unknown.
    OptOut {
        /// A handle or native id such as bluesky:alice.bsky.social, prf_…, or per_… with all profiles.
        account: OptOutSubject,
    },
    /// API keys.
    #[command(subcommand)]
    Keys(OperateKeys),
    /// Credits of accounts.
    #[command(subcommand)]
    Credits(OperateCredits),
    /// Which run is served.
    #[command(subcommand)]
    Runs(OperateRuns),
    /// Privacy requests: those that wait for an answer, and what is answered.
    #[command(subcommand)]
    Requests(OperateRequests),
    /// Delete what has been kept for long enough; `borg score` and `borg up` do it too.
    Retain,
    /// List what operators did.
    Audit,
}

/// `borg operate keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateKeys {
    /// Create a key; it is shown once.
    Create(KeyArgs),
    /// List the keys, without their secrets.
    List {
        /// Only those of this account.
        #[arg(long)]
        account: Option<String>,
    },
    /// Revoke a key.
    Revoke {
        /// Its id, such as key_1.
        id: KeyId,
    },
}

/// `borg operate credits`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateCredits {
    /// Give an account credits.
    Add(CreditArgs),
    /// Show what an account has.
    Show {
        /// Which.
        #[arg(long)]
        account: String,
    },
    /// Give the credits of a posted charge back, once.
    Refund {
        /// Which charge, such as chg_….
        charge: ChargeId,
        /// Whose charge it is.
        #[arg(long, required_unless_present = "payer")]
        account: Option<String>,
        /// The same by id, such as acc_1.
        #[arg(long, conflicts_with = "account")]
        payer: Option<PayerId>,
    },
    /// Let an account neither spend nor get credits.
    Freeze {
        /// Which.
        #[arg(long)]
        account: String,
    },
    /// Let an account spend and get credits again.
    Unfreeze {
        /// Which.
        #[arg(long)]
        account: String,
    },
}

/// Credits to be given.
#[derive(Debug, Args)]
pub(crate) struct CreditArgs {
    /// Who gets them; made if there is no account of this name.
    #[arg(long)]
    account: String,
    /// How many, such as 1000 or 0.5.
    #[arg(long)]
    credits: CreditAmount,
    /// Whether they were paid for.
    #[arg(long, value_enum, default_value_t = CreditKind::Paid)]
    kind: CreditKind,
    /// What they are given for, such as invoice-7: the same id gives once.
    #[arg(long)]
    id: Option<GrantId>,
    /// When what is left of them is taken back, such as 2027-01-01T00:00:00Z; never if not given.
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Timestamp>,
}

/// Whether credits were paid for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum CreditKind {
    /// Paid for.
    Paid,
    /// Given away.
    Promotional,
}

impl CreditArgs {
    /// The credits as an order says them.
    pub(crate) fn credits(&self) -> CreditsToAdd {
        CreditsToAdd {
            account: self.account.clone(),
            credits: self.credits,
            kind: match self.kind {
                CreditKind::Paid => GrantKind::Paid,
                CreditKind::Promotional => GrantKind::Promotional,
            },
            id: self.id.clone(),
            expires_at: self.expires_at,
        }
    }
}

/// `borg operate requests`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateRequests {
    /// List those that have not ended: the proven ones first, and then those that are due first.
    List,
    /// Show one.
    Show {
        /// Its id, such as prq_1.
        id: PrivacyRequestId,
    },
    /// Answer one: carry it out, or refuse it.
    Answer {
        /// Its id, such as prq_1.
        id: PrivacyRequestId,
        /// Refuse it; else it is carried out: the account is erased, or what is held of it can be read.
        #[arg(long, requires = "text")]
        refuse: bool,
        /// What the requester reads; a refusal, an objection and a correction need it.
        #[arg(long)]
        text: Option<String>,
    },
}

/// `borg operate runs`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateRuns {
    /// Serve an older run again.
    Activate {
        /// Its id, such as run_1.
        run: RunId,
    },
}

//! The commands of an operator: keys, opt-outs, runs, retention and the audit log.

use clap::Subcommand;
use model::{KeyId, RunId};
use operate::OptOutSubject;

/// `borg key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Create a key that may read everything; it is shown once.
    Create {
        /// The account that it belongs to.
        #[arg(long)]
        account: String,
        /// Credits for the account; nothing is charged yet.
        #[arg(long, default_value_t = 0)]
        credits: u64,
        /// A key for sample data and play credits.
        #[arg(long)]
        test: bool,
    },
    /// Revoke a key.
    Revoke {
        /// Its id, such as key_1.
        id: KeyId,
    },
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
    /// Which run is served.
    #[command(subcommand)]
    Runs(OperateRuns),
    /// Delete what has been kept for long enough; `borg score` and `borg up` do it too.
    Retain,
    /// List what operators did.
    Audit,
}

/// `borg operate keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateKeys {
    /// Create a key that may read everything; it is shown once.
    Create {
        /// The account that it belongs to.
        #[arg(long)]
        account: String,
        /// A key for sample data and play credits.
        #[arg(long)]
        test: bool,
    },
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

/// `borg operate runs`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateRuns {
    /// Serve an older run again.
    Activate {
        /// Its id, such as run_1.
        run: RunId,
    },
}

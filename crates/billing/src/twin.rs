//! Wallet and ledger in memory. They enforce the conditions of the ports, and nothing else: what holds
//! here holds on every wallet and ledger that does the same.
//!
//! A [`Gate`] stands between a caller and the state. So a test decides when a call happens, who is
//! called next, and who dies before or after it.

use std::fmt::Debug;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use model::port::PortError;

mod flaw;
mod ledger;
mod ledger_port;
mod wallet;
mod wallet_charges;
mod wallet_port;

pub use flaw::Flaw;
pub use ledger::LedgerState;
pub use ledger_port::TwinLedger;
pub use wallet::WalletState;
pub use wallet_port::TwinWallet;

/// What a port answers.
type PortAnswer<T> = Result<T, PortError>;

/// How a call comes to the state `S`.
pub trait Gate<S>: Send + Sync {
    /// Does one step on the state, at once or later, wholly or not at all.
    fn pass<T, F>(&self, step: F) -> impl Future<Output = T> + Send
    where
        T: Clone + Debug + Send + Sync + 'static,
        F: FnOnce(&mut S) -> T + Send;
}

/// The gate that lets every call happen at once.
#[derive(Debug, Default)]
pub struct Open<S> {
    state: Mutex<S>,
}

impl<S> Open<S> {
    /// A gate to this state.
    pub fn new(state: S) -> Open<S> {
        Open { state: Mutex::new(state) }
    }

    /// Looks at the state.
    pub fn with<T>(&self, look: impl FnOnce(&mut S) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Send> Gate<S> for Open<S> {
    async fn pass<T, F>(&self, step: F) -> T
    where
        T: Clone + Debug + Send + Sync + 'static,
        F: FnOnce(&mut S) -> T + Send,
    {
        self.with(step)
    }
}

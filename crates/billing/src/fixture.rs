//! What the tests of the protocol have in common: two ports in memory, and one payer.

use std::any::Any;
use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};

use model::charge::ChargeRef;
use model::port::PortError;
use model::{Charge, ChargeId, Grant, GrantKind, KeyId, MicroCredits, PayerId, RunId, Timestamp};

use crate::charge::PricedAnswer;
use crate::example::served_charge;
use crate::grants::{FundOutcome, fund};
use crate::twin::{Gate, LedgerState, Open, TwinLedger, TwinWallet, WalletState};

/// The result of something that never waits.
pub(crate) fn done<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the twins never wait"),
    }
}

pub(crate) const PAYER: PayerId = PayerId::new(7);

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(crate) fn credits(micros: i64) -> MicroCredits {
    MicroCredits::new(micros)
}

/// Wallets and a ledger.
#[derive(Debug, Default)]
pub(crate) struct Bank {
    pub(crate) wallet: TwinWallet<Open<WalletState>>,
    pub(crate) ledger: TwinLedger<Open<LedgerState>>,
}

impl Bank {
    /// One in which the payer has so much, paid for.
    pub(crate) fn with(micros: i64) -> Bank {
        let bank = Bank::default();
        bank.give("first", micros, None);
        bank
    }

    pub(crate) fn give(&self, id: &str, micros: i64, expires_at: Option<Timestamp>) {
        let new = Grant::new(id.parse().unwrap(), PAYER, GrantKind::Paid, credits(micros));
        let grant = Grant { expires_at, ..new };
        let given = done(fund(&self.wallet, &self.ledger, &grant, at("2026-11-01T00:00:00Z")));
        assert_eq!(given, Ok(FundOutcome::Funded));
    }

    pub(crate) fn available(&self) -> i64 {
        use model::port::Wallet;
        done(self.wallet.balance(PAYER)).unwrap().available.micros()
    }
}

/// A gate at which the first calls with an outcome of this type happen, and are not heard of.
pub(crate) struct Unheard<S, T> {
    open: Open<S>,
    left: AtomicUsize,
    outcome: PhantomData<fn() -> T>,
}

impl<S, T> Unheard<S, T> {
    pub(crate) fn first(calls: usize, state: S) -> Unheard<S, T> {
        Unheard { open: Open::new(state), left: AtomicUsize::new(calls), outcome: PhantomData }
    }
}

impl<S: Send, U: 'static> Gate<S> for Unheard<S, U> {
    async fn pass<T, F>(&self, step: F) -> T
    where
        T: Clone + Debug + Send + Sync + 'static,
        F: FnOnce(&mut S) -> T + Send,
    {
        let answer = self.open.with(step);
        let unheard: Box<dyn Any> = Box::new(Err::<U, _>(PortError::Retry("unheard".to_owned())));
        let count = |left: usize| left.checked_sub(1);
        match unheard.downcast::<T>() {
            Ok(unheard) if self.left.fetch_update(Relaxed, Relaxed, count).is_ok() => *unheard,
            _ => answer,
        }
    }
}

/// A served charge, from the balance.
pub(crate) fn served(number: u8, cost: i64, now: Timestamp) -> Charge {
    Charge {
        key: KeyId::new(1),
        request: [number; 32],
        nonce: u64::from(number),
        run: Some(RunId::new(1)),
        ..served_charge(reference(number), credits(cost), now)
    }
}

pub(crate) fn answer(charge: Charge) -> PricedAnswer {
    PricedAnswer { charge, others: Vec::new(), cost_max: None, quoted: None }
}

pub(crate) fn reference(number: u8) -> ChargeRef {
    ChargeRef { payer: PAYER, charge: ChargeId::new([number; 20]) }
}

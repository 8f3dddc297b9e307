//! What the tests of the protocol have in common: two ports in memory, and one payer.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use model::charge::ChargeRef;
use model::{Charge, ChargeId, Grant, GrantKind, KeyId, MicroCredits, PayerId, RunId, Timestamp};

use crate::charge::PricedAnswer;
use crate::example::served_charge;
use crate::grants::{FundOutcome, fund};
use crate::twin::{LedgerState, Open, TwinLedger, TwinWallet, WalletState};

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

//! What all who act in a simulation share: wallets, the ledger, the queue, time, and notes of what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use model::charge::ChargeRef;
use model::port::PortError;
use model::{ChargeId, MicroCredits, PayerId, Timestamp};

use super::dice::Dice;
use crate::doorbell::Doorbell;
use crate::twin::{Flaw, Gate, LedgerState, Open, TwinLedger, TwinWallet, WalletState};

/// In how many of 10,000 cases a doorbell is lost, or rings twice.
const LOST: u64 = 100;
const DOUBLED: u64 = 1_000;

/// Waits until it is polled again: others act meanwhile, or its process dies.
#[derive(Debug, Default)]
pub(super) struct StepAside {
    is_back: bool,
}

impl Future for StepAside {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.is_back, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Lets others act before and after each call: who dies there has not called, or does not hear the answer.
#[derive(Debug, Default)]
pub(super) struct Stepping<S> {
    pub(super) open: Open<S>,
}

impl<S: Send> Gate<S> for Stepping<S> {
    async fn pass<T, F>(&self, step: F) -> T
    where
        T: Clone + Debug + Send + Sync + 'static,
        F: FnOnce(&mut S) -> T + Send,
    {
        StepAside::default().await;
        let answer = self.open.with(step);
        StepAside::default().await;
        answer
    }
}

/// A message in the queue. The amount is what a meter must not believe.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueuedBell {
    pub(super) charge: ChargeRef,
    pub(super) amount: MicroCredits,
}

/// An answer that left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivered {
    pub(super) charge: ChargeRef,
    pub(super) cost: MicroCredits,
}

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Answers that left and must be paid, by charge.
    pub(super) delivered: BTreeMap<ChargeId, Delivered>,
    /// How often the answer of a charge left again.
    pub(super) replays: BTreeMap<ChargeId, u64>,
    /// The request of each charge that was committed or held.
    pub(super) requests: BTreeMap<ChargeId, u64>,
    /// What a careless meter thinks it has seen.
    pub(super) claims: BTreeSet<ChargeId>,
    pub(super) charged: u64,
    pub(super) replayed: u64,
    pub(super) refused: u64,
    pub(super) too_late: u64,
    pub(super) lost_bells: u64,
    pub(super) doubled_bells: u64,
    pub(super) refunds: u64,
    pub(super) expiries: u64,
    pub(super) uncovered: u64,
    pub(super) wrong: u64,
    pub(super) audits: u64,
    pub(super) audits_moving: u64,
    pub(super) audit_differences: u64,
    pub(super) failures: u64,
}

/// What all share.
#[derive(Debug)]
pub(super) struct World {
    pub(super) wallet: TwinWallet<Stepping<WalletState>>,
    pub(super) ledger: TwinLedger<Stepping<LedgerState>>,
    pub(super) flaw: Option<Flaw>,
    queue: Mutex<Vec<QueuedBell>>,
    dice: Mutex<Dice>,
    notes: Mutex<Notes>,
    now_ms: AtomicI64,
}

/// Three hours before a midnight, so that one comes soon.
const START_MS: i64 = 1_795_381_200_000;

impl World {
    pub(super) fn new(seed: u64, flaw: Option<Flaw>) -> World {
        let wallets = Stepping { open: Open::new(WalletState::with_flaw(flaw)) };
        let ledger = Stepping { open: Open::new(LedgerState::with_flaw(flaw)) };
        World {
            wallet: TwinWallet::new(wallets),
            ledger: TwinLedger::new(ledger),
            flaw,
            queue: Mutex::default(),
            dice: Mutex::new(Dice::new(seed)),
            notes: Mutex::default(),
            now_ms: AtomicI64::new(START_MS),
        }
    }

    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(super) fn now(&self) -> Timestamp {
        let now = Timestamp::from_millisecond(self.now_ms.load(Ordering::Relaxed));
        now.unwrap_or(Timestamp::MAX)
    }

    pub(super) fn pass_ms(&self, ms: u64) {
        self.now_ms.fetch_add(i64::try_from(ms).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    pub(super) fn dice<T>(&self, throw: impl FnOnce(&mut Dice) -> T) -> T {
        throw(&mut self.dice.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn note<T>(&self, note: impl FnOnce(&mut Notes) -> T) -> T {
        note(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn queue<T>(&self, look: impl FnOnce(&mut Vec<QueuedBell>) -> T) -> T {
        look(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The answer leaves: it must be paid for.
    pub(super) fn deliver(&self, charge: ChargeRef, cost: MicroCredits) {
        let delivered = Delivered { charge, cost };
        self.note(|notes| notes.delivered.insert(charge.charge, delivered));
    }

    /// Messages to the meter, each of which may get lost or double on its way.
    pub(super) async fn send(&self, bells: &[QueuedBell]) {
        StepAside::default().await;
        for &bell in bells {
            let (is_lost, is_doubled) =
                self.dice(|dice| (dice.happens(LOST), dice.happens(DOUBLED)));
            let copies = if is_lost { 0 } else { 1 + u64::from(is_doubled) };
            self.queue(|queue| (0..copies).for_each(|_| queue.push(bell)));
            self.note(|notes| {
                notes.lost_bells += u64::from(is_lost);
                notes.doubled_bells += u64::from(copies == 2);
            });
        }
        StepAside::default().await;
    }

    /// What each payer has at this moment.
    pub(super) fn unsound_balances(&self) -> u64 {
        let is_unsound = |balance: &model::WalletBalance| !balance.is_sound();
        self.wallet.gate().open.with(|state| {
            state.balances().filter(|(_, balance)| is_unsound(balance)).count() as u64
        })
    }

    pub(super) fn make_busy(&self, payer: PayerId) {
        self.wallet.gate().open.with(|state| state.make_busy(payer));
    }
}

impl Doorbell for World {
    async fn ring(&self, charges: &[ChargeRef]) -> Result<(), PortError> {
        let bell = |&charge: &ChargeRef| QueuedBell { charge, amount: MicroCredits::ZERO };
        let bells: Vec<QueuedBell> = charges.iter().map(bell).collect();
        self.send(&bells).await;
        Ok(())
    }
}

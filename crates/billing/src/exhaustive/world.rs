//! The small world that is explored: two payers, three requests, and what each process does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::charge::{ChargeRef, ChargeSource, ChargeState};
use model::port::{ExpiredHold, Ledger, PortError, ServedHold, Wallet};
use model::{
    Charge, ChargeId, Grant, GrantKind, MicroCredits, PayerId, PriceClass, PriceItem, Timestamp,
    Usage,
};

use super::replay::{Part, Process, Replay};
use crate::charge::{PricedAnswer, Release, charge};
use crate::doorbell::Doorbell;
use crate::example::{pending_charge, served_charge};
use crate::grants::fund;
use crate::held::{Begun, begin, finish};
use crate::lease::LeaseBook;
use crate::post::post;
use crate::sweep::{SweepReport, release, ring_again};
use crate::twin::{Flaw, Gate, LedgerState, TwinLedger, TwinWallet, WalletState};

/// A message, with an amount that is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Message {
    pub(super) charge: ChargeRef,
    pub(super) amount: MicroCredits,
}

/// What is neither in the wallets nor in the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Outside {
    /// Messages that were sent and not acknowledged. Each is received any number of times.
    pub(super) queue: BTreeSet<Message>,
    /// Answers that left, with what they cost.
    pub(super) delivered: BTreeSet<Message>,
    /// What a careless meter thinks it has seen.
    claims: BTreeSet<ChargeId>,
}

/// What happened in any of the orders.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) refused: AtomicBool,
    pub(super) replayed: AtomicBool,
    pub(super) too_late: AtomicBool,
}

/// All that outlives a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct SmallWorld {
    pub(super) wallet: WalletState,
    pub(super) ledger: LedgerState,
    pub(super) outside: Outside,
}

impl Part<WalletState> for SmallWorld {
    fn part(&mut self) -> &mut WalletState {
        &mut self.wallet
    }
}

impl Part<LedgerState> for SmallWorld {
    fn part(&mut self) -> &mut LedgerState {
        &mut self.ledger
    }
}

impl Part<Outside> for SmallWorld {
    fn part(&mut self) -> &mut Outside {
        &mut self.outside
    }
}

/// A request of the small world, or a retry.
#[derive(Debug, Clone, Copy)]
pub(super) struct SmallRequest {
    number: u8,
    payer: u64,
    cost: i64,
    is_held: bool,
    nonce: u64,
}

/// The requests of both handlers, in order: the second begins with a retry of the first's, whose result
/// has changed; both payers can pay for some of it only.
pub(super) const REQUESTS: [[SmallRequest; 2]; 2] = [
    [
        SmallRequest { number: 1, payer: 1, cost: 6, is_held: false, nonce: 11 },
        SmallRequest { number: 2, payer: 2, cost: 5, is_held: false, nonce: 12 },
    ],
    [
        SmallRequest { number: 1, payer: 1, cost: 4, is_held: false, nonce: 21 },
        SmallRequest { number: 3, payer: 1, cost: 3, is_held: true, nonce: 22 },
    ],
];

/// What the hold of a request sets aside beyond its cost.
const HELD_BEYOND: i64 = 2;
/// What both payers are given.
const GRANTED: [i64; 2] = [10, 5];

/// When everything happens, but for the sweeper, who comes when every time is over.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;
pub(super) const LATE: Timestamp = Timestamp::constant(100_000, 0);

/// The ways out of a process.
pub(super) struct Ports<'a> {
    wallet: TwinWallet<Replay<'a, SmallWorld>>,
    ledger: TwinLedger<Replay<'a, SmallWorld>>,
    outside: Replay<'a, SmallWorld>,
    setting: Arc<Setting>,
}

/// What all processes of one exploration have in common.
#[derive(Debug, Default)]
pub(super) struct Setting {
    pub(super) flaw: Option<Flaw>,
    pub(super) seen: Seen,
}

impl<'a> Ports<'a> {
    pub(super) fn new(gate: Replay<'a, SmallWorld>, setting: &Arc<Setting>) -> Ports<'a> {
        let (wallet, ledger) = (TwinWallet::new(gate.clone()), TwinLedger::new(gate.clone()));
        Ports { wallet, ledger, outside: gate, setting: Arc::clone(setting) }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.setting.flaw == Some(flaw)
    }

    async fn note(&self, note: impl FnOnce(&mut Outside) + Send) {
        self.outside.pass(|outside: &mut Outside| note(outside)).await;
    }

    async fn send(&self, charge: ChargeRef, cost: MicroCredits) {
        // An amount that is not read would only make more states.
        let amount = if self.has(Flaw::TrustTheMessage) { cost } else { MicroCredits::ZERO };
        self.note(|outside| {
            outside.queue.insert(Message { charge, amount });
        })
        .await;
    }

    async fn deliver(&self, charge: ChargeRef, amount: MicroCredits) {
        self.note(|outside| {
            outside.delivered.insert(Message { charge, amount });
        })
        .await;
    }
}

impl Doorbell for Ports<'_> {
    async fn ring(&self, charges: &[ChargeRef]) -> Result<(), PortError> {
        self.note(|outside| {
            let amount = MicroCredits::ZERO;
            outside.queue.extend(charges.iter().map(|&charge| Message { charge, amount }));
        })
        .await;
        Ok(())
    }
}

impl SmallRequest {
    fn id(&self) -> ChargeRef {
        let charge = ChargeId::new([self.number; 20]);
        ChargeRef { payer: PayerId::new(self.payer), charge }
    }

    /// The charge as it is served.
    fn served(&self) -> Charge {
        self.with_request(served_charge(self.id(), MicroCredits::new(self.cost), NOW))
    }

    /// The charge as its work begins.
    fn pending(&self, source: ChargeSource) -> Charge {
        self.with_request(pending_charge(self.id(), source, NOW))
    }

    fn with_request(&self, charge: Charge) -> Charge {
        Charge { request: [self.number; 32], nonce: self.nonce, ..charge }
    }

    async fn handle(self, ports: &Ports<'_>) -> Result<(), PortError> {
        if self.is_held { self.handle_held(ports).await } else { self.handle_buffered(ports).await }
    }

    async fn handle_buffered(self, ports: &Ports<'_>) -> Result<(), PortError> {
        let new = self.served();
        let (id, cost) = (new.reference(), new.cost);
        if ports.has(Flaw::ReleaseBeforeCommit) {
            ports.deliver(id, cost).await;
        }
        if ports.has(Flaw::TrustTheMessage) {
            ports.send(id, cost).await;
        }
        let answer = PricedAnswer { charge: new, others: Vec::new(), cost_max: None, quoted: None };
        match charge(&ports.wallet, &LeaseBook::default(), &answer, NOW).await? {
            Release::Charged { cost, .. } => {
                ports.send(id, cost).await;
                ports.deliver(id, cost).await;
            }
            Release::Replay(charge) => {
                ports.deliver(id, charge.cost).await;
                ports.setting.seen.replayed.store(true, Ordering::Relaxed);
            }
            Release::Free | Release::Withheld(_) => {
                ports.setting.seen.refused.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    async fn handle_held(self, ports: &Ports<'_>) -> Result<(), PortError> {
        let most = MicroCredits::new(self.cost + HELD_BEYOND);
        let source = ChargeSource::Hold { most, attempt: 1, expires_at: NOW };
        let pending = self.pending(source);
        let charge = pending.reference();
        let Begun::Held { attempt } = begin(&ports.wallet, &pending, &[]).await? else {
            return Ok(());
        };
        let cost = MicroCredits::new(self.cost);
        let usage = Usage::of(PriceClass::Graph).with(PriceItem::RankRow, 1);
        let served = ServedHold { charge, attempt, usage, cost, served_at: NOW };
        if finish(&ports.wallet, &served).await? || ports.has(Flaw::ReleaseTooLate) {
            ports.send(charge, cost).await;
            ports.deliver(charge, cost).await;
        } else {
            ports.setting.seen.too_late.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

pub(super) fn handler(ports: Ports<'_>, request: SmallRequest) -> Process<'_> {
    Box::pin(async move {
        // After an error there is no answer.
        let _ = request.handle(&ports).await;
    })
}

pub(super) fn meter(ports: Ports<'_>, message: Message) -> Process<'_> {
    Box::pin(async move {
        let done = meter_one(&ports, message).await;
        if done.is_ok() {
            ports
                .note(|outside| {
                    outside.queue.remove(&message);
                })
                .await;
        }
    })
}

async fn meter_one(ports: &Ports<'_>, message: Message) -> Result<(), PortError> {
    let bells = [message.charge];
    match ports.setting.flaw {
        Some(Flaw::ClaimBeforePost) => {
            let id = message.charge.charge;
            let is_new =
                ports.outside.pass(|outside: &mut Outside| outside.claims.insert(id)).await;
            if !is_new {
                return Ok(());
            }
        }
        Some(Flaw::MarkBeforePost) => {
            let mut charges = ports.wallet.charges(&bells).await?;
            charges.retain(|charge| charge.state == ChargeState::Served);
            ports.wallet.mark_posted(&bells, NOW).await?;
            return ports.ledger.post(&charges, NOW).await.map(|_| ());
        }
        Some(Flaw::TrustTheMessage) if message.amount > MicroCredits::ZERO => {
            let known = REQUESTS
                .iter()
                .flatten()
                .find(|request| ChargeId::new([request.number; 20]) == message.charge.charge);
            let charge = known.map(|known| Charge { cost: message.amount, ..known.served() });
            ports.ledger.post(charge.as_slice(), NOW).await?;
            return ports.wallet.mark_posted(&bells, NOW).await.map(|_| ());
        }
        _ => {}
    }
    post(&ports.wallet, &ports.ledger, &bells, NOW).await.map(|_| ())
}

/// The halves of a sweep. Nothing of one is used in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Half {
    Ring,
    Release,
}

pub(super) fn sweeper(ports: Ports<'_>, half: Half) -> Process<'_> {
    Box::pin(async move {
        let mut report = SweepReport::default();
        let _ = match half {
            Half::Ring if ports.has(Flaw::NeverRingAgain) => Ok(()),
            Half::Ring => ring_again(&ports.wallet, &ports, LATE, 1, &mut report).await,
            Half::Release => {
                let held = release::<ExpiredHold, _>(&ports.wallet, LATE, 1, &mut report.is_cut);
                held.await.map(|_| ())
            }
        };
    })
}

/// Gives both payers what they have at first.
pub(super) fn funder(ports: Ports<'_>) -> Process<'_> {
    Box::pin(async move {
        for (payer, amount) in (1..).zip(GRANTED) {
            let Ok(id) = format!("grant-{payer}").parse() else { return };
            let (payer, amount) = (PayerId::new(payer), MicroCredits::new(amount));
            let grant = Grant::new(id, payer, GrantKind::Paid, amount);
            let _ = fund(&ports.wallet, &ports.ledger, &grant, NOW).await;
        }
    })
}

//! Requests, and what their handlers do.

use std::sync::Arc;

use model::charge::{BudgetClaim, ChargeRef, ChargeSource};
use model::port::{PortError, ServedHold};
use model::{
    Charge, ChargeId, Day, KeyId, MicroCredits, PayerId, PriceClass, PriceItem, QuoteId, Timestamp,
    Usage,
};

use super::dice::mixed;
use super::world::{QueuedBell, StepAside, World};
use crate::charge::{
    Admission, PricedAnswer, QuotedCost, Release, RequestToAdmit, admit, charge, replay,
};
use crate::example::{pending_charge, served_charge};
use crate::held::{Begun, abandon, begin, finish};
use crate::instant::after;
use crate::lease::{LeaseBook, open_quote};
use crate::twin::Flaw;

/// How a request is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The answer is buffered.
    Fused,
    /// As `Fused`, by a quote that is opened before.
    Quoted,
    /// The credits are held while it works.
    Held,
}

/// A request, or a retry of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct SimulatedRequest {
    pub(super) number: u64,
    pub(super) payer: PayerId,
    pub(super) way: Way,
    /// The most that it costs.
    pub(super) most: i64,
    /// What it costs this time.
    pub(super) cost: i64,
    /// When it was first made.
    pub(super) born: Timestamp,
    /// How often others act while it is answered.
    pub(super) work: u64,
    /// Whether the work fails.
    pub(super) fails: bool,
    /// Whether the client sent a key of its own.
    pub(super) is_keyed: bool,
    pub(super) nonce: u64,
    /// By how much the clock of its process is ahead.
    pub(super) skew_seconds: i64,
    /// What the key may spend on a day.
    pub(super) cap: Option<i64>,
}

/// Seconds after midnight in which yesterday's charge counts, and before it in which tomorrow's does.
const AFTER_MIDNIGHT: i64 = 3_600;
const BEFORE_MIDNIGHT: i64 = 600;
/// How long a hold and a quote last.
const HOLD_SECONDS: i64 = 300;
const QUOTE_SECONDS: i64 = 900;

impl SimulatedRequest {
    /// The time, as the process knows it.
    fn now(&self, world: &World) -> Timestamp {
        after(world.now(), self.skew_seconds)
    }

    fn charge_on(&self, day: Day) -> ChargeRef {
        let mut bytes = [0; 20];
        let numbers = [mixed(self.number), mixed(self.number ^ u64::from(day.0) << 40)];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        ChargeRef { payer: self.payer, charge: ChargeId::new(bytes) }
    }

    /// The charges that it may have on neighbouring days.
    fn others(&self, world: &World, now: Timestamp) -> Vec<ChargeRef> {
        let since = now.as_second().rem_euclid(86_400);
        let day = Day::of(now);
        if world.has(Flaw::ForgetYesterday) {
            return Vec::new();
        }
        match since {
            ..AFTER_MIDNIGHT => vec![self.charge_on(Day(day.0 - 1))],
            since if since >= 86_400 - BEFORE_MIDNIGHT => vec![self.charge_on(Day(day.0 + 1))],
            _ => Vec::new(),
        }
    }

    fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&self.number.to_be_bytes());
        hash
    }

    /// The charge as it is served.
    fn served(&self, now: Timestamp) -> Charge {
        let cost = MicroCredits::new(self.cost);
        let usage = Usage::of(PriceClass::Graph).with(PriceItem::RankRow, 1);
        Charge {
            usage,
            ..self.with_request(served_charge(self.charge_on(Day::of(now)), cost, now))
        }
    }

    /// The charge as its work begins.
    fn pending(&self, now: Timestamp, source: ChargeSource) -> Charge {
        self.with_request(pending_charge(self.charge_on(Day::of(now)), source, now))
    }

    fn with_request(&self, charge: Charge) -> Charge {
        let cap = self.cap.map(MicroCredits::new);
        Charge {
            key: KeyId::new(self.payer.number()),
            request: self.hash(),
            nonce: self.nonce,
            budget: cap.map(|cap| BudgetClaim { day: Day::of(charge.opened_at), cap }),
            ..charge
        }
    }

    /// What the handler does. It may be dropped at any time: then it died.
    pub(super) async fn handle(self, world: &World, leases: Arc<LeaseBook>) {
        let done = match self.way {
            Way::Held => self.handle_held(world).await,
            Way::Fused | Way::Quoted => self.handle_buffered(world, &leases).await,
        };
        if done.is_err() {
            world.note(|notes| notes.failures += 1);
        }
    }

    async fn handle_buffered(&self, world: &World, leases: &LeaseBook) -> Result<(), PortError> {
        let now = self.now(world);
        let (id, others) = (self.charge_on(Day::of(now)), self.others(world, now));
        let cost_most = MicroCredits::new(self.most);
        let wanted = RequestToAdmit {
            charge: id,
            others: &others,
            request: self.hash(),
            cost_most,
            cost_max: Some(cost_most),
            is_named: self.is_keyed,
        };
        let is_known = match admit(&world.wallet, &wanted).await? {
            Admission::Serve => false,
            Admission::Replay(_) => true,
            Admission::OnlyReplay(_) | Admission::Withheld(_) => {
                world.note(|notes| notes.refused += 1);
                return Ok(());
            }
        };
        let quoted = if is_known { None } else { self.quote(world).await? };
        for _ in 0..self.work {
            StepAside::default().await;
        }
        if is_known {
            return self.release_again(world, id, others).await;
        }
        self.charge_and_release(world, leases, quoted).await
    }

    /// Counts that an answer leaves again which is charged.
    async fn release_again(
        &self,
        world: &World,
        id: ChargeRef,
        others: Vec<ChargeRef>,
    ) -> Result<(), PortError> {
        let charge = Charge { id: id.charge, ..self.served(self.now(world)) };
        let answer = PricedAnswer { charge, others, cost_max: None, quoted: None };
        match replay(&world.wallet, &answer).await? {
            Some(Release::Replay(charge)) => replayed(world, &charge),
            _ => world.note(|notes| notes.refused += 1),
        }
        Ok(())
    }

    async fn quote(&self, world: &World) -> Result<Option<QuotedCost>, PortError> {
        if self.way != Way::Quoted {
            return Ok(None);
        }
        let (quote, most) = (QuoteId::new(mixed(self.number)), MicroCredits::new(self.most));
        let expires = after(self.now(world), QUOTE_SECONDS);
        let opened = open_quote(&world.wallet, quote, self.payer, most, expires).await?;
        Ok(match opened {
            model::wallet::LeaseOutcome::Opened(lease) => {
                let cost = MicroCredits::new(self.cost);
                Some(QuotedCost { quote, lease: lease.id, cost })
            }
            _ => None,
        })
    }

    async fn charge_and_release(
        &self,
        world: &World,
        leases: &LeaseBook,
        quoted: Option<QuotedCost>,
    ) -> Result<(), PortError> {
        // The time, and so the id, is that of the commit, not that of the request's arrival.
        let now = self.now(world);
        let new = self.served(now);
        let (id, cost) = (new.reference(), new.cost);
        if world.has(Flaw::ReleaseBeforeCommit) {
            world.deliver(id, cost);
        }
        if world.has(Flaw::TrustTheMessage) {
            world.send(&[QueuedBell { charge: id, amount: cost }]).await;
        }
        world.note(|notes| notes.requests.insert(id.charge, self.number));
        let cost_max = Some(MicroCredits::new(self.most));
        let others = self.others(world, now);
        let answer = PricedAnswer { charge: new, others, cost_max, quoted };
        match charge(&world.wallet, leases, &answer, now).await? {
            Release::Free => {}
            Release::Charged { cost, .. } => {
                world.note(|notes| notes.charged += 1);
                world.send(&[QueuedBell { charge: id, amount: cost }]).await;
                world.deliver(id, cost);
            }
            Release::Replay(charge) => replayed(world, &charge),
            Release::Withheld(_) => world.note(|notes| notes.refused += 1),
        }
        Ok(())
    }

    async fn handle_held(&self, world: &World) -> Result<(), PortError> {
        let now = self.now(world);
        let (most, expires_at) = (MicroCredits::new(self.most), after(now, HOLD_SECONDS));
        let source = ChargeSource::Hold { most, attempt: 1, expires_at };
        let pending = self.pending(now, source);
        let id = pending.reference();
        world.note(|notes| notes.requests.insert(id.charge, self.number));
        let attempt = match begin(&world.wallet, &pending, &self.others(world, now)).await? {
            Begun::Held { attempt } => attempt,
            Begun::Replay(charge) => {
                replayed(world, &charge);
                return Ok(());
            }
            Begun::Withheld(_) => {
                world.note(|notes| notes.refused += 1);
                return Ok(());
            }
        };
        for _ in 0..self.work {
            StepAside::default().await;
        }
        if self.fails {
            return abandon(&world.wallet, id, attempt).await;
        }
        let cost = MicroCredits::new(self.cost);
        let usage = Usage::of(PriceClass::Graph).with(PriceItem::RankRow, 1);
        let served_at = self.now(world);
        let served = ServedHold { charge: id, attempt, usage, cost, served_at };
        if finish(&world.wallet, &served).await? || world.has(Flaw::ReleaseTooLate) {
            world.note(|notes| notes.charged += 1);
            world.send(&[QueuedBell { charge: id, amount: cost }]).await;
            world.deliver(id, cost);
        } else {
            world.note(|notes| notes.too_late += 1);
        }
        Ok(())
    }
}

/// The answer of a charge leaves again.
fn replayed(world: &World, charge: &Charge) {
    world.deliver(charge.reference(), charge.cost);
    world.note(|notes| {
        notes.replayed += 1;
        *notes.replays.entry(charge.id).or_default() += 1;
    });
}

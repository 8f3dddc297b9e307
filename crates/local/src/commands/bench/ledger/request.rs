//! What a gateway does with a request, by the protocol of `billing`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use billing::{
    Admission, Begun, Doorbell, LeaseBook, PricedAnswer, QueueDoorbell, QuotedCost, Release,
    RequestToAdmit, abandon, admit, begin, charge, finish, fund, open_quote, refund, replay,
};
use graph::seed::RandomSeed;
use model::charge::{BudgetClaim, ChargeRef, ChargeSource, ChargeState};
use model::port::{Clock, OutgoingMessage, PortError, Queue, ServedHold};
use model::wallet::LeaseOutcome;
use model::{
    Charge, Epoch, KeyId, MicroCredits, PriceClass, PriceItem, PriceVersion, QuoteId, Timestamp,
    Usage,
};
use store::clock::System;
use store::pg::ledger::PgLedger;
use store::queue::StoredQueue;
use store::wallet::StoredWallet;

use super::notes::{Answered, NoteFile};
use super::plan::{ChargeWay, LedgerPlan, PlannedRequest, plan_day};

/// How often a client asks when it hears nothing.
const TRIES: u32 = 5;

/// How long a hold and a quote last.
const HOLD: Duration = Duration::from_secs(300);
const QUOTE: Duration = Duration::from_secs(30);

/// A gateway without answers: what is delivered is noted.
pub(super) struct BareGateway {
    pub(super) plan: LedgerPlan,
    pub(super) wallet: StoredWallet,
    pub(super) ledger: PgLedger,
    pub(super) queue: StoredQueue,
    pub(super) leases: LeaseBook,
    pub(super) notes: NoteFile,
    pub(super) chance: Mutex<RandomSeed>,
}

impl BareGateway {
    /// A random number below a bound.
    pub(super) fn below(&self, bound: u64) -> u64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).below(bound)
    }

    /// Answers the request at a place. When nothing is heard, it is asked again.
    pub(super) async fn answer(&self, place: u64) -> Result<()> {
        self.work_of_operators(place).await?;
        let request = self.plan.request(place);
        for _ in 0..TRIES {
            match self.handle(&request).await {
                Ok(answered) => {
                    self.notes.answered(place, &answered)?;
                    if let Answered::Charged(id, _) = answered {
                        self.ring(id).await?;
                    }
                    return Ok(());
                }
                Err(PortError::Retry(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(PortError::Refused(why)) => bail!("request {place}: {why}"),
            }
        }
        self.notes.answered(place, &Answered::GaveUp)
    }

    /// Some grants and refunds between the requests.
    async fn work_of_operators(&self, place: u64) -> Result<()> {
        let now = System.now();
        if let Some(grant) = self.plan.grant_at(place) {
            allowed(fund(&self.wallet, &self.ledger, &grant.effective(now), now).await)?;
        }
        if let Some(charge) = self.plan.refund_at(place) {
            allowed(refund(&self.wallet, &self.ledger, charge, now).await)?;
        }
        Ok(())
    }

    /// Rings for a charge: one bell of a hundred is lost, ten come twice, and ten are late.
    async fn ring(&self, charge: ChargeRef) -> Result<()> {
        let chance = self.below(100);
        let later = match chance {
            0 => return self.notes.lost(),
            1..=10 => {
                self.notes.doubled()?;
                Some(charge)
            }
            11..=20 => {
                return allowed(self.ring_later(charge).await);
            }
            _ => None,
        };
        allowed(QueueDoorbell { queue: &self.queue }.ring(&[charge]).await)?;
        match later {
            Some(charge) => allowed(self.ring_later(charge).await),
            None => Ok(()),
        }
    }

    async fn ring_later(&self, charge: ChargeRef) -> Result<(), PortError> {
        let body = serde_json::to_string(&charge);
        let body = body.map_err(|error| PortError::Refused(error.to_string()))?;
        let delay_seconds = 1 + self.below(2) as u32;
        self.queue.send(&[OutgoingMessage { body, delay_seconds }]).await
    }

    async fn handle(&self, request: &PlannedRequest) -> Result<Answered, PortError> {
        let (id, others) = self.plan.charges(request);
        match request.way {
            ChargeWay::Held => self.handle_held(request, id, &others).await,
            ChargeWay::Buffered | ChargeWay::Quoted => {
                self.handle_buffered(request, id, others).await
            }
        }
    }

    async fn handle_buffered(
        &self,
        request: &PlannedRequest,
        id: ChargeRef,
        others: Vec<ChargeRef>,
    ) -> Result<Answered, PortError> {
        let cost_most = MicroCredits::new(request.most);
        let cost_max = Some(cost_most);
        let wanted = RequestToAdmit {
            charge: id,
            others: &others,
            request: hash(request),
            cost_most,
            cost_max,
            is_named: request.is_keyed,
        };
        let is_known = match admit(&self.wallet, &wanted).await? {
            Admission::Serve => false,
            Admission::Replay(_) => true,
            Admission::OnlyReplay(_) | Admission::Withheld(_) => return Ok(Answered::Withheld),
        };
        let quoted = match request.way {
            ChargeWay::Quoted if !is_known => self.quote(request).await?,
            _ => None,
        };
        self.work().await;
        let now = System.now();
        let charged = self.served(request, id, now);
        let answer = PricedAnswer { charge: charged, others, cost_max, quoted };
        let release = match is_known {
            true => replay(&self.wallet, &answer).await?.unwrap_or(Release::Free),
            false => charge(&self.wallet, &self.leases, &answer, now).await?,
        };
        Ok(match release {
            Release::Charged { cost, .. } => Answered::Charged(id, cost),
            Release::Replay(known) => replayed(&known),
            Release::Free | Release::Withheld(_) => Answered::Withheld,
        })
    }

    async fn quote(&self, request: &PlannedRequest) -> Result<Option<QuotedCost>, PortError> {
        let quote = QuoteId::new(RandomSeed(self.plan.seed).fork(request.number).next_u64());
        let (payer, most) = (request.payer, MicroCredits::new(request.most));
        let opened = open_quote(&self.wallet, quote, payer, most, System.now() + QUOTE).await?;
        let LeaseOutcome::Opened(lease) = opened else { return Ok(None) };
        Ok(Some(QuotedCost { quote, lease: lease.id, cost: MicroCredits::new(request.cost) }))
    }

    async fn handle_held(
        &self,
        request: &PlannedRequest,
        id: ChargeRef,
        others: &[ChargeRef],
    ) -> Result<Answered, PortError> {
        let now = System.now();
        let (most, expires_at) = (MicroCredits::new(request.most), now + HOLD);
        let pending = Charge {
            source: ChargeSource::Hold { most, attempt: 1, expires_at },
            state: ChargeState::Pending,
            cost: MicroCredits::ZERO,
            served_at: None,
            ..self.served(request, id, now)
        };
        let attempt = match begin(&self.wallet, &pending, others).await? {
            Begun::Held { attempt } => attempt,
            Begun::Replay(known) => return Ok(replayed(&known)),
            Begun::Withheld(_) => return Ok(Answered::Withheld),
        };
        self.work().await;
        if request.fails {
            abandon(&self.wallet, id, attempt).await?;
            return Ok(Answered::Withheld);
        }
        let (cost, served_at) = (MicroCredits::new(request.cost), System.now());
        let served = ServedHold { charge: id, attempt, usage: pending.usage, cost, served_at };
        // If the hold was released meanwhile, nothing leaves.
        let may_leave = finish(&self.wallet, &served).await?;
        Ok(if may_leave { Answered::Charged(id, cost) } else { Answered::Withheld })
    }

    /// Others act meanwhile.
    async fn work(&self) {
        let ms = match self.below(50) {
            0 => 20 + self.below(50),
            _ => self.below(3),
        };
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn served(&self, request: &PlannedRequest, id: ChargeRef, now: Timestamp) -> Charge {
        Charge {
            id: id.charge,
            payer: id.payer,
            key: KeyId::new(request.payer.number()),
            route: "/v1/people/{id}".to_owned(),
            request: hash(request),
            nonce: self.chance.lock().unwrap_or_else(PoisonError::into_inner).next_u64(),
            run: None,
            usage: Usage::of(PriceClass::Graph).with(PriceItem::PersonRow, 1),
            cost: MicroCredits::new(request.cost),
            price_version: PriceVersion { floors: 1, epoch: Epoch::of(now) },
            quote: None,
            source: ChargeSource::Balance,
            budget: request.cap.map(|cap| BudgetClaim { day: plan_day(request.day), cap }),
            state: ChargeState::Served,
            opened_at: now,
            served_at: Some(now),
            posted_at: None,
            replays: 0,
        }
    }
}

/// Whether it was done or may be later; what is refused for good is an error.
fn allowed<T>(done: Result<T, PortError>) -> Result<()> {
    match done {
        Ok(_) | Err(PortError::Retry(_)) => Ok(()),
        Err(PortError::Refused(why)) => bail!("{why}"),
    }
}

/// The hash of a request: of what is asked, not of when.
fn hash(request: &PlannedRequest) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&request.number.to_be_bytes());
    hash
}

fn replayed(known: &Charge) -> Answered {
    Answered::Replayed(known.reference(), known.cost)
}

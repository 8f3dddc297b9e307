//! A database with payers, their charges, and a meter whose clock stands still.

use std::sync::Arc;

use billing_meter::{MeterDependencies, PostedMessages, PriceTargets, post_messages};
use model::charge::ChargeSource;
use model::port::{Clock as _, Ledger as _, Queue as _, RECEIVES_MAX, Wallet as _};
use model::wallet::ChargeOutcome;
use model::{
    Charge, ChargeId, ChargeRef, ChargeState, Grant, GrantKind, KeyId, MicroCredits, PayerId,
    PriceClass, PriceItem, Timestamp, TransferId, Usage,
};
use store::pg::ledger::PgLedger;
use store::queue::{PgQueue, StoredQueue};
use store::wallet::{PgWallet, StoredWallet};
use testkit::{Database, Frozen, database};

pub(crate) struct MeteredWorld {
    pub(crate) db: Database,
    pub(crate) clock: Frozen,
    pub(crate) wallet: StoredWallet,
    pub(crate) queue: StoredQueue,
    pub(crate) targets: PriceTargets,
}

pub(crate) fn micros(amount: i64) -> MicroCredits {
    MicroCredits::new(amount)
}

impl MeteredWorld {
    /// An empty world; half a minute has passed of its first epoch.
    pub(crate) async fn new(targets: &str) -> MeteredWorld {
        MeteredWorld::at("2026-11-22T10:00:30Z", targets).await
    }

    pub(crate) async fn at(time: &str, targets: &str) -> MeteredWorld {
        let db = database().await;
        let clock = Frozen::at(time.parse().expect("this is a time"));
        let shared: Arc<dyn model::port::Clock> = Arc::new(clock.clone());
        MeteredWorld {
            wallet: StoredWallet::Postgres(PgWallet::new(db.pg().clone())),
            queue: StoredQueue::Postgres(PgQueue::new(
                db.pg().clone(),
                "usage",
                RECEIVES_MAX,
                shared,
            )),
            targets: targets.parse().expect("these are targets"),
            clock,
            db,
        }
    }

    pub(crate) fn deps(&self) -> MeterDependencies<'_> {
        let MeteredWorld { db, clock, wallet, queue, targets } = self;
        MeterDependencies { pg: db.pg(), wallet, queue, clock, targets }
    }

    pub(crate) fn ledger(&self) -> PgLedger {
        PgLedger::new(self.db.pg().clone())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A payer with this amount, in micro-credits.
    pub(crate) async fn payer(&self, number: u64, amount: i64) -> PayerId {
        let payer = PayerId::new(number);
        let id = format!("pay-{number}").parse().expect("this is the id of a grant");
        let grant = Grant::new(id, payer, GrantKind::Paid, micros(amount));
        let funded = billing::fund(&self.wallet, &self.ledger(), &grant, self.now()).await;
        assert_eq!(funded, Ok(billing::FundOutcome::Funded));
        payer
    }

    /// A charge that is served now, of this number of rows.
    pub(crate) fn charge(&self, payer: PayerId, number: u32, rows: u64) -> Charge {
        let usage = Usage::of(PriceClass::Graph).with(PriceItem::ReadCall, 1);
        self.charge_for(payer, number, usage.with(PriceItem::PersonRow, rows))
    }

    pub(crate) fn charge_for(&self, payer: PayerId, number: u32, usage: Usage) -> Charge {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&payer.number().to_be_bytes());
        id[16..].copy_from_slice(&number.to_be_bytes());
        Charge {
            id: ChargeId::new(id),
            payer,
            key: KeyId::new(7),
            route: "/v1/people".to_owned(),
            request: [1; 32],
            nonce: u64::from(number),
            run: None,
            usage,
            cost: micros(10),
            price_version: "1.29717000".parse().expect("this is a price version"),
            quote: None,
            source: ChargeSource::Balance,
            budget: None,
            state: ChargeState::Served,
            opened_at: self.now(),
            served_at: Some(self.now()),
            posted_at: None,
            replays: 0,
        }
    }

    /// Commits a charge. No doorbell rings.
    pub(crate) async fn commit(&self, charge: &Charge) -> ChargeRef {
        let committed = self.wallet.commit(charge, &[]).await;
        assert_eq!(committed, Ok(ChargeOutcome::Charged { attempt: 1 }));
        charge.reference()
    }

    pub(crate) async fn serve(&self, payer: PayerId, number: u32, rows: u64) -> ChargeRef {
        self.commit(&self.charge(payer, number, rows)).await
    }

    pub(crate) async fn post(&self, bodies: &[&str]) -> PostedMessages {
        post_messages(self.deps(), bodies).await
    }

    /// Posts these charges; all of them can be.
    pub(crate) async fn post_all(&self, charges: &[ChargeRef]) {
        let bodies: Vec<String> = charges.iter().map(body).collect();
        let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
        assert_eq!(self.post(&bodies).await.posted, charges.len() as u64);
    }

    /// The doorbells that ring now; they ring no more.
    pub(crate) async fn rung(&self) -> Vec<String> {
        let mut bodies = Vec::new();
        loop {
            let received = self.queue.receive(10, 60).await.expect("the queue can be read");
            if received.is_empty() {
                bodies.sort();
                return bodies;
            }
            for message in received {
                self.queue.finish(&message.receipt).await.expect("a message can be ended");
                bodies.push(message.body);
            }
        }
    }

    pub(crate) async fn state(&self, charge: ChargeRef) -> ChargeState {
        let found = self.wallet.charges(&[charge]).await.expect("charges can be read");
        found.first().expect("there is the charge").state
    }

    /// The amount that the ledger has of a charge.
    pub(crate) async fn line(&self, charge: ChargeRef) -> Option<i64> {
        let id = TransferId::Charge { charge: charge.charge };
        let lines = self.ledger().transfers(&[id]).await.expect("lines can be read");
        lines.first().map(|line| line.transfer.amount.micros())
    }
}

pub(crate) fn body(charge: &ChargeRef) -> String {
    serde_json::to_string(charge).expect("a doorbell is plain data")
}

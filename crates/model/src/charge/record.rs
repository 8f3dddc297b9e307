//! A charge: who pays what, for which answer, and how far it has come.

use serde::{Deserialize, Serialize};

use super::ChargeId;
use crate::epoch::PriceVersion;
use crate::id::{KeyId, LeaseId, PayerId, QuoteId, RunId};
use crate::money::MicroCredits;
use crate::price::Usage;
use crate::time::{Day, Timestamp};

/// How often the answer of one charge is given again for nothing.
pub const REPLAYS_MAX: u8 = 10;

/// How far a charge has come. Only these ways exist: pending → served → posted, and pending → void →
/// pending of the next attempt. A charge that needs no hold begins as served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum ChargeState {
    /// Its most is held; the answer is not ready.
    Pending = 1,
    /// The answer may leave; the ledger may not have it yet.
    Served = 2,
    /// The ledger has it, and what was held beyond the cost is released.
    Posted = 3,
    /// The hold was released, and nothing is charged.
    Void = 4,
}

impl ChargeState {
    /// Every state, by number.
    pub const ALL: [ChargeState; 4] =
        [ChargeState::Pending, ChargeState::Served, ChargeState::Posted, ChargeState::Void];

    /// The state with this stored number.
    pub fn from_number(number: u8) -> Option<ChargeState> {
        ChargeState::ALL.into_iter().find(|&state| state as u8 == number)
    }

    /// The name in answers and logs.
    pub const fn slug(self) -> &'static str {
        match self {
            ChargeState::Pending => "pending",
            ChargeState::Served => "served",
            ChargeState::Posted => "posted",
            ChargeState::Void => "void",
        }
    }
}

/// Which part of the wallet pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChargeSource {
    /// The available balance, when the charge is committed.
    Balance,
    /// A credit lease, when the charge is committed.
    Lease {
        /// Which one.
        lease: LeaseId,
    },
    /// A hold that was made before the work began.
    Hold {
        /// What is held: the cost is never more.
        most: MicroCredits,
        /// From 1; each hold after a void one has the next.
        attempt: u32,
        /// After this the hold may be released.
        expires_at: Timestamp,
    },
}

/// A part of a key's daily budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BudgetClaim {
    /// Which day's.
    pub day: Day,
    /// What the key may spend on a day; it counts for the first claim of that day only.
    pub cap: MicroCredits,
}

/// Where a charge is found; also the doorbell that is rung for it. It says nothing about money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChargeRef {
    /// Who pays.
    pub payer: PayerId,
    /// Which charge.
    pub charge: ChargeId,
}

/// What is charged for one answer. It is the truth of what is owed; everything else follows from it.
///
/// Once it is served, nothing of it changes but the state, the time of posting and the replays.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Charge {
    /// Names it for ever.
    pub id: ChargeId,
    /// Who pays.
    pub payer: PayerId,
    /// The key that asked.
    pub key: KeyId,
    /// The route, as in the OpenAPI document.
    pub route: String,
    /// The hash of the canonical request, by which another request under the same id is found out.
    pub request: [u8; 32],
    /// A random number of the process that asks, by which it knows its own commit when it repeats it.
    pub nonce: u64,
    /// The run that answers, for replays.
    pub run: Option<RunId>,
    /// What the answer consists of; nothing while pending.
    pub usage: Usage,
    /// What it costs, above zero; zero while pending or void.
    pub cost: MicroCredits,
    /// By which prices.
    pub price_version: PriceVersion,
    /// The quote by which it is priced, if any.
    pub quote: Option<QuoteId>,
    /// Which part of the wallet pays.
    pub source: ChargeSource,
    /// The daily budget that it is a part of, if the key has one.
    pub budget: Option<BudgetClaim>,
    /// How far it has come.
    pub state: ChargeState,
    /// When it was committed or held.
    pub opened_at: Timestamp,
    /// When the answer was ready: credits are drawn as of this time.
    pub served_at: Option<Timestamp>,
    /// When the wallet learnt that the ledger has it.
    pub posted_at: Option<Timestamp>,
    /// How often its answer was given again, up to [`REPLAYS_MAX`].
    pub replays: u8,
}

impl Charge {
    /// Where it is found.
    pub const fn reference(&self) -> ChargeRef {
        ChargeRef { payer: self.payer, charge: self.id }
    }

    /// What the wallet keeps back for it while it is not posted: what is held, else the cost.
    pub const fn kept_back(&self) -> MicroCredits {
        match self.source {
            ChargeSource::Hold { most, .. } => most,
            ChargeSource::Balance | ChargeSource::Lease { .. } => self.cost,
        }
    }

    /// Which hold it has; 1 where it never had one.
    pub const fn attempt(&self) -> u32 {
        match self.source {
            ChargeSource::Hold { attempt, .. } => attempt,
            ChargeSource::Balance | ChargeSource::Lease { .. } => 1,
        }
    }

    /// Whether it may be put into a wallet: its state fits its source, and its amounts are neither
    /// negative nor more than what is held.
    pub fn is_sound(&self) -> bool {
        let zero = MicroCredits::ZERO;
        match (self.source, self.state) {
            (ChargeSource::Hold { most, attempt, .. }, ChargeState::Pending) => {
                most > zero && attempt > 0 && self.cost == zero && self.served_at.is_none()
            }
            (ChargeSource::Hold { .. }, ChargeState::Void) => self.cost == zero,
            (ChargeSource::Hold { most, .. }, _) => self.cost > zero && self.cost <= most,
            (_, ChargeState::Served) => self.cost > zero && self.served_at.is_some(),
            (_, state) => state == ChargeState::Posted && self.cost > zero,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::PriceClass;

    fn charge(source: ChargeSource, state: ChargeState, cost: i64) -> Charge {
        let at = Timestamp::UNIX_EPOCH;
        Charge {
            id: ChargeId::new([1; 20]),
            payer: PayerId::new(1),
            key: KeyId::new(1),
            route: "/v1/people".to_owned(),
            request: [0; 32],
            nonce: 1,
            run: None,
            usage: Usage::of(PriceClass::Graph),
            cost: MicroCredits::new(cost),
            price_version: "1.1".parse().unwrap(),
            quote: None,
            source,
            budget: None,
            state,
            opened_at: at,
            served_at: (state != ChargeState::Pending).then_some(at),
            posted_at: None,
            replays: 0,
        }
    }

    #[test]
    fn a_charge_fits_its_source() {
        let (most, expires_at) = (MicroCredits::new(9), Timestamp::MAX);
        let hold = |attempt| ChargeSource::Hold { most, attempt, expires_at };
        let lease = ChargeSource::Lease { lease: LeaseId::new(1) };
        let (pending, served) = (ChargeState::Pending, ChargeState::Served);
        let sound = [(hold(1), pending, 0), (hold(2), served, 1), (hold(1), served, 9)];
        let sound =
            sound.into_iter().chain([(lease, served, 1), (ChargeSource::Balance, served, 1)]);
        for (source, state, cost) in sound {
            assert!(charge(source, state, cost).is_sound(), "{source:?} {state:?} {cost}");
        }
        let wrong = [(hold(0), pending, 0), (hold(1), pending, 1), (hold(1), served, 10)];
        let balance = ChargeSource::Balance;
        let wrong = wrong.into_iter().chain([(balance, served, 0), (balance, pending, 1)]);
        for (source, state, cost) in
            wrong.chain([(lease, ChargeState::Void, 1), (hold(1), served, 0)])
        {
            assert!(!charge(source, state, cost).is_sound(), "{source:?} {state:?} {cost}");
        }
    }

    #[test]
    fn what_is_kept_back_is_the_hold_or_the_cost() {
        let (most, expires_at) = (MicroCredits::new(9), Timestamp::MAX);
        let held =
            charge(ChargeSource::Hold { most, attempt: 3, expires_at }, ChargeState::Served, 4);
        assert_eq!((held.kept_back(), held.attempt()), (most, 3));
        let paid = charge(ChargeSource::Balance, ChargeState::Served, 4);
        assert_eq!((paid.kept_back(), paid.attempt()), (MicroCredits::new(4), 1));
        let doorbell = serde_json::to_string(&paid.reference()).unwrap();
        assert!(doorbell.starts_with(r#"{"payer":"acc_1","charge":"chg_"#));
    }

    #[test]
    fn numbers_and_names_of_states_never_change() {
        let states = ChargeState::ALL.map(|state| (state as u8, state.slug()));
        assert_eq!(states, [(1, "pending"), (2, "served"), (3, "posted"), (4, "void")]);
        assert_eq!(ChargeState::from_number(4), Some(ChargeState::Void));
        assert_eq!(ChargeState::from_number(0), None);
    }
}

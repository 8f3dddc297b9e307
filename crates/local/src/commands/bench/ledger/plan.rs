//! Which requests there are: what each is follows from a seed and its place.

use std::collections::BTreeMap;

use graph::seed::RandomSeed;
use model::charge::ChargeRef;
use model::{ChargeId, Day, Grant, GrantId, GrantKind, MicroCredits, PayerId, Timestamp};

/// Whose requests they are; the first one makes a third of them.
const PAYERS: u64 = 40;

/// A retry is at most this many places behind what it repeats.
const RETRY_PLACES: u64 = 400;

/// How many grants each payer has at first.
const FIRST_GRANTS: u64 = 3;

/// All requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct LedgerPlan {
    pub(super) seed: u64,
    pub(super) requests: u64,
}

/// How a request is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChargeWay {
    /// When the answer is ready.
    Buffered,
    /// The same, by a quote that is opened before.
    Quoted,
    /// Its most is held before the work begins.
    Held,
}

/// A request, or a retry of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlannedRequest {
    /// The place of the request that it is, or repeats.
    pub(super) number: u64,
    pub(super) is_retry: bool,
    pub(super) payer: PayerId,
    pub(super) way: ChargeWay,
    /// The most that it costs, and what it costs this time, in micro-credits.
    pub(super) most: i64,
    pub(super) cost: i64,
    /// Whether the client sent a key of its own.
    pub(super) is_keyed: bool,
    /// Whether the work fails.
    pub(super) fails: bool,
    /// What its key may spend on a day.
    pub(super) cap: Option<MicroCredits>,
    /// Which of the two days of the plan it is on.
    pub(super) day: u16,
    /// The other day, if its charge may be there.
    pub(super) other_day: Option<u16>,
}

impl LedgerPlan {
    pub(super) fn payers() -> impl Iterator<Item = PayerId> {
        (1..=PAYERS).map(PayerId::new)
    }

    fn dice(self, place: u64) -> RandomSeed {
        RandomSeed(self.seed).fork(place)
    }

    /// The place of the request that the one at a place repeats: 15 of 100 are retries.
    fn repeated(self, place: u64) -> Option<u64> {
        let mut dice = self.dice(place).fork(1);
        if place == 0 || dice.below(100) >= 15 {
            return None;
        }
        // One of them is repeated by many.
        let popular = place - place % 200;
        let is_popular = dice.below(10) < 3 && popular < place;
        let near = place - 1 - dice.below(place.min(100));
        let first = if is_popular { popular } else { near };
        // A retry of a retry repeats what that repeats.
        let first = self.repeated(first).unwrap_or(first);
        (place - first < RETRY_PLACES).then_some(first)
    }

    /// The request at a place.
    pub(super) fn request(self, place: u64) -> PlannedRequest {
        let repeated = self.repeated(place);
        let mut request = self.first(repeated.unwrap_or(place));
        let mut dice = self.dice(place).fork(2);
        request.is_retry = repeated.is_some();
        if request.is_retry && dice.below(100) < 30 {
            request.cost = 1 + dice.below(request.most as u64) as i64;
        }
        request.fails = dice.below(100) < 5;
        let midnight = self.requests / 2;
        request.day = u16::from(place >= midnight);
        let is_near = place.abs_diff(midnight) <= RETRY_PLACES;
        request.other_day = is_near.then_some(1 - request.day);
        request
    }

    /// The request that is first made at a place.
    fn first(self, place: u64) -> PlannedRequest {
        let mut dice = self.dice(place).fork(3);
        let is_of_first = dice.below(3) == 0;
        let payer = if is_of_first { 1 } else { 1 + dice.below(PAYERS) };
        let most = 1_000 + dice.below(20_000) as i64;
        PlannedRequest {
            number: place,
            is_retry: false,
            payer: PayerId::new(payer),
            way: match dice.below(10) {
                0 | 1 => ChargeWay::Held,
                2 => ChargeWay::Quoted,
                _ => ChargeWay::Buffered,
            },
            most,
            cost: 1 + dice.below(most as u64) as i64,
            is_keyed: dice.below(5) == 0,
            fails: false,
            cap: (payer % 3 == 2).then(|| MicroCredits::new(self.purse() / 8)),
            day: 0,
            other_day: None,
        }
    }

    /// The charge of the request that is first made at a place, on a day.
    fn charge_on(self, number: u64, payer: PayerId, day: u16) -> ChargeRef {
        let mut dice = self.dice(number).fork(4 + u64::from(day));
        let mut bytes = [0; 20];
        for bytes in bytes.chunks_mut(8) {
            let random = dice.next_u64().to_be_bytes();
            bytes.copy_from_slice(&random[..bytes.len()]);
        }
        ChargeRef { payer, charge: ChargeId::new(bytes) }
    }

    /// The charge of a request, and where else it may be charged.
    pub(super) fn charges(self, request: &PlannedRequest) -> (ChargeRef, Vec<ChargeRef>) {
        let on = |day| self.charge_on(request.number, request.payer, day);
        (on(request.day), request.other_day.map(on).into_iter().collect())
    }

    /// Every charge that there may be, with the place of its request.
    pub(super) fn all_charges(self) -> BTreeMap<ChargeId, u64> {
        let first = (0..self.requests).filter(|&place| self.repeated(place).is_none());
        first
            .flat_map(|place| {
                let payer = self.first(place).payer;
                [0, 1].map(|day| (self.charge_on(place, payer, day).charge, place))
            })
            .collect()
    }

    /// About what a payer but the first spends.
    fn purse(self) -> i64 {
        6_000 * (1 + self.requests / PAYERS) as i64
    }

    /// What payers have at first: enough for most of what they ask. One grant of each ends soon.
    pub(super) fn first_grants(self, now: Timestamp, soon: Timestamp) -> Vec<Grant> {
        let mut grants = Vec::new();
        for payer in LedgerPlan::payers() {
            for number in 0..FIRST_GRANTS {
                let expires_at = (number == 0).then_some(soon);
                let grant = self.grant(&format!("first-{payer}-{number}"), payer);
                grants.extend(grant.map(|grant| Grant { expires_at, ..grant.effective(now) }));
            }
        }
        grants
    }

    /// The grant that comes before the request at a place, with one in 50.
    pub(super) fn grant_at(self, place: u64) -> Option<Grant> {
        let mut dice = self.dice(place).fork(6);
        let payer = PayerId::new(1 + dice.below(PAYERS));
        (dice.below(50) == 0).then(|| self.grant(&format!("later-{place}"), payer)).flatten()
    }

    fn grant(self, id: &str, payer: PayerId) -> Option<Grant> {
        let id: GrantId = id.parse().ok()?;
        let mut dice = self.dice(payer.number()).fork(id.as_str().len() as u64 ^ 0x6072);
        let rich = if payer.number() == 1 { 14 } else { 1 };
        let amount = self.purse() / 4 + dice.below(self.purse() as u64 / 8) as i64;
        let kind = match dice.below(2) {
            0 => GrantKind::Paid,
            _ => GrantKind::Promotional,
        };
        Some(Grant::new(id, payer, kind, MicroCredits::new(amount * rich)))
    }

    /// The charge that is given back before the request at a place, with one in 100.
    pub(super) fn refund_at(self, place: u64) -> Option<ChargeRef> {
        let mut dice = self.dice(place).fork(7);
        let earlier = place.checked_sub(200 + dice.below(200))?;
        (dice.below(100) == 0).then(|| self.charges(&self.request(earlier)).0)
    }

    /// Whether the client of the request at a place gives up when it hears nothing.
    pub(super) fn gives_up(self, place: u64) -> bool {
        self.dice(place).fork(8).below(5) == 0
    }

    /// How many of the requests are retries.
    pub(super) fn retries(self) -> u64 {
        (0..self.requests).filter(|&place| self.repeated(place).is_some()).count() as u64
    }
}

/// The day of a plan, as wallets count budgets.
pub(super) const fn plan_day(day: u16) -> Day {
    Day(20_000 + day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: LedgerPlan = LedgerPlan { seed: 1, requests: 4_000 };

    #[test]
    fn a_retry_repeats_a_request_and_is_charged_where_that_is() {
        let requests: Vec<PlannedRequest> =
            (0..PLAN.requests).map(|place| PLAN.request(place)).collect();
        let mut retries = 0;
        for (place, retry) in (0..).zip(&requests).filter(|(_, request)| request.is_retry) {
            let first = &requests[retry.number as usize];
            assert!(!first.is_retry && place - retry.number < RETRY_PLACES);
            assert_eq!((first.payer, first.way, first.most), (retry.payer, retry.way, retry.most));
            let ((id, others), (first_id, first_others)) =
                (PLAN.charges(retry), PLAN.charges(first));
            let is_same = id == first_id;
            assert!(is_same || others.contains(&first_id) && first_others.contains(&id));
            retries += 1;
        }
        assert_eq!(retries, PLAN.retries());
        assert!((500..700).contains(&retries), "{retries}");
    }

    #[test]
    fn every_charge_belongs_to_a_request() {
        let charges = PLAN.all_charges();
        for place in 0..PLAN.requests {
            let request = PLAN.request(place);
            assert_eq!(charges.get(&PLAN.charges(&request).0.charge), Some(&request.number));
        }
    }
}

//! The state of all wallets: balances, leases, budgets, adjustments. Charges are in `wallet_charges`.

use std::collections::{BTreeMap, BTreeSet};

use model::charge::ChargeRef;
use model::port::{BudgetChange, Page, PortError};
use model::wallet::{
    AdjustOutcome, LeaseOutcome, LeasePurpose, QUOTES_OPEN_MAX, WalletAdjustment, WalletRefusal,
    WalletView,
};
use model::{
    Charge, ChargeId, CreditLease, DailyBudget, Day, KeyId, LeaseId, MicroCredits, PayerId,
    Timestamp, TransferId, WalletBalance, WalletStatus,
};

use super::Flaw;

/// Items of a page.
const PAGE_ITEMS: usize = 100;

/// Where a budget is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BudgetPlace {
    pub(super) payer: PayerId,
    pub(super) key: KeyId,
    pub(super) day: Day,
}

/// A charge by a time of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TimedCharge {
    pub(super) at: Timestamp,
    pub(super) charge: ChargeRef,
}

/// An adjustment of a payer's wallet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct AdjustmentPlace {
    payer: PayerId,
    id: TransferId,
}

/// All wallets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct WalletState {
    pub(super) flaw: Option<Flaw>,
    pub(super) balances: BTreeMap<PayerId, WalletBalance>,
    pub(super) charges: BTreeMap<ChargeRef, Charge>,
    pub(super) leases: BTreeMap<LeaseId, CreditLease>,
    pub(super) budgets: BTreeMap<BudgetPlace, DailyBudget>,
    adjustments: BTreeMap<AdjustmentPlace, MicroCredits>,
    /// Pending, or served and not posted, by payer.
    pub(super) unsettled: BTreeSet<ChargeRef>,
    /// Served and not posted, by the time of serving.
    pub(super) unposted: BTreeSet<TimedCharge>,
    /// Pending, by the end of the hold.
    pub(super) pending: BTreeSet<TimedCharge>,
    /// Served or posted.
    pub(super) charged: BTreeSet<ChargeId>,
    open_leases: BTreeSet<LeaseId>,
    /// Payers whose balance is written by many at once: how often it was tried.
    busy: BTreeMap<PayerId, u32>,
}

impl WalletState {
    /// No wallets yet, with a mistake in how they are kept.
    pub fn with_flaw(flaw: Option<Flaw>) -> WalletState {
        WalletState { flaw, ..WalletState::default() }
    }

    /// From now on three of four writes of the payer's balance meet another one.
    pub fn make_busy(&mut self, payer: PayerId) {
        self.busy.insert(payer, 0);
    }

    /// Every balance.
    pub fn balances(&self) -> impl Iterator<Item = (&PayerId, &WalletBalance)> {
        self.balances.iter()
    }

    /// Every charge, in any state.
    pub fn charges(&self) -> impl Iterator<Item = &Charge> {
        self.charges.values()
    }

    /// Whether this charge is paid.
    pub fn is_charged(&self, id: &ChargeId) -> bool {
        self.charged.contains(id)
    }

    /// Every budget.
    pub fn budgets(&self) -> impl Iterator<Item = &DailyBudget> {
        self.budgets.values()
    }

    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// Whether a write of the balance meets another one.
    pub(super) fn is_contended(&mut self, payer: PayerId) -> bool {
        let Some(tries) = self.busy.get_mut(&payer) else { return false };
        *tries = tries.wrapping_add(1);
        *tries % 4 != 0
    }

    pub(super) fn balance(&self, payer: PayerId) -> WalletBalance {
        self.balances.get(&payer).copied().unwrap_or(WalletBalance::EMPTY)
    }

    /// What forbids to take an amount from the balance.
    pub(super) fn refusal(&self, payer: PayerId, needed: MicroCredits) -> Option<WalletRefusal> {
        let balance = self.balance(payer);
        if balance.status == WalletStatus::Frozen {
            return Some(WalletRefusal::Frozen);
        }
        let is_covered = balance.available >= needed || self.has(Flaw::ChargeWithoutBalance);
        let available = balance.available;
        (!is_covered).then_some(WalletRefusal::InsufficientCredits { needed, available })
    }

    pub(super) fn change(&mut self, payer: PayerId, change: impl FnOnce(&mut WalletBalance)) {
        change(self.balances.entry(payer).or_insert(WalletBalance::EMPTY));
    }

    pub(super) fn adjust(&mut self, wanted: &WalletAdjustment) -> Result<AdjustOutcome, PortError> {
        let place = AdjustmentPlace { payer: wanted.payer, id: wanted.id.clone() };
        if let Some(&amount) = self.adjustments.get(&place)
            && !self.has(Flaw::AdjustWithoutId)
        {
            return Ok(AdjustOutcome::DoneBefore { amount });
        }
        let balance = self.balance(wanted.payer);
        if wanted.amount >= MicroCredits::ZERO {
            if balance.status != WalletStatus::Open {
                return Ok(AdjustOutcome::Refused(WalletRefusal::Frozen));
            }
        } else if moved(balance.available, wanted.amount.micros()) < MicroCredits::ZERO {
            let (needed, available) = (minus(wanted.amount), balance.available);
            let refusal = WalletRefusal::InsufficientCredits { needed, available };
            return Ok(AdjustOutcome::Refused(refusal));
        }
        let too_much = || PortError::Refused("more credits than can be counted".to_owned());
        balance.funded.checked_add(wanted.amount).ok_or_else(too_much)?;
        self.change(wanted.payer, |balance| {
            balance.available = moved(balance.available, wanted.amount.micros());
            balance.funded = moved(balance.funded, wanted.amount.micros());
        });
        self.adjustments.insert(place, wanted.amount);
        Ok(AdjustOutcome::Done)
    }

    pub(super) fn adjusted(&self, payer: PayerId, id: &TransferId) -> Option<MicroCredits> {
        self.adjustments.get(&AdjustmentPlace { payer, id: id.clone() }).copied()
    }

    pub(super) fn open_lease(&mut self, lease: &CreditLease) -> LeaseOutcome {
        if let Some(known) = self.leases.get(&lease.id) {
            return match known.is_open && known.payer == lease.payer {
                true => LeaseOutcome::Opened(*known),
                false => LeaseOutcome::Refused(WalletRefusal::LeaseClosed),
            };
        }
        if self.is_contended(lease.payer) {
            return LeaseOutcome::Contended;
        }
        if let Some(refusal) = self.refusal(lease.payer, lease.size) {
            return LeaseOutcome::Refused(refusal);
        }
        let is_quote = lease.purpose == LeasePurpose::Quote;
        if is_quote && self.balance(lease.payer).quotes_open >= QUOTES_OPEN_MAX {
            return LeaseOutcome::Refused(WalletRefusal::TooManyQuotes);
        }
        self.change(lease.payer, |balance| {
            balance.available = moved(balance.available, -lease.size.micros());
            balance.leased = moved(balance.leased, lease.size.micros());
            balance.quotes_open += u32::from(is_quote);
        });
        self.leases.insert(lease.id, *lease);
        self.open_leases.insert(lease.id);
        LeaseOutcome::Opened(*lease)
    }

    pub(super) fn close_lease(&mut self, payer: PayerId, id: LeaseId) -> Option<CreditLease> {
        let lease = self.leases.get_mut(&id).filter(|lease| lease.payer == payer)?;
        let was_open = std::mem::replace(&mut lease.is_open, false);
        let closed = *lease;
        if was_open {
            self.open_leases.remove(&id);
            let (left, size) = (closed.left.micros(), closed.size.micros());
            self.change(payer, |balance| {
                balance.available = moved(balance.available, left);
                balance.leased = moved(balance.leased, -size);
                balance.spent = moved(balance.spent, size - left);
                balance.quotes_open -= u32::from(closed.purpose == LeasePurpose::Quote);
            });
        }
        Some(closed)
    }

    pub(super) fn leases_of(&self, payer: PayerId, ids: &[LeaseId]) -> Vec<CreditLease> {
        let ids: BTreeSet<&LeaseId> = ids.iter().collect();
        let known = ids.into_iter().filter_map(|id| self.leases.get(id));
        known.filter(|lease| lease.payer == payer).copied().collect()
    }

    pub(super) fn set_budget(&mut self, change: &BudgetChange) {
        let (payer, key, day, cap) = (change.payer, change.key, change.day, change.cap);
        let new = DailyBudget { key, day, cap, spent: MicroCredits::ZERO };
        self.budgets.entry(BudgetPlace { payer, key, day }).or_insert(new).cap = cap;
    }

    pub(super) fn view(&self, payer: PayerId) -> WalletView {
        let first = ChargeRef { payer, charge: ChargeId::new([0; 20]) };
        let of_payer =
            self.unsettled.range(first..).take_while(|unsettled| unsettled.payer == payer);
        let charges = of_payer.filter_map(|charge| self.charges.get(charge)).cloned().collect();
        let open = self.open_leases.iter().filter_map(|id| self.leases.get(id));
        let leases = open.filter(|lease| lease.payer == payer).copied().collect();
        WalletView { balance: self.balance(payer), charges, leases }
    }

    pub(super) fn expired_leases(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Page<CreditLease> {
        let open = self.open_leases.iter().filter_map(|id| self.leases.get(id)).copied();
        page(open.filter(|lease| lease.expires_at < before), after)
    }
}

/// The part of a list after as many items as `after` says.
pub(super) fn page<T>(items: impl Iterator<Item = T>, after: Option<&str>) -> Page<T> {
    let skipped: usize = after.and_then(|after| after.parse().ok()).unwrap_or(0);
    let items: Vec<T> = items.skip(skipped).take(PAGE_ITEMS).collect();
    let next = (items.len() == PAGE_ITEMS).then(|| (skipped + PAGE_ITEMS).to_string());
    Page { items, next }
}

/// An amount after `micros` came, or went if negative.
pub(super) fn moved(amount: MicroCredits, micros: i64) -> MicroCredits {
    MicroCredits::new(amount.micros() + micros)
}

/// The opposite amount.
fn minus(amount: MicroCredits) -> MicroCredits {
    MicroCredits::new(-amount.micros())
}

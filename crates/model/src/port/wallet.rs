//! The port of wallets.

use std::future::Future;

use super::{Page, PortError};
use crate::charge::{Charge, ChargeRef};
use crate::id::{KeyId, LeaseId, PayerId};
use crate::ledger::TransferId;
use crate::money::MicroCredits;
use crate::price::Usage;
use crate::time::{Day, Timestamp};
use crate::wallet::{
    AdjustOutcome, ChargeOutcome, CreditLease, DailyBudget, ExistingCharge, LeaseOutcome,
    MarkOutcome, ServeOutcome, WalletAdjustment, WalletBalance, WalletStatus, WalletView,
};

/// The most charges that are unsettled in one [`WalletView`].
pub const UNSETTLED_MAX: usize = 100_000;

/// The most charges in one call of [`Wallet::charges`] or [`Wallet::mark_posted`].
pub const CHARGES_MAX: usize = 1_000;

/// The most leases in one call of [`Wallet::leases`].
pub const LEASES_MAX: usize = 100;

/// What makes a held charge a served one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServedHold {
    /// Which charge.
    pub charge: ChargeRef,
    /// Which hold of it.
    pub attempt: u32,
    /// What the answer consists of.
    pub usage: Usage,
    /// What it costs: above zero, and at most what is held. What costs nothing is voided instead.
    pub cost: MicroCredits,
    /// When the answer was ready.
    pub served_at: Timestamp,
}

/// A hold that may be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiredHold {
    /// Which charge.
    pub charge: ChargeRef,
    /// Which hold of it.
    pub attempt: u32,
}

/// A daily budget that is to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetChange {
    /// Whose key.
    pub payer: PayerId,
    /// Which key.
    pub key: KeyId,
    /// From which day on.
    pub day: Day,
    /// The most that it may spend on a day.
    pub cap: MicroCredits,
}

/// What payers may spend, and what they were charged: DynamoDB, or PostgreSQL.
///
/// Each call that writes is one transaction of at most 100 items, or one conditional update: all of it
/// happens or nothing. It may run twice: the second time has the same outcome and no effect, except
/// that the wallet may have moved on. [`PortError::Retry`] leaves open whether it happened; the same call
/// again finds out. A caller that dies before a call has changed nothing, one that dies after it has
/// done all of it; what is then left undone is found by the pages for the sweeper.
pub trait Wallet: Send + Sync {
    /// Adds or takes credits once for each transfer id: {`available` and `funded` change, if `available`
    /// stays at zero or above and the status allows it; the id is new}. Only gifts need the status
    /// [`WalletStatus::Open`]; what expires does so under any. The first one makes the wallet.
    ///
    /// The ledger has a grant *before* the wallet, and loses an expired one *after* it: so what may be
    /// spent is always covered.
    fn adjust(
        &self,
        adjustment: &WalletAdjustment,
    ) -> impl Future<Output = Result<AdjustOutcome, PortError>> + Send;

    /// The amount with which an adjustment happened, if it did.
    fn adjusted(
        &self,
        payer: PayerId,
        id: &TransferId,
    ) -> impl Future<Output = Result<Option<MicroCredits>, PortError>> + Send;

    /// Charges a served answer that is not released yet. In one transaction:
    /// - balance: `available` − cost, `spent` + cost, if `available` covers it and the status allows it;
    ///   or, from a lease: `left` − cost, if the lease is open and covers it, whatever the status;
    /// - budget, if the charge has one: `spent` + cost, if the day's cap covers it. The first claim of a
    ///   day sets the cap;
    /// - the charge is put, as served, if none with its id exists but a void one;
    /// - none of the `others`, ids under which the same request may be charged on a neighbouring day,
    ///   exists but as void.
    ///
    /// If a charge exists, that is the outcome whatever the balance: a replay is counted, and of the
    /// same nonce it is this very commit, which happened. A caller that dies before has charged nothing
    /// and released nothing. One that dies after has charged: the request, asked again, is a replay.
    ///
    /// # Errors
    /// [`PortError::Refused`] if the charge is not sound, or held.
    fn commit(
        &self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> impl Future<Output = Result<ChargeOutcome, PortError>> + Send;

    /// Sets the most that a charge may cost aside, before the work begins: as [`Wallet::commit`], but
    /// `available` − most, `held` + most, budget + most, and the charge is put as pending. The attempt is
    /// one more than that of a void charge with this id, or 1; that of the given charge is ignored.
    ///
    /// A caller that dies after has set credits aside until the hold expires.
    ///
    /// # Errors
    /// [`PortError::Refused`] if the charge is not sound, or has no hold.
    fn hold(
        &self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> impl Future<Output = Result<ChargeOutcome, PortError>> + Send;

    /// Makes a held charge served, before anything of the answer is released, if it is pending and of this
    /// attempt. Only the charge changes; what is held stays so until it is posted.
    ///
    /// # Errors
    /// [`PortError::Refused`] if the cost is not above zero, or more than what is held.
    fn serve(
        &self,
        served: &ServedHold,
    ) -> impl Future<Output = Result<ServeOutcome, PortError>> + Send;

    /// Releases a hold: {pending and of this attempt → void; `held` − most, `available` + most; budget −
    /// most}. Whether it did: `false` if the charge is anything else by now.
    fn void(
        &self,
        charge: ChargeRef,
        attempt: u32,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Counts a replay of the charge of this request, if there is one that is not void. It is asked before
    /// an answer is made; `commit` does the same after. `None` if there is none.
    fn replay(
        &self,
        charge: ChargeRef,
        request: &[u8; 32],
    ) -> impl Future<Output = Result<Option<ExistingCharge>, PortError>> + Send;

    /// Those of the charges that exist, at most [`CHARGES_MAX`], in any order, as last written.
    fn charges(
        &self,
        charges: &[ChargeRef],
    ) -> impl Future<Output = Result<Vec<Charge>, PortError>> + Send;

    /// Notes that the ledger has these charges, at most [`CHARGES_MAX`]: {served → posted}, and of a held
    /// one {`held` − most, `available` + most − cost, `spent` + cost; budget − (most − cost)}. The outcomes
    /// are in the order of the charges. Each charge is a transaction of its own: a failure may have
    /// marked some.
    ///
    /// To be called only after the ledger has committed. A caller that dies before leaves charges that the
    /// sweeper rings for again; the ledger then says that it has them.
    fn mark_posted(
        &self,
        charges: &[ChargeRef],
        at: Timestamp,
    ) -> impl Future<Output = Result<Vec<MarkOutcome>, PortError>> + Send;

    /// Sets credits aside: {`available` − size, `leased` + size, if `available` covers it and the status
    /// allows it; the lease is put if its id is new; of a quote, `quotes_open` + 1 if below the limit}.
    /// The same lease again is the same success, with what is left of it.
    ///
    /// A caller that dies after has set credits aside until the lease expires.
    fn open_lease(
        &self,
        lease: &CreditLease,
    ) -> impl Future<Output = Result<LeaseOutcome, PortError>> + Send;

    /// Ends a lease: {open → closed; `available` + left, `leased` − size, `spent` + size − left; of a
    /// quote, `quotes_open` − 1}. The lease as it is then; `None` if there is none. Where `left` must be
    /// read before, the transaction's condition is that it did not change.
    fn close_lease(
        &self,
        payer: PayerId,
        lease: LeaseId,
    ) -> impl Future<Output = Result<Option<CreditLease>, PortError>> + Send;

    /// Those of a payer's leases that exist, open or not, at most [`LEASES_MAX`], in any order, as last written.
    fn leases(
        &self,
        payer: PayerId,
        leases: &[LeaseId],
    ) -> impl Future<Output = Result<Vec<CreditLease>, PortError>> + Send;

    /// All open leases of a payer, in any order: their sizes are what is leased of the balance. Charges on them
    /// do not matter, so that it comes to an end however busy the payer is.
    ///
    /// # Errors
    /// [`PortError::Retry`] if leases are opened and closed all the time, as none are of a frozen wallet.
    fn open_leases(
        &self,
        payer: PayerId,
    ) -> impl Future<Output = Result<Vec<CreditLease>, PortError>> + Send;

    /// The balance; that of a payer without a wallet is empty.
    fn balance(
        &self,
        payer: PayerId,
    ) -> impl Future<Output = Result<WalletBalance, PortError>> + Send;

    /// What the wallet lets happen from now on. The wallet is made if there is none. Open leases do not
    /// ask for it: who freezes a wallet closes them.
    fn set_status(
        &self,
        payer: PayerId,
        status: WalletStatus,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Sets the cap of a day: what is spent stays, and the next claim of that day finds the new cap,
    /// whichever it brings. Claims of later days bring theirs.
    fn set_budget(
        &self,
        change: &BudgetChange,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The budget of a day; `None` if nothing was claimed of it or set.
    fn budget(
        &self,
        payer: PayerId,
        key: KeyId,
        day: Day,
    ) -> impl Future<Output = Result<Option<DailyBudget>, PortError>> + Send;

    /// The wallet and all that is unsettled in it. Where it cannot be read at one moment it is read until
    /// two readings in a row are the same.
    ///
    /// # Errors
    /// [`PortError::Retry`] if it does not hold still, or more than [`UNSETTLED_MAX`] charges are unsettled.
    fn view(&self, payer: PayerId) -> impl Future<Output = Result<WalletView, PortError>> + Send;

    /// For the sweeper: served charges that were not marked as posted, of all payers, served before
    /// `before`; the oldest first where that is cheap.
    fn unposted(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<ChargeRef>, PortError>> + Send;

    /// For the sweeper: pending charges of all payers whose hold expired before `before`.
    fn expired_holds(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<ExpiredHold>, PortError>> + Send;

    /// For the sweeper: open leases of all payers that expired before `before`.
    fn expired_leases(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<CreditLease>, PortError>> + Send;
}

//! What the sweeper does every minute: it finds what a process that died left undone.

use std::future::Future;

use model::port::{ExpiredHold, Ledger, Page, PortError, Wallet};
use model::{CreditLease, Timestamp};

use crate::doorbell::Doorbell;
use crate::grants::{ExpiryOutcome, FundOutcome, expire, fund};
use crate::instant::before;

/// A charge is rung for again when it is served for so long and not posted.
const UNPOSTED_SECONDS: i64 = 60;

/// A grant is given to the wallet again when it is recorded for so long.
const GRANT_SECONDS: i64 = 60;

/// A hold or lease is released so long after its end, as clocks differ. Nothing depends on it but the
/// waste of work that is refused at its end.
const GRACE_SECONDS: i64 = 60;

/// What was found and done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Charges that were rung for again.
    pub rung: u64,
    /// Holds that were released.
    pub voided: u64,
    /// Leases that were closed.
    pub closed: u64,
    /// Grants that the wallet got.
    pub funded: u64,
    /// Parts of grants that expired.
    pub expired: u64,
    /// Whether something is left for the next time, because there was too much.
    pub is_cut: bool,
}

/// Does what is due at `now`, at most `pages` pages of each kind.
///
/// # Errors
/// Those of the ports; what is left is found again.
pub async fn sweep<W: Wallet, L: Ledger, D: Doorbell>(
    wallet: &W,
    ledger: &L,
    doorbell: &D,
    now: Timestamp,
    pages: usize,
) -> Result<SweepReport, PortError> {
    let mut report = SweepReport::default();
    ring_again(wallet, doorbell, now, pages, &mut report).await?;
    let is_cut = &mut report.is_cut;
    report.voided = release::<ExpiredHold, W>(wallet, now, pages, is_cut).await?;
    report.closed = release::<CreditLease, W>(wallet, now, pages, is_cut).await?;
    sweep_grants(wallet, ledger, now, pages, &mut report).await?;
    Ok(report)
}

/// Rings for what is served and not posted.
pub(crate) async fn ring_again<W: Wallet, D: Doorbell>(
    wallet: &W,
    doorbell: &D,
    now: Timestamp,
    pages: usize,
    report: &mut SweepReport,
) -> Result<(), PortError> {
    let mut after = None;
    for _ in 0..pages {
        let page = wallet.unposted(before(now, UNPOSTED_SECONDS), after.as_deref()).await?;
        if !page.items.is_empty() {
            doorbell.ring(&page.items).await?;
        }
        report.rung += page.items.len() as u64;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
    report.is_cut = true;
    Ok(())
}

/// What is set aside until a time.
pub(crate) trait SetAside: Sized + Send + Sync {
    /// The first page of what was over before this time.
    fn over<W: Wallet>(
        wallet: &W,
        before: Timestamp,
    ) -> impl Future<Output = Result<Page<Self>, PortError>> + Send;

    /// Puts it back. Whether that was to be done.
    fn release<W: Wallet>(
        &self,
        wallet: &W,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
}

impl SetAside for ExpiredHold {
    async fn over<W: Wallet>(wallet: &W, before: Timestamp) -> Result<Page<Self>, PortError> {
        wallet.expired_holds(before, None).await
    }

    async fn release<W: Wallet>(&self, wallet: &W) -> Result<bool, PortError> {
        wallet.void(self.charge, self.attempt).await
    }
}

impl SetAside for CreditLease {
    async fn over<W: Wallet>(wallet: &W, before: Timestamp) -> Result<Page<Self>, PortError> {
        wallet.expired_leases(before, None).await
    }

    async fn release<W: Wallet>(&self, wallet: &W) -> Result<bool, PortError> {
        Ok(wallet.close_lease(self.payer, self.id).await?.is_some())
    }
}

/// Releases what is over; how much.
pub(crate) async fn release<T: SetAside, W: Wallet>(
    wallet: &W,
    now: Timestamp,
    pages: usize,
    is_cut: &mut bool,
) -> Result<u64, PortError> {
    let mut released = 0;
    for _ in 0..pages {
        // What was released is no longer on the first page.
        let page = T::over(wallet, before(now, GRACE_SECONDS)).await?;
        for item in &page.items {
            released += u64::from(item.release(wallet).await?);
        }
        if page.next.is_none() {
            return Ok(released);
        }
    }
    *is_cut = true;
    Ok(released)
}

async fn sweep_grants<W: Wallet, L: Ledger>(
    wallet: &W,
    ledger: &L,
    now: Timestamp,
    pages: usize,
    report: &mut SweepReport,
) -> Result<(), PortError> {
    let mut after = None;
    for _ in 0..pages {
        let late = before(now, GRANT_SECONDS);
        let page = ledger.grants_not_in_wallet(late, after.as_deref()).await?;
        for grant in &page.items {
            let outcome = fund(wallet, ledger, grant, now).await?;
            report.funded += u64::from(outcome == FundOutcome::Funded);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    report.is_cut |= after.take().is_some();
    for _ in 0..pages {
        let page = ledger.overdue_grants(now, after.as_deref()).await?;
        for grant in &page.items {
            let outcome = expire(wallet, ledger, grant, now).await?;
            report.expired += u64::from(matches!(outcome, ExpiryOutcome::Expired { .. }));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    report.is_cut |= after.is_some();
    Ok(())
}

#[cfg(test)]
mod tests;

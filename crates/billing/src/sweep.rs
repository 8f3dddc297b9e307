//! What the sweeper does every minute: it finds what a process that died left undone.

use model::Timestamp;
use model::port::{Ledger, PortError, Wallet};

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
    release_holds(wallet, now, pages, &mut report).await?;
    close_leases(wallet, now, pages, &mut report).await?;
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

/// Releases holds that are over.
pub(crate) async fn release_holds<W: Wallet>(
    wallet: &W,
    now: Timestamp,
    pages: usize,
    report: &mut SweepReport,
) -> Result<(), PortError> {
    for _ in 0..pages {
        // What was released is no longer on the first page.
        let page = wallet.expired_holds(before(now, GRACE_SECONDS), None).await?;
        for hold in &page.items {
            report.voided += u64::from(wallet.void(hold.charge, hold.attempt).await?);
        }
        if page.next.is_none() {
            return Ok(());
        }
    }
    report.is_cut = true;
    Ok(())
}

/// Closes leases that are over.
async fn close_leases<W: Wallet>(
    wallet: &W,
    now: Timestamp,
    pages: usize,
    report: &mut SweepReport,
) -> Result<(), PortError> {
    for _ in 0..pages {
        let page = wallet.expired_leases(before(now, GRACE_SECONDS), None).await?;
        for lease in &page.items {
            wallet.close_lease(lease.payer, lease.id).await?;
            report.closed += 1;
        }
        if page.next.is_none() {
            return Ok(());
        }
    }
    report.is_cut = true;
    Ok(())
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

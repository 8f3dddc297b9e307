//! Leases of busy payers' credits, as one process keeps them, and those of quotes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::port::{PortError, Wallet};
use model::wallet::{LeaseOutcome, LeasePurpose};
use model::{CreditLease, LeaseId, MicroCredits, PayerId, QuoteId, Timestamp};

use crate::instant::after;

/// How long a process uses a lease.
const LEASE_SECONDS: i64 = 300;

/// A lease is at most this many charges like the one that it is opened for.
const CHARGES_PER_LEASE: i64 = 200;

/// And no larger part of what is available, so that many processes find something.
const PART_OF_AVAILABLE: i64 = 256;

/// The leases of one process, one for each busy payer. What it says is a guess: the wallet decides.
#[derive(Debug, Default)]
pub struct LeaseBook {
    leases: Mutex<BTreeMap<PayerId, CreditLease>>,
}

impl LeaseBook {
    /// When a lease expires that is opened now.
    pub(crate) fn expiry(now: Timestamp) -> Timestamp {
        after(now, LEASE_SECONDS)
    }

    /// The payer's lease, with `cost` taken from it, if it covers that and has not expired.
    pub(crate) fn usable(
        &self,
        payer: PayerId,
        cost: MicroCredits,
        now: Timestamp,
    ) -> Option<LeaseId> {
        let mut leases = self.lock();
        let lease = leases.get_mut(&payer)?;
        if lease.expires_at <= now {
            leases.remove(&payer);
            return None;
        }
        // What is guessed wrong is found by the wallet, and the lease is then closed.
        lease.left = lease.left.checked_sub(cost).unwrap_or(MicroCredits::ZERO);
        Some(lease.id)
    }

    /// Keeps a lease for later charges.
    pub(crate) fn keep(&self, lease: CreditLease) {
        self.lock().insert(lease.payer, lease);
    }

    /// Forgets a lease, unless the payer has another by now.
    pub(crate) fn forget(&self, payer: PayerId, lease: LeaseId) {
        let mut leases = self.lock();
        if leases.get(&payer).is_some_and(|kept| kept.id == lease) {
            leases.remove(&payer);
        }
    }

    /// Closes all leases, when the process ends in order. What is not closed is closed by the sweeper.
    ///
    /// # Errors
    /// Those of the wallet.
    pub async fn close<W: Wallet>(&self, wallet: &W) -> Result<(), PortError> {
        let leases = std::mem::take(&mut *self.lock());
        for (payer, lease) in leases {
            wallet.close_lease(payer, lease.id).await?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PayerId, CreditLease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much is set aside for charges like one of `cost` while so much is available.
///
/// ```
/// use model::MicroCredits;
///
/// let size = |cost, available| {
///     billing::lease_size(MicroCredits::new(cost), MicroCredits::new(available)).micros()
/// };
/// assert_eq!(size(10, 1_000_000), 2_000); // 200 charges
/// assert_eq!(size(10, 256_000), 1_000); // 1/256 of what is available
/// assert_eq!(size(10, 15), 10); // at least the charge
/// ```
pub fn lease_size(cost: MicroCredits, available: MicroCredits) -> MicroCredits {
    let many = cost.micros().saturating_mul(CHARGES_PER_LEASE);
    let part = available.micros() / PART_OF_AVAILABLE;
    MicroCredits::new(many.min(part).max(cost.micros()))
}

/// Sets the most that a quote may cost aside, until it expires. The lease has the number of the quote, so
/// that the same quote has one.
///
/// # Errors
/// Those of the wallet.
pub async fn open_quote<W: Wallet>(
    wallet: &W,
    quote: QuoteId,
    payer: PayerId,
    most: MicroCredits,
    expires_at: Timestamp,
) -> Result<LeaseOutcome, PortError> {
    let id = LeaseId::new(quote.number());
    wallet.open_lease(&CreditLease::new(id, payer, LeasePurpose::Quote, most, expires_at)).await
}

#[cfg(test)]
mod tests;

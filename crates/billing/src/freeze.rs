//! Freezing a wallet.

use model::port::{PortError, Wallet};
use model::{PayerId, WalletStatus};

/// Lets a payer neither spend nor get credits: from the end of this call on, nothing is charged to it but what
/// was held before. How many leases were closed. Charges on a lease do not ask for the status of the wallet, so
/// each must be closed.
///
/// # Errors
/// Those of the wallet. It may be frozen with leases still open: the same call again closes them.
pub async fn freeze<W: Wallet>(wallet: &W, payer: PayerId) -> Result<u64, PortError> {
    // From now on no lease is opened, so one look finds all.
    wallet.set_status(payer, WalletStatus::Frozen).await?;
    let leases = wallet.open_leases(payer).await?;
    for lease in &leases {
        wallet.close_lease(payer, lease.id).await?;
    }
    Ok(leases.len() as u64)
}

#[cfg(test)]
mod tests {
    use model::charge::ChargeSource;
    use model::wallet::{ChargeOutcome, LeaseOutcome, LeasePurpose, WalletRefusal};
    use model::{Charge, CreditLease, LeaseId};

    use super::*;
    use crate::fixture::{Bank, PAYER, at, credits, done, served};

    #[test]
    fn a_frozen_payer_pays_nothing_more_not_even_by_a_lease() {
        let bank = Bank::with(100);
        let (now, end) = (at("2026-11-22T12:00:00Z"), at("2026-11-22T12:05:00Z"));
        let lease = |number, purpose| {
            CreditLease::new(LeaseId::new(number), PAYER, purpose, credits(20), end)
        };
        for (number, purpose) in [(1, LeasePurpose::Process), (2, LeasePurpose::Quote)] {
            let wanted = lease(number, purpose);
            let opened = done(bank.wallet.open_lease(&wanted));
            assert_eq!(opened, Ok(LeaseOutcome::Opened(wanted)));
        }
        let pay = |number: u8, lease: u64| {
            let source = ChargeSource::Lease { lease: LeaseId::new(lease) };
            done(bank.wallet.commit(&Charge { source, ..served(number, 5, now) }, &[]))
        };
        assert_eq!(pay(1, 1), Ok(ChargeOutcome::Charged { attempt: 1 }));
        assert_eq!(done(freeze(&bank.wallet, PAYER)), Ok(2));
        assert_eq!(done(freeze(&bank.wallet, PAYER)), Ok(0), "twice");
        let closed = Ok(ChargeOutcome::Refused(WalletRefusal::LeaseClosed));
        assert_eq!((pay(2, 1), pay(3, 2)), (closed.clone(), closed));
        let balance = done(bank.wallet.balance(PAYER)).unwrap();
        assert_eq!((balance.leased.micros(), balance.available.micros()), (0, 95));
        assert_eq!(balance.status, WalletStatus::Frozen);
        let late = lease(3, LeasePurpose::Process);
        let refused = Ok(LeaseOutcome::Refused(WalletRefusal::Frozen));
        assert_eq!(done(bank.wallet.open_lease(&late)), refused);
    }
}

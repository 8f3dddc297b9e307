//! What a death left undone, and how far behind the ledger is.

use billing::QueueDoorbell;
use model::port::{PortError, Wallet};
use model::{ChargeState, Timestamp};
use serde::Serialize;

use crate::{MeterDependencies, MeterError};

/// The most pages of each kind that one sweep works through; the next one continues.
const PAGES: usize = 100;

/// Ages at which an unposted charge is looked for, in seconds, the greatest first: so that the oldest one
/// is found where a wallet does not list it first.
const AGES: [i64; 4] = [86_400, 3_600, 300, 0];

/// What was found and done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MeterSweep {
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
    /// Whether something is left for the next time.
    pub is_cut: bool,
    /// For how many seconds the oldest served charge has not been posted.
    pub lag_seconds: u64,
}

/// Finds what is overdue, and finishes it or has it finished.
///
/// # Errors
/// Those of the ports; what is left is found again.
pub async fn sweep(deps: MeterDependencies<'_>) -> Result<MeterSweep, MeterError> {
    let (now, doorbell) = (deps.clock.now(), QueueDoorbell { queue: deps.queue });
    let lag_seconds = lag(deps, now).await?;
    let done = billing::sweep(deps.wallet, &deps.ledger(), &doorbell, now, PAGES).await?;
    let billing::SweepReport { rung, voided, closed, funded, expired, is_cut } = done;
    Ok(MeterSweep { rung, voided, closed, funded, expired, is_cut, lag_seconds })
}

/// The age of the oldest served charge that is not posted, in seconds; of a wallet with very many, that of
/// one of the oldest.
async fn lag(deps: MeterDependencies<'_>, now: Timestamp) -> Result<u64, PortError> {
    for age in AGES {
        let before = now.as_second() - age;
        let before = Timestamp::from_second(before).unwrap_or(Timestamp::MIN);
        let page = deps.wallet.unposted(before, None).await?;
        let charges = deps.wallet.charges(&page.items).await?;
        let unposted = charges.iter().filter(|charge| charge.state == ChargeState::Served);
        let oldest = unposted.filter_map(|charge| charge.served_at).min();
        if let Some(served_at) = oldest {
            let seconds = now.as_second() - served_at.as_second();
            return Ok(u64::try_from(seconds).unwrap_or(0));
        }
    }
    Ok(0)
}

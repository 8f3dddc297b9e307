//! Long work: its most is set aside before it begins, and it is charged before its result leaves.

use model::charge::ChargeRef;
use model::port::{PortError, ServedHold, Wallet};
use model::wallet::{ChargeOutcome, ServeOutcome};
use model::{Charge, MicroCredits};

use crate::charge::{Release, Withheld, of_existing};

/// How often a hold is tried while others write the balance.
const TRIES: usize = 3;

/// Whether long work begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It begins.
    Held {
        /// Which hold of the charge it is: to be named when it ends.
        attempt: u32,
    },
    /// It was done and charged before.
    Replay(Box<Charge>),
    /// It does not begin.
    Withheld(Withheld),
}

/// Sets the most that the work may cost aside. `charge` is pending, with its hold.
///
/// # Errors
/// Those of the wallet. The work must not begin; what may be held is released when the hold expires.
pub async fn begin<W: Wallet>(
    wallet: &W,
    charge: &Charge,
    others: &[ChargeRef],
) -> Result<Begun, PortError> {
    for _ in 0..TRIES {
        match wallet.hold(charge, others).await {
            // The same call again finds out whether it happened, by the nonce.
            Ok(ChargeOutcome::Contended) | Err(PortError::Retry(_)) => {}
            Ok(ChargeOutcome::Charged { attempt }) => return Ok(Begun::Held { attempt }),
            Ok(ChargeOutcome::Refused(why)) => return Ok(Begun::Withheld(Withheld::Unpaid(why))),
            Ok(ChargeOutcome::Existing(existing)) => {
                return Ok(match of_existing(*existing) {
                    Release::Replay(charge) => Begun::Replay(charge),
                    Release::Withheld(why) => Begun::Withheld(why),
                    Release::Free | Release::Charged { .. } => Begun::Withheld(Withheld::Busy),
                });
            }
            Err(refused) => return Err(refused),
        }
    }
    Ok(Begun::Withheld(Withheld::Busy))
}

/// Charges the work that is done. Whether its result may leave: not if the hold was released meanwhile.
/// A result that costs nothing may always leave, and its hold is released.
///
/// # Errors
/// Those of the wallet: the result must not leave.
pub async fn finish<W: Wallet>(wallet: &W, served: &ServedHold) -> Result<bool, PortError> {
    if served.cost == MicroCredits::ZERO {
        abandon(wallet, served.charge, served.attempt).await?;
        return Ok(true);
    }
    let mut outcome = wallet.serve(served).await;
    if let Err(PortError::Retry(_)) = outcome {
        outcome = wallet.serve(served).await;
    }
    Ok(outcome? == ServeOutcome::Served)
}

/// Releases what was set aside for work that failed: it costs nothing.
///
/// # Errors
/// Those of the wallet: the hold is then released when it expires.
pub async fn abandon<W: Wallet>(
    wallet: &W,
    charge: ChargeRef,
    attempt: u32,
) -> Result<(), PortError> {
    wallet.void(charge, attempt).await.map(|_| ())
}

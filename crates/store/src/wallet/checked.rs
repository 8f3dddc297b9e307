//! What every wallet refuses before it looks at anything.

use model::charge::{ChargeRef, ChargeSource};
use model::port::{PortError, ServedHold};
use model::wallet::{ExistingCharge, ServeOutcome};
use model::{Charge, ChargeState, MicroCredits};

/// How many other ids a request may have.
const OTHERS_MAX: usize = 10;

/// Refuses what cannot be charged at once.
pub(super) fn may_commit(charge: &Charge, others: &[ChargeRef]) -> Result<(), PortError> {
    let is_held = matches!(charge.source, ChargeSource::Hold { .. });
    let is_served = charge.state == ChargeState::Served && charge.is_sound();
    may(!is_held && is_served, charge, others, "committed")
}

/// Refuses what cannot be held.
pub(super) fn may_hold(charge: &Charge, others: &[ChargeRef]) -> Result<(), PortError> {
    let is_held = matches!(charge.source, ChargeSource::Hold { .. });
    let is_pending = charge.state == ChargeState::Pending && charge.is_sound();
    may(is_held && is_pending, charge, others, "held")
}

fn may(is_right: bool, charge: &Charge, others: &[ChargeRef], what: &str) -> Result<(), PortError> {
    let is_ours = |other: &ChargeRef| other.payer == charge.payer;
    if is_right && others.len() <= OTHERS_MAX && others.iter().all(is_ours) {
        return Ok(());
    }
    Err(PortError::Refused(format!("{} cannot be {what} like this", charge.id)))
}

/// Refuses more of something than one call may have.
pub(super) fn are_few<T>(items: &[T], most: usize) -> Result<(), PortError> {
    if items.len() <= most {
        return Ok(());
    }
    Err(PortError::Refused(format!("{} items: one call has at most {most}", items.len())))
}

/// What became of a held charge that was not made served, and why not.
pub(super) fn not_served(
    known: Option<&Charge>,
    served: &ServedHold,
) -> Result<ServeOutcome, PortError> {
    let Some(known) = known else { return Ok(ServeOutcome::TooLate) };
    let ChargeSource::Hold { most, attempt, .. } = known.source else {
        return Err(PortError::Refused(format!("serve {}: it has no hold", known.id)));
    };
    if served.cost <= MicroCredits::ZERO || served.cost > most {
        let text = format!("serve {}: its cost is zero, or more than what is held", known.id);
        return Err(PortError::Refused(text));
    }
    let is_done = matches!(known.state, ChargeState::Served | ChargeState::Posted);
    // Stored times are milliseconds.
    let served_ms = known.served_at.map(|at| at.as_millisecond());
    let is_same = attempt == served.attempt
        && known.cost == served.cost
        && served_ms == Some(served.served_at.as_millisecond());
    Ok(if is_done && is_same { ServeOutcome::Served } else { ServeOutcome::TooLate })
}

/// What a charge means for a request of which no replay was counted; `None` if it is void.
pub(super) fn uncounted(known: Charge, request: &[u8; 32]) -> Option<ExistingCharge> {
    match known.state {
        ChargeState::Void => None,
        _ if known.request != *request => Some(ExistingCharge::OtherRequest(known)),
        ChargeState::Pending => Some(ExistingCharge::InProgress(known)),
        ChargeState::Served | ChargeState::Posted => Some(ExistingCharge::ReplaysExhausted(known)),
    }
}

//! A charge like those of the gateway, for tests and the simulation.

use model::charge::{ChargeRef, ChargeSource, ChargeState};
use model::{Charge, Epoch, KeyId, MicroCredits, PriceClass, PriceVersion, Timestamp, Usage};

/// A charge that was served at this time, from the balance.
pub(crate) fn served_charge(id: ChargeRef, cost: MicroCredits, at: Timestamp) -> Charge {
    Charge {
        id: id.charge,
        payer: id.payer,
        key: KeyId::new(0),
        route: "/v1/people".to_owned(),
        request: [0; 32],
        nonce: 0,
        run: None,
        usage: Usage::of(PriceClass::Graph),
        cost,
        price_version: PriceVersion { floors: 1, epoch: Epoch::of(at) },
        quote: None,
        source: ChargeSource::Balance,
        budget: None,
        state: ChargeState::Served,
        opened_at: at,
        served_at: Some(at),
        posted_at: None,
        replays: 0,
    }
}

/// The same before it is served, with its hold.
pub(crate) fn pending_charge(id: ChargeRef, source: ChargeSource, at: Timestamp) -> Charge {
    Charge {
        source,
        state: ChargeState::Pending,
        served_at: None,
        ..served_charge(id, MicroCredits::ZERO, at)
    }
}

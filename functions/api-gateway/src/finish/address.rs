//! What a client's address may send, whichever keys it has.

use axum::http::Extensions;

use crate::client_address::AddressBlock;
use crate::error::Problem;
use crate::request_facts::RequestFacts;
use crate::state::Gateway;

/// Takes a request of a client's address, if it did not send too many.
///
/// # Errors
/// That it did: 429.
pub(super) fn take(
    gateway: &Gateway,
    facts: &RequestFacts,
    extensions: &Extensions,
) -> Result<(), Problem> {
    let Some(block) = AddressBlock::of(extensions) else { return Ok(()) };
    let Some(rate) = gateway.addresses().take(block, gateway.now()) else { return Ok(()) };
    facts.address_rate.get_or_init(|| rate);
    if rate.passes { Ok(()) } else { Err(Problem::too_many(rate, "from this address")) }
}

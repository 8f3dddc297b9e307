//! Quotes: prices that are promised for a quarter of an hour.
//!
//! A quote locks the index of one class for one payer. A charge pays the lower of the locked index and the
//! current one, so a quote never costs more than none. As an index rises by at most 2^¼ in 15 minutes, a
//! lock forgoes at most 18.9 % of what is paid with it.
//!
//! **What it covers** is counted in money: what its units cost at the locked index, `max_total`, is set aside
//! as a credit lease of the wallet, and charges with the quote are paid from that. More units than those of
//! its cap are reached only while the current index is below the locked one, when the quote forgoes nothing.
//!
//! A signed quote proves to the client what was promised: [`QuoteSigner::sign`].
//!
//! **Clocks.** The server that is asked decides by its own clock; the client's has no say. A quote ends at
//! `expires` without grace, because a longer lock would forgo more. Clocks of servers may differ: a quote
//! that was issued up to five minutes in the future is accepted, one from further ahead is not.

mod signature;

pub use signature::{QuoteSigner, QuoteVerifier};

use model::time::Timestamp;
use model::{
    MicroCredits, PayerId, PriceClass, PriceIndex, PriceItem, PriceVersion, Quote, QuoteId, Usage,
};

use crate::charge::{PriceError, charge};

/// How long a quote holds.
pub const QUOTE_SECONDS: i64 = 900;

/// How far the clocks of two servers may differ: each may be wrong by five minutes.
pub const CLOCK_SKEW_SECONDS: i64 = 600;

/// The part of a class's target that may be quoted in each epoch: 1/10.
const QUOTED_PART: u64 = 10;

/// What a typical answer costs at the floors for each unit that it takes of its class's capacity.
fn typical_unit_cost(class: PriceClass) -> MicroCredits {
    let typical = match class {
        // A page of 50 hits.
        PriceClass::Search => {
            Usage::of(class).with(PriceItem::ReadCall, 1).with(PriceItem::PersonRow, 50)
        }
        PriceClass::Graph => Usage::of(class).with(PriceItem::PersonRow, 1),
        PriceClass::Export => Usage::of(class).with(PriceItem::ExportMegabyte, 1),
        PriceClass::Stream => Usage::of(class).with(PriceItem::ChangeEvent, 1),
        PriceClass::Live => Usage::of(class).with(PriceItem::LiveCall, 1),
    };
    charge(&typical, PriceIndex::ONE).unwrap_or(MicroCredits::MAX)
}

/// The units that a quote with this cap takes of what its class may quote: those of the class's capacity, or as
/// many as cost at the floors what the cap does, if they are more. So whatever is in a cap, the money that all
/// quotes lock is bounded.
///
/// ```
/// use model::{PriceClass, PriceItem, Usage};
///
/// let graph = Usage::of(PriceClass::Graph);
/// let quoted = |usage| pricing::quote::quoted_units(&usage).unwrap();
/// assert_eq!(quoted(graph.with(PriceItem::PersonRow, 200)), 200);
/// assert_eq!(quoted(graph.with(PriceItem::RankRow, 1).with(PriceItem::ReadCall, 1_000)), 251);
/// ```
///
/// # Errors
/// [`PriceError::TooMuch`] where it is more than 64 bits hold.
pub fn quoted_units(cap: &Usage) -> Result<u64, PriceError> {
    let units = cap.capacity_units().ok_or(PriceError::TooMuch)?;
    let (cost, typical) = (charge(cap, PriceIndex::ONE)?, typical_unit_cost(cap.class()));
    let by_cost = cost.micros().unsigned_abs().div_ceil(typical.micros().unsigned_abs().max(1));
    Ok(units.max(by_cost))
}

/// How many units of its capacity a class can still quote in an epoch, of which `quoted` are quoted.
pub const fn quotable_units(target: u64, quoted: u64) -> u64 {
    (target / QUOTED_PART).saturating_sub(quoted)
}

/// What a quote is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuoteRequest {
    /// The id that it gets.
    pub id: QuoteId,
    /// Who asks.
    pub payer: PayerId,
    /// The most units that it covers.
    pub cap: Usage,
}

/// The price that a quote locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockedPrice {
    /// Which prices hold.
    pub version: PriceVersion,
    /// The index of the class.
    pub index: PriceIndex,
}

/// Why a quote does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// It is no signed quote.
    #[error("it is no quote: send it as it was given")]
    Malformed,
    /// It is signed by none of the known keys.
    #[error("it is signed by an unknown key")]
    UnknownKey,
    /// The signature is not that of its text.
    #[error("its signature is wrong: was it changed?")]
    BadSignature,
    /// It was given to another payer.
    #[error("it was given to another payer")]
    Foreign,
    /// It is too old.
    #[error("it expired at {expires}: ask for another one")]
    Expired {
        /// When that was.
        expires: Timestamp,
    },
    /// It was issued in the future.
    #[error("it is from the future: the clocks of servers differ by more than five minutes")]
    FromFuture,
    /// It is for another class.
    #[error("it is for the class {class}")]
    WrongClass {
        /// Its class.
        class: PriceClass,
    },
    /// The amount cannot be counted.
    #[error(transparent)]
    Price(#[from] PriceError),
}

/// Gives a quote.
///
/// # Errors
/// [`PriceError::TooMuch`] where its maximum is more than 64 bits hold.
pub fn new_quote(
    request: &QuoteRequest,
    price: &LockedPrice,
    now: Timestamp,
) -> Result<Quote, PriceError> {
    let QuoteRequest { id, payer, cap } = *request;
    let seconds = |more| Timestamp::from_second(now.as_second().saturating_add(more));
    Ok(Quote {
        id,
        payer,
        cap,
        price_version: price.version,
        locked: price.index,
        issued: seconds(0).unwrap_or(Timestamp::MAX),
        expires: seconds(QUOTE_SECONDS).unwrap_or(Timestamp::MAX),
        max_total: charge(&cap, price.index)?,
    })
}

/// Whether `payer` may use a quote at `now`.
///
/// # Errors
/// [`QuoteError::Foreign`], [`QuoteError::FromFuture`] or [`QuoteError::Expired`], the first that applies.
pub fn admits(quote: &Quote, payer: PayerId, now: Timestamp) -> Result<(), QuoteError> {
    if quote.payer != payer {
        return Err(QuoteError::Foreign);
    }
    if quote.issued.as_second().saturating_sub(now.as_second()) > CLOCK_SKEW_SECONDS {
        return Err(QuoteError::FromFuture);
    }
    let expires = quote.expires;
    if now < expires { Ok(()) } else { Err(QuoteError::Expired { expires }) }
}

/// What `usage` costs at the locked index. Who pays with the quote pays the lower of this and what it costs
/// without.
///
/// # Errors
/// [`QuoteError::WrongClass`], or that of a price.
pub fn quoted_cost(quote: &Quote, usage: &Usage) -> Result<MicroCredits, QuoteError> {
    let class = quote.cap.class();
    if usage.class() != class {
        return Err(QuoteError::WrongClass { class });
    }
    Ok(charge(usage, quote.locked)?)
}

#[cfg(test)]
mod tests;

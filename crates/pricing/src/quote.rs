//! Quotes: prices that are promised for a quarter of an hour.
//!
//! A quote locks the index of one class for one payer, up to a number of units. A charge pays the lower
//! of the locked index and the current one, so a quote never costs more than none. Its maximum is held in
//! the wallet while it is open: [`QuoteState::held`]. As an index rises by at most 2^¼ in 15 minutes, a
//! lock forgoes at most 18.9 % of what is paid with it.
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
    MicroCredits, PayerId, PriceClass, PriceIndex, PriceItem, PriceVersion, QuoteId, Usage,
};

use crate::charge::{PriceError, charge};

/// How long a quote holds.
pub const QUOTE_SECONDS: i64 = 900;

/// How far the clocks of two servers may differ.
pub const CLOCK_SKEW_SECONDS: i64 = 300;

/// How many quotes a payer may have open.
pub const OPEN_QUOTES_MAX: usize = 3;

/// The part of a class's target that may be quoted in each epoch: 1/10.
const QUOTED_PART: u64 = 10;

/// How many units of its capacity a class can still quote in an epoch, of which `quoted` are quoted.
pub const fn quotable_units(target: u64, quoted: u64) -> u64 {
    (target / QUOTED_PART).saturating_sub(quoted)
}

/// A promise of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Names it in the header `Borg-Quote`.
    pub id: QuoteId,
    /// The payer that it was given to.
    pub payer: PayerId,
    /// The most units that it covers; its class is theirs.
    pub cap: Usage,
    /// The prices that held when it was given.
    pub price_version: PriceVersion,
    /// The index that it locks.
    pub locked: PriceIndex,
    /// When it was given, in whole seconds.
    pub issued: Timestamp,
    /// From when on it is void.
    pub expires: Timestamp,
    /// The most that all charges with it cost together.
    pub max_total: MicroCredits,
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
    /// It covers fewer units.
    #[error("it covers {left} more {item}")]
    OverCap {
        /// Of which there are too many.
        item: PriceItem,
        /// How many are left.
        left: u64,
    },
    /// The amount cannot be counted.
    #[error(transparent)]
    Price(#[from] PriceError),
}

impl Quote {
    /// Gives a quote.
    ///
    /// # Errors
    /// [`PriceError::TooMuch`] where its maximum is more than 64 bits hold.
    pub fn new(
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

    /// Whether `payer` may use it at `now`.
    ///
    /// # Errors
    /// [`QuoteError::Foreign`], [`QuoteError::FromFuture`] or [`QuoteError::Expired`], the first that applies.
    pub fn admits(&self, payer: PayerId, now: Timestamp) -> Result<(), QuoteError> {
        if self.payer != payer {
            return Err(QuoteError::Foreign);
        }
        if self.issued.as_second().saturating_sub(now.as_second()) > CLOCK_SKEW_SECONDS {
            return Err(QuoteError::FromFuture);
        }
        let expires = self.expires;
        if now < expires { Ok(()) } else { Err(QuoteError::Expired { expires }) }
    }
}

/// What was used of a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuoteState {
    /// Units that were charged with it.
    pub used: Usage,
    /// What they cost.
    pub paid: MicroCredits,
}

/// A charge with a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotedCharge {
    /// What it costs.
    pub cost: MicroCredits,
    /// What is used of the quote after it.
    pub state: QuoteState,
}

impl QuoteState {
    /// Nothing is used of a new quote.
    pub const fn new(quote: &Quote) -> QuoteState {
        QuoteState { used: Usage::of(quote.cap.class()), paid: MicroCredits::ZERO }
    }

    /// What the wallet holds for the quote: the most that it can still cost. All of it is released when
    /// the quote ends.
    pub fn held(&self, quote: &Quote) -> MicroCredits {
        quote.max_total.checked_sub(self.paid).unwrap_or(MicroCredits::ZERO)
    }

    /// Charges `usage` with the quote, at the lower of its index and the current one. Rounding never makes
    /// the charges cost more than the quote's maximum.
    ///
    /// # Errors
    /// [`QuoteError::WrongClass`], [`QuoteError::OverCap`], or that of a price.
    pub fn charge(
        &self,
        quote: &Quote,
        usage: &Usage,
        current: PriceIndex,
    ) -> Result<QuotedCharge, QuoteError> {
        let class = quote.cap.class();
        if usage.class() != class {
            return Err(QuoteError::WrongClass { class });
        }
        if let Some(over) = self.over_cap(quote, usage) {
            return Err(over);
        }
        let cost = charge(usage, current.min(quote.locked))?.min(self.held(quote));
        let used = self.used.checked_add(usage).ok_or(PriceError::TooMuch)?;
        let paid = self.paid.checked_add(cost).ok_or(PriceError::TooMuch)?;
        Ok(QuotedCharge { cost, state: QuoteState { used, paid } })
    }

    /// The first item of which `usage` has more than is left.
    fn over_cap(&self, quote: &Quote, usage: &Usage) -> Option<QuoteError> {
        let left = |item| quote.cap.count(item).saturating_sub(self.used.count(item));
        let mut items = usage.items();
        let over = items.find(|&(item, count)| count > left(item));
        over.map(|(item, _)| QuoteError::OverCap { item, left: left(item) })
    }
}

#[cfg(test)]
mod tests;

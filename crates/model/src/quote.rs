//! Quotes: prices that are promised for a while. How they are given and used is in `pricing::quote`.

use crate::epoch::{PriceIndex, PriceVersion};
use crate::id::{PayerId, QuoteId};
use crate::money::MicroCredits;
use crate::price::Usage;
use crate::time::Timestamp;

/// A promise of a price, to one payer, for one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Names it in the header `Borg-Quote`.
    pub id: QuoteId,
    /// The payer that it was given to.
    pub payer: PayerId,
    /// The most units that it was asked for; its class is theirs.
    pub cap: Usage,
    /// The prices that held when it was given.
    pub price_version: PriceVersion,
    /// The index that it locks.
    pub locked: PriceIndex,
    /// When it was given, in whole seconds.
    pub issued: Timestamp,
    /// From when on it is void.
    pub expires: Timestamp,
    /// The most that all charges with it cost together: what the cap costs at the locked index.
    pub max_total: MicroCredits,
}

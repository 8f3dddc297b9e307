//! Usage and congestion to prices: pure functions of integers.
//!
//! **The formula.** An answer consists of units (calls, rows, megabytes, events). Each has a *floor*, which
//! covers what it costs to produce, and each class of answers has an *index* from 1 to 8, which says how
//! congested the class is. With `q` units of each item,
//!
//! ```text
//! charge = ⌈ Σ q · floor · index ⌉          micro-credits, rounded once, up
//! index  = 2^(excess / 60)                  1 ≤ index ≤ 8, the same for everyone
//! excess ← excess + (used − target) / target
//!          by at most 1 an epoch (a minute), from 0 to 180
//! ```
//!
//! So while twice the target is used, the index doubles in an hour, and at no time does it move faster;
//! while nothing is used, it halves in an hour. The index of an epoch follows from what was used two epochs
//! before, and is published before the epoch begins. Everything that it follows from is published too,
//! chained by hashes, so that any client computes the whole history again: [`history::recompute`].
//! No function here takes who asks, except to count use and to name quotes and charges.
//!
//! ```
//! use std::num::NonZeroU64;
//! use model::{Excess, MicroCredits, PriceClass, PriceIndex, PriceItem, Usage};
//! use pricing::{EpochUse, charge, index_of, next_excess};
//!
//! // A page of 20 people while nothing is congested: 0.05 + 20 · 0.2 credits.
//! let page = Usage::of(PriceClass::Graph).with(PriceItem::ReadCall, 1).with(PriceItem::PersonRow, 20);
//! assert_eq!(charge(&page, PriceIndex::ONE), Ok(MicroCredits::new(4_050_000)));
//!
//! // After an hour of twice the target the index is 2.
//! let target = NonZeroU64::new(1_000).unwrap();
//! let busy = [EpochUse { used: 2_000, target }];
//! let excess = (0..60).fold(Excess::ZERO, |excess, _| next_excess(excess, &busy));
//! assert_eq!(index_of(excess).to_string(), "2.0000");
//! assert_eq!(charge(&page, index_of(excess)), Ok(MicroCredits::new(8_100_000)));
//! ```
//!
//! | to | see |
//! |---|---|
//! | price an answer | [`charge()`], [`Floors`] |
//! | say a price before | [`estimate()`], [`first_epoch_within`], `quote` |
//! | know what costs nothing | [`AnswerOutcome`] |
//! | name a charge, so that a retry is free | [`ChargedRequest`] |
//! | count what was used of a class | [`class_use`] |
//! | publish an index, or check the published ones | [`history`] |

pub mod charge;
pub mod charge_id;
pub mod class_use;
pub mod controller;
pub mod estimate;
pub mod history;
pub mod index;
pub mod outcome;
#[cfg(feature = "quotes")]
pub mod quote;

pub use charge::{Floors, PriceError, charge};
pub use charge_id::{ChargedRequest, PossibleCharges, RequestHash};
pub use class_use::PayerUse;
pub use controller::{EpochUse, next_excess};
pub use estimate::{Estimate, IndexBounds, UsageBounds, estimate, first_epoch_within};
pub use history::{Recomputed, WrongEpoch, recompute};
pub use index::index_of;
pub use outcome::{AnswerOutcome, FreeAnswers};
#[cfg(feature = "quotes")]
pub use quote::{QuoteError, QuoteSigner, QuoteVerifier};

//! Words to a plan, and results in order: pure functions.
//!
//! Persons of a run are numbered by trust, best first, so the order of every list of numbers is
//! the order of results and nothing has to be sorted at query time. [`index::IndexBuilder`] turns a
//! run's public words into rows (key, persons); [`QueryPlan::parse`] turns a query into the rows it
//! needs; [`QueryPlan::people`] turns those rows into the persons found. A run says how its words are
//! folded ([`Folding`]), and a query is folded as the run is that it asks.

pub mod fold;
mod found;
pub mod index;
pub mod plan;
pub mod postings;
pub mod sensitive;
pub mod words;

pub use fold::{Folding, UnknownFolding};
pub use found::FoundPeople;
pub use index::{IndexBuilder, IndexError, IndexRow, PublicWords};
pub use plan::{IndexRows, QueryError, QueryPlan};
pub use postings::PostingListError;

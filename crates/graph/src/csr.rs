//! Graphs as compressed sparse rows.

mod build;
mod builder;
mod error;
mod rows;
mod transform;
mod two_way;

pub use build::{ArcList, BuiltCsr};
pub(crate) use builder::RowBuilder;
pub use error::CsrError;
pub use rows::Csr;
pub(crate) use two_way::TwoWayArcs;

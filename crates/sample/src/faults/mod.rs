//! Faults on demand: what goes wrong, how often, and the hostile bodies themselves.

mod bodies;
mod plan;

pub(crate) use bodies::{bomb, drip, endless, spoil_utf8};
pub(crate) use plan::FaultPlan;
pub use plan::{Dialect, Fault, Faults};

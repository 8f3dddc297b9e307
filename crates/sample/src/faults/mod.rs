//! Faults on demand: which, how often, and the hostile bodies.

mod bodies;
mod plan;

pub(crate) use bodies::{bomb, corrupt_utf8, drip, endless};
pub(crate) use plan::FaultPlan;
pub use plan::{FaultSettings, InjectedFault, RateLimitDialect};

//! Runs manifests: a profile's pages and lists, page by page, into observations.

mod memory;
mod run;
mod subject;
mod via;

pub use memory::Memory;
pub use run::{HostNews, Outcome, StreamRun};
pub use subject::{Progress, Subject};
pub use via::{Gate, NoToken, OpenGate, Via};

//! Journeys through the whole of Borg, a file each, and the invariants that hold it together.

mod architecture;
mod bad_hosts;
mod bad_input;
mod bad_requests;
mod borg;
mod contract;
mod crawling;
mod deployed;
mod explained;
mod files;
mod places;
mod real;
mod scoring;
mod served;
mod trouble;

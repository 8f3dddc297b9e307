//! Journeys through the whole of Borg, a file each.

mod bad_hosts;
mod bad_input;
mod bad_requests;
mod billing_kills;
mod borg;
mod clocks;
mod compat;
mod consent;
mod contract;
mod crawling;
mod deployed;
mod explained;
mod files;
mod ledger;
mod money;
mod names;
mod new_platform;
mod odd_hosts;
mod opt_out;
mod places;
mod real;
mod scoring;
mod served;
mod test_server;
mod trouble;
mod webhooks;

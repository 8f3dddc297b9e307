//! The operator's orders.
#![cfg(test)]

mod credits;
mod orders;

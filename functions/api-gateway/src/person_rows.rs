//! The attention between the people of a run, as far as an answer needs it: blocks are fetched when a search
//! reaches them, and kept for the next answers.
//!
//! A search takes each block through [`RunRows`] once, kept or not, so that what it finds, and where it
//! stops for its memory, does not depend on the answers before.

mod block_cache;
mod run_rows;

pub(crate) use run_rows::{RowReader, RunRows};

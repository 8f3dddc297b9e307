//! The manifest language and its engine: foreign APIs in, observations out.

pub mod engine;

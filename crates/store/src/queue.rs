//! The port [`Queue`](model::port::Queue): messages at least once, with dead letters.

mod postgres;

pub use postgres::PgQueue;

//! A queue in PostgreSQL.

use model::port::Clock;

use crate::Pg;

/// One queue of many in a table.
#[derive(Debug, Clone)]
pub struct PgQueue<C> {
    pg: Pg,
    name: String,
    receives_max: u32,
    clock: C,
}

impl<C: Clock> PgQueue<C> {
    /// The queue `name`; a message is received at most `receives_max` times.
    pub fn new(pg: Pg, name: &str, receives_max: u32, clock: C) -> PgQueue<C> {
        PgQueue { pg, name: name.to_owned(), receives_max, clock }
    }
}

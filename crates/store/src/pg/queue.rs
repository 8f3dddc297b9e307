//! The statements behind [`PgQueue`](crate::queue::PgQueue).

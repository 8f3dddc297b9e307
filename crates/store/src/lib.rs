//! PostgreSQL, objects and queues.

//! Words to a plan, and results in order: pure functions.

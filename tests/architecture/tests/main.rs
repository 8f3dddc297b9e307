//! What ARCHITECTURE.md says of the code, as far as a test can see it.

mod circles;
mod figures;
mod invariants;
mod sources;

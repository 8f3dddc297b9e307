//! Bulk files, read whole and checked before anything is written.

pub(crate) mod arcs;
pub(crate) mod lines;
pub(crate) mod profiles;
mod text;
mod unpack;

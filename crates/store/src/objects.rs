//! The port [`Objects`](model::port::Objects): sealed objects by key.

mod folder;

pub use folder::Folder;

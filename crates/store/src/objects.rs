//! The port [`Objects`](model::port::Objects): sealed objects by key.

mod folder;
mod key;
mod links;
#[cfg(feature = "aws")]
mod s3;

pub use folder::Folder;
pub use links::ObjectLinks;
#[cfg(feature = "aws")]
pub use s3::S3;

//! The port [`Objects`](model::port::Objects): sealed objects by key.

mod folder;
mod key;
#[cfg(feature = "aws")]
mod s3;

pub use folder::Folder;
#[cfg(feature = "aws")]
pub use s3::S3;

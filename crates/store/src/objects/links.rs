//! Links to objects that need no credentials of ours.

use std::time::Duration;

use model::port::PortError;

#[cfg(feature = "aws")]
use super::S3;

/// Where links to objects lead.
#[derive(Debug, Clone, Default)]
pub enum ObjectLinks {
    /// The store gives none: who has the objects serves them itself.
    #[default]
    Own,
    /// To S3.
    #[cfg(feature = "aws")]
    S3(S3),
}

impl ObjectLinks {
    /// A URL by which anyone can get the object for at most this time; `None` if the store gives none.
    ///
    /// # Errors
    /// That it cannot be signed.
    #[cfg(feature = "aws")]
    pub async fn link(&self, key: &str, time: Duration) -> Result<Option<String>, PortError> {
        match self {
            ObjectLinks::Own => Ok(None),
            ObjectLinks::S3(bucket) => bucket.link(key, time).await.map(Some),
        }
    }

    /// `None`: without AWS there is no store that gives links.
    ///
    /// # Errors
    /// None.
    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_async, reason = "it is async where there is AWS")]
    pub async fn link(&self, _: &str, _: Duration) -> Result<Option<String>, PortError> {
        Ok(None)
    }
}

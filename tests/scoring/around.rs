//! A folder of objects to which something happens around each seal.

use model::port::{Objects, PortError, PutOutcome};
use store::objects::Folder;

/// What happens before and after an object is put; where it fails before, nothing is put.
pub(crate) trait Seals: Send + Sync {
    fn before(&self, key: &str) -> impl Future<Output = Result<(), PortError>> + Send;
    fn after(&self, key: &str) -> impl Future<Output = ()> + Send;
}

/// A folder, and what happens to it.
pub(crate) struct Around<'a, S> {
    pub(crate) inner: &'a Folder,
    pub(crate) seals: S,
}

impl<S: Seals> Objects for Around<'_, S> {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<PutOutcome, PortError> {
        self.seals.before(key).await?;
        let put = self.inner.put(key, body).await;
        self.seals.after(key).await;
        put
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.inner.get(key).await
    }

    async fn get_range(
        &self,
        key: &str,
        start: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, PortError> {
        self.inner.get_range(key, start, length).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.inner.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.inner.delete(key).await
    }
}

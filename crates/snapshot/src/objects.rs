//! The object store behind one type, so that what seals and opens has no type parameter.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use model::port::{Objects, PortError, PutOutcome};

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, PortError>> + Send + 'a>>;

/// [`Objects`] with boxed futures: the part of the port that sealing takes.
trait ErasedObjects: Send + Sync {
    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>) -> Pending<'a, PutOutcome>;
    fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>>;
    fn get_range<'a>(
        &'a self,
        key: &'a str,
        start: u64,
        length: u64,
    ) -> Pending<'a, Option<Vec<u8>>>;
    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Vec<String>>;
    fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, ()>;
}

impl<T: Objects> ErasedObjects for T {
    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>) -> Pending<'a, PutOutcome> {
        Box::pin(Objects::put(self, key, body))
    }

    fn get<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Vec<u8>>> {
        Box::pin(Objects::get(self, key))
    }

    fn get_range<'a>(
        &'a self,
        key: &'a str,
        start: u64,
        length: u64,
    ) -> Pending<'a, Option<Vec<u8>>> {
        Box::pin(Objects::get_range(self, key, start, length))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Pending<'a, Vec<String>> {
        Box::pin(Objects::list(self, prefix))
    }

    fn delete<'a>(&'a self, key: &'a str) -> Pending<'a, ()> {
        Box::pin(Objects::delete(self, key))
    }
}

/// Any implementation of [`Objects`].
#[derive(Clone, Copy)]
pub struct ObjectStore<'a>(&'a dyn ErasedObjects);

impl<'a> ObjectStore<'a> {
    /// The store behind this implementation.
    pub fn new(objects: &'a impl Objects) -> ObjectStore<'a> {
        ObjectStore(objects)
    }

    /// As [`Objects::put`].
    pub async fn put(self, key: &str, body: Vec<u8>) -> Result<PutOutcome, PortError> {
        self.0.put(key, body).await
    }

    /// As [`Objects::get`].
    pub async fn get(self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.0.get(key).await
    }

    /// As [`Objects::get_range`].
    pub async fn get_range(
        self,
        key: &str,
        start: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, PortError> {
        self.0.get_range(key, start, length).await
    }

    /// As [`Objects::list`].
    pub async fn list(self, prefix: &str) -> Result<Vec<String>, PortError> {
        self.0.list(prefix).await
    }

    /// As [`Objects::delete`].
    pub async fn delete(self, key: &str) -> Result<(), PortError> {
        self.0.delete(key).await
    }
}

/// An implementation of [`Objects`] that several tasks share. Cheap to clone.
#[derive(Clone)]
pub struct SharedObjects(Arc<dyn ErasedObjects>);

impl SharedObjects {
    /// The store behind this implementation.
    pub fn new(objects: impl Objects + 'static) -> SharedObjects {
        SharedObjects(Arc::new(objects))
    }

    /// The store.
    pub fn store(&self) -> ObjectStore<'_> {
        ObjectStore(&*self.0)
    }
}

impl fmt::Debug for SharedObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedObjects")
    }
}

impl fmt::Debug for ObjectStore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ObjectStore")
    }
}

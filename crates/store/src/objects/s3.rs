//! Objects in a bucket of S3. A create-only put is a conditional write.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use model::port::{Objects, PortError, PutOutcome};

use super::key::check_key;
use crate::aws_error::explain;

/// How often a put is tried while S3 reports that another one is under way.
const TRIES: usize = 5;

/// The objects of one bucket.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
}

impl S3 {
    /// The objects in `bucket`.
    pub(crate) fn new(config: &SdkConfig, bucket: &str) -> S3 {
        S3 { client: Client::new(config), bucket: bucket.to_owned() }
    }

    /// The object, or a range of it as in HTTP; `None` if there is none.
    async fn fetch(&self, key: &str, range: Option<String>) -> Result<Option<Vec<u8>>, PortError> {
        check_key(key)?;
        let request = self.client.get_object().bucket(&self.bucket).key(key).set_range(range);
        match request.send().await {
            Ok(object) => read(key, object).await.map(Some),
            Err(error) if is_absence(&error) => Ok(None),
            // The range begins where the object ends, or after.
            Err(error) if status(&error) == Some(416) => Ok(Some(Vec::new())),
            Err(error) => Err(explain(&format!("get {key}"), error)),
        }
    }

    /// A URL by which anyone can get the object for a while: at most as long as our own credentials hold.
    pub(super) async fn link(&self, key: &str, time: Duration) -> Result<String, PortError> {
        check_key(key)?;
        let refused =
            |error: &dyn std::error::Error| PortError::Refused(format!("link {key}: {error}"));
        let time = PresigningConfig::expires_in(time).map_err(|error| refused(&error))?;
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let signed = request.presigned(time).await;
        signed.map(|signed| signed.uri().to_owned()).map_err(|error| refused(&error))
    }

    /// Puts once; `None` if another put of the same key is under way.
    async fn try_put(&self, key: &str, body: ByteStream) -> Result<Option<PutOutcome>, PortError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(body);
        match request.if_none_match("*").send().await {
            Ok(_) => Ok(Some(PutOutcome::Created)),
            Err(error) if status(&error) == Some(412) => Ok(Some(PutOutcome::AlreadyThere)),
            Err(error) if status(&error) == Some(409) => Ok(None),
            Err(error) => Err(explain(&format!("put {key}"), error)),
        }
    }
}

impl Objects for S3 {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<PutOutcome, PortError> {
        check_key(key)?;
        // Cheap to clone, whatever its size.
        let body = ByteStream::from(body).into_inner();
        for _ in 0..TRIES {
            let copy = body.try_clone().expect("bytes in memory can be sent again");
            if let Some(put) = self.try_put(key, ByteStream::new(copy)).await? {
                return Ok(put);
            }
        }
        Err(PortError::Retry(format!("put {key}: others are putting it at the same time")))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.fetch(key, None).await
    }

    async fn get_range(
        &self,
        key: &str,
        start: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, PortError> {
        // HTTP has no empty ranges: one byte is requested, and dropped.
        let last = start.saturating_add(length.max(1) - 1);
        let bytes = self.fetch(key, Some(format!("bytes={start}-{last}"))).await?;
        Ok(bytes.map(|bytes| if length == 0 { Vec::new() } else { bytes }))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| explain(&format!("list {prefix}"), error))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|one| one.key));
        }
        keys.sort_unstable();
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        check_key(key)?;
        let deleted = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        deleted.map(|_| ()).map_err(|error| explain(&format!("delete {key}"), error))
    }
}

async fn read(key: &str, object: GetObjectOutput) -> Result<Vec<u8>, PortError> {
    let bytes = object.body.collect().await;
    let bytes = bytes.map_err(|error| PortError::Retry(format!("get {key}: {error}")))?;
    Ok(bytes.to_vec())
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Not when the bucket is absent: that is an error to report.
fn is_absence(error: &SdkError<GetObjectError, HttpResponse>) -> bool {
    error.code() == Some("NoSuchKey")
}

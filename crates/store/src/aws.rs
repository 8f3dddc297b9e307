//! The account and region that S3 and SQS are in, and what their errors mean.

use std::error::Error;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use model::port::PortError;

use crate::objects::S3;
use crate::queue::Sqs;

/// How long one try of a call may take; the SDK tries three times.
const TRY: Duration = Duration::from_secs(60);

/// Codes that ask for patience although their status blames the caller.
const PASSING: &[&str] = &[
    "ConditionalRequestConflict",
    "ExpiredToken",
    "ExpiredTokenException",
    "KmsThrottled",
    "OperationAborted",
    "RequestThrottled",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// AWS, as the environment names it: account, region and endpoint.
#[derive(Debug, Clone)]
pub struct Aws(SdkConfig);

impl Aws {
    /// Reads the environment; credentials are asked for at the first call.
    pub async fn from_env() -> Aws {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TRY).build();
        let loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
        Aws(loader.load().await)
    }

    /// The SDK's configuration.
    pub fn config(&self) -> &SdkConfig {
        &self.0
    }

    /// The objects in this bucket.
    pub fn objects(&self, bucket: &str) -> S3 {
        S3::new(&self.0, bucket)
    }

    /// The queue with this URL.
    pub fn queue(&self, url: &str) -> Sqs {
        Sqs::new(&self.0, url)
    }
}

/// What an error of a call means to its caller.
pub(crate) fn explain<E>(what: &str, error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let blames_caller = match &error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(answer) => (400..500).contains(&answer.raw().status().as_u16()),
        _ => false,
    };
    let text = format!("{what}: {}", DisplayErrorContext(error));
    match blames_caller && !PASSING.contains(&code.as_str()) {
        true => PortError::Refused(text),
        false => PortError::Retry(text),
    }
}

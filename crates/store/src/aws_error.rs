//! What errors of DynamoDB, S3 and SQS mean.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use model::port::PortError;

/// Codes of errors that pass although their status blames the caller.
const PASSING: &[&str] = &[
    "ConditionalRequestConflict",
    "ExpiredToken",
    "ExpiredTokenException",
    "KmsThrottled",
    "OperationAborted",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

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

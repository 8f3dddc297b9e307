//! The requests of a custom resource, and the responses that CloudFormation waits for.

use serde::{Deserialize, Serialize};

/// The longest error text that fits a response of 4 KiB, in bytes.
const REASON_BYTES_MAX: usize = 1_000;

/// What CloudFormation requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceRequest {
    request_type: String,
    /// The URL that takes the response.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
}

/// The response to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceResponse<'a> {
    status: &'static str,
    reason: String,
    physical_resource_id: &'static str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
}

impl ResourceRequest {
    /// Whether the resource is being deleted.
    pub fn is_removal(&self) -> bool {
        self.request_type == "Delete"
    }

    /// The response that reports an outcome.
    pub fn response(&self, outcome: &Result<usize, String>) -> ResourceResponse<'_> {
        let (status, mut reason) = match outcome {
            Ok(applied) => ("SUCCESS", format!("{applied} migrations ran")),
            Err(error) => ("FAILED", error.clone()),
        };
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        ResourceResponse {
            status,
            reason,
            // Always the same: another id would make CloudFormation delete the old one.
            physical_resource_id: "schema",
            stack_id: &self.stack_id,
            request_id: &self.request_id,
            logical_resource_id: &self.logical_resource_id,
        }
    }
}

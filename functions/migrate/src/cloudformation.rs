//! A custom resource's requests, and the answers that CloudFormation waits for.

use serde::{Deserialize, Serialize};

/// The most of an error that fits an answer of 4 KiB, in bytes.
const REASON_BYTES_MAX: usize = 1_000;

/// What CloudFormation asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    request_type: String,
    /// Where the answer is to be put.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
}

/// What it wants to hear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer<'a> {
    status: &'static str,
    reason: String,
    physical_resource_id: &'static str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
}

impl Request {
    /// Whether the resource is being removed.
    pub fn removes(&self) -> bool {
        self.request_type == "Delete"
    }

    /// The answer for what became of it.
    pub fn answer(&self, outcome: &Result<usize, String>) -> Answer<'_> {
        let (status, mut reason) = match outcome {
            Ok(applied) => ("SUCCESS", format!("{applied} migrations ran")),
            Err(why) => ("FAILED", why.clone()),
        };
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        Answer {
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

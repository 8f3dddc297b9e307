//! The account and region that DynamoDB, S3 and SQS are in.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

use crate::objects::S3;
use crate::queue::Sqs;
use crate::wallet::DynamoWallet;

/// How long one try of a call may take; the SDK tries three times.
const TRY: Duration = Duration::from_secs(60);

/// AWS, as the environment names it: account, region and endpoint.
#[derive(Debug, Clone)]
pub struct Aws(SdkConfig);

impl Aws {
    /// Reads the environment; credentials are fetched at the first call.
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

    /// The wallets in this table.
    pub fn wallet(&self, table: &str) -> DynamoWallet {
        DynamoWallet::new(&self.0, table)
    }
}

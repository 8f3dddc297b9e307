//! The event of a batch, and the answer that Lambda expects.

use serde::{Deserialize, Deserializer, Serialize};

/// Up to as many messages as the event source's batch size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct QueueBatch {
    /// The messages; their order means nothing.
    #[serde(rename = "Records")]
    pub messages: Vec<QueueMessage>,
}

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueMessage {
    /// The id of the message, as in [`BatchFailures`].
    pub message_id: String,
    /// The id of this receipt.
    pub receipt_handle: String,
    /// The text.
    pub body: String,
    /// How many times it has been received, this time included.
    #[serde(rename = "attributes", deserialize_with = "receives")]
    pub receives: u32,
}

fn receives<'de, D: Deserializer<'de>>(attributes: D) -> Result<u32, D::Error> {
    #[derive(Deserialize)]
    struct Attributes {
        #[serde(rename = "ApproximateReceiveCount")]
        receives: String,
    }
    let text = Attributes::deserialize(attributes)?.receives;
    text.parse().map_err(|_| serde::de::Error::custom("ApproximateReceiveCount is no number"))
}

/// The messages that are to be delivered again; all others are done and leave the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BatchFailures {
    /// One entry for each.
    #[serde(rename = "batchItemFailures")]
    items: Vec<FailureItem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct FailureItem {
    #[serde(rename = "itemIdentifier")]
    id: String,
}

impl BatchFailures {
    /// Adds a message.
    pub fn add(&mut self, message: &QueueMessage) {
        self.items.push(FailureItem { id: message.message_id.clone() });
    }

    /// The ids of the messages.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|item| item.id.as_str())
    }
}

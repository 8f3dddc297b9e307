//! What Lambda sends for a batch, and what it wants to hear.

use serde::{Deserialize, Deserializer, Serialize};

/// Up to as many messages as the event source's batch size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Batch {
    /// The messages; their order means nothing.
    #[serde(rename = "Records")]
    pub messages: Vec<Message>,
}

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Names the message; what [`Failures`] lists.
    pub message_id: String,
    /// Names this receipt of it.
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
pub struct Failures {
    /// One entry for each.
    #[serde(rename = "batchItemFailures")]
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Item {
    #[serde(rename = "itemIdentifier")]
    id: String,
}

impl Failures {
    /// Adds a message.
    pub fn add(&mut self, message: &Message) {
        self.items.push(Item { id: message.message_id.clone() });
    }

    /// The ids of the messages.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|item| item.id.as_str())
    }
}

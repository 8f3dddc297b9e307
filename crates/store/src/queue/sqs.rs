//! A queue of SQS. Its redrive policy decides where dead letters go, and after how many receives.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use model::port::{OutgoingMessage, PortError, Queue, ReceivedMessage};

use crate::aws_error::explain;

/// The most messages of one call.
const BATCH_MAX: usize = 10;
/// The most bytes of one call.
const BATCH_BYTES_MAX: usize = 1_048_576;
/// How long a look at the dead letters hides them from other looks, in seconds.
const LOOK_SECONDS: i32 = 5;

/// One queue.
#[derive(Debug, Clone)]
pub struct Sqs {
    client: Client,
    url: String,
}

impl Sqs {
    /// The queue with this URL.
    pub(crate) fn new(config: &SdkConfig, url: &str) -> Sqs {
        Sqs { client: Client::new(config), url: url.to_owned() }
    }

    async fn send_batch(&self, messages: &[OutgoingMessage]) -> Result<(), PortError> {
        let entries = messages.iter().enumerate().map(|(at, message)| {
            SendMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .message_body(&message.body)
                .delay_seconds(message.delay_seconds.min(900) as i32)
                .build()
                .expect("id and body are set")
        });
        let entries = Some(entries.collect());
        let request = self.client.send_message_batch().queue_url(&self.url);
        match request.set_entries(entries).send().await {
            Ok(answer) => all_sent(&answer),
            Err(error) => Err(explain("send messages", error)),
        }
    }

    /// The attributes' values, in the order of their names.
    async fn attributes<const N: usize>(
        &self,
        names: [QueueAttributeName; N],
    ) -> Result<[String; N], PortError> {
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let request = request.set_attribute_names(Some(names.to_vec()));
        let answer = request.send().await.map_err(|error| explain("ask a queue", error))?;
        let mut values = answer.attributes.unwrap_or_default();
        Ok(names.map(|name| values.remove(&name).unwrap_or_default()))
    }

    /// The queue of the dead letters, by the redrive policy.
    async fn dead_letter_url(&self) -> Result<String, PortError> {
        let [policy] = self.attributes([QueueAttributeName::RedrivePolicy]).await?;
        let policy: serde_json::Value = serde_json::from_str(&policy).unwrap_or_default();
        let arn = policy["deadLetterTargetArn"].as_str().unwrap_or_default();
        let Some((_, name)) = arn.rsplit_once(':') else {
            return Err(PortError::Refused(format!("find dead letters: {} has none", self.url)));
        };
        let answer = self.client.get_queue_url().queue_name(name).send().await;
        let url = answer.map_err(|error| explain("find dead letters", error))?.queue_url;
        url.ok_or_else(|| PortError::Refused(format!("find dead letters: no queue {name}")))
    }

    /// One look into the queue `url`, which hides what it sees from the next looks.
    async fn look(&self, url: &str) -> Result<Vec<Message>, PortError> {
        let names = vec![MessageSystemAttributeName::SentTimestamp];
        let request = self.client.receive_message().queue_url(url);
        let request = request.max_number_of_messages(BATCH_MAX as i32);
        let request = request.visibility_timeout(LOOK_SECONDS);
        let request = request.set_message_system_attribute_names(Some(names));
        let answer = request.send().await.map_err(|error| explain("read dead letters", error))?;
        Ok(answer.messages.unwrap_or_default())
    }
}

impl Queue for Sqs {
    async fn send(&self, messages: &[OutgoingMessage]) -> Result<(), PortError> {
        super::refuse_too_long(messages)?;
        for batch in batches(messages) {
            self.send_batch(batch).await?;
        }
        Ok(())
    }

    async fn receive(
        &self,
        most: usize,
        visibility_seconds: u32,
    ) -> Result<Vec<ReceivedMessage>, PortError> {
        let names = vec![MessageSystemAttributeName::ApproximateReceiveCount];
        let request = self.client.receive_message().queue_url(&self.url);
        let request = request.max_number_of_messages(most.clamp(1, BATCH_MAX) as i32);
        let request = request.visibility_timeout(visibility_seconds.min(43_200) as i32);
        let request = request.set_message_system_attribute_names(Some(names));
        let answer = request.send().await.map_err(|error| explain("receive messages", error))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(received).collect())
    }

    async fn finish(&self, receipt: &str) -> Result<(), PortError> {
        let request = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_void(error.as_service_error()) => Ok(()),
            Err(error) => Err(explain("finish a message", error)),
        }
    }

    async fn release(&self, receipt: &str, seconds: u32) -> Result<(), PortError> {
        let request = self.client.change_message_visibility().queue_url(&self.url);
        let request = request.receipt_handle(receipt);
        let request = request.visibility_timeout(seconds.min(43_200) as i32);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_void(error.as_service_error()) => Ok(()),
            Err(error) => Err(explain("release a message", error)),
        }
    }

    async fn depth(&self) -> Result<u64, PortError> {
        let counts = self.attributes([
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ]);
        Ok(counts.await?.iter().map(|count| count.parse().unwrap_or(0)).sum())
    }

    async fn dead_letters(&self, most: usize) -> Result<Vec<String>, PortError> {
        let url = self.dead_letter_url().await?;
        let mut seen = Vec::new();
        while seen.len() < most {
            let page = self.look(&url).await?;
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        for receipt in seen.iter().filter_map(|message| message.receipt_handle()) {
            let request = self.client.change_message_visibility().queue_url(&url);
            let request = request.receipt_handle(receipt).visibility_timeout(0);
            // It shows itself again in a few seconds anyway.
            let _ = request.send().await;
        }
        seen.sort_by_key(sent_at);
        Ok(seen.into_iter().take(most).filter_map(|message| message.body).collect())
    }
}

/// Parts of `messages` that one call each can take.
fn batches(messages: &[OutgoingMessage]) -> Vec<&[OutgoingMessage]> {
    let (mut batches, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, message) in messages.iter().enumerate() {
        if at - start == BATCH_MAX || bytes + message.body.len() > BATCH_BYTES_MAX {
            batches.push(&messages[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += message.body.len();
    }
    if start < messages.len() {
        batches.push(&messages[start..]);
    }
    batches
}

fn all_sent(answer: &SendMessageBatchOutput) -> Result<(), PortError> {
    let Some(first) = answer.failed().first() else { return Ok(()) };
    let count = answer.failed().len();
    let why = first.message().unwrap_or(first.code());
    let text = format!("send {count} messages of a batch: {why}");
    match first.sender_fault() {
        true => Err(PortError::Refused(text)),
        false => Err(PortError::Retry(text)),
    }
}

fn received(message: Message) -> ReceivedMessage {
    let attribute = |name| message.attributes.as_ref().and_then(|all| all.get(name));
    let receives = attribute(&MessageSystemAttributeName::ApproximateReceiveCount)
        .and_then(|count| count.parse().ok());
    ReceivedMessage {
        receives: receives.unwrap_or(1),
        body: message.body.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
    }
}

fn sent_at(message: &Message) -> u64 {
    let attributes = message.attributes.as_ref();
    let text = attributes.and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Whether the receipt names a message that is gone, or came again since.
fn is_void<E: aws_sdk_sqs::error::ProvideErrorMetadata>(error: Option<&E>) -> bool {
    let code = error.and_then(|error| error.code()).unwrap_or_default();
    let void = ["ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"];
    void.iter().any(|known| code.ends_with(known))
}

#[cfg(test)]
mod tests {
    use super::super::BODY_BYTES_MAX;
    use super::*;

    fn sizes(bodies: &[usize]) -> Vec<usize> {
        let message =
            |&bytes: &usize| OutgoingMessage { body: "x".repeat(bytes), delay_seconds: 0 };
        let messages: Vec<OutgoingMessage> = bodies.iter().map(message).collect();
        batches(&messages).iter().map(|batch| batch.len()).collect()
    }

    #[test]
    fn a_batch_keeps_within_ten_messages_and_a_mebibyte() {
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[1; 10]), [10]);
        assert_eq!(sizes(&[1; 21]), [10, 10, 1]);
        assert_eq!(sizes(&[BODY_BYTES_MAX; 5]), [4, 1]);
    }
}

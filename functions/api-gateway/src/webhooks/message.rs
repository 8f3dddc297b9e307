//! What is sent: that there is something to be read, never what it is.

use model::WebhookName;
use model::change::ChangeRange;
use model::time::Timestamp;
use serde::Serialize;

use crate::changes::StreamCursors;

/// A message in the form that Standard Webhooks recommends.
#[derive(Debug, Serialize)]
struct WebhookMessage<'a, D> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: Timestamp,
    data: D,
}

/// Where there is something to be read.
#[derive(Debug, Serialize)]
struct ChangesAvailable<'a> {
    webhook: &'a str,
    from: String,
    to: String,
    events: usize,
}

#[derive(Debug, Serialize)]
struct Pinged<'a> {
    webhook: &'a str,
}

/// That a number of events of a range are wanted.
pub(super) fn changes(
    name: &WebhookName,
    range: ChangeRange,
    events: usize,
    cursors: &StreamCursors,
    now: Timestamp,
) -> String {
    let (from, to) = (cursors.sealed(range.from), cursors.sealed(range.to));
    let data = ChangesAvailable { webhook: name.as_str(), from, to, events };
    text(&WebhookMessage { kind: "changes.available", timestamp: now, data })
}

/// Nothing, to see whether it arrives.
pub(super) fn ping(name: &WebhookName, now: Timestamp) -> String {
    let data = Pinged { webhook: name.as_str() };
    text(&WebhookMessage { kind: "ping", timestamp: now, data })
}

fn text(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("a message is plain data")
}

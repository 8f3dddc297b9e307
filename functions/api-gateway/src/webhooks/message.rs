//! What is sent: that there is something to be read, never what it is.

use model::WebhookName;
use model::change::ChangeRange;
use model::time::Timestamp;
use serde::Serialize;
use store::pg::webhook::due::UntoldWebhook;

use super::WhyView;
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

/// Which other webhook hears nothing any more.
#[derive(Debug, Serialize)]
struct WebhookDisabled<'a> {
    webhook: &'a str,
    why: WhyView,
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

/// That another webhook of the account was disabled.
pub(super) fn disabled(webhook: &UntoldWebhook) -> String {
    let data = WebhookDisabled { webhook: webhook.name.as_str(), why: webhook.why.into() };
    text(&WebhookMessage { kind: "webhook.disabled", timestamp: webhook.disabled_at, data })
}

fn text(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("a message is plain data")
}

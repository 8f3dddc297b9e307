//! One attempt: a signed POST to the address of a webhook.

use model::WebhookSecret;
use model::message::DeliverJob;
use model::port::{WebError, WebRequest, WebResponse};
use model::time::Timestamp;
use model::webhook::AttemptEnd;
use platforms::retry_after;
use store::pg::webhook::attempt::BegunAttempt;
use tokio::time::Instant;

use crate::verdict::AttemptAnswer;
use crate::{DeliverDependencies, signatures};

/// Sends what is to be sent; how that ended. Of the answer's body nothing is read: who names an address must not read
/// through us what is closed to them.
pub(crate) async fn send(
    deps: DeliverDependencies<'_>,
    job: DeliverJob,
    attempt: &BegunAttempt,
) -> (AttemptEnd, AttemptAnswer) {
    let began = Instant::now();
    let opened = |sealed: &Vec<u8>| deps.sealer.open(attempt.payer, &attempt.name, sealed);
    let secrets: Vec<WebhookSecret> = attempt.secrets.iter().filter_map(opened).collect();
    let now = deps.clock.now();
    let (answer, error) = if secrets.is_empty() {
        tracing::error!(delivery = %job.delivery, "the webhook's secret cannot be opened");
        (None, Some("its secret cannot be read: rotate it".to_owned()))
    } else {
        match deps.web.fetch_boxed(request(job, attempt, &secrets, now)).await {
            Ok(answer) => {
                let error = reason(answer.status);
                (Some(answer), error)
            }
            Err(error) => (None, Some(failure(&error))),
        }
    };
    let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    let status = answer.as_ref().map(|answer| answer.status);
    let wait_until = answer.as_ref().and_then(|answer| wait_until(answer, deps.clock.now()));
    (AttemptEnd { took_ms, status, error }, AttemptAnswer { status, wait_until })
}

fn request(
    job: DeliverJob,
    attempt: &BegunAttempt,
    secrets: &[WebhookSecret],
    now: Timestamp,
) -> WebRequest {
    let id = job.delivery.to_string();
    let signature = signatures(secrets, &id, now, &attempt.body);
    let headers = [
        ("content-type", "application/json".to_owned()),
        // Nothing of the answer is read.
        ("accept-encoding", "identity".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", now.as_second().to_string()),
        ("webhook-signature", signature),
    ];
    WebRequest {
        url: attempt.url.to_string(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body: Some(attempt.body.clone().into_bytes()),
        redirected_by: None,
    }
}

fn wait_until(answer: &WebResponse, now: Timestamp) -> Option<Timestamp> {
    answer.header("retry-after").and_then(|text| retry_after(text, now))
}

/// Why a status is no success.
fn reason(status: u16) -> Option<String> {
    match status {
        200..300 => None,
        300..400 => {
            Some("redirects are not followed: put the webhook with its new address".to_owned())
        }
        410 => Some("it is gone: nothing more is sent".to_owned()),
        _ => Some(format!("it answered {status}")),
    }
}

/// Why there was no answer, as the log of the webhook shows it.
fn failure(error: &WebError) -> String {
    match error {
        WebError::PrivateAddress(host) => format!("{host} is not a public address"),
        error => error.to_string(),
    }
}

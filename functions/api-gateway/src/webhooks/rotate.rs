//! Another secret for a webhook.

use model::WebhookName;
use store::pg::webhook;

use super::{WebhookView, key, secret, shown, unknown};
use crate::answer::{ApiAnswer, Envelope};
use crate::error::Problem;
use crate::extract::{ApiCall, PathId};

/// Replaces the secret of a webhook, and shows the new one this once. For a day deliveries are signed with both, so
/// that nothing has to stop. Within that day another call replaces the new one only: the older one signs until then.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{name}/rotate",
    operation_id = "rotate_webhook",
    tag = "webhooks",
    params(("name" = String, Path, example = "news")),
    responses((status = 200, body = Envelope<WebhookView>, description = "The answer."), Problem)
)]
pub(crate) async fn rotate(
    PathId(name): PathId<WebhookName>,
    call: ApiCall,
) -> Result<ApiAnswer<WebhookView>, Problem> {
    let new_secret = secret::mint()?;
    let sealed = call.gateway.webhook_sealer().seal(call.caller().payer, &name, &new_secret);
    let (pg, now) = (call.gateway.pg(), call.gateway.now());
    let rotated = webhook::rotate(pg, key(&call, &name), &sealed, now).await?;
    let rotated = rotated.ok_or_else(|| unknown(&name))?;
    shown(&call, rotated, Some(secret::shown(&new_secret))).await
}

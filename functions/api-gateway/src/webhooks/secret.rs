//! The secrets of webhooks: random bytes, shown once in the form that Standard Webhooks has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::WebhookSecret;

use crate::error::Problem;

/// A new secret.
pub(super) fn mint() -> Result<WebhookSecret, Problem> {
    let mut random = [0; WebhookSecret::BYTES];
    getrandom::fill(&mut random).map_err(|error| Problem::corrupt("random numbers", &error))?;
    Ok(WebhookSecret::new(random))
}

/// The secret as its holder gets it: `whsec_` and base64.
pub(super) fn shown(secret: &WebhookSecret) -> String {
    format!("whsec_{}", STANDARD.encode(secret.reveal()))
}

//! What an account should know and did not ask for: a header of every answer to one of its keys.

use model::PayerId;
use model::webhook::DisabledWhy;
use store::pg::webhook::{self, DisabledWebhook};

use crate::error::Problem;
use crate::state::Gateway;

/// What an account is to know, as a list of RFC 8941; `None` if there is nothing.
pub(crate) async fn of(gateway: &Gateway, payer: PayerId) -> Result<Option<String>, Problem> {
    let disabled = webhook::disabled(gateway.pg(), payer).await?;
    Ok((!disabled.is_empty()).then(|| text(&disabled)))
}

/// Names of webhooks need no escapes.
fn text(disabled: &[DisabledWebhook]) -> String {
    let notice = |one: &DisabledWebhook| {
        let why = match one.why {
            DisabledWhy::Gone => "gone",
            DisabledWhy::Failing => "failing",
        };
        format!("webhook-disabled;name=\"{}\";why={why}", one.name)
    };
    disabled.iter().map(notice).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_webhook_is_a_member_of_a_list() {
        let one = |name: &str, why| DisabledWebhook { name: name.parse().unwrap(), why };
        let both = [one("a", DisabledWhy::Gone), one("b-1", DisabledWhy::Failing)];
        let expected =
            "webhook-disabled;name=\"a\";why=gone, webhook-disabled;name=\"b-1\";why=failing";
        assert_eq!(text(&both), expected);
    }
}

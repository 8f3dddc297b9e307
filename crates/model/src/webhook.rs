//! Webhooks: addresses that hear when there is something new in the change stream for their filter.

use std::fmt;

use crate::change::{ChangePosition, ChangeRange};
use crate::change_filter::ChangeFilter;
use crate::id::DeliveryId;
use crate::plain_name::plain_name;
use crate::time::Timestamp;

mod schedule;
mod url;

pub use schedule::{ATTEMPT_SECONDS, ATTEMPTS_MAX, FAILING_SECONDS_MAX, TRIES_MAX, retry_seconds};
pub use url::{PUBLIC_PORTS, WebhookUrl, WebhookUrlError};

/// The most webhooks of one payer.
pub const WEBHOOKS_MAX: u32 = 20;

/// How long the secret before signs beside a new one, in seconds: a day.
pub const OVERLAP_SECONDS: i64 = 86_400;

plain_name! {
    /// The name of a webhook: its payer's own, in lower-case letters, digits, `-` and `_`.
    WebhookName, WebhookNameError, "webhook"
}

/// What deliveries are signed with. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret([u8; WebhookSecret::BYTES]);

impl WebhookSecret {
    /// How many bytes it has.
    pub const BYTES: usize = 32;

    /// The secret of these bytes, which should be random.
    pub const fn new(bytes: [u8; WebhookSecret::BYTES]) -> WebhookSecret {
        WebhookSecret(bytes)
    }

    /// Its bytes, for those who sign, seal or show it.
    pub const fn reveal(&self) -> &[u8; WebhookSecret::BYTES] {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// Why a webhook was disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DisabledWhy {
    /// Its address answered 410.
    Gone = 1,
    /// No attempt succeeded for [`FAILING_SECONDS_MAX`].
    Failing = 2,
}

impl DisabledWhy {
    /// The reason with this stored number.
    pub const fn from_number(number: u8) -> Option<DisabledWhy> {
        match number {
            1 => Some(DisabledWhy::Gone),
            2 => Some(DisabledWhy::Failing),
            _ => None,
        }
    }
}

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub name: WebhookName,
    /// Where deliveries are sent.
    pub url: WebhookUrl,
    /// Which events it wants.
    pub filter: ChangeFilter,
    /// Up to where it was looked for events.
    pub position: ChangePosition,
    /// Until when the secret before signs, too.
    pub old_secret_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Since when no attempt succeeded.
    pub failing_since: Option<Timestamp>,
    /// When it was disabled, and why; nothing is sent then.
    pub disabled: Option<(Timestamp, DisabledWhy)>,
}

/// What a delivery says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryContent {
    /// That events in this range match the filter.
    Changes {
        /// Where they are.
        range: ChangeRange,
        /// How many there were when it was made.
        events: u32,
    },
    /// Nothing: it shows whether the address takes what is sent.
    Ping,
    /// That another webhook of the payer was disabled.
    WebhookDisabled,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DeliveryState {
    /// It is to be sent, for the first time or again.
    Pending = 1,
    /// An attempt succeeded.
    Delivered = 2,
    /// It was tried as often as it is, or its webhook was disabled.
    Failed = 3,
}

impl DeliveryState {
    /// The state with this stored number.
    pub const fn from_number(number: u8) -> Option<DeliveryState> {
        match number {
            1 => Some(DeliveryState::Pending),
            2 => Some(DeliveryState::Delivered),
            3 => Some(DeliveryState::Failed),
            _ => None,
        }
    }
}

/// One delivery, as the log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, the same for all attempts.
    pub id: DeliveryId,
    /// What it says.
    pub content: DeliveryContent,
    /// How far it is.
    pub state: DeliveryState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it may be tried next; `None` if it is not tried any more.
    pub due_at: Option<Timestamp>,
    /// What was tried, in order: at most [`ATTEMPTS_MAX`].
    pub attempts: Vec<DeliveryAttempt>,
}

impl Delivery {
    /// Whether an attempt began a moment ago and has not ended.
    pub fn is_under_way(&self, now: Timestamp) -> bool {
        let running = |attempt: &DeliveryAttempt| {
            let ms = now.as_millisecond() - attempt.began_at.as_millisecond();
            attempt.end.is_none() && ms < ATTEMPT_SECONDS * 1_000
        };
        self.attempts.iter().any(running)
    }
}

/// One attempt of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// Which, from 1 on.
    pub number: u32,
    /// When it began.
    pub began_at: Timestamp,
    /// How it ended; `None` while it runs, and where its worker died.
    pub end: Option<AttemptEnd>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptEnd {
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// The HTTP status of the answer; `None` if there was none.
    pub status: Option<u16>,
    /// Why it is no success.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = WebhookSecret::new([7; WebhookSecret::BYTES]);
        assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
    }

    #[test]
    fn stored_numbers_read_back() {
        for why in [DisabledWhy::Gone, DisabledWhy::Failing] {
            assert_eq!(DisabledWhy::from_number(why as u8), Some(why));
        }
        for state in [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Failed] {
            assert_eq!(DeliveryState::from_number(state as u8), Some(state));
        }
        assert_eq!((DisabledWhy::from_number(0), DeliveryState::from_number(4)), (None, None));
    }

    #[test]
    fn an_attempt_is_under_way_until_it_ends_or_its_worker_is_dead() {
        let at = |seconds| Timestamp::from_second(1_795_341_600 + seconds).unwrap();
        let attempt = DeliveryAttempt { number: 1, began_at: at(0), end: None };
        let mut delivery = Delivery {
            id: DeliveryId::new(1),
            content: DeliveryContent::Ping,
            state: DeliveryState::Pending,
            created_at: at(0),
            due_at: None,
            attempts: Vec::new(),
        };
        assert!(!delivery.is_under_way(at(1)));
        delivery.attempts.push(attempt);
        assert!(delivery.is_under_way(at(ATTEMPT_SECONDS - 1)));
        assert!(!delivery.is_under_way(at(ATTEMPT_SECONDS)));
        delivery.attempts[0].end = Some(AttemptEnd { took_ms: 7, status: Some(500), error: None });
        assert!(!delivery.is_under_way(at(1)));
    }

    #[test]
    fn a_name_is_plain_and_says_so() {
        assert_eq!("news_1".parse::<WebhookName>().unwrap().as_str(), "news_1");
        let error = "News".parse::<WebhookName>().unwrap_err().to_string();
        assert_eq!(error, "a webhook's name has 1 to 64 lower-case letters, digits, - and _");
    }
}

//! Payments: what a payment service calls back with, once a payment was made.
//!
//! A callback is a request from anywhere, so only its signature counts. It may come twice, late, and in any
//! order: the id of the grant is that of the payment, so that it gives once.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use model::{GrantId, MicroCredits, PayerId, Timestamp};
use serde::Deserialize;
use sha2::Sha256;

/// How far the time of a signature may be from ours, in seconds: as the service recommends.
const TOLERANCE_SECONDS: i64 = 300;

/// The micro-credits of a cent: a credit costs $0.001.
const MICROS_PER_CENT: i64 = 10_000_000;

/// What callbacks are signed with. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct PaymentSecret(String);

impl PaymentSecret {
    /// The secret of an endpoint, as the service shows it.
    pub fn new(secret: impl Into<String>) -> PaymentSecret {
        PaymentSecret(secret.into())
    }
}

impl fmt::Debug for PaymentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentSecret(…)")
    }
}

/// Credits that were paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The id of the grant that it gives, once.
    pub grant: GrantId,
    /// Who gets it.
    pub payer: PayerId,
    /// How much.
    pub amount: MicroCredits,
}

/// Why a callback gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// The signature is missing, or not that of the text by our secret.
    #[error("it is not signed by the payment service")]
    BadSignature,
    /// It was signed too long ago, or in the future.
    #[error("it was signed more than five minutes from now")]
    BadTime,
    /// It is signed and cannot be credited: a person must look.
    #[error("{0}")]
    Unusable(String),
}

/// A service that takes payments.
pub trait PaymentService {
    /// What a callback says was paid; `None` if it is about something else.
    ///
    /// # Errors
    /// [`PaymentError`]; the service then hears it, and calls again.
    fn payment(
        &self,
        signature: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Option<Payment>, PaymentError>;
}

/// Stripe's callbacks of paid checkouts, in its scheme `v1`: the header `Stripe-Signature` has
/// `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>">`, with several `v1` while a secret is replaced.
///
/// A checkout names the payer in `client_reference_id` (`acc_…`), and is in US dollars.
#[derive(Debug, Clone)]
pub struct StripeCallbacks<'a> {
    /// The secret of the endpoint.
    pub secret: &'a PaymentSecret,
}

#[derive(Deserialize)]
struct StripeEvent {
    #[serde(rename = "type")]
    kind: String,
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    object: serde_json::Value,
}

#[derive(Deserialize)]
struct Checkout {
    id: String,
    client_reference_id: Option<String>,
    amount_total: i64,
    currency: String,
    payment_status: String,
}

impl PaymentService for StripeCallbacks<'_> {
    fn payment(
        &self,
        signature: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Option<Payment>, PaymentError> {
        self.verify(signature, body, now)?;
        let unreadable = |error: serde_json::Error| PaymentError::Unusable(error.to_string());
        let event: StripeEvent = serde_json::from_slice(body).map_err(unreadable)?;
        let kinds = ["checkout.session.completed", "checkout.session.async_payment_succeeded"];
        if !kinds.contains(&event.kind.as_str()) {
            return Ok(None);
        }
        let checkout: Checkout = serde_json::from_value(event.data.object).map_err(unreadable)?;
        // A checkout may be completed before it is paid: another callback follows then.
        if checkout.payment_status != "paid" {
            return Ok(None);
        }
        credited(&checkout).map(Some)
    }
}

impl StripeCallbacks<'_> {
    /// Compares in constant time.
    fn verify(&self, header: &str, body: &[u8], now: Timestamp) -> Result<(), PaymentError> {
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let time = parts().find(|(name, _)| *name == "t").map(|(_, time)| time);
        let time = time.ok_or(PaymentError::BadSignature)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.0.as_bytes())
            .map_err(|_| PaymentError::BadSignature)?;
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        let is_ours =
            |text: &str| bytes(text).is_some_and(|bytes| mac.clone().verify_slice(&bytes).is_ok());
        if !parts().any(|(name, text)| name == "v1" && is_ours(text)) {
            return Err(PaymentError::BadSignature);
        }
        let second: i64 = time.parse().map_err(|_| PaymentError::BadSignature)?;
        if second.abs_diff(now.as_second()) > TOLERANCE_SECONDS.unsigned_abs() {
            return Err(PaymentError::BadTime);
        }
        Ok(())
    }
}

fn credited(checkout: &Checkout) -> Result<Payment, PaymentError> {
    let unusable = |why: &str| PaymentError::Unusable(format!("{}: {why}", checkout.id));
    if checkout.currency != "usd" {
        return Err(unusable("it is not in US dollars"));
    }
    let payer = checkout.client_reference_id.as_deref().and_then(|id| id.parse().ok());
    let payer = payer.ok_or_else(|| unusable("it names no account"))?;
    let amount = checkout.amount_total.checked_mul(MICROS_PER_CENT).filter(|&micros| micros > 0);
    let amount = amount.ok_or_else(|| unusable("its amount cannot be credited"))?;
    let grant = format!("stripe-{}", checkout.id).parse();
    let grant = grant.map_err(|_| unusable("its id is none"))?;
    Ok(Payment { grant, payer, amount: MicroCredits::new(amount) })
}

/// The bytes of a hexadecimal text.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        hex.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test_secret";
    const BODY: &str = r#"{"id":"evt_1","object":"event","type":"checkout.session.completed","data":{"object":{"id":"cs_test_a1","object":"checkout.session","amount_total":1250,"client_reference_id":"acc_7","currency":"usd","payment_status":"paid"}}}"#;

    const SIGNED_BY_STRIPE: &str =
        "t=1780000000,v1=c6ce03bcc24e4fbb4a36c9c78f6bee7305f07ba530a33195dbeea3431246710f";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn signed(time: &str, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{time}.{body}").as_bytes());
        let hex: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={time},v1={hex}")
    }

    fn paid(signature: &str, body: &str, now: i64) -> Result<Option<Payment>, PaymentError> {
        let secret = PaymentSecret::new(SECRET);
        StripeCallbacks { secret: &secret }.payment(signature, body.as_bytes(), at(now))
    }

    #[test]
    fn a_signed_callback_of_a_paid_checkout_is_a_payment() {
        let payment = paid(&signed("1780000000", BODY), BODY, 1_780_000_200).unwrap().unwrap();
        assert_eq!(payment.grant.as_str(), "stripe-cs_test_a1");
        assert_eq!((payment.payer, payment.amount.to_string()), (PayerId::new(7), "12500".into()));
        let rotated = format!("{},v1={}", signed("1780000000", BODY), "00".repeat(32));
        assert!(paid(&rotated, BODY, 1_780_000_000).unwrap().is_some());
    }

    /// Made by `stripe.webhooks.generateTestHeaderString` of npm `stripe` 23.1.0.
    #[test]
    fn the_service_s_own_library_signs_the_same() {
        assert!(paid(SIGNED_BY_STRIPE, BODY, 1_780_000_000).unwrap().is_some());
    }

    #[test]
    fn what_is_not_signed_by_us_now_is_refused() {
        let good = signed("1780000000", BODY);
        let other = BODY.replace("1250", "9250");
        assert_eq!(paid(&good, &other, 1_780_000_000), Err(PaymentError::BadSignature));
        for late in [1_780_000_301, 1_779_999_699] {
            assert_eq!(paid(&good, BODY, late), Err(PaymentError::BadTime));
        }
        assert!(paid(&good, BODY, 1_779_999_700).is_ok());
        let later = good.replace("t=1780000000", "t=1780000900");
        for wrong in ["", "t=1780000000", "v1=00", "t=x,v1=zz", &later] {
            assert_eq!(
                paid(wrong, BODY, 1_780_000_000),
                Err(PaymentError::BadSignature),
                "{wrong}"
            );
        }
        assert_eq!(format!("{:?}", PaymentSecret::new(SECRET)), "PaymentSecret(…)");
    }

    #[test]
    fn what_is_not_paid_or_cannot_be_credited_gives_nothing() {
        let of = |from: &str, to: &str| {
            let body = BODY.replace(from, to);
            paid(&signed("1780000000", &body), &body, 1_780_000_000)
        };
        assert_eq!(of("\"paid\"", "\"unpaid\""), Ok(None));
        assert_eq!(of("checkout.session.completed", "customer.created"), Ok(None));
        for (from, to) in [
            ("usd", "eur"),
            ("acc_7", "me"),
            ("1250", "0"),
            ("1250", "-5"),
            ("1250", "9223372036854775807"),
        ] {
            assert!(matches!(of(from, to), Err(PaymentError::Unusable(_))), "{to}");
        }
    }
}

//! Signatures by Standard Webhooks, in its symmetric scheme `v1`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use model::WebhookSecret;
use model::time::Timestamp;
use sha2::Sha256;

/// The header `webhook-signature`: a signature by each secret, so that a receiver with any of them is content.
/// `id` is that of the delivery, `at` the time of the attempt.
pub fn signatures(secrets: &[WebhookSecret], id: &str, at: Timestamp, body: &str) -> String {
    let signed =
        |secret: &WebhookSecret| format!("v1,{}", sign(secret.reveal(), id, at.as_second(), body));
    secrets.iter().map(signed).collect::<Vec<_>>().join(" ")
}

/// A signature: base64 of the HMAC of id, second and body.
fn sign(key: &[u8], id: &str, second: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("an HMAC key may have any length");
    mac.update(format!("{id}.{second}.").as_bytes());
    mac.update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's libraries.
    #[test]
    fn the_known_example_is_signed_as_known() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_the_same_text() {
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let secrets = [1, 2].map(|byte| WebhookSecret::new([byte; WebhookSecret::BYTES]));
        let both = signatures(&secrets, "dlv_1", at, "{}");
        let each = secrets.clone().map(|secret| signatures(&[secret], "dlv_1", at, "{}"));
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
        for (id, text) in [("dlv_2", "{}"), ("dlv_1", "[]")] {
            assert_ne!(signatures(&secrets[..1], id, at, text), each[0]);
        }
    }
}

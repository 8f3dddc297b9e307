//! How the secrets of webhooks are stored: sealed by AES-SIV (RFC 5297) with a key that the database does not have.
//!
//! They cannot be hashed as those of API keys are, since deliveries are signed with them. Each is sealed together
//! with whose it is, so that one that is put into another row does not open.

use std::fmt;

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes128Siv;
use model::{PayerId, WebhookName, WebhookSecret};

/// Seals and opens the secrets of an installation's webhooks. `Debug` shows nothing of its key.
#[derive(Clone)]
pub struct WebhookSealer([u8; 32]);

impl WebhookSealer {
    /// A sealer by a secret that every process of the installation has; with another one no webhook can be signed.
    pub fn new(secret: &[u8]) -> WebhookSealer {
        WebhookSealer(blake3::derive_key("borg 2026-11 webhook secrets", secret))
    }

    /// The secret of this payer's webhook as it is stored.
    pub fn seal(&self, payer: PayerId, name: &WebhookName, secret: &WebhookSecret) -> Vec<u8> {
        let (payer, name) = owner(payer, name);
        // Two associated values are far below the number that AES-SIV refuses.
        let sealed = self.cipher().encrypt([&payer[..], name], secret.reveal());
        sealed.unwrap_or_default()
    }

    /// Opens what was stored; `None` if it is damaged, another webhook's, or sealed by another secret.
    pub fn open(&self, payer: PayerId, name: &WebhookName, sealed: &[u8]) -> Option<WebhookSecret> {
        let (payer, name) = owner(payer, name);
        let opened = self.cipher().decrypt([&payer[..], name], sealed).ok()?;
        opened.try_into().ok().map(WebhookSecret::new)
    }

    fn cipher(&self) -> Aes128Siv {
        Aes128Siv::new(&self.0.into())
    }
}

fn owner(payer: PayerId, name: &WebhookName) -> ([u8; 8], &[u8]) {
    (payer.number().to_be_bytes(), name.as_str().as_bytes())
}

impl fmt::Debug for WebhookSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSealer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_own_webhook_only() {
        let (sealer, secret) = (WebhookSealer::new(b"one"), WebhookSecret::new([7; 32]));
        let (news, other): (WebhookName, WebhookName) =
            ("news".parse().unwrap(), "other".parse().unwrap());
        let (mine, yours) = (PayerId::new(1), PayerId::new(2));
        let sealed = sealer.seal(mine, &news, &secret);
        assert!(!sealed.windows(8).any(|part| part == [7; 8]));
        assert_eq!(sealer.open(mine, &news, &sealed), Some(secret));
        assert_eq!(sealer.open(mine, &other, &sealed), None);
        assert_eq!(sealer.open(yours, &news, &sealed), None);
        assert_eq!(WebhookSealer::new(b"two").open(mine, &news, &sealed), None);
        assert_eq!(sealer.open(mine, &news, &sealed[1..]), None);
    }
}

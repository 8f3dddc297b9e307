//! Signed quotes: a JWS in its compact form (RFC 7515) with Ed25519 (`EdDSA`, RFC 8037).
//!
//! The payload's members are those of a JWT where one fits: `jti`, `sub`, `iat`, `exp`. The key's id is its
//! thumbprint (RFC 7638), so that any library that reads the published key finds it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use model::time::Timestamp;
use model::{MicroCredits, PayerId, PriceIndex, PriceVersion, Quote, QuoteId, Usage};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{QuoteError, admits};

/// The only algorithm that is accepted.
const ALGORITHM: &str = "EdDSA";

/// No signed quote is longer; longer texts are not looked at.
const SIGNED_BYTES_MAX: usize = 4_096;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JwsHeader {
    alg: String,
    kid: String,
}

/// The payload. Money is in micro-credits, the index 32.32 fixed point, times in Unix seconds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuoteClaims {
    jti: QuoteId,
    sub: PayerId,
    iat: i64,
    exp: i64,
    cap: Usage,
    price_version: PriceVersion,
    index: PriceIndex,
    max_total: MicroCredits,
}

impl QuoteClaims {
    fn of(quote: &Quote) -> QuoteClaims {
        QuoteClaims {
            jti: quote.id,
            sub: quote.payer,
            iat: quote.issued.as_second(),
            exp: quote.expires.as_second(),
            cap: quote.cap,
            price_version: quote.price_version,
            index: quote.locked,
            max_total: quote.max_total,
        }
    }

    fn quote(self) -> Option<Quote> {
        Some(Quote {
            id: self.jti,
            payer: self.sub,
            cap: self.cap,
            price_version: self.price_version,
            locked: self.index,
            issued: Timestamp::from_second(self.iat).ok()?,
            expires: Timestamp::from_second(self.exp).ok()?,
            max_total: self.max_total,
        })
    }
}

/// Gives quotes their signature. `Debug` shows the key's id only.
#[derive(Clone)]
pub struct QuoteSigner {
    key: SigningKey,
    kid: String,
}

impl std::fmt::Debug for QuoteSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QuoteSigner").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl QuoteSigner {
    /// The signer with this secret: 32 random bytes.
    pub fn new(secret: &[u8; 32]) -> QuoteSigner {
        let key = SigningKey::from_bytes(secret);
        QuoteSigner { kid: thumbprint(&key.verifying_key()), key }
    }

    /// The public half of the key, to be published, as a JSON Web Key.
    pub fn public_key(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes());
        format!(
            r#"{{"kty":"OKP","crv":"Ed25519","alg":"{ALGORITHM}","use":"sig","kid":"{}","x":"{x}"}}"#,
            self.kid
        )
    }

    /// The public half's 32 bytes, which [`QuoteVerifier::new`] takes.
    pub fn public_bytes(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The signed quote: about 500 bytes of ASCII. The same quote gives the same text.
    pub fn sign(&self, quote: &Quote) -> String {
        let header = JwsHeader { alg: ALGORITHM.to_owned(), kid: self.kid.clone() };
        let (header, claims) = (part(&header), part(&QuoteClaims::of(quote)));
        let signed = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }
}

/// A part of a JWS. Its types always have a JSON form: their keys are texts, their numbers integers.
fn part(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

fn thumbprint(key: &VerifyingKey) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

/// Checks signed quotes against the keys that may have signed them.
#[derive(Debug, Clone)]
pub struct QuoteVerifier {
    keys: Vec<KnownKey>,
}

#[derive(Debug, Clone)]
struct KnownKey {
    kid: String,
    key: VerifyingKey,
}

impl QuoteVerifier {
    /// The verifier for these public keys: of the current signer, and of the last one, whose quotes may be
    /// open still. `None` if one of them is no key of Ed25519.
    pub fn new(keys: &[[u8; 32]]) -> Option<QuoteVerifier> {
        let known = |bytes: &[u8; 32]| {
            let key = VerifyingKey::from_bytes(bytes).ok()?;
            Some(KnownKey { kid: thumbprint(&key), key })
        };
        Some(QuoteVerifier { keys: keys.iter().map(known).collect::<Option<_>>()? })
    }

    /// The quote that was signed, if `payer` may use it at `now`.
    ///
    /// # Errors
    /// [`QuoteError::Malformed`], [`QuoteError::UnknownKey`] or [`QuoteError::BadSignature`]; then what
    /// [`admits`] refuses. Of a text that is not signed by us, only that is said.
    pub fn verify(
        &self,
        signed: &str,
        payer: PayerId,
        now: Timestamp,
    ) -> Result<Quote, QuoteError> {
        let quote = self.signed_quote(signed)?;
        admits(&quote, payer, now)?;
        Ok(quote)
    }

    fn signed_quote(&self, text: &str) -> Result<Quote, QuoteError> {
        if text.len() > SIGNED_BYTES_MAX {
            return Err(QuoteError::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(QuoteError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(QuoteError::Malformed)?;
        let header: JwsHeader = read(header)?;
        let signature =
            Signature::from_slice(&bytes(signature)?).map_err(|_| QuoteError::Malformed)?;
        if header.alg != ALGORITHM {
            return Err(QuoteError::Malformed);
        }
        let known = self.keys.iter().find(|known| known.kid == header.kid);
        let key = &known.ok_or(QuoteError::UnknownKey)?.key;
        let checked = key.verify_strict(signed.as_bytes(), &signature);
        checked.map_err(|_| QuoteError::BadSignature)?;
        read::<QuoteClaims>(claims)?.quote().ok_or(QuoteError::Malformed)
    }
}

fn bytes(part: &str) -> Result<Vec<u8>, QuoteError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| QuoteError::Malformed)
}

fn read<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, QuoteError> {
    serde_json::from_slice(&bytes(part)?).map_err(|_| QuoteError::Malformed)
}

//! New API keys. The secret is shown once; the record keeps only its keyed hash.

use model::KeyId;
use model::key::{RANDOM_BYTES, Realm, Secret};
use model::time::Timestamp;
use store::pg::key::{self, NewKey};
use store::{Pg, StoreError};

use crate::scope::Scope;

/// Makes a secret. `draw` gives fresh random bytes from a cryptographic source each time it is
/// asked; it is asked again in the rare case that too many of them had to be skipped.
pub fn mint(realm: Realm, mut draw: impl FnMut() -> [u8; RANDOM_BYTES]) -> Secret {
    loop {
        if let Some(secret) = Secret::from_random(realm, &draw()) {
            return secret;
        }
    }
}

/// Stores the secret's hash under `pepper` for an account, with these scopes.
pub async fn create(
    pg: &Pg,
    pepper: &[u8],
    (account, secret): (&str, &Secret),
    scopes: &[Scope],
    now: Timestamp,
) -> Result<KeyId, StoreError> {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.slug()).collect();
    key::create(pg, pepper, &NewKey { account, secret, scopes: &scopes }, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minting_draws_again_until_the_bytes_are_fair() {
        let mut draws = [[255; RANDOM_BYTES], [7; RANDOM_BYTES]].into_iter();
        let secret = mint(Realm::Live, || draws.next().unwrap());
        assert_eq!(Secret::parse(secret.reveal()), Ok(secret));
        assert!(draws.next().is_none());
    }
}

//! API keys. Only a keyed hash of a secret is stored.

use model::KeyId;
use model::key::{Realm, Secret};
use model::time::Timestamp;

use super::Pg;
use crate::StoreError;

/// What is known of a key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// The account that pays.
    pub account: String,
    /// Which world it opens.
    pub realm: Realm,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The last characters of the secret.
    pub last_four: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked: from then on it opens nothing.
    pub revoked_at: Option<Timestamp>,
}

/// A key to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey<'a> {
    /// The account that pays; created if there is none of this name.
    pub account: &'a str,
    /// The secret, which only its holder keeps.
    pub secret: &'a Secret,
    /// What it may do.
    pub scopes: &'a [&'a str],
}

/// Creates a key. `pepper` is the installation's own secret, kept outside of the database.
pub async fn create(
    pg: &Pg,
    pepper: &[u8],
    new: &NewKey<'_>,
    now: Timestamp,
) -> Result<KeyId, StoreError> {
    todo!()
}

/// The key with this secret, revoked or not.
pub async fn find(pg: &Pg, pepper: &[u8], secret: &Secret) -> Result<Option<ApiKey>, StoreError> {
    todo!()
}

/// The keys of an account, the newest first.
pub async fn of_account(pg: &Pg, account: &str) -> Result<Vec<ApiKey>, StoreError> {
    todo!()
}

/// Revokes a key; whether there was one to revoke.
pub async fn revoke(pg: &Pg, id: KeyId, now: Timestamp) -> Result<bool, StoreError> {
    todo!()
}

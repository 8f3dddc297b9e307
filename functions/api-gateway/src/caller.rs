//! Who calls.

use model::key::KeyRealm;
use model::{KeyId, MicroCredits, PayerId, Scope};
use store::pg::answer_count::CountedKey;
use store::pg::key::ApiKey;

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct ApiCaller {
    pub(crate) key: KeyId,
    /// The account that pays.
    pub(crate) payer: PayerId,
    /// The account's name.
    pub(crate) account: String,
    /// Whether the key is for sample data: its answers cost nothing and are few.
    pub(crate) is_test: bool,
    /// The most that the key may spend on a day.
    pub(crate) daily_cap: MicroCredits,
    /// What the key may do.
    scopes: Vec<String>,
}

impl ApiCaller {
    /// The holder of a key.
    pub(crate) fn of(key: &ApiKey) -> ApiCaller {
        ApiCaller {
            key: key.id,
            payer: key.payer,
            account: key.account.clone(),
            is_test: key.realm == KeyRealm::Test,
            daily_cap: key.daily_cap,
            scopes: key.scopes.clone(),
        }
    }

    /// Whose answers are counted.
    pub(crate) const fn counted(&self) -> CountedKey {
        CountedKey { key: self.key, payer: self.payer }
    }

    /// Whether the key may do this.
    pub(crate) fn has(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|held| held == scope.slug())
    }
}

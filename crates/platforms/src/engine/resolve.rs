//! From an account as people write it to the profile that it is.

use model::account::Account;
use model::handle;

use super::CrawlEngine;
use super::context::FetchContext;
use super::name_lookup::LookupRequest;
use super::partial_name::PartialName;
use super::stop_reason::StopReason;
use super::subject::FetchSubject;
use crate::manifest::{HandleFold, PlatformManifest};

/// Why an account was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The platform cannot be crawled by name.
    #[error("{0} cannot be crawled: no manifest describes it")]
    NoManifest(String),
    /// The handle is not of the platform's form.
    #[error("malformed handle `{handle}`: {platform} handles are like `{example}`")]
    Malformed {
        /// What was given.
        handle: String,
        /// The platform.
        platform: String,
        /// A good one.
        example: String,
    },
    /// There is no account of that name.
    #[error("there is no account `{0}`: check its spelling")]
    NotFound(String),
    /// The host forbids the lookup.
    #[error("`{account}` cannot be looked up: {why}")]
    Disallowed {
        /// The account.
        account: String,
        /// What forbids it.
        why: String,
    },
    /// The lookup failed for now; trying again may help.
    #[error("`{account}` cannot be looked up now: {why}: try again {}", when(*.after_ms))]
    Retry {
        /// The account.
        account: String,
        /// What happened.
        why: String,
        /// How long to wait, in milliseconds, where that is known.
        after_ms: Option<u64>,
    },
}

fn when(after_ms: Option<u64>) -> String {
    match after_ms {
        None => "later".to_owned(),
        Some(ms) => format!("in {} s", ms.div_ceil(1_000)),
    }
}

impl CrawlEngine {
    /// Finds the profile that an account names. A native id is not checked.
    pub async fn resolve(
        &self,
        fetch: &mut FetchContext<'_>,
        account: &Account,
    ) -> Result<FetchSubject, ResolveError> {
        fetch.reopen();
        let manifest = self.manifest(account.platform);
        let manifest =
            manifest.ok_or_else(|| ResolveError::NoManifest(account.platform.to_string()))?;
        let start = start(manifest, account)?;
        let found = self.follow_lookups(fetch, manifest, account, start).await?;
        let native_id = found.native_id.clone();
        let fits = |id: &String| manifest.handle.native.is_match(id);
        let native_id = native_id.filter(fits);
        let native_id = native_id.ok_or_else(|| ResolveError::NotFound(account.to_string()))?;
        let named = found.named(manifest, native_id);
        let local_id = found.local_id;
        Ok(FetchSubject { local_id, ..FetchSubject::new(account.platform, named) })
    }

    /// Sends one lookup after the other until the native id and, where it is of use, the handle are
    /// known.
    async fn follow_lookups(
        &self,
        fetch: &mut FetchContext<'_>,
        manifest: &PlatformManifest,
        account: &Account,
        mut found: PartialName,
    ) -> Result<PartialName, ResolveError> {
        let mut troubles = LookupTroubles::default();
        for lookup in &manifest.resolve {
            if found.native_id.is_some() && (found.handle.is_some() || !manifest.is_hosted()) {
                break;
            }
            let request = LookupRequest { manifest, lookup, names: &found, host: "" };
            match self.look_up(fetch, request).await {
                Ok(answer) => {
                    found.native_id = found.native_id.or(answer.native_id);
                    found.handle = answer.handle.or(found.handle);
                    found.local_id = found.local_id.or(answer.local_id);
                }
                Err(stop) => troubles.add(stop, fetch.take_wait_ms()),
            }
        }
        match found.native_id {
            Some(_) => Ok(found),
            None => troubles.error(account.to_string()).map_or(Ok(found), Err),
        }
    }
}

/// The troubles of an account's lookups.
#[derive(Debug, Default)]
struct LookupTroubles {
    passing: Option<PassingTrouble>,
    forbidden: Option<String>,
}

#[derive(Debug)]
struct PassingTrouble {
    why: String,
    after_ms: Option<u64>,
}

impl LookupTroubles {
    /// Adds the reason why a lookup stopped; `wait_ms` is the wait that the rate limiter asked for.
    fn add(&mut self, stop: StopReason, wait_ms: u64) {
        let passing = match stop {
            StopReason::Disallowed(why) => {
                self.forbidden = Some(why);
                return;
            }
            StopReason::Retry { after_ms, why } => PassingTrouble { why, after_ms },
            StopReason::Unreadable(why) => PassingTrouble { why, after_ms: None },
            _ => {
                let why = "its host may not be asked more now".to_owned();
                PassingTrouble { why, after_ms: Some(wait_ms) }
            }
        };
        self.passing = Some(passing);
    }

    /// The error of the last trouble; trouble that may pass goes first.
    fn error(self, account: String) -> Option<ResolveError> {
        match (self.passing, self.forbidden) {
            (Some(PassingTrouble { why, after_ms }), _) => {
                Some(ResolveError::Retry { account, why, after_ms })
            }
            (None, Some(why)) => Some(ResolveError::Disallowed { account, why }),
            (None, None) => None,
        }
    }
}

/// The names in the account itself: a native id, or a handle in its folded form.
fn start(manifest: &PlatformManifest, account: &Account) -> Result<PartialName, ResolveError> {
    let rule = &manifest.handle;
    if rule.native.is_match(&account.handle) {
        return Ok(PartialName {
            native_id: Some(account.handle.clone()),
            ..PartialName::default()
        });
    }
    let handle = match rule.fold {
        HandleFold::None => account.handle.clone(),
        HandleFold::Lower => account.handle.to_ascii_lowercase(),
    };
    match rule.pattern.is_match(&handle) {
        true => Ok(PartialName { handle: Some(handle), ..PartialName::default() }),
        false => Err(ResolveError::Malformed {
            handle: handle::escape_invisible(&handle),
            platform: manifest.platform.to_string(),
            example: rule.example.clone(),
        }),
    }
}

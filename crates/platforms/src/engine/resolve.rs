//! From an account as people write it to the profile that it is.

use model::account::Account;
use model::handle;
use model::observation::NamedProfile;
use model::port::{Clock, Web};

use super::Engine;
use super::ask::Stop;
use super::names::{Alias, named};
use super::subject::Subject;
use super::via::{Gate, Via};
use crate::manifest::{Fold, Manifest};

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
    /// There is nobody of that name.
    #[error("there is no account `{0}`: check its spelling")]
    NotFound(String),
    /// The host does not let us ask.
    #[error("`{account}` cannot be looked up: {why}")]
    Disallowed {
        /// The account.
        account: String,
        /// What forbids it.
        why: String,
    },
    /// Nobody could be asked; trying again may help.
    #[error("`{account}` cannot be looked up now: {why}: try again {}", when(*.after_ms))]
    Retry {
        /// The account.
        account: String,
        /// What happened.
        why: String,
        /// For how long nobody may be asked, in milliseconds, where that is known.
        after_ms: Option<u64>,
    },
}

fn when(after_ms: Option<u64>) -> String {
    match after_ms {
        None => "later".to_owned(),
        Some(ms) => format!("in {} s", ms.div_ceil(1_000)),
    }
}

impl Engine {
    /// Finds the profile that an account names. A native id is taken at its word.
    pub async fn resolve<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        account: &Account,
    ) -> Result<Subject, ResolveError> {
        via.reopen();
        let manifest = self.manifest(account.platform);
        let manifest =
            manifest.ok_or_else(|| ResolveError::NoManifest(account.platform.to_string()))?;
        let start = start(manifest, account)?;
        let found = self.follow(via, manifest, account, start).await?;
        let native_id = found.native_id.clone();
        let fits = |id: &String| manifest.handle.native.is_match(id);
        let native_id = native_id.filter(fits);
        let native_id = native_id.ok_or_else(|| ResolveError::NotFound(account.to_string()))?;
        let local_id = found.local_id.clone();
        let named: NamedProfile = named(manifest, &found, native_id);
        Ok(Subject { local_id, ..Subject::new(account.platform, named) })
    }

    /// Asks one lookup after the other until the native id and, where it is of use, the handle
    /// are known.
    async fn follow<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        account: &Account,
        mut found: Alias,
    ) -> Result<Alias, ResolveError> {
        let (mut trouble, mut forbidden) = (None, None);
        for lookup in &manifest.resolve {
            if found.native_id.is_some() && (found.handle.is_some() || !manifest.is_hosted()) {
                break;
            }
            match self.tell(via, manifest, lookup, &found, "").await {
                Ok(told) => {
                    found.native_id = found.native_id.or(told.native_id);
                    found.handle = told.handle.or(found.handle);
                    found.local_id = found.local_id.or(told.local_id);
                }
                Err(Stop::Retry { after_ms, why }) => trouble = Some((why, after_ms)),
                Err(Stop::Disallowed(why)) => forbidden = Some(why),
                Err(Stop::Unreadable(why)) => trouble = Some((why, None)),
                Err(_) => {
                    let why = "its host may not be asked more now".to_owned();
                    trouble = Some((why, Some(via.take_wait_ms())));
                }
            }
        }
        match trouble {
            _ if found.native_id.is_some() => Ok(found),
            Some((why, after_ms)) => {
                Err(ResolveError::Retry { account: account.to_string(), why, after_ms })
            }
            None => match forbidden {
                Some(why) => Err(ResolveError::Disallowed { account: account.to_string(), why }),
                None => Ok(found),
            },
        }
    }
}

/// What the account itself tells: a native id, or a handle in its folded form.
fn start(manifest: &Manifest, account: &Account) -> Result<Alias, ResolveError> {
    let rule = &manifest.handle;
    if rule.native.is_match(&account.handle) {
        return Ok(Alias { native_id: Some(account.handle.clone()), ..Alias::default() });
    }
    let handle = match rule.fold {
        Fold::None => account.handle.clone(),
        Fold::Lower => account.handle.to_ascii_lowercase(),
    };
    match rule.pattern.is_match(&handle) {
        true => Ok(Alias { handle: Some(handle), ..Alias::default() }),
        false => Err(ResolveError::Malformed {
            handle: handle::escape_invisible(&handle),
            platform: manifest.platform.to_string(),
            example: rule.example.clone(),
        }),
    }
}

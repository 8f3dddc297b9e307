//! What an account itself shows: what proves who makes a privacy request.
//!
//! A code counts in the bio of that very account, as the server of its native id shows it, and nowhere else: on other
//! pages others can write, too. What an owner allows to be indexed does not matter here, since nothing of what is read
//! is kept.

use model::account::Account;
use model::observation::NamedProfile;

use super::context::FetchContext;
use super::stop_reason::StopReason;
use super::{CrawlEngine, ResolveError};

/// What an account's own page shows, as far as a proof depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPage {
    /// The account, with the native id that its server gives it.
    pub named: NamedProfile,
    /// Its bio.
    pub bio: String,
}

impl CrawlEngine {
    /// Reads the own page of an account, whatever its owner allows: nothing of it may be kept. `None` if its server
    /// shows no such account, or shows another one.
    ///
    /// # Errors
    /// Why it cannot be found or read now.
    pub async fn own_page(
        &self,
        fetch: &mut FetchContext<'_>,
        account: &Account,
    ) -> Result<Option<OwnPage>, ResolveError> {
        let subject = self.resolve(fetch, account).await?;
        let name = || account.to_string();
        match self.own_words(fetch, &subject).await {
            Ok(page) => Ok(page),
            Err(StopReason::Disallowed(why) | StopReason::Refused(why)) => {
                Err(ResolveError::Disallowed { account: name(), why })
            }
            Err(StopReason::Gone(_) | StopReason::Hidden | StopReason::Empty) => Ok(None),
            Err(StopReason::Retry { after_ms, why }) => {
                Err(ResolveError::Retry { account: name(), why, after_ms })
            }
            Err(StopReason::Unreadable(why)) => {
                Err(ResolveError::Retry { account: name(), why, after_ms: None })
            }
            Err(StopReason::Cut) => {
                let why = "its host may not be asked more now".to_owned();
                Err(ResolveError::Retry { account: name(), why, after_ms: None })
            }
        }
    }
}

//! Whether an account shows a code: what proves who makes a privacy request.
//!
//! The code counts in the bio of that very account, as the server of its native id shows it, and on a page that this
//! account's platform has verified as its own and that names the account back by `rel=me`. What an owner allows to be
//! indexed does not matter here, since nothing of what is read is kept.

use model::account::Account;
use model::identity::{Claim, normalise_page};
use model::observation::NamedProfile;
use model::port::WebRequest;
use model::privacy_request::ProofCode;

use super::context::FetchContext;
use super::page_request::RequestTarget;
use super::redirect::{RoutedAnswer, RoutedRequest, follow};
use super::stop_reason::StopReason;
use super::{CrawlEngine, ResolveError, robots};
use crate::html;
use crate::manifest::PlatformManifest;
use crate::origin::ServerOrigin;

/// The most pages of one account that are looked at.
pub const PAGES_MAX: usize = 3;

/// What an account's own page shows, as far as a proof depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPage {
    /// The account, with the native id that its server gives it.
    pub named: NamedProfile,
    /// Where people see it.
    pub url: Option<String>,
    /// Its bio.
    pub bio: String,
    /// The pages that its platform has verified as its own, at most [`PAGES_MAX`].
    pub pages: Vec<String>,
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

    /// Whether one of the account's pages has the code on it and names the account by `rel=me`. A page that cannot be
    /// read proves nothing.
    pub async fn is_proven_by_page(
        &self,
        fetch: &mut FetchContext<'_>,
        own: &OwnPage,
        account: &Account,
        code: &ProofCode,
    ) -> bool {
        fetch.reopen();
        let Some(manifest) = self.manifest(account.platform) else { return false };
        for page in own.pages.iter().take(PAGES_MAX) {
            let html = self.read_page(fetch, manifest, page).await;
            let proves = |html: String| code.is_in(&html) && self.names_back(&html, own, account);
            if html.is_some_and(proves) {
                return true;
            }
        }
        false
    }

    /// The text of a web page like `example.org/~ada`; `None` if it cannot be read.
    async fn read_page(
        &self,
        fetch: &mut FetchContext<'_>,
        manifest: &PlatformManifest,
        page: &str,
    ) -> Option<String> {
        let (host, path) = page.split_once('/').unwrap_or((page, ""));
        let target = self.page_target(host)?;
        let url = format!("{}/{path}", target.base);
        robots::permit(fetch, manifest, &target, &url).await.ok()?;
        let accept = ("accept".to_owned(), "text/html, */*;q=0.1".to_owned());
        let request = WebRequest { url, headers: vec![accept], body: None, redirected_by: None };
        let sent = RoutedRequest { target, request };
        let RoutedAnswer { response, .. } = follow(fetch, manifest, sent).await.ok()?;
        (response.status == 200).then(|| String::from_utf8_lossy(&response.body).into_owned())
    }

    fn page_target(&self, host: &str) -> Option<RequestTarget> {
        let origin = ServerOrigin::parse(&format!("https://{host}")).ok()?;
        let stand_in = self.settings.origins.of_every_role();
        Some(match stand_in {
            None => RequestTarget::at(&origin),
            Some(stand_in) => RequestTarget {
                base: stand_in.as_str().to_owned(),
                host: origin.host().to_owned(),
                host_header: Some(origin.host().to_owned()),
            },
        })
    }

    fn names_back(&self, html: &str, own: &OwnPage, account: &Account) -> bool {
        let native_id = own.named.native_id.as_str();
        let handle = own.named.handle.as_deref().map(str::to_lowercase);
        let url = own.url.as_deref().and_then(normalise_page);
        html::rel_me(html).iter().any(|link| {
            let is_own = |claim: Claim| match claim {
                Claim::Account { platform, target } => {
                    let is_name = target == native_id || Some(&target) == handle.as_ref();
                    platform == account.platform && is_name
                }
                Claim::Website { .. } => false,
            };
            link.as_str() == native_id
                || (url.is_some() && normalise_page(link) == url)
                || self.recognise_claims(link).into_iter().any(is_own)
        })
    }
}

//! The domain under which others know the accounts of a host, where it differs from the host's name.
//!
//! Such a server names the domain when it is requested for an account of its own: WebFinger's
//! `subject` is the known handle. A host may name its own accounts only, so the domain must confirm
//! that the account is this one. A host gets this request once, a domain once for each profile.

use model::identity::Claim;
use model::observation::{Observation, SeenProfile};

use super::CrawlEngine;
use super::context::FetchContext;
use super::name_lookup::LookupRequest;
use super::partial_name::{LocalHandle, PartialName};
use super::stop_reason::StopReason;
use crate::manifest::{NameLookup, PlatformManifest};

/// The lookup that names a host's domain.
#[derive(Clone, Copy)]
struct DomainLookup<'a> {
    manifest: &'a PlatformManifest,
    lookup: &'a NameLookup,
}

impl CrawlEngine {
    /// Gives a profile the handle by which others know it. The handle of its own server is kept too,
    /// so that the profile is found by both.
    pub(super) async fn with_known_handle(
        &self,
        fetch: &mut FetchContext<'_>,
        manifest: &PlatformManifest,
        mut observation: Observation,
    ) -> Result<Observation, StopReason> {
        if let (Some(lookup), Observation::Profile(seen)) = (&manifest.own_name, &mut observation)
            && let Some(known) =
                self.known_handle(fetch, DomainLookup { manifest, lookup }, seen).await?
        {
            rename(seen, known);
        }
        Ok(observation)
    }

    /// The handle under another domain, if that domain confirms that it is this profile's.
    async fn known_handle(
        &self,
        fetch: &mut FetchContext<'_>,
        DomainLookup { manifest, lookup }: DomainLookup<'_>,
        seen: &SeenProfile,
    ) -> Result<Option<String>, StopReason> {
        let Some(own) = seen.named.handle.as_deref().and_then(LocalHandle::split) else {
            return Ok(None);
        };
        let domain = self.domain_of(fetch, DomainLookup { manifest, lookup }, own).await?;
        if domain == own.host {
            return Ok(None);
        }
        let known = LocalHandle { host: &domain, ..own }.join();
        let names = PartialName { handle: Some(known.clone()), ..PartialName::default() };
        let request = LookupRequest { manifest, lookup, names: &names, host: own.host };
        // Without the domain's answer, the handle of its own server holds until the next round.
        let found = self.look_up(fetch, request).await.unwrap_or_default();
        Ok((found.native_id.as_ref() == Some(&seen.named.native_id)).then_some(known))
    }

    /// Under which domain a host's accounts are known; the host's own name if it does not answer.
    async fn domain_of(
        &self,
        fetch: &mut FetchContext<'_>,
        DomainLookup { manifest, lookup }: DomainLookup<'_>,
        own: LocalHandle<'_>,
    ) -> Result<String, StopReason> {
        if let Some(domain) = fetch.memory.domain(own.host) {
            return Ok(domain);
        }
        let names = PartialName { handle: Some(own.join()), ..PartialName::default() };
        let request = LookupRequest { manifest, lookup, names: &names, host: own.host };
        let domain = match self.look_up(fetch, request).await {
            Ok(found) => found.handle.and_then(|handle| domain_for(own.name, &handle)),
            Err(StopReason::Cut) => return Err(StopReason::Cut),
            Err(_) => None,
        };
        fetch.memory.keep_domain(own.host, domain.clone());
        Ok(domain.unwrap_or_else(|| own.host.to_owned()))
    }
}

/// The domain of a handle with this name.
fn domain_for(name: &str, handle: &str) -> Option<String> {
    let known = LocalHandle::split(handle)?;
    known.name.eq_ignore_ascii_case(name).then(|| known.host.to_owned())
}

fn rename(seen: &mut SeenProfile, known: String) {
    let lower = known.to_lowercase();
    seen.claims.retain(|claim| !matches!(claim, Claim::Account { target, .. } if *target == lower));
    seen.server_handle = seen.named.handle.replace(known);
}

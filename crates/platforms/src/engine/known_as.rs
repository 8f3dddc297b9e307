//! The name by which others know an account, where its server stands on another host than its
//! handle names.
//!
//! Such a server says so when it is asked for an account of its own: WebFinger's `subject` is the
//! name. A host may name its own accounts and nobody else's, so the domain that it names must say
//! of the account that it is this one. A host is asked once, a domain of its own once a profile.

use model::identity::Claim;
use model::observation::{Observation, SeenProfile};
use model::port::{Clock, Web};

use super::Engine;
use super::ask::Stop;
use super::memory::Memory;
use super::names::Alias;
use super::via::{Gate, Via};
use crate::manifest::{Lookup, Manifest};

/// An alias that `host` gives one of its own accounts, under the domain where others know it.
pub(super) fn as_known(memory: &Memory, alias: Alias, host: &str) -> Alias {
    let own = alias.handle.as_deref().and_then(|handle| handle.split_once('@'));
    let own = own.filter(|(_, domain)| *domain == host);
    let known = own.and_then(|(name, host)| Some(at(name, &memory.domain(host)?)));
    Alias { handle: known.or(alias.handle), ..alias }
}

fn at(name: &str, domain: &str) -> String {
    format!("{name}@{domain}")
}

impl Engine {
    /// Gives a profile the handle by which others know it. The one that its server goes by is
    /// kept beside it, so that whoever uses it finds the profile.
    pub(super) async fn as_others_know<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        mut observation: Observation,
    ) -> Result<Observation, Stop> {
        if let (Some(lookup), Observation::Profile(seen)) = (&manifest.own_name, &mut observation)
            && let Some(known) = self.known_as(via, manifest, lookup, seen).await?
        {
            rename(seen, known);
        }
        Ok(observation)
    }

    /// The handle under another domain, if that domain says that it is this profile's.
    async fn known_as<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        lookup: &Lookup,
        seen: &SeenProfile,
    ) -> Result<Option<String>, Stop> {
        let Some((name, host)) = seen.named.handle.as_deref().and_then(|h| h.split_once('@'))
        else {
            return Ok(None);
        };
        let domain = self.domain_of(via, manifest, lookup, (name, host)).await?;
        if domain == host {
            return Ok(None);
        }
        let known = at(name, &domain);
        let named = Alias { handle: Some(known.clone()), ..Alias::default() };
        // Without the domain's word, its own host's name stands until the next round.
        let told = self.tell(via, manifest, lookup, &named, host).await.unwrap_or_default();
        Ok((told.native_id.as_ref() == Some(&seen.named.native_id)).then_some(known))
    }

    /// Under which domain a host's accounts are known; the host's own name if it does not tell.
    async fn domain_of<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        manifest: &Manifest,
        lookup: &Lookup,
        (name, host): (&str, &str),
    ) -> Result<String, Stop> {
        if let Some(domain) = via.memory.domain(host) {
            return Ok(domain);
        }
        let own = Alias { handle: Some(at(name, host)), ..Alias::default() };
        let told = match self.tell(via, manifest, lookup, &own, host).await {
            Ok(told) => told.handle.and_then(|handle| domain_for(name, &handle)),
            Err(Stop::Cut) => return Err(Stop::Cut),
            Err(_) => None,
        };
        via.memory.keep_domain(host, told.clone());
        Ok(told.unwrap_or_else(|| host.to_owned()))
    }
}

/// The domain of a handle with this name.
fn domain_for(name: &str, handle: &str) -> Option<String> {
    let (told, domain) = handle.split_once('@')?;
    told.eq_ignore_ascii_case(name).then(|| domain.to_owned())
}

fn rename(seen: &mut SeenProfile, known: String) {
    let lower = known.to_lowercase();
    seen.claims.retain(|claim| !matches!(claim, Claim::Account { target, .. } if *target == lower));
    seen.server_handle = seen.named.handle.replace(known);
}

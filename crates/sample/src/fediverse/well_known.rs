//! What every server publishes about itself and about handles: WebFinger, NodeInfo, instance,
//! robots.txt.

use axum::http::StatusCode;

use super::refusal::FediverseRefusal;
use super::{FediverseAnswer, FediverseSite, HostRequest};
use crate::json::JsonText;
use crate::site::SiteReply;
use crate::world::{AccountId, AccountState, HostNature};

/// Any path at the domain of a server's handles: a page about something else.
pub(super) fn home_page(visit: &HostRequest<'_>) -> SiteReply {
    let body = format!("<!doctype html><title>{}</title><p>My shop", visit.ask.host);
    let status = if visit.ask.path == "/" { StatusCode::OK } else { StatusCode::NOT_FOUND };
    SiteReply::of(status, "text/html; charset=utf-8", body.into_bytes())
}

fn software(nature: HostNature) -> (&'static str, &'static str) {
    match nature {
        HostNature::Snac => ("snac", "2.49"),
        HostNature::Old => ("mastodon", "3.3.0"),
        _ => ("mastodon", "4.5.2"),
    }
}

impl FediverseSite {
    pub(super) fn robots(&self, visit: &HostRequest<'_>) -> SiteReply {
        SiteReply::text(self.host(visit).robots.text())
    }

    /// JRD of a local account: by `acct:name@host`, by its URI or by its page.
    pub(super) fn webfinger(&self, visit: &HostRequest<'_>) -> FediverseAnswer {
        let resource = visit.ask.query.get("resource").ok_or(FediverseRefusal::BadRequest)?;
        let account = self.resource(visit, &resource).ok_or(FediverseRefusal::NotFound)?;
        let known = self.world.account(account);
        match known.state {
            _ if known.host != visit.host => return Err(FediverseRefusal::NotFound),
            AccountState::Deleted | AccountState::Suspended => return Err(FediverseRefusal::Gone),
            _ => {}
        }
        let mut json = JsonText::with_room(600);
        json.raw(r#"{"subject":"acct:"#).inner(&known.handle).raw(r#"","aliases":["#);
        json.text(&known.page()).raw(",").text(&known.native_id);
        json.raw(r#"],"links":[{"rel":"http://webfinger.net/rel/profile-page","#);
        json.raw(r#""type":"text/html","href":"#).text(&known.page());
        json.raw(r#"},{"rel":"self","type":"application/activity+json","href":"#);
        json.text(&known.native_id).raw("}]}");
        Ok(SiteReply {
            content_type: "application/jrd+json; charset=utf-8",
            ..SiteReply::json(json.buffer)
        })
    }

    /// A redirect of the request to the server.
    pub(super) fn webfinger_at_server(&self, visit: &HostRequest<'_>) -> SiteReply {
        let (server, query) = (&self.host(visit).name, visit.ask.query.0);
        let location = format!("https://{server}{}?{query}", visit.ask.path);
        SiteReply::redirect(StatusCode::MOVED_PERMANENTLY, location)
    }

    fn resource(&self, visit: &HostRequest<'_>, resource: &str) -> Option<AccountId> {
        if let Some(acct) = resource.strip_prefix("acct:") {
            return self.named(visit, acct);
        }
        let page = resource.strip_prefix("https://").and_then(|page| page.split_once("/@"));
        match page {
            Some((host, name)) => self.named(visit, &format!("{name}@{host}")),
            None => self.world.find(resource),
        }
    }

    pub(super) fn nodeinfo_links(&self, visit: &HostRequest<'_>) -> SiteReply {
        let mut json = JsonText::default();
        json.raw(r#"{"links":[{"rel":"http://nodeinfo.diaspora.software/ns/schema/2.0","#);
        json.raw(r#""href":"https://"#).raw(visit.ask.host).raw(r#"/nodeinfo/2.0"}]}"#);
        SiteReply::json(json.buffer)
    }

    pub(super) fn nodeinfo(&self, visit: &HostRequest<'_>) -> SiteReply {
        let users = self.world.accounts().iter().filter(|account| account.host == visit.host);
        let (name, version) = software(visit.nature);
        let mut json = JsonText::default();
        json.raw(r#"{"version":"2.0","software":{"name":"#).text(name);
        json.raw(r#","version":"#).text(version);
        json.raw(r#"},"protocols":["activitypub"],"services":{"outbound":[],"inbound":[]},"#);
        json.raw(r#""usage":{"users":{"total":"#).number(users.count() as u64);
        json.raw(r#"}},"openRegistrations":true,"metadata":{}}"#);
        SiteReply::json(json.buffer)
    }

    /// Versions before 4.0 have no such route, nor has snac.
    pub(super) fn instance(&self, visit: &HostRequest<'_>) -> FediverseAnswer {
        if matches!(visit.nature, HostNature::Old | HostNature::Snac) {
            return Err(FediverseRefusal::NoSuchPage);
        }
        let mut json = JsonText::default();
        let domain = self.host(visit).handle_domain();
        json.raw(r#"{"domain":"#).text(domain).raw(r#","title":"#).text(domain);
        json.raw(r#","version":"#).text(software(visit.nature).1);
        json.raw(r#","source_url":"https://github.com/mastodon/mastodon","languages":["en"]}"#);
        Ok(SiteReply::json(json.buffer))
    }
}

//! What every server says of itself and of names: WebFinger, NodeInfo, instance, robots.txt.

use axum::http::StatusCode;

use super::refusal::Refusal;
use super::{Answer, Fediverse, Visit};
use crate::json::Json;
use crate::serve::Reply;
use crate::world::{AccountId, Nature, State};

/// What stands at the domain of a server's handles: a page about something else for every path.
pub(super) fn home_page(visit: &Visit<'_>) -> Reply {
    let body = format!("<!doctype html><title>{}</title><p>My shop", visit.ask.host);
    let status = if visit.ask.path == "/" { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Reply::of(status, "text/html; charset=utf-8", body.into_bytes())
}

fn software(nature: Nature) -> (&'static str, &'static str) {
    match nature {
        Nature::Snac => ("snac", "2.49"),
        Nature::Old => ("mastodon", "3.3.0"),
        _ => ("mastodon", "4.5.2"),
    }
}

impl Fediverse {
    pub(super) fn robots(&self, visit: &Visit<'_>) -> Reply {
        Reply::text(self.host(visit).robots.text())
    }

    /// JRD of a local account: by `acct:name@host`, by its URI or by its page.
    pub(super) fn webfinger(&self, visit: &Visit<'_>) -> Answer {
        let resource = visit.ask.query.get("resource").ok_or(Refusal::BadRequest)?;
        let account = self.resource(visit, &resource).ok_or(Refusal::NotFound)?;
        let known = self.world.account(account);
        match known.state {
            _ if known.host != visit.host => return Err(Refusal::NotFound),
            State::Deleted | State::Suspended => return Err(Refusal::Gone),
            _ => {}
        }
        let mut json = Json::with_room(600);
        json.raw(r#"{"subject":"acct:"#).inner(&known.handle).raw(r#"","aliases":["#);
        json.text(&known.page()).raw(",").text(&known.native_id);
        json.raw(r#"],"links":[{"rel":"http://webfinger.net/rel/profile-page","#);
        json.raw(r#""type":"text/html","href":"#).text(&known.page());
        json.raw(r#"},{"rel":"self","type":"application/activity+json","href":"#);
        json.text(&known.native_id).raw("}]}");
        Ok(Reply { content_type: "application/jrd+json; charset=utf-8", ..Reply::json(json.0) })
    }

    /// The same question at the server.
    pub(super) fn webfinger_at_server(&self, visit: &Visit<'_>) -> Reply {
        let (server, query) = (&self.host(visit).name, visit.ask.query.0);
        let location = format!("https://{server}{}?{query}", visit.ask.path);
        Reply::redirect(StatusCode::MOVED_PERMANENTLY, location)
    }

    fn resource(&self, visit: &Visit<'_>, resource: &str) -> Option<AccountId> {
        if let Some(acct) = resource.strip_prefix("acct:") {
            return self.named(visit, acct);
        }
        let page = resource.strip_prefix("https://").and_then(|page| page.split_once("/@"));
        match page {
            Some((host, name)) => self.named(visit, &format!("{name}@{host}")),
            None => self.world.find(resource),
        }
    }

    pub(super) fn nodeinfo_links(&self, visit: &Visit<'_>) -> Reply {
        let mut json = Json::default();
        json.raw(r#"{"links":[{"rel":"http://nodeinfo.diaspora.software/ns/schema/2.0","#);
        json.raw(r#""href":"https://"#).raw(visit.ask.host).raw(r#"/nodeinfo/2.0"}]}"#);
        Reply::json(json.0)
    }

    pub(super) fn nodeinfo(&self, visit: &Visit<'_>) -> Reply {
        let users = self.world.accounts().iter().filter(|account| account.host == visit.host);
        let (name, version) = software(visit.nature);
        let mut json = Json::default();
        json.raw(r#"{"version":"2.0","software":{"name":"#).text(name);
        json.raw(r#","version":"#).text(version);
        json.raw(r#"},"protocols":["activitypub"],"services":{"outbound":[],"inbound":[]},"#);
        json.raw(r#""usage":{"users":{"total":"#).number(users.count() as u64);
        json.raw(r#"}},"openRegistrations":true,"metadata":{}}"#);
        Reply::json(json.0)
    }

    /// Versions before 4.0 have no such route, nor has snac.
    pub(super) fn instance(&self, visit: &Visit<'_>) -> Answer {
        if matches!(visit.nature, Nature::Old | Nature::Snac) {
            return Err(Refusal::NoSuchPage);
        }
        let mut json = Json::default();
        let domain = self.host(visit).handle_domain();
        json.raw(r#"{"domain":"#).text(domain).raw(r#","title":"#).text(domain);
        json.raw(r#","version":"#).text(software(visit.nature).1);
        json.raw(r#","source_url":"https://github.com/mastodon/mastodon","languages":["en"]}"#);
        Ok(Reply::json(json.0))
    }
}

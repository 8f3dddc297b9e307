//! The fediverse as Mastodon's API shows it: many hosts on one origin, distinguished by the `Host`
//! header, each with its own numbers for the same accounts.

mod accounts;
mod actor;
mod entity;
mod numbers;
mod refusal;
mod relations;
mod status;
mod statuses;
mod well_known;

use std::collections::HashMap;
use std::sync::Arc;

use entity::EntityCache;
use refusal::FediverseRefusal;

use crate::post_counts::{PostCounts, tallies};
use crate::post_text::PostText;
use crate::site::{SiteReply, SiteRequest};
use crate::world::{AccountId, HostNature, PlantedHost, SampleWorld};

/// The world as the fediverse's servers show it.
pub(crate) struct FediverseSite {
    world: Arc<SampleWorld>,
    hosts: HashMap<String, u16>,
    /// The domains of handles that have no server, only WebFinger.
    domains: HashMap<String, u16>,
    /// Whether WebFinger there redirects to the server.
    domains_redirect: bool,
    entities: EntityCache,
    tallies: Vec<PostCounts>,
    prose: PostText,
}

type FediverseAnswer = Result<SiteReply, FediverseRefusal>;

/// A request at one of the hosts.
struct HostRequest<'a> {
    ask: &'a SiteRequest<'a>,
    host: u16,
    nature: HostNature,
}

/// The host that shows an entity.
#[derive(Clone, Copy)]
struct HostView {
    host: u16,
    nature: HostNature,
}

impl HostRequest<'_> {
    fn view(&self) -> HostView {
        HostView { host: self.host, nature: self.nature }
    }
}

impl FediverseSite {
    pub(crate) fn new(world: Arc<SampleWorld>, domains_redirect: bool) -> FediverseSite {
        let hosts = || world.hosts().iter().zip(0..).skip(1);
        let domain = |(host, index): (&PlantedHost, u16)| Some((host.domain.clone()?, index));
        FediverseSite {
            hosts: hosts().map(|(host, index)| (host.name.clone(), index)).collect(),
            domains: hosts().filter_map(domain).collect(),
            domains_redirect,
            entities: EntityCache::new(&world),
            tallies: tallies(&world),
            prose: PostText::new(),
            world,
        }
    }

    /// The routing table. Returns the route's name for the statistics.
    pub(crate) fn answer(&self, ask: &SiteRequest<'_>) -> (&'static str, SiteReply) {
        let (route, answer) = match (self.hosts.get(ask.host), self.domains.get(ask.host)) {
            (Some(&host), _) => self.at_server(&self.visit(ask, host)),
            (None, Some(&host)) => self.at_domain(&self.visit(ask, host)),
            (None, None) => ("unknown", Err(FediverseRefusal::NoSuchPage)),
        };
        (route, answer.unwrap_or_else(FediverseRefusal::into_reply))
    }

    fn visit<'a>(&self, ask: &'a SiteRequest<'a>, host: u16) -> HostRequest<'a> {
        HostRequest { ask, host, nature: self.world.hosts()[usize::from(host)].nature }
    }

    fn at_server(&self, visit: &HostRequest<'_>) -> (&'static str, FediverseAnswer) {
        match visit.ask.path {
            "/api/v1/accounts/lookup" => ("lookup", self.lookup(visit)),
            "/.well-known/webfinger" => ("webfinger", self.webfinger(visit)),
            "/.well-known/nodeinfo" => ("nodeinfo", Ok(self.nodeinfo_links(visit))),
            "/nodeinfo/2.0" => ("nodeinfo", Ok(self.nodeinfo(visit))),
            "/api/v2/instance" => ("instance", self.instance(visit)),
            "/robots.txt" => ("robots", Ok(self.robots(visit))),
            path => match path.strip_prefix("/api/v1/accounts/") {
                Some(rest) => self.account_route(visit, rest),
                None => match path.strip_prefix("/users/").or_else(|| path.strip_prefix("/@")) {
                    Some(name) => ("actor", self.actor(visit, name)),
                    None => ("unknown", Err(FediverseRefusal::NoSuchPage)),
                },
            },
        }
    }

    /// The domain of handles without a server: a home page, and WebFinger.
    fn at_domain(&self, visit: &HostRequest<'_>) -> (&'static str, FediverseAnswer) {
        match visit.ask.path {
            "/.well-known/webfinger" if self.domains_redirect => {
                ("webfinger-redirect", Ok(self.webfinger_at_server(visit)))
            }
            "/.well-known/webfinger" => ("webfinger", self.webfinger(visit)),
            _ => ("home-page", Ok(well_known::home_page(visit))),
        }
    }

    /// `{id}` and the routes below it.
    fn account_route(
        &self,
        visit: &HostRequest<'_>,
        rest: &str,
    ) -> (&'static str, FediverseAnswer) {
        let (number, part) = rest.split_once('/').unwrap_or((rest, ""));
        let (route, answer): (
            _,
            fn(&FediverseSite, &HostRequest<'_>, AccountId) -> FediverseAnswer,
        ) = match part {
            "" => ("account", FediverseSite::account),
            "following" => ("following", FediverseSite::following),
            "followers" => ("followers", FediverseSite::followers),
            "statuses" => ("statuses", FediverseSite::statuses),
            _ => return ("unknown", Err(FediverseRefusal::NoSuchPage)),
        };
        let account = self.account_at(visit.host, number).ok_or(FediverseRefusal::NotFound);
        (route, account.and_then(|account| answer(self, visit, account)))
    }

    /// 429, in the words of Mastodon.
    pub(crate) fn too_many() -> SiteReply {
        FediverseRefusal::TooMany.into_reply()
    }
}

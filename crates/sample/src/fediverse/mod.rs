//! The fediverse as Mastodon's API shows it: many hosts on one origin, told apart by the `Host`
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

use entity::Entities;
use refusal::Refusal;

use crate::prose::Prose;
use crate::serve::{Ask, Reply};
use crate::tally::{Tally, tallies};
use crate::world::{AccountId, Host, Nature, World};

/// The world as the fediverse's servers show it.
pub(crate) struct Fediverse {
    world: Arc<World>,
    hosts: HashMap<String, u16>,
    /// The domains of handles at which no server is, only WebFinger.
    domains: HashMap<String, u16>,
    /// Whether WebFinger there sends on to the server.
    domains_redirect: bool,
    entities: Entities,
    tallies: Vec<Tally>,
    prose: Prose,
}

type Answer = Result<Reply, Refusal>;

/// A request at one of the hosts.
struct Visit<'a> {
    ask: &'a Ask<'a>,
    host: u16,
    nature: Nature,
}

impl Fediverse {
    pub(crate) fn new(world: Arc<World>, domains_redirect: bool) -> Fediverse {
        let hosts = || world.hosts().iter().zip(0..).skip(1);
        let domain = |(host, index): (&Host, u16)| Some((host.domain.clone()?, index));
        Fediverse {
            hosts: hosts().map(|(host, index)| (host.name.clone(), index)).collect(),
            domains: hosts().filter_map(domain).collect(),
            domains_redirect,
            entities: Entities::new(&world),
            tallies: tallies(&world),
            prose: Prose::new(),
            world,
        }
    }

    /// The routing table. Returns the route's name for the statistics.
    pub(crate) fn answer(&self, ask: &Ask<'_>) -> (&'static str, Reply) {
        let (route, answer) = match (self.hosts.get(ask.host), self.domains.get(ask.host)) {
            (Some(&host), _) => self.at_server(&self.visit(ask, host)),
            (None, Some(&host)) => self.at_domain(&self.visit(ask, host)),
            (None, None) => ("unknown", Err(Refusal::NoSuchPage)),
        };
        (route, answer.unwrap_or_else(Refusal::into_reply))
    }

    fn visit<'a>(&self, ask: &'a Ask<'a>, host: u16) -> Visit<'a> {
        Visit { ask, host, nature: self.world.hosts()[usize::from(host)].nature }
    }

    fn at_server(&self, visit: &Visit<'_>) -> (&'static str, Answer) {
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
                    None => ("unknown", Err(Refusal::NoSuchPage)),
                },
            },
        }
    }

    /// Where handles are but no server: somebody's home page, and WebFinger.
    fn at_domain(&self, visit: &Visit<'_>) -> (&'static str, Answer) {
        match visit.ask.path {
            "/.well-known/webfinger" if self.domains_redirect => {
                ("webfinger-redirect", Ok(self.webfinger_at_server(visit)))
            }
            "/.well-known/webfinger" => ("webfinger", self.webfinger(visit)),
            _ => ("home-page", Ok(well_known::home_page(visit))),
        }
    }

    /// `{id}` and what lies under it.
    fn account_route(&self, visit: &Visit<'_>, rest: &str) -> (&'static str, Answer) {
        let (number, part) = rest.split_once('/').unwrap_or((rest, ""));
        let (route, answer): (_, fn(&Fediverse, &Visit<'_>, AccountId) -> Answer) = match part {
            "" => ("account", Fediverse::account),
            "following" => ("following", Fediverse::following),
            "followers" => ("followers", Fediverse::followers),
            "statuses" => ("statuses", Fediverse::statuses),
            _ => return ("unknown", Err(Refusal::NoSuchPage)),
        };
        let account = self.account_at(visit.host, number).ok_or(Refusal::NotFound);
        (route, account.and_then(|account| answer(self, visit, account)))
    }

    /// 429, as Mastodon words it.
    pub(crate) fn too_many() -> Reply {
        Refusal::TooMany.into_reply()
    }
}

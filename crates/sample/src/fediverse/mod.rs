//! The fediverse as Mastodon's API shows it: many hosts on one origin, told apart by the `Host`
//! header, each with its own numbers for the same accounts.

mod accounts;
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
use crate::world::{AccountId, Nature, World};

/// The world as the fediverse's servers show it.
pub(crate) struct Fediverse {
    world: Arc<World>,
    hosts: HashMap<String, u16>,
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
    pub(crate) fn new(world: Arc<World>) -> Fediverse {
        let hosts = world.hosts().iter().zip(0..).skip(1);
        Fediverse {
            hosts: hosts.map(|(host, index)| (host.name.clone(), index)).collect(),
            entities: Entities::new(&world),
            tallies: tallies(&world),
            prose: Prose::new(),
            world,
        }
    }

    /// The routing table. Returns the route's name for the statistics.
    pub(crate) fn answer(&self, ask: &Ask<'_>) -> (&'static str, Reply) {
        let Some(&host) = self.hosts.get(ask.host) else {
            return ("unknown", Refusal::NoSuchPage.into_reply());
        };
        let nature = self.world.hosts()[usize::from(host)].nature;
        let visit = Visit { ask, host, nature };
        let (route, answer) = match ask.path {
            "/api/v1/accounts/lookup" => ("lookup", self.lookup(&visit)),
            "/.well-known/webfinger" => ("webfinger", self.webfinger(&visit)),
            "/.well-known/nodeinfo" => ("nodeinfo", Ok(self.nodeinfo_links(&visit))),
            "/nodeinfo/2.0" => ("nodeinfo", Ok(self.nodeinfo(&visit))),
            "/api/v2/instance" => ("instance", self.instance(&visit)),
            "/robots.txt" => ("robots", Ok(well_known::robots())),
            path => match path.strip_prefix("/api/v1/accounts/") {
                Some(rest) => self.account_route(&visit, rest),
                None => ("unknown", Err(Refusal::NoSuchPage)),
            },
        };
        (route, answer.unwrap_or_else(Refusal::into_reply))
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

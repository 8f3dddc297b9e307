//! Bluesky as its public APIs are: AppView, PDS and PLC on one origin.

mod actor;
mod cards;
mod feed;
mod graph;
mod identity;
mod page;
mod post_view;
mod refusal;
mod repo;

use std::collections::HashMap;
use std::sync::Arc;

use cards::CardCache;
use refusal::BlueskyRefusal;

use crate::post_counts::{PostCounts, tallies};
use crate::post_text::PostText;
use crate::site::{SiteReply, SiteRequest};
use crate::world::{AccountId, AccountState, SampleWorld};

/// The world as Bluesky shows it.
pub(crate) struct BlueskySite {
    world: Arc<SampleWorld>,
    /// The origin, which PLC documents name as the PDS of every account.
    origin: String,
    cards: CardCache,
    tallies: Vec<PostCounts>,
    prose: PostText,
    /// Indices into the world's lists, by owner.
    lists: HashMap<AccountId, Vec<usize>>,
}

type BlueskyAnswer = Result<Vec<u8>, BlueskyRefusal>;

/// As at the AppView: all is open.
const ROBOTS: &str = "User-Agent: *\nAllow: /\n";

impl BlueskySite {
    pub(crate) fn new(world: Arc<SampleWorld>, origin: &str) -> BlueskySite {
        let mut lists: HashMap<AccountId, Vec<usize>> = HashMap::new();
        for (index, list) in world.lists().iter().enumerate() {
            lists.entry(list.owner).or_default().push(index);
        }
        BlueskySite {
            cards: CardCache::new(&world),
            tallies: tallies(&world),
            prose: PostText::new(),
            origin: origin.to_owned(),
            lists,
            world,
        }
    }

    /// The routing table. Returns the route's name for the statistics.
    pub(crate) fn answer(&self, ask: &SiteRequest<'_>) -> (&'static str, SiteReply) {
        let (route, answer) = match ask.path {
            "/xrpc/app.bsky.actor.getProfile" => ("getProfile", self.profile(ask)),
            "/xrpc/app.bsky.actor.getProfiles" => ("getProfiles", self.profiles(ask)),
            "/xrpc/app.bsky.graph.getFollows" => ("getFollows", self.follows(ask)),
            "/xrpc/app.bsky.graph.getFollowers" => ("getFollowers", self.followers(ask)),
            "/xrpc/app.bsky.graph.getLists" => ("getLists", self.lists(ask)),
            "/xrpc/app.bsky.graph.getList" => ("getList", self.list(ask)),
            "/xrpc/app.bsky.feed.getAuthorFeed" => ("getAuthorFeed", self.author_feed(ask)),
            "/xrpc/app.bsky.feed.getActorLikes" => {
                ("getActorLikes", Err(BlueskyRefusal::AuthMissing))
            }
            "/xrpc/com.atproto.repo.listRecords" => ("listRecords", self.records(ask)),
            "/xrpc/com.atproto.identity.resolveHandle" => ("resolveHandle", self.resolve(ask)),
            "/robots.txt" => return ("robots", SiteReply::text(ROBOTS)),
            "/.well-known/atproto-did" => return ("atproto-did", self.did_of_host(ask)),
            path if path.starts_with("/did:") => return ("plc", self.document(&path[1..])),
            path if path.starts_with("/xrpc/") => ("unknown", Err(BlueskyRefusal::NoSuchMethod)),
            _ => ("unknown", Err(BlueskyRefusal::NoSuchPage)),
        };
        (route, answer.map_or_else(BlueskyRefusal::into_reply, SiteReply::json))
    }

    /// 429, in the words of Bluesky.
    pub(crate) fn too_many() -> SiteReply {
        BlueskyRefusal::TooMany.into_reply()
    }

    /// The account that a DID or a handle names, whatever its state.
    fn find(&self, name: &str) -> Option<AccountId> {
        let name = name.strip_prefix('@').unwrap_or(name);
        self.world.find(name).filter(|&id| self.is_here(id))
    }

    fn is_here(&self, account: AccountId) -> bool {
        self.world.account(account).host == 0
    }

    fn is_alive(&self, account: AccountId) -> bool {
        self.world.account(account).state.is_alive()
    }

    /// The account that `actor` names, if the AppView would answer for it.
    fn actor(&self, ask: &SiteRequest<'_>) -> Result<AccountId, BlueskyRefusal> {
        let name = ask.query.get("actor").ok_or(BlueskyRefusal::Missing("actor"))?;
        let account = self.find(&name).filter(|&account| self.is_alive(account));
        account.ok_or_else(|| BlueskyRefusal::ActorNotFound(name.into_owned()))
    }

    fn state(&self, account: AccountId) -> AccountState {
        self.world.account(account).state
    }
}

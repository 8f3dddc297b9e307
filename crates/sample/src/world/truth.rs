//! What a perfect crawler can find: which accounts, arcs and proofs.

use std::collections::{BTreeMap, BTreeSet};

use model::{Layer, Platform};

use super::account::{AccountId, AccountKind, AccountState};
use super::post::{ListPurpose, PlantedPost, PostKind};
use super::reach::CrawlerView;
use super::{HostNature, PlantedLink, SampleWorld};

/// Attention of one account to another in one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorldArc {
    /// The source.
    pub src: AccountId,
    /// The target.
    pub dst: AccountId,
    /// How many times; 1 for follows and lists.
    pub count: u32,
    /// The latest time, in unix seconds; 0 for follows and lists.
    pub last: u32,
}

/// The counts of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorldCounts {
    /// Accounts that are reachable, by platform slug.
    pub reachable: BTreeMap<&'static str, usize>,
    /// Reachable accounts that may be listed, by platform slug.
    pub listed: BTreeMap<&'static str, usize>,
    /// Public accounts on readable hosts that no follow list leads to.
    pub invisible: usize,
    /// Accounts on hosts that are broken for good.
    pub broken: usize,
    /// Accounts on working hosts whose robots.txt closes the API.
    pub closed: usize,
    /// Accounts by state.
    pub states: BTreeMap<AccountState, usize>,
    /// Accounts by kind.
    pub kinds: BTreeMap<AccountKind, usize>,
    /// Persons with a reachable account.
    pub people: usize,
    /// Persons with a reachable account that may be listed.
    pub people_listed: usize,
    /// Planted links that can be proven.
    pub links: usize,
    /// Reachable arcs by layer slug.
    pub arcs: BTreeMap<&'static str, usize>,
}

/// A world as a perfect crawler finds it: from the seeds, through follow lists, with respect for
/// consent.
#[derive(Debug)]
pub struct WorldTruth<'a> {
    world: &'a SampleWorld,
    reachable: Vec<bool>,
    shows_lists: Vec<bool>,
}

impl<'a> WorldTruth<'a> {
    pub(super) fn of(world: &'a SampleWorld) -> WorldTruth<'a> {
        let view = CrawlerView {
            hosts: &world.hosts,
            accounts: &world.accounts,
            follows: &world.follows,
            followers: &world.followers,
        };
        let shows_lists = world.ids().map(|account| view.shows_lists(account)).collect();
        WorldTruth { world, reachable: view.found_from(&world.seeds), shows_lists }
    }

    /// Whether the account is public, on a host that can and may be read, and found from the seeds.
    pub fn is_reachable(&self, account: AccountId) -> bool {
        self.reachable[account.index()]
    }

    /// Whether a crawler that respects consent may list the account: the API or, where it lacks the
    /// field, the actor's document shows the consent.
    pub fn is_listed(&self, account: AccountId) -> bool {
        self.is_reachable(account) && self.world.account(account).state.is_listed()
    }

    /// Every account that may be listed.
    pub fn listed(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.world.ids().filter(|&account| self.is_listed(account))
    }

    /// Every reachable account.
    pub fn reachable(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.world.ids().filter(|&account| self.is_reachable(account))
    }

    /// The proofs that a crawler can see: both accounts reachable.
    pub fn links(&self) -> Vec<PlantedLink> {
        let is_visible = |link: &&PlantedLink| {
            self.is_reachable(link.bluesky) && self.is_reachable(link.fediverse)
        };
        self.world.links.iter().filter(is_visible).copied().collect()
    }

    /// Every arc of a layer that is planted, reachable or not, by source and destination.
    pub fn planted_arcs(&self, layer: Layer) -> Vec<WorldArc> {
        let mut arcs = match layer {
            Layer::Follow => self.follow_arcs(),
            Layer::List => self.list_arcs(),
            Layer::Like => self.like_arcs(),
            Layer::Mention | Layer::Reply | Layer::Repost => self.post_arcs(layer),
            _ => Vec::new(),
        };
        arcs.retain(|arc| arc.src != arc.dst);
        sum_arcs(arcs)
    }

    /// The arcs of a layer that a crawler can see: both ends reachable and, for follows, one of
    /// the two lists readable. By source and destination.
    pub fn arcs(&self, layer: Layer) -> Vec<WorldArc> {
        let mut arcs = self.planted_arcs(layer);
        arcs.retain(|arc| self.is_visible(layer, arc.src, arc.dst));
        arcs
    }

    /// The counts of everything.
    pub fn counts(&self) -> WorldCounts {
        let mut counts = WorldCounts { links: self.links().len(), ..WorldCounts::default() };
        for account in self.world.ids() {
            self.count(account, &mut counts);
        }
        counts.people = self.persons(self.reachable()).len();
        counts.people_listed = self.persons(self.listed()).len();
        for layer in Layer::ALL {
            counts.arcs.insert(layer.slug(), self.arcs(layer).len());
        }
        counts
    }

    /// The persons behind accounts, each once.
    fn persons(&self, accounts: impl Iterator<Item = AccountId>) -> BTreeSet<u32> {
        accounts.map(|account| self.world.account(account).person).collect()
    }

    fn count(&self, id: AccountId, counts: &mut WorldCounts) {
        let account = self.world.account(id);
        *counts.states.entry(account.state).or_default() += 1;
        *counts.kinds.entry(account.kind).or_default() += 1;
        let slug = account.platform.slug();
        *counts.listed.entry(slug).or_default() += usize::from(self.is_listed(id));
        let host = self.world.host_of(id);
        if self.is_reachable(id) {
            *counts.reachable.entry(slug).or_default() += 1;
        } else if host.nature == HostNature::Broken {
            counts.broken += 1;
        } else if !host.is_readable() {
            counts.closed += 1;
        } else if account.state.is_public() {
            counts.invisible += 1;
        }
    }

    fn is_visible(&self, layer: Layer, src: AccountId, dst: AccountId) -> bool {
        let ends = self.is_reachable(src) && self.is_reachable(dst);
        let list = self.shows_lists[src.index()] || self.shows_lists[dst.index()];
        ends && (layer != Layer::Follow || list)
    }

    fn follow_arcs(&self) -> Vec<WorldArc> {
        let world = self.world;
        let arc = |src| move |&dst| WorldArc { src, dst, count: 1, last: 0 };
        world.ids().flat_map(|src| world.follows(src).iter().map(arc(src))).collect()
    }

    fn list_arcs(&self) -> Vec<WorldArc> {
        let mut arcs = Vec::new();
        for list in self.world.lists.iter().filter(|list| list.purpose == ListPurpose::Curate) {
            let arc = |&dst: &AccountId| WorldArc { src: list.owner, dst, count: 1, last: 0 };
            arcs.extend(list.members.iter().map(arc));
        }
        arcs.sort_unstable();
        arcs.dedup();
        arcs
    }

    fn like_arcs(&self) -> Vec<WorldArc> {
        let mut arcs = Vec::new();
        for src in self.world.ids() {
            for like in self.world.likes(src) {
                let dst = self.world.post(like.post).author;
                arcs.push(WorldArc { src, dst, count: 1, last: like.at });
            }
        }
        arcs
    }

    fn post_arcs(&self, layer: Layer) -> Vec<WorldArc> {
        let mut arcs = Vec::new();
        for post in self.world.all_posts() {
            let arc = |dst| WorldArc { src: post.author, dst, count: 1, last: post.at };
            arcs.extend(self.targets(layer, post).into_iter().flatten().map(arc));
        }
        arcs
    }

    /// The targets of a post in a layer.
    fn targets(&self, layer: Layer, post: &PlantedPost) -> [Option<AccountId>; 2] {
        let author = |post| Some(self.world.post(post).author);
        match (layer, post.kind) {
            (Layer::Mention, PostKind::Mention(first, second)) => [Some(first), second],
            (Layer::Reply, PostKind::Reply(about)) => [author(about), None],
            (Layer::Repost, PostKind::Repost(about) | PostKind::Quote(about)) => {
                [author(about), None]
            }
            (Layer::Mention, PostKind::Reply(about)) if self.is_fediverse(post.author) => {
                [author(about), None]
            }
            _ => [None, None],
        }
    }

    fn is_fediverse(&self, account: AccountId) -> bool {
        self.world.account(account).platform == Platform::FEDIVERSE
    }
}

/// Adds up arcs of the same pair; the layers that do not repeat have each pair once already.
fn sum_arcs(mut arcs: Vec<WorldArc>) -> Vec<WorldArc> {
    arcs.sort_unstable();
    arcs.dedup_by(|next, kept| {
        let same = (next.src, next.dst) == (kept.src, kept.dst);
        if same {
            kept.count += next.count;
            kept.last = kept.last.max(next.last);
        }
        same
    });
    arcs
}

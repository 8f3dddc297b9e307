//! What a perfect crawler can know: who can be reached, which arcs, which proofs.

use std::collections::{BTreeMap, BTreeSet};

use model::{Layer, Platform};

use super::account::{AccountId, Kind, State};
use super::post::{Act, Post, Purpose};
use super::reach::Ground;
use super::{Link, Nature, World};

/// Attention of one account to another in one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tie {
    /// Who attends.
    pub src: AccountId,
    /// To whom.
    pub dst: AccountId,
    /// How many times; 1 for follows and lists.
    pub count: u32,
    /// The latest time, in unix seconds; 0 for follows and lists.
    pub last: u32,
}

/// How many there are of each thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
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
    pub states: BTreeMap<State, usize>,
    /// Accounts by kind.
    pub kinds: BTreeMap<Kind, usize>,
    /// Persons with a reachable account.
    pub people: usize,
    /// Persons with a reachable account that may be listed.
    pub people_listed: usize,
    /// Planted links that can be proven.
    pub links: usize,
    /// Reachable arcs by layer slug.
    pub arcs: BTreeMap<&'static str, usize>,
}

/// A world as a perfect crawler would know it: from the seeds, through follow lists, minding
/// consent.
#[derive(Debug)]
pub struct Truth<'a> {
    world: &'a World,
    reachable: Vec<bool>,
    shows_lists: Vec<bool>,
}

impl<'a> Truth<'a> {
    pub(super) fn of(world: &'a World) -> Truth<'a> {
        let ground = Ground {
            hosts: &world.hosts,
            accounts: &world.accounts,
            follows: &world.follows,
            followers: &world.followers,
        };
        let shows_lists = world.ids().map(|account| ground.shows_lists(account)).collect();
        Truth { world, reachable: ground.found_from(&world.seeds), shows_lists }
    }

    /// Whether the account is public, on a host that can and may be read, and found from the seeds.
    pub fn is_reachable(&self, account: AccountId) -> bool {
        self.reachable[account.index()]
    }

    /// Whether a crawler that minds consent shows the account to anybody: it could read that the
    /// account agreed, in the API or, where that does not tell, in the actor's document.
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

    /// The proofs that a crawler can see: both sides reachable.
    pub fn links(&self) -> Vec<Link> {
        let both =
            |link: &&Link| self.is_reachable(link.bluesky) && self.is_reachable(link.fediverse);
        self.world.links.iter().filter(both).copied().collect()
    }

    /// Every arc of a layer that is planted, reachable or not, by source and destination.
    pub fn planted_arcs(&self, layer: Layer) -> Vec<Tie> {
        let mut ties = match layer {
            Layer::Follow => self.follow_ties(),
            Layer::List => self.list_ties(),
            Layer::Like => self.like_ties(),
            Layer::Mention | Layer::Reply | Layer::Repost => self.post_ties(layer),
            _ => Vec::new(),
        };
        ties.retain(|tie| tie.src != tie.dst);
        sum_ties(ties)
    }

    /// The arcs of a layer that a crawler can see: both ends reachable and, for follows, one of
    /// the two lists readable. By source and destination.
    pub fn arcs(&self, layer: Layer) -> Vec<Tie> {
        let mut ties = self.planted_arcs(layer);
        ties.retain(|tie| self.is_visible(layer, tie.src, tie.dst));
        ties
    }

    /// How many there are of each thing.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { links: self.links().len(), ..Counts::default() };
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

    fn count(&self, id: AccountId, counts: &mut Counts) {
        let account = self.world.account(id);
        *counts.states.entry(account.state).or_default() += 1;
        *counts.kinds.entry(account.kind).or_default() += 1;
        let slug = account.platform.slug();
        *counts.listed.entry(slug).or_default() += usize::from(self.is_listed(id));
        let host = self.world.host_of(id);
        if self.is_reachable(id) {
            *counts.reachable.entry(slug).or_default() += 1;
        } else if host.nature == Nature::Broken {
            counts.broken += 1;
        } else if !host.is_readable() {
            counts.closed += 1;
        } else if account.state.is_public() {
            counts.invisible += 1;
        }
    }

    fn is_visible(&self, layer: Layer, src: AccountId, dst: AccountId) -> bool {
        let ends = self.is_reachable(src) && self.is_reachable(dst);
        let side = self.shows_lists[src.index()] || self.shows_lists[dst.index()];
        ends && (layer != Layer::Follow || side)
    }

    fn follow_ties(&self) -> Vec<Tie> {
        let world = self.world;
        let tie = |src| move |&dst| Tie { src, dst, count: 1, last: 0 };
        world.ids().flat_map(|src| world.follows(src).iter().map(tie(src))).collect()
    }

    fn list_ties(&self) -> Vec<Tie> {
        let mut ties = Vec::new();
        for list in self.world.lists.iter().filter(|list| list.purpose == Purpose::Curate) {
            let tie = |&dst: &AccountId| Tie { src: list.owner, dst, count: 1, last: 0 };
            ties.extend(list.members.iter().map(tie));
        }
        ties.sort_unstable();
        ties.dedup();
        ties
    }

    fn like_ties(&self) -> Vec<Tie> {
        let mut ties = Vec::new();
        for src in self.world.ids() {
            for like in self.world.likes(src) {
                let dst = self.world.post(like.post).author;
                ties.push(Tie { src, dst, count: 1, last: like.at });
            }
        }
        ties
    }

    fn post_ties(&self, layer: Layer) -> Vec<Tie> {
        let mut ties = Vec::new();
        for post in self.world.all_posts() {
            let tie = |dst| Tie { src: post.author, dst, count: 1, last: post.at };
            ties.extend(self.attended(layer, post).into_iter().flatten().map(tie));
        }
        ties
    }

    /// Whom a post attends to in a layer.
    fn attended(&self, layer: Layer, post: &Post) -> [Option<AccountId>; 2] {
        let author = |post| Some(self.world.post(post).author);
        match (layer, post.act) {
            (Layer::Mention, Act::Mention(first, second)) => [Some(first), second],
            (Layer::Reply, Act::Reply(about)) => [author(about), None],
            (Layer::Repost, Act::Repost(about) | Act::Quote(about)) => [author(about), None],
            (Layer::Mention, Act::Reply(about)) if self.is_fediverse(post.author) => {
                [author(about), None]
            }
            _ => [None, None],
        }
    }

    fn is_fediverse(&self, account: AccountId) -> bool {
        self.world.account(account).platform == Platform::FEDIVERSE
    }
}

/// Adds up ties of the same pair; the layers that do not repeat have each pair once already.
fn sum_ties(mut ties: Vec<Tie>) -> Vec<Tie> {
    ties.sort_unstable();
    ties.dedup_by(|next, kept| {
        let same = (next.src, next.dst) == (kept.src, kept.dst);
        if same {
            kept.count += next.count;
            kept.last = kept.last.max(next.last);
        }
        same
    });
    ties
}

//! The planted world: accounts, posts and follows, and the truth about them.

mod account;
mod builder;
mod config;
mod generate;
mod host;
mod ids;
mod post;
mod reach;
mod rows;
mod topics;
mod truth;

use std::collections::HashMap;

use model::Platform;
use model::identity::Proof;

pub use account::{
    AccountId, AccountKind, AccountState, PlantedAccount, ProfileField, ProfileTexts,
};
pub use builder::{AccountDraft, DraftPost, WorldBuilder};
pub use config::WorldConfig;
pub use host::{HostNature, PlantedHost, RobotsPolicy};
pub(crate) use ids::{cid, record_key};
pub use post::{ListPurpose, PlantedLike, PlantedList, PlantedPost, PostId, PostKind};
pub use rows::RowTable;
pub(crate) use topics::TopicList;
pub use truth::{WorldArc, WorldCounts, WorldTruth};

/// A planted proof that two accounts belong to one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlantedLink {
    /// The account on Bluesky.
    pub bluesky: AccountId,
    /// The account in the fediverse.
    pub fediverse: AccountId,
    /// The kind of proof.
    pub proof: Proof,
}

/// A social web, complete and unchanging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleWorld {
    until: u64,
    hosts: Vec<PlantedHost>,
    accounts: Vec<PlantedAccount>,
    follows: RowTable<AccountId>,
    followers: RowTable<AccountId>,
    posts: RowTable<PlantedPost>,
    likes: RowTable<PlantedLike>,
    lists: Vec<PlantedList>,
    links: Vec<PlantedLink>,
    seeds: Vec<AccountId>,
    names: HashMap<String, AccountId>,
}

impl SampleWorld {
    /// Makes the world that a configuration describes; the same one each time.
    pub fn generate(config: &WorldConfig) -> SampleWorld {
        generate::world(config)
    }

    /// The end of the world's time, in unix seconds: nothing in it is later.
    pub fn until(&self) -> u64 {
        self.until
    }

    /// Every server; the first is Bluesky's.
    pub fn hosts(&self) -> &[PlantedHost] {
        &self.hosts
    }

    /// The server that an account lives on.
    pub fn host_of(&self, account: AccountId) -> &PlantedHost {
        &self.hosts[usize::from(self.account(account).host)]
    }

    /// Every account, in the order of their ids.
    pub fn accounts(&self) -> &[PlantedAccount] {
        &self.accounts
    }

    /// One account.
    pub fn account(&self, account: AccountId) -> &PlantedAccount {
        &self.accounts[account.index()]
    }

    /// The ids of all accounts.
    pub fn ids(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..self.accounts.len() as u32).map(AccountId)
    }

    /// The account with this native id or handle (in any case), be it at the handles' domain or at
    /// the server.
    pub fn find(&self, name: &str) -> Option<AccountId> {
        let known = self.names.get(name);
        known.or_else(|| self.names.get(&name.to_ascii_lowercase())).copied()
    }

    /// The accounts that an account follows, as planted, whatever their state.
    pub fn follows(&self, account: AccountId) -> &[AccountId] {
        self.follows.row(account.index())
    }

    /// The followers of an account, as planted, whatever their state.
    pub fn followers(&self, account: AccountId) -> &[AccountId] {
        self.followers.row(account.index())
    }

    /// An account's posts, newest first.
    pub fn posts(&self, account: AccountId) -> &[PlantedPost] {
        self.posts.row(account.index())
    }

    /// The id of an account's newest post; the older ones count up from it.
    pub fn first_post(&self, account: AccountId) -> PostId {
        PostId(self.posts.start(account.index()) as u32)
    }

    /// One post.
    pub fn post(&self, post: PostId) -> PlantedPost {
        self.posts.items()[post.index()]
    }

    /// Every post, by author.
    pub fn all_posts(&self) -> &[PlantedPost] {
        self.posts.items()
    }

    /// An account's likes, newest first.
    pub fn likes(&self, account: AccountId) -> &[PlantedLike] {
        self.likes.row(account.index())
    }

    /// Every list.
    pub fn lists(&self) -> &[PlantedList] {
        &self.lists
    }

    /// Every planted proof, whether a crawler can see it or not.
    pub fn links(&self) -> &[PlantedLink] {
        &self.links
    }

    /// The accounts from which everything reachable can be found through follow lists.
    pub fn seeds(&self) -> &[AccountId] {
        &self.seeds
    }

    /// The handles of one platform's seeds.
    pub fn seed_handles(&self, platform: Platform) -> Vec<&str> {
        let handles = self.seeds.iter().map(|&seed| self.account(seed));
        handles.filter(|seed| seed.platform == platform).map(|seed| seed.handle.as_str()).collect()
    }

    /// The title of a planted community of the finer level, such as `music/jazz`.
    pub fn leaf_title(leaf: u16) -> String {
        TopicList::load().title(leaf)
    }

    /// The words of a planted community of the finer level: its own, and those that it shares with its
    /// siblings.
    pub fn leaf_words(leaf: u16) -> Vec<&'static str> {
        let topics = TopicList::load();
        let topic = topics.leaf(leaf);
        topic.words.iter().chain(&topic.shared).copied().collect()
    }

    /// What a perfect crawler can find of this world.
    pub fn truth(&self) -> WorldTruth<'_> {
        WorldTruth::of(self)
    }
}

//! Builds a world from explicit accounts and arcs; the generator uses it too.

use std::collections::HashMap;

use model::Platform;
use model::identity::Proof;

use super::account::{
    AccountId, AccountKind, AccountState, PlantedAccount, ProfileField, ProfileTexts,
};
use super::host::{HostNature, PlantedHost};
use super::ids;
use super::post::{ListPurpose, PlantedLike, PlantedList, PlantedPost, PostId, PostKind};
use super::rows::RowTable;
use super::{PlantedLink, SampleWorld};
use crate::random::mix_pair;

/// The id of a post while the world is being built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftPost(pub(crate) u32);

impl DraftPost {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A post to be published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PostDraft {
    author: AccountId,
    pub(crate) at: u32,
    kind: PostKind<DraftPost>,
}

/// A like to be published. The order of fields is the order of deduplication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct LikeDraft {
    account: AccountId,
    post: DraftPost,
    at: u32,
}

/// The follow graph, in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FollowLists {
    pub(crate) follows: RowTable<AccountId>,
    pub(crate) followers: RowTable<AccountId>,
}

/// An account to be opened; the default is a public Bluesky person without a community.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountDraft {
    /// The host, as returned by [`WorldBuilder::host`]; 0 is Bluesky.
    pub host: u16,
    /// Fediverse: the local name. Bluesky: the whole handle.
    pub name: String,
    /// Its owner; `None` creates a person.
    pub person: Option<u32>,
    /// The planted community and its parent.
    pub community: Option<(u16, u16)>,
    /// What owns it.
    pub kind: AccountKind,
    /// Its state.
    pub state: AccountState,
    /// Fediverse: whether its posts may be searched.
    pub indexable: bool,
    /// The texts of its profile.
    pub texts: ProfileTexts,
    /// When it was opened, in unix seconds.
    pub created_at: u64,
}

/// A world that is being built.
///
/// ```
/// use model::Layer;
/// use sample::world::{AccountDraft, WorldBuilder};
///
/// let mut builder = WorldBuilder::new(1_793_491_200);
/// let [ada, bob] = ["ada.test", "bob.test"]
///     .map(|name| builder.account(AccountDraft { name: name.to_owned(), ..Default::default() }));
/// builder.follow(ada, bob);
/// builder.seed(ada);
/// let world = builder.build();
/// assert_eq!(world.find("bob.test"), Some(bob));
/// assert_eq!(world.truth().arcs(Layer::Follow).len(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct WorldBuilder {
    until: u64,
    pub(crate) hosts: Vec<PlantedHost>,
    pub(crate) accounts: Vec<PlantedAccount>,
    persons: u32,
    pub(crate) follows: Vec<(AccountId, AccountId)>,
    pub(crate) posts: Vec<PostDraft>,
    likes: Vec<LikeDraft>,
    lists: Vec<PlantedList>,
    links: Vec<PlantedLink>,
    pub(crate) seeds: Vec<AccountId>,
}

impl WorldBuilder {
    /// An empty world whose time ends at `until`, in unix seconds. Host 0 is Bluesky.
    pub fn new(until: u64) -> WorldBuilder {
        let bluesky = PlantedHost::new("bsky.sample.test", HostNature::Bluesky);
        WorldBuilder {
            until,
            hosts: vec![bluesky],
            accounts: Vec::new(),
            persons: 0,
            follows: Vec::new(),
            posts: Vec::new(),
            likes: Vec::new(),
            lists: Vec::new(),
            links: Vec::new(),
            seeds: Vec::new(),
        }
    }

    /// Adds an ordinary fediverse server of this nature and returns its index.
    pub fn host(&mut self, name: &str, nature: HostNature) -> u16 {
        self.add_host(PlantedHost::new(name, nature))
    }

    /// Adds a fediverse server and returns its index.
    pub fn add_host(&mut self, host: PlantedHost) -> u16 {
        self.hosts.push(host);
        (self.hosts.len() - 1) as u16
    }

    /// A number for a person with several accounts.
    pub fn person(&mut self) -> u32 {
        self.persons += 1;
        self.persons - 1
    }

    /// Opens an account. Its handle must be new on its host.
    pub fn account(&mut self, draft: AccountDraft) -> AccountId {
        let person = draft.person.unwrap_or_else(|| self.person());
        let id = AccountId(self.accounts.len() as u32);
        let host = &self.hosts[usize::from(draft.host)];
        let bluesky = host.nature == HostNature::Bluesky;
        self.accounts.push(PlantedAccount {
            platform: if bluesky { Platform::BLUESKY } else { Platform::FEDIVERSE },
            native_id: match bluesky {
                true => ids::did(&draft.name),
                false => format!("https://{}/users/{}", host.name, draft.name),
            },
            handle: match bluesky {
                true => draft.name,
                false => format!("{}@{}", draft.name, host.handle_domain()),
            },
            host: draft.host,
            person,
            leaf: draft.community.map(|(leaf, _)| leaf),
            parent: draft.community.map(|(_, parent)| parent),
            kind: draft.kind,
            state: draft.state,
            indexable: draft.indexable,
            texts: draft.texts,
            created_at: draft.created_at,
        });
        id
    }

    /// An account to be changed.
    pub fn edit(&mut self, account: AccountId) -> &mut PlantedAccount {
        &mut self.accounts[account.index()]
    }

    /// Adds a follow from `src` to `dst`, on the same platform. Repeats and loops are ignored.
    pub fn follow(&mut self, src: AccountId, dst: AccountId) {
        let platform = |account: AccountId| self.accounts[account.index()].platform;
        debug_assert_eq!(platform(src), platform(dst), "follows stay on their platform");
        self.follows.push((src, dst));
    }

    /// Publishes a post at a unix second. Posts of one author that share a second are moved apart.
    pub fn post(&mut self, author: AccountId, at: u64, kind: PostKind<DraftPost>) -> DraftPost {
        self.posts.push(PostDraft { author, at: at as u32, kind });
        DraftPost((self.posts.len() - 1) as u32)
    }

    /// Likes a post (Bluesky). Repeats are ignored.
    pub fn like(&mut self, account: AccountId, post: DraftPost, at: u64) {
        self.likes.push(LikeDraft { account, post, at: at as u32 });
    }

    /// Publishes a list (Bluesky).
    pub fn list(&mut self, owner: AccountId, name: &str, purpose: ListPurpose, of: Vec<AccountId>) {
        self.lists.push(PlantedList { owner, name: name.to_owned(), purpose, members: of });
    }

    /// Adds a claim of a fediverse account to a Bluesky profile: its page as the website if that is
    /// free and `as_website`, else in the bio, where some accounts whose handle is at another domain
    /// than their page are named by handle.
    pub fn claim_fediverse(&mut self, bluesky: AccountId, fediverse: AccountId, as_website: bool) {
        let named = &self.accounts[fediverse.index()];
        let (page, handle) = (named.page(), format!("@{}", named.handle));
        let split = self.hosts[usize::from(named.host)].domain.is_some();
        let texts = &mut self.accounts[bluesky.index()].texts;
        if as_website && texts.website.is_none() {
            texts.website = Some(page);
        } else {
            let name = if split && fediverse.0.is_multiple_of(2) { handle } else { page };
            texts.bio = format!("{} Also at {name}", texts.bio).trim_start().to_owned();
        }
    }

    /// Names a Bluesky account's page in a fediverse profile's rows, by handle or by DID.
    pub fn claim_bluesky(&mut self, fediverse: AccountId, bluesky: AccountId, by_did: bool) {
        let other = &self.accounts[bluesky.index()];
        let name = if by_did { &other.native_id } else { &other.handle };
        let value = format!("https://bsky.app/profile/{name}");
        let field = ProfileField { name: "Bluesky".to_owned(), value, verified_at: None };
        self.accounts[fediverse.index()].texts.fields.push(field);
    }

    /// Puts a web page into a fediverse profile's rows, checked by its host or not.
    pub fn claim_page(&mut self, fediverse: AccountId, page: &str, verified: bool) {
        let account = &mut self.accounts[fediverse.index()];
        let verified_at = verified.then_some(account.created_at + 86_400);
        let (name, value) = ("Website".to_owned(), page.to_owned());
        account.texts.fields.push(ProfileField { name, value, verified_at });
    }

    /// Adds a proof that two accounts belong to one person; the claims are added separately.
    pub fn link(&mut self, bluesky: AccountId, fediverse: AccountId, proof: Proof) {
        self.links.push(PlantedLink { bluesky, fediverse, proof });
    }

    /// Adds a seed: an account from which the world can be found.
    pub fn seed(&mut self, account: AccountId) {
        self.seeds.push(account);
    }

    /// The follow lists as they are now.
    pub(crate) fn follow_lists(&self) -> FollowLists {
        order_follows(self.accounts.len(), self.follows.clone())
    }

    /// Finishes the world.
    pub fn build(self) -> SampleWorld {
        let n = self.accounts.len();
        let OrderedPosts { posts, ids } = order_posts(n, self.posts);
        let FollowLists { follows, followers } = order_follows(n, self.follows);
        let names = names(&self.hosts, &self.accounts);
        SampleWorld {
            until: self.until,
            hosts: self.hosts,
            accounts: self.accounts,
            follows,
            followers,
            posts,
            likes: order_likes(n, self.likes, &ids),
            lists: self.lists,
            links: self.links,
            seeds: self.seeds,
            names,
        }
    }
}

/// Every name of an account: native id, handle and, where the handle's domain is another
/// one than the server's, the name at the server.
fn names(hosts: &[PlantedHost], accounts: &[PlantedAccount]) -> HashMap<String, AccountId> {
    let mut names = HashMap::with_capacity(2 * accounts.len());
    for (account, id) in accounts.iter().zip((0..).map(AccountId)) {
        let host = &hosts[usize::from(account.host)];
        let at_server = || format!("{}@{}", account.local_name(), host.name).to_ascii_lowercase();
        let alias = host.domain.as_ref().map(|_| at_server());
        let own = [account.native_id.clone(), account.handle.to_ascii_lowercase()];
        for name in own.into_iter().chain(alias) {
            let former = names.insert(name, id);
            debug_assert_eq!(former, None, "a handle is taken twice");
        }
    }
    names
}

type AccountPairs = Vec<(AccountId, AccountId)>;

/// The follow lists, each in an order that is not that of the ids.
fn order_follows(n: usize, mut follows: AccountPairs) -> FollowLists {
    follows.retain(|(src, dst)| src != dst);
    follows.sort_unstable();
    follows.dedup();
    let scatter = |(src, dst): &(AccountId, AccountId)| mix_pair(src.0.into(), dst.0.into());
    follows.sort_by_cached_key(scatter);
    let back = follows.iter().map(|&(src, dst)| (dst.0, src)).collect();
    let out = follows.into_iter().map(|(src, dst)| (src.0, dst)).collect();
    FollowLists { follows: RowTable::new(n, out), followers: RowTable::new(n, back) }
}

/// Posts by author, newest first.
struct OrderedPosts {
    posts: RowTable<PlantedPost>,
    /// The id of each draft.
    ids: Vec<PostId>,
}

fn order_posts(n: usize, drafts: Vec<PostDraft>) -> OrderedPosts {
    let mut order: Vec<u32> = (0..drafts.len() as u32).collect();
    order.sort_by_key(|&draft| {
        let PostDraft { author, at, .. } = drafts[draft as usize];
        (author, std::cmp::Reverse(at), draft)
    });
    let mut ids = vec![PostId(0); drafts.len()];
    for (&draft, position) in order.iter().zip(0..) {
        ids[draft as usize] = PostId(position);
    }
    let mut posts: Vec<(u32, PlantedPost)> = Vec::with_capacity(drafts.len());
    for draft in order {
        let PostDraft { author, mut at, kind } = drafts[draft as usize];
        if let Some((_, newer)) = posts.last().filter(|(_, newer)| newer.author == author) {
            at = at.min(newer.at.saturating_sub(1));
        }
        let kind = kind.map(|draft| ids[draft.index()]);
        posts.push((author.0, PlantedPost { author, at, kind }));
    }
    OrderedPosts { posts: RowTable::new(n, posts), ids }
}

/// Likes by account, newest first, each post once.
fn order_likes(n: usize, mut drafts: Vec<LikeDraft>, ids: &[PostId]) -> RowTable<PlantedLike> {
    drafts.sort_unstable();
    drafts.dedup_by_key(|like| (like.account, like.post));
    drafts.sort_by_key(|like| (like.account, std::cmp::Reverse(like.at), like.post));
    let mut likes: Vec<(u32, PlantedLike)> = Vec::with_capacity(drafts.len());
    for LikeDraft { account, post, mut at } in drafts {
        if let Some((_, newer)) = likes.last().filter(|(owner, _)| *owner == account.0) {
            at = at.min(newer.at.saturating_sub(1));
        }
        likes.push((account.0, PlantedLike { post: ids[post.index()], at }));
    }
    RowTable::new(n, likes)
}

//! Makes a world from explicit accounts and arcs; the generator itself builds with it.

use std::collections::HashMap;

use model::Platform;
use model::identity::Proof;

use super::account::{Account, AccountId, Field, Kind, State, Words};
use super::host::{Host, Nature};
use super::ids;
use super::post::{Act, Like, List, Post, PostId, Purpose};
use super::rows::Rows;
use super::{Link, World};
use crate::random::mix_pair;

/// Names one post while the world is being built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftPost(pub(crate) u32);

/// An account to be; the default is a public Bluesky person without a community.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The host, as returned by [`WorldBuilder::host`]; 0 is Bluesky.
    pub host: u16,
    /// Fediverse: the local name. Bluesky: the whole handle.
    pub name: String,
    /// Whom it belongs to; `None` makes a person of its own.
    pub person: Option<u32>,
    /// The planted community and its parent.
    pub community: Option<(u16, u16)>,
    /// Who is behind it.
    pub kind: Kind,
    /// How it stands.
    pub state: State,
    /// Fediverse: whether its own words may be searched.
    pub indexable: bool,
    /// What it says of itself.
    pub words: Words,
    /// When it was opened, in unix seconds.
    pub created_at: u64,
}

/// A world in the making.
#[derive(Debug, Clone)]
pub struct WorldBuilder {
    until: u64,
    pub(crate) hosts: Vec<Host>,
    pub(crate) accounts: Vec<Account>,
    persons: u32,
    pub(crate) follows: Vec<(AccountId, AccountId)>,
    pub(crate) posts: Vec<(AccountId, u32, Act<DraftPost>)>,
    likes: Vec<(AccountId, DraftPost, u32)>,
    lists: Vec<List>,
    links: Vec<Link>,
    pub(crate) seeds: Vec<AccountId>,
}

impl WorldBuilder {
    /// An empty world whose time ends at `until`, in unix seconds. Host 0 is Bluesky.
    pub fn new(until: u64) -> WorldBuilder {
        let bluesky = Host::new("bsky.sample.test", Nature::Bluesky);
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
    pub fn host(&mut self, name: &str, nature: Nature) -> u16 {
        self.add_host(Host::new(name, nature))
    }

    /// Adds a fediverse server and returns its index.
    pub fn add_host(&mut self, host: Host) -> u16 {
        self.hosts.push(host);
        (self.hosts.len() - 1) as u16
    }

    /// A number for one who will have several accounts.
    pub fn person(&mut self) -> u32 {
        self.persons += 1;
        self.persons - 1
    }

    /// Opens an account. Its handle must be new on its host.
    pub fn account(&mut self, draft: Draft) -> AccountId {
        let person = draft.person.unwrap_or_else(|| self.person());
        let id = AccountId(self.accounts.len() as u32);
        let host = &self.hosts[usize::from(draft.host)];
        let bluesky = host.nature == Nature::Bluesky;
        self.accounts.push(Account {
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
            leaf: draft.community.map(|community| community.0),
            parent: draft.community.map(|community| community.1),
            kind: draft.kind,
            state: draft.state,
            indexable: draft.indexable,
            words: draft.words,
            created_at: draft.created_at,
        });
        id
    }

    /// An account made so far, to be changed.
    pub fn edit(&mut self, account: AccountId) -> &mut Account {
        &mut self.accounts[account.index()]
    }

    /// Lets `src` follow `dst`, on the same platform; twice is once, and oneself is nobody.
    pub fn follow(&mut self, src: AccountId, dst: AccountId) {
        let platform = |account: AccountId| self.accounts[account.index()].platform;
        debug_assert_eq!(platform(src), platform(dst), "follows stay on their platform");
        self.follows.push((src, dst));
    }

    /// Publishes a post at a unix second. Posts of one author that share a second are moved apart.
    pub fn post(&mut self, author: AccountId, at: u64, act: Act<DraftPost>) -> DraftPost {
        self.posts.push((author, at as u32, act));
        DraftPost((self.posts.len() - 1) as u32)
    }

    /// Likes a post (Bluesky); twice is once.
    pub fn like(&mut self, who: AccountId, post: DraftPost, at: u64) {
        self.likes.push((who, post, at as u32));
    }

    /// Publishes a list (Bluesky).
    pub fn list(&mut self, owner: AccountId, name: &str, purpose: Purpose, of: Vec<AccountId>) {
        self.lists.push(List { owner, name: name.to_owned(), purpose, members: of });
    }

    /// Names a fediverse account in a Bluesky profile: by its page as the website if that is free
    /// and `as_website`, else in the bio, where some whose handle is at another domain than their
    /// page are named by handle.
    pub fn claim_fediverse(&mut self, bluesky: AccountId, fediverse: AccountId, as_website: bool) {
        let named = &self.accounts[fediverse.index()];
        let (page, handle) = (named.page(), format!("@{}", named.handle));
        let split = self.hosts[usize::from(named.host)].domain.is_some();
        let words = &mut self.accounts[bluesky.index()].words;
        if as_website && words.website.is_none() {
            words.website = Some(page);
        } else {
            let name = if split && fediverse.0.is_multiple_of(2) { handle } else { page };
            words.bio = format!("{} Also at {name}", words.bio).trim_start().to_owned();
        }
    }

    /// Names a Bluesky account's page in a fediverse profile's rows, by handle or by DID.
    pub fn claim_bluesky(&mut self, fediverse: AccountId, bluesky: AccountId, by_did: bool) {
        let other = &self.accounts[bluesky.index()];
        let name = if by_did { &other.native_id } else { &other.handle };
        let value = format!("https://bsky.app/profile/{name}");
        let field = Field { name: "Bluesky".to_owned(), value, verified_at: None };
        self.accounts[fediverse.index()].words.fields.push(field);
    }

    /// Puts a web page into a fediverse profile's rows, checked by its host or not.
    pub fn claim_page(&mut self, fediverse: AccountId, page: &str, verified: bool) {
        let account = &mut self.accounts[fediverse.index()];
        let verified_at = verified.then_some(account.created_at + 86_400);
        let (name, value) = ("Website".to_owned(), page.to_owned());
        account.words.fields.push(Field { name, value, verified_at });
    }

    /// Notes that the two accounts prove to be one person's; the claims are made separately.
    pub fn link(&mut self, bluesky: AccountId, fediverse: AccountId, proof: Proof) {
        self.links.push(Link { bluesky, fediverse, proof });
    }

    /// Names an account from which the world can be found.
    pub fn seed(&mut self, account: AccountId) {
        self.seeds.push(account);
    }

    /// The follow lists as they are now: whom each account follows, and who follows it.
    pub(crate) fn settle_follows(&self) -> (Rows<AccountId>, Rows<AccountId>) {
        order_follows(self.accounts.len(), self.follows.clone())
    }

    /// Finishes the world.
    pub fn build(self) -> World {
        let n = self.accounts.len();
        let (posts, place) = order_posts(n, self.posts);
        let (out, back) = order_follows(n, self.follows);
        let names = names(&self.hosts, &self.accounts);
        World {
            until: self.until,
            hosts: self.hosts,
            accounts: self.accounts,
            follows: out,
            followers: back,
            posts,
            likes: order_likes(n, self.likes, &place),
            lists: self.lists,
            links: self.links,
            seeds: self.seeds,
            names,
        }
    }
}

/// Every name that leads to an account: native id, handle and, where the handle's domain is another
/// one than the server's, the name at the server.
fn names(hosts: &[Host], accounts: &[Account]) -> HashMap<String, AccountId> {
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

type Arcs = Vec<(AccountId, AccountId)>;

/// Both sides of the follow lists, each in an order of its own that is not that of the ids.
fn order_follows(n: usize, mut follows: Arcs) -> (Rows<AccountId>, Rows<AccountId>) {
    follows.retain(|(src, dst)| src != dst);
    follows.sort_unstable();
    follows.dedup();
    let scatter = |(src, dst): &(AccountId, AccountId)| mix_pair(src.0.into(), dst.0.into());
    follows.sort_by_cached_key(scatter);
    let back = follows.iter().map(|&(src, dst)| (dst.0, src)).collect();
    let out = follows.into_iter().map(|(src, dst)| (src.0, dst)).collect();
    (Rows::new(n, out), Rows::new(n, back))
}

/// Posts by author, newest first, and where each draft went.
fn order_posts(
    n: usize,
    drafts: Vec<(AccountId, u32, Act<DraftPost>)>,
) -> (Rows<Post>, Vec<PostId>) {
    let mut order: Vec<u32> = (0..drafts.len() as u32).collect();
    order.sort_by_key(|&draft| {
        let (author, at, _) = drafts[draft as usize];
        (author, std::cmp::Reverse(at), draft)
    });
    let mut place = vec![PostId(0); drafts.len()];
    for (&draft, position) in order.iter().zip(0..) {
        place[draft as usize] = PostId(position);
    }
    let mut posts: Vec<(u32, Post)> = Vec::with_capacity(drafts.len());
    for draft in order {
        let (author, mut at, act) = drafts[draft as usize];
        if let Some((_, newer)) = posts.last().filter(|(_, newer)| newer.author == author) {
            at = at.min(newer.at.saturating_sub(1));
        }
        let act = act.map(|draft| place[draft.0 as usize]);
        posts.push((author.0, Post { author, at, act }));
    }
    (Rows::new(n, posts), place)
}

/// Likes by account, newest first, each post once.
fn order_likes(
    n: usize,
    mut drafts: Vec<(AccountId, DraftPost, u32)>,
    place: &[PostId],
) -> Rows<Like> {
    drafts.sort_unstable();
    drafts.dedup_by_key(|like| (like.0, like.1));
    drafts.sort_by_key(|&(who, post, at)| (who, std::cmp::Reverse(at), post));
    let mut likes: Vec<(u32, Like)> = Vec::with_capacity(drafts.len());
    for (who, post, mut at) in drafts {
        if let Some((_, newer)) = likes.last().filter(|(owner, _)| *owner == who.0) {
            at = at.min(newer.at.saturating_sub(1));
        }
        likes.push((who.0, Like { post: place[post.0 as usize], at }));
    }
    Rows::new(n, likes)
}

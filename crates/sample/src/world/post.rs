//! What accounts publish: posts, likes and lists.

use super::account::AccountId;

/// Names one post of a finished world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostId(pub u32);

/// What a post does. `P` names another post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<P> {
    /// Says something to nobody in particular.
    Say,
    /// Names one account, or two.
    Mention(AccountId, Option<AccountId>),
    /// Answers a post; in the fediverse this also mentions its author, as Mastodon does.
    Reply(P),
    /// Passes a post on.
    Repost(P),
    /// Passes a post on with words of its own; counts as a repost.
    Quote(P),
}

impl<P: Copy> Act<P> {
    /// The post that this one is about.
    pub fn about(&self) -> Option<P> {
        match *self {
            Act::Reply(post) | Act::Repost(post) | Act::Quote(post) => Some(post),
            Act::Say | Act::Mention(..) => None,
        }
    }

    /// The same act with other names for posts.
    pub(crate) fn map<Q>(self, name: impl Fn(P) -> Q) -> Act<Q> {
        match self {
            Act::Say => Act::Say,
            Act::Mention(first, second) => Act::Mention(first, second),
            Act::Reply(post) => Act::Reply(name(post)),
            Act::Repost(post) => Act::Repost(name(post)),
            Act::Quote(post) => Act::Quote(name(post)),
        }
    }
}

/// One post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post {
    /// Who wrote it or passed it on.
    pub author: AccountId,
    /// When, in unix seconds; no two posts of one author share a second.
    pub at: u32,
    /// What it does.
    pub act: Act<PostId>,
}

/// One like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Like {
    /// What was liked.
    pub post: PostId,
    /// When, in unix seconds; no two likes of one account share a second.
    pub at: u32,
}

/// What a list is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// People worth reading: attention.
    Curate,
    /// People to be shut out: no attention.
    Moderate,
}

/// A public list on Bluesky.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Who keeps it.
    pub owner: AccountId,
    /// Its title.
    pub name: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Who is on it, each once.
    pub members: Vec<AccountId>,
}

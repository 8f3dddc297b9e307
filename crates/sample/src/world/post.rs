//! What accounts publish: posts, likes and lists.

use super::account::AccountId;

/// The id of a post of a finished world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostId(pub u32);

impl PostId {
    /// The index of the post among all posts.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a post is. `P` is the id of another post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostKind<P> {
    /// A post about no other account or post.
    Plain,
    /// Mentions one account, or two.
    Mention(AccountId, Option<AccountId>),
    /// Answers a post; in the fediverse this also mentions its author, as Mastodon does.
    Reply(P),
    /// Reposts a post.
    Repost(P),
    /// Reposts a post with a text of its own; counts as a repost.
    Quote(P),
}

impl<P: Copy> PostKind<P> {
    /// The post that this one is about.
    pub fn about(&self) -> Option<P> {
        match *self {
            PostKind::Reply(post) | PostKind::Repost(post) | PostKind::Quote(post) => Some(post),
            PostKind::Plain | PostKind::Mention(..) => None,
        }
    }

    /// The same kind with other ids of posts.
    pub(crate) fn map<Q>(self, name: impl Fn(P) -> Q) -> PostKind<Q> {
        match self {
            PostKind::Plain => PostKind::Plain,
            PostKind::Mention(first, second) => PostKind::Mention(first, second),
            PostKind::Reply(post) => PostKind::Reply(name(post)),
            PostKind::Repost(post) => PostKind::Repost(name(post)),
            PostKind::Quote(post) => PostKind::Quote(name(post)),
        }
    }
}

/// One post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlantedPost {
    /// The account that wrote or reposted it.
    pub author: AccountId,
    /// When, in unix seconds; no two posts of one author share a second.
    pub at: u32,
    /// What it is.
    pub kind: PostKind<PostId>,
}

/// One like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlantedLike {
    /// What was liked.
    pub post: PostId,
    /// When, in unix seconds; no two likes of one account share a second.
    pub at: u32,
}

/// What a list is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListPurpose {
    /// People worth reading: attention.
    Curate,
    /// People to be hidden: no attention.
    Moderate,
}

/// A public list on Bluesky.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantedList {
    /// The account that keeps it.
    pub owner: AccountId,
    /// Its title.
    pub name: String,
    /// What it is for.
    pub purpose: ListPurpose,
    /// Its accounts, each once.
    pub members: Vec<AccountId>,
}

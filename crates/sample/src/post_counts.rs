//! How often each post was answered, reposted, quoted and liked.

use crate::world::{PostKind, SampleWorld};

/// One post's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PostCounts {
    pub(crate) replies: u32,
    pub(crate) reposts: u32,
    pub(crate) quotes: u32,
    pub(crate) likes: u32,
}

/// Every post's counts, by post id.
pub(crate) fn tallies(world: &SampleWorld) -> Vec<PostCounts> {
    let mut tallies = vec![PostCounts::default(); world.all_posts().len()];
    for post in world.all_posts() {
        match post.kind {
            PostKind::Reply(about) => tallies[about.index()].replies += 1,
            PostKind::Repost(about) => tallies[about.index()].reposts += 1,
            PostKind::Quote(about) => tallies[about.index()].quotes += 1,
            PostKind::Plain | PostKind::Mention(..) => {}
        }
    }
    for account in world.ids() {
        for like in world.likes(account) {
            tallies[like.post.index()].likes += 1;
        }
    }
    tallies
}

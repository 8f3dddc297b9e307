//! How often each post was answered, passed on, quoted and liked.

use crate::world::{Act, World};

/// One post's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) replies: u32,
    pub(crate) reposts: u32,
    pub(crate) quotes: u32,
    pub(crate) likes: u32,
}

/// Every post's counts, by post id.
pub(crate) fn tallies(world: &World) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); world.all_posts().len()];
    for post in world.all_posts() {
        match post.act {
            Act::Reply(about) => tallies[about.0 as usize].replies += 1,
            Act::Repost(about) => tallies[about.0 as usize].reposts += 1,
            Act::Quote(about) => tallies[about.0 as usize].quotes += 1,
            Act::Say | Act::Mention(..) => {}
        }
    }
    for account in world.ids() {
        for like in world.likes(account) {
            tallies[like.post.0 as usize].likes += 1;
        }
    }
    tallies
}

//! The text of posts, made for each request: nothing is stored.

use crate::random::{mix, mix_pair};
use crate::world::{PostId, SampleWorld, TopicList};

/// Makes the text of posts.
#[derive(Debug)]
pub(crate) struct PostText(TopicList);

impl PostText {
    pub(crate) fn new() -> PostText {
        PostText(TopicList::load())
    }

    /// Appends 6 to 13 words in the manner of a post's author, the same each time.
    pub(crate) fn write(&self, world: &SampleWorld, post: PostId, text: &mut String) {
        let seed = mix_pair(u64::from(post.0), 0x7E47);
        let leaf = world.account(world.post(post).author).leaf;
        let topic = leaf.map(|leaf| &self.0.leaf(leaf).words);
        let count = 6 + seed % 8;
        for word in 0..count {
            let draw = mix(seed.wrapping_add(word));
            let own = topic.filter(|_| draw & 7 < 3);
            let words = own.unwrap_or(&self.0.plain);
            if word > 0 {
                text.push(' ');
            }
            text.push_str(words[(draw >> 8) as usize % words.len()]);
        }
    }
}

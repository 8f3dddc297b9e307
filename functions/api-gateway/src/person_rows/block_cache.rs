//! Blocks that answers read lately; the one that was not read for the longest time makes room.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::RunId;
use snapshot::person_rows::{BlockId, PersonBlock};

/// A block of a run.
pub(super) type BlockKey = (RunId, BlockId);

/// Blocks of at most a number of bytes.
pub(super) struct BlockCache {
    blocks: HashMap<BlockKey, CachedBlock>,
    /// The blocks by the time of their last use.
    by_use: BTreeMap<u64, BlockKey>,
    uses: u64,
    bytes: usize,
    bytes_max: usize,
}

struct CachedBlock {
    block: Arc<PersonBlock>,
    used: u64,
}

impl BlockCache {
    pub(super) fn new(bytes_max: usize) -> BlockCache {
        let (blocks, by_use) = (HashMap::new(), BTreeMap::new());
        BlockCache { blocks, by_use, uses: 0, bytes: 0, bytes_max }
    }

    pub(super) fn get(&mut self, key: BlockKey) -> Option<Arc<PersonBlock>> {
        let cached = self.blocks.get_mut(&key)?;
        self.uses += 1;
        self.by_use.remove(&std::mem::replace(&mut cached.used, self.uses));
        self.by_use.insert(self.uses, key);
        Some(Arc::clone(&cached.block))
    }

    /// Keeps a block. One that is larger than the cache is not kept.
    pub(super) fn put(&mut self, key: BlockKey, block: &Arc<PersonBlock>) {
        let bytes = block.memory_bytes();
        if bytes > self.bytes_max || self.blocks.contains_key(&key) {
            return;
        }
        while self.bytes + bytes > self.bytes_max {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            self.bytes -= self.blocks.remove(&oldest).map_or(0, |old| old.block.memory_bytes());
        }
        self.uses += 1;
        self.bytes += bytes;
        self.by_use.insert(self.uses, key);
        self.blocks.insert(key, CachedBlock { block: Arc::clone(block), used: self.uses });
    }
}

#[cfg(test)]
mod tests {
    use model::PersonId;
    use snapshot::person_rows::RowSection;

    use super::*;

    fn key(number: u32) -> BlockKey {
        (RunId::new(1), BlockId { section: RowSection::Ids, number })
    }

    /// 80 bytes.
    fn block(number: u32) -> Arc<PersonBlock> {
        Arc::new(PersonBlock::Ids(number, vec![PersonId::new(1); 10]))
    }

    #[test]
    fn the_block_that_was_not_read_for_the_longest_time_makes_room() {
        let mut cache = BlockCache::new(250);
        (0..3).for_each(|number| cache.put(key(number), &block(number)));
        assert_eq!(cache.get(key(0)), Some(block(0)));
        cache.put(key(3), &block(3));
        assert_eq!(cache.get(key(1)), None, "0 was read since");
        let kept = [0, 2, 3].map(|number| cache.get(key(number)) == Some(block(number)));
        assert_eq!((kept, cache.bytes), ([true; 3], 240));
    }

    #[test]
    fn the_cache_stays_within_its_bytes() {
        let mut cache = BlockCache::new(250);
        for number in 0..1_000 {
            cache.put(key(number), &block(number));
            cache.put(key(number), &block(number));
            assert!(cache.bytes <= 250 && cache.blocks.len() == cache.by_use.len());
        }
        let large = Arc::new(PersonBlock::Ids(0, vec![PersonId::new(1); 100]));
        cache.put(key(5_000), &large);
        assert_eq!(cache.get(key(5_000)), None);
    }
}

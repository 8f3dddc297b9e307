//! Stored ids → dense numbers.
//!
//! Stored ids are minted one after the other, so they come in runs: a block of sixteen numbers for
//! each sixteenth of the id space that has any. About 5 B an id where runs are whole, 70 B where
//! every id stands alone; a look-up is one multiplication and two indices.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

const BLOCK: u64 = 16;

/// No number.
pub(crate) const NONE: u32 = u32::MAX;

/// The number of each id.
#[derive(Debug, Clone, Default)]
pub(crate) struct IdDirectory {
    block_of: HashMap<u64, u32, BuildHasherDefault<SpreadHasher>>,
    blocks: Vec<[u32; BLOCK as usize]>,
}

/// Spreads ids that we mint ourselves, one after the other: no outsider can make them collide.
#[derive(Debug, Clone, Default)]
struct SpreadHasher(u64);

impl Hasher for SpreadHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = (self.0 ^ id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl IdDirectory {
    /// The number of an id, if it has one.
    pub(crate) fn get(&self, id: u64) -> Option<u32> {
        let block = *self.block_of.get(&(id / BLOCK))?;
        let number = self.blocks[block as usize][(id % BLOCK) as usize];
        (number != NONE).then_some(number)
    }

    /// Gives an id a number, or another one; [`NONE`] takes it away.
    pub(crate) fn set(&mut self, id: u64, number: u32) {
        let block = *self.block_of.entry(id / BLOCK).or_insert_with(|| {
            self.blocks.push([NONE; BLOCK as usize]);
            self.blocks.len() as u32 - 1
        });
        self.blocks[block as usize][(id % BLOCK) as usize] = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_far_apart_and_side_by_side_keep_their_numbers() {
        let ids = [0, 1, 15, 16, 1 << 45, (1 << 45) + 1, u64::MAX];
        let mut directory = IdDirectory::default();
        (0..).zip(ids).for_each(|(number, id)| directory.set(id, number));
        for (number, id) in (0..).zip(ids) {
            assert_eq!(directory.get(id), Some(number));
        }
        assert_eq!(directory.get(2), None);
        directory.set(16, NONE);
        assert_eq!(directory.get(16), None);
    }
}

//! What of a page is wanted: a tree of keys. Everything else is skipped while parsing, unread and
//! unallocated, which makes a page of 100 records five times cheaper than a whole document tree.

/// One object's wanted keys. A key's place in the list is its slot in the [`Node`](super::Node)s
/// read with the shape; places never change, so paths may be compiled while the shape grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    keys: Vec<(Box<str>, Shape)>,
}

impl Shape {
    /// The slot of a key, made if it is new, and what is wanted under it.
    pub(crate) fn want(&mut self, key: &str) -> (usize, &mut Shape) {
        let known = self.keys.iter().position(|(known, _)| **known == *key);
        let slot = known.unwrap_or_else(|| {
            self.keys.push((key.into(), Shape::default()));
            self.keys.len() - 1
        });
        (slot, &mut self.keys[slot].1)
    }

    /// The slot of a key that is wanted.
    pub(super) fn slot(&self, key: &str) -> Option<usize> {
        self.keys.iter().position(|(known, _)| **known == *key)
    }

    /// What is wanted under a slot.
    pub(super) fn under(&self, slot: usize) -> &Shape {
        &self.keys[slot].1
    }

    /// How many keys are wanted.
    pub(super) fn width(&self) -> usize {
        self.keys.len()
    }
}

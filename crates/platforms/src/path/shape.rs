//! What is selected of a page: a tree of keys. Everything else is skipped while parsing, unread and
//! unallocated, which makes a page of 100 records five times cheaper than a whole document tree.

/// One object's selected keys. A key's index in the list is its slot in the [`PageNode`](super::PageNode)s
/// read with the shape; indices never change, so paths may be compiled while the shape grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PageShape {
    keys: Vec<ShapeKey>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ShapeKey {
    key: Box<str>,
    under: PageShape,
}

/// A key of a shape that may grow.
pub(crate) struct ShapeSlot<'s> {
    pub(crate) slot: usize,
    /// What is selected under the key.
    pub(crate) under: &'s mut PageShape,
}

impl PageShape {
    /// Selects a key; its slot is made if it is new.
    pub(crate) fn select(&mut self, key: &str) -> ShapeSlot<'_> {
        let slot = self.slot(key).unwrap_or_else(|| {
            self.keys.push(ShapeKey { key: key.into(), under: PageShape::default() });
            self.keys.len() - 1
        });
        ShapeSlot { slot, under: &mut self.keys[slot].under }
    }

    /// The slot of a key that is selected.
    pub(super) fn slot(&self, key: &str) -> Option<usize> {
        self.keys.iter().position(|known| *known.key == *key)
    }

    /// What is selected under a slot.
    pub(super) fn under(&self, slot: usize) -> &PageShape {
        &self.keys[slot].under
    }

    /// How many keys are selected.
    pub(super) fn width(&self) -> usize {
        self.keys.len()
    }
}

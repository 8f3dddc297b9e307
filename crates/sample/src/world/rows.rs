//! Rows of items of unequal length in two vectors (compressed sparse rows).

/// `rows` lists of items, stored end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowTable<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> RowTable<T> {
    /// Groups items by row, in the order given. Memory: 4 bytes a row and the items.
    pub(crate) fn new(rows: usize, mut items: Vec<(u32, T)>) -> RowTable<T> {
        items.sort_by_key(|(row, _)| *row);
        let mut starts = vec![0u32; rows + 1];
        for (row, _) in &items {
            starts[*row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        RowTable { starts, items: items.into_iter().map(|(_, item)| item).collect() }
    }

    /// The items of one row.
    pub fn row(&self, row: usize) -> &[T] {
        &self.items[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// The position of a row's first item among all items.
    pub fn start(&self, row: usize) -> usize {
        self.starts[row] as usize
    }

    /// Every item, row by row.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_lie_in_their_rows_in_the_order_given() {
        let rows = RowTable::new(3, vec![(2, 'x'), (0, 'b'), (2, 'a'), (0, 'c')]);
        assert_eq!(rows.row(0), ['b', 'c']);
        assert!(rows.row(1).is_empty());
        assert_eq!(rows.row(2), ['x', 'a']);
        assert_eq!((rows.rows(), rows.start(2), rows.items().len()), (3, 2, 4));
    }
}

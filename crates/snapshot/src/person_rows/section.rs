//! The kinds of blocks.

/// What a block says of its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowSection {
    /// Those that they attend to.
    Given,
    /// Who attends to them.
    Received,
    /// What searches have to know of them.
    Facts,
    /// Their stored ids.
    Ids,
    /// Which numbers those with a number of the served tables have.
    Places,
}

impl RowSection {
    /// Every section, in the order in which they are sealed.
    pub const ALL: [RowSection; 5] = [
        RowSection::Given,
        RowSection::Received,
        RowSection::Facts,
        RowSection::Ids,
        RowSection::Places,
    ];

    /// Whether its blocks are cut by arcs.
    pub(super) const fn has_arcs(self) -> bool {
        matches!(self, RowSection::Given | RowSection::Received)
    }
}

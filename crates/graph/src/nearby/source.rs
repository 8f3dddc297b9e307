//! Where searches get rows from.

use model::index::PersonIndex;

use super::share_code::ShareCode;

/// A person's arcs in one direction, by ascending number of the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionRow<'a> {
    /// The other ends.
    pub people: &'a [PersonIndex],
    /// For each arc the share of its source's attention that it is, beside `people`.
    pub shares: &'a [ShareCode],
}

impl<'a> AttentionRow<'a> {
    /// The other ends with the shares.
    pub fn arcs(self) -> impl Iterator<Item = (PersonIndex, ShareCode)> + 'a {
        self.people.iter().copied().zip(self.shares.iter().copied())
    }
}

/// What a search has to know of a person that it reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PersonFact {
    /// To how many people it attends.
    pub arcs: u32,
    /// The part of all attention that personal views do not pass on which reaches the person:
    /// [`residue_shares`](crate::rank::residue_shares).
    pub residue_share: f32,
    /// Whether it may be shown, as far as the run knows.
    pub listed: bool,
}

/// The rows at hand. `None` stands for what is to be fetched first.
pub trait RowSource {
    /// Those that a person attends to.
    fn given(&self, person: PersonIndex) -> Option<AttentionRow<'_>>;

    /// Those who attend to a person; of very many the strongest.
    fn received(&self, person: PersonIndex) -> Option<AttentionRow<'_>>;

    /// What is known of a person.
    fn fact(&self, person: PersonIndex) -> Option<PersonFact>;
}

/// What a search needs next, and some of what it will probably need soon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MissingRows {
    /// Whose [`RowSource::given`].
    pub given: Vec<PersonIndex>,
    /// Whose [`RowSource::received`].
    pub received: Vec<PersonIndex>,
    /// Whose [`RowSource::fact`].
    pub facts: Vec<PersonIndex>,
}

impl MissingRows {
    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.received.is_empty() && self.facts.is_empty()
    }
}

/// How far a search is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchStep {
    /// It has ended.
    Done,
    /// It goes on when these are at hand.
    Missing(MissingRows),
}

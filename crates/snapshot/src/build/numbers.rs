//! What is known of each number while a snapshot is made: 40 B a profile, and the directory.

use model::{Direction, Layer, PersonId, PersonKind, ProfileId};

use crate::directory::{IdDirectory, NONE};
use crate::{NodeFact, Section};

/// The number, in the directory, of profiles that must not be in a snapshot.
const REMOVED: u32 = NONE - 1;

/// A profile's own page.
#[derive(Debug, Clone, Copy)]
pub struct ProfilePage {
    /// The profile.
    pub id: ProfileId,
    /// The person that it belongs to.
    pub person: PersonId,
    /// Who is behind it.
    pub kind: PersonKind,
    /// Whether it may not be shown.
    pub unlisted: bool,
}

/// One number.
#[derive(Debug, Clone, Copy, Default)]
struct NumberEntry {
    /// The stored id of its profile; 0 if it is vacant.
    id: u64,
    person: u64,
    /// The lists, as bits by section, that were added: the parent's arcs of them do not stay.
    added: u32,
    /// The layers, as bits by number, in which the own list is complete.
    complete: u16,
    /// The same, as the parent had it.
    was_complete: u16,
    kind: PersonKind,
    unlisted: bool,
    /// Whether the database has a page or a list of it.
    stored: bool,
    /// Whether an arc ends there. What is neither stored nor named is no part of the graph any more.
    named: bool,
}

/// Every number, and the profile that has it.
#[derive(Debug, Default)]
pub struct ProfileNumbers {
    entries: Vec<NumberEntry>,
    directory: IdDirectory,
}

/// The bit that stands for a layer.
const fn layer_bit(layer: Layer) -> u16 {
    1 << layer as u16
}

/// The bit that stands for a section.
const fn section_bit(section: Section) -> u32 {
    1 << ((section.layer as u32) << 1 | section.direction as u32)
}

impl ProfileNumbers {
    /// The numbers that a parent gave, with all that it says of them but who is joined.
    pub(super) fn of_parent(facts: &[Option<NodeFact>]) -> ProfileNumbers {
        let mut numbers = ProfileNumbers::default();
        for (number, fact) in (0..).zip(facts) {
            let entry = fact.map_or_else(NumberEntry::default, |fact| {
                numbers.directory.set(fact.id.number(), number);
                NumberEntry {
                    id: fact.id.number(),
                    person: fact.id.home_person().number(),
                    complete: fact.complete,
                    was_complete: fact.complete,
                    kind: fact.kind,
                    unlisted: fact.unlisted,
                    stored: fact.stored,
                    ..NumberEntry::default()
                }
            });
            numbers.entries.push(entry);
        }
        numbers
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Whether a profile has no number yet, and may get one.
    pub fn is_new(&self, id: ProfileId) -> bool {
        self.directory.get(id.number()).is_none()
    }

    /// The number of a profile, a new one if it has none; `None` if it is removed.
    pub(super) fn number(&mut self, id: ProfileId) -> Option<u32> {
        match self.directory.get(id.number()) {
            Some(REMOVED) => None,
            Some(number) => Some(number),
            None => {
                let number = self.len();
                self.directory.set(id.number(), number);
                let person = id.home_person().number();
                self.entries.push(NumberEntry {
                    id: id.number(),
                    person,
                    ..NumberEntry::default()
                });
                Some(number)
            }
        }
    }

    fn entry_of(&mut self, id: ProfileId) -> Option<&mut NumberEntry> {
        let number = self.directory.get(id.number())?;
        self.entries.get_mut(number as usize)
    }

    /// Adds a profile's page, or a newer one.
    pub fn add_page(&mut self, page: &ProfilePage) {
        let Some(number) = self.number(page.id) else { return };
        let entry = &mut self.entries[number as usize];
        (entry.person, entry.kind, entry.stored) = (page.person.number(), page.kind, true);
        entry.unlisted = page.unlisted;
    }

    /// Removes a profile, which is gone or refuses: it gets no number, and its arcs leave.
    pub fn remove(&mut self, id: ProfileId) {
        if let Some(entry) = self.entry_of(id) {
            *entry = NumberEntry::default();
        }
        self.directory.set(id.number(), REMOVED);
    }

    /// Joins a profile that has a number with others.
    pub fn set_person(&mut self, id: ProfileId, person: PersonId) {
        if let Some(entry) = self.entry_of(id) {
            entry.person = person.number();
        }
    }

    /// Adds a profile that has no page.
    pub fn add_without_page(&mut self, id: ProfileId, unlisted: bool) {
        if self.number(id).is_some() {
            self.set_unlisted(id, unlisted);
        }
    }

    /// Sets whether a profile that has a number, but no page, may not be shown.
    pub fn set_unlisted(&mut self, id: ProfileId, unlisted: bool) {
        if let Some(entry) = self.entry_of(id) {
            entry.unlisted = unlisted;
        }
    }

    /// Adds that the database has a list; false if the same list was added before.
    pub(super) fn add_list(&mut self, owner: u32, section: Section, complete: bool) -> bool {
        let entry = &mut self.entries[owner as usize];
        if entry.added & section_bit(section) != 0 {
            return false;
        }
        entry.added |= section_bit(section);
        entry.stored = true;
        if section.direction == Direction::Out {
            entry.complete &= !layer_bit(section.layer);
            entry.complete |= if complete { layer_bit(section.layer) } else { 0 };
        }
        true
    }

    /// Whether a list that was complete is not any more: then arcs that others show count again,
    /// which the parent does not have.
    pub fn lost_a_complete_list(&self) -> bool {
        self.entries.iter().any(|entry| entry.id != 0 && entry.was_complete & !entry.complete != 0)
    }

    /// Whether an arc that the parent has is still there.
    pub(super) fn keeps(&self, section: Section, source: u32, target: u32) -> bool {
        let owner = if section.direction == Direction::Out { source } else { target };
        let is_there = |number: u32| self.entries[number as usize].id != 0;
        let is_kept = self.entries[owner as usize].added & section_bit(section) == 0;
        is_kept && is_there(source) && is_there(target) && self.counts(section, source)
    }

    /// Whether what a section shows of a source counts: the own list, if complete, has all arcs.
    pub(super) fn counts(&self, section: Section, source: u32) -> bool {
        let complete = self.entries[source as usize].complete & layer_bit(section.layer) != 0;
        section.direction == Direction::Out || !complete
    }

    /// Notes the ends of an arc.
    pub(super) fn name(&mut self, source: u32, target: u32) {
        self.entries[source as usize].named = true;
        self.entries[target as usize].named = true;
    }

    /// What is sealed of each number: those that nothing names are vacant.
    pub(super) fn facts(&self) -> Vec<Option<NodeFact>> {
        let fact = |entry: &NumberEntry| {
            (entry.id != 0 && (entry.stored || entry.named)).then(|| NodeFact {
                id: ProfileId::new(entry.id),
                person: PersonId::new(entry.person),
                kind: entry.kind,
                unlisted: entry.unlisted,
                stored: entry.stored,
                complete: entry.complete,
            })
        };
        self.entries.iter().map(fact).collect()
    }

    /// The person of a number's profile.
    pub(super) fn person(&self, number: u32) -> PersonId {
        PersonId::new(self.entries[number as usize].person)
    }

    /// The stored id of a number's profile.
    pub(super) fn id(&self, number: u32) -> u64 {
        self.entries[number as usize].id
    }

    /// Gives new numbers: `order` holds the old ones.
    pub(super) fn renumber(&mut self, order: &[u32]) {
        self.entries = order.iter().map(|&old| self.entries[old as usize]).collect();
        for (number, entry) in (0..).zip(&self.entries) {
            self.directory.set(entry.id, number);
        }
    }
}

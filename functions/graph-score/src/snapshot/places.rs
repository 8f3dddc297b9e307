//! What is known of each number while a snapshot is made: 32 B a profile, and the directory.

use model::{Consent, Direction, Layer, PersonId, PersonKind, ProfileId};
use store::pg::snapshot::Node;

use super::directory::{Directory, NONE};
use super::nodes::Fact;
use super::spill::Section;

/// The number, in the directory, of profiles that must not be in a snapshot.
const OUT: u32 = NONE - 1;

/// One number.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Who has it; 0 if it is vacant.
    id: u64,
    person: u64,
    /// The lists, as bits by section, whose arcs are still those of the parent.
    kept: u32,
    /// The layers, as bits by number, in which the own list is complete.
    complete: u16,
    /// The same, as the parent had it.
    was_complete: u16,
    kind: PersonKind,
    unlisted: bool,
    /// Whether the record has a page or a list of it, or an arc ends there: else it is no part of
    /// the graph any more.
    named: bool,
}

/// Every number, and who has it.
#[derive(Debug, Default)]
pub(super) struct Places {
    all: Vec<Place>,
    numbers: Directory,
}

/// The bit that stands for a layer.
const fn layer_bit(layer: Layer) -> u16 {
    1 << layer as u16
}

/// The bit that stands for a layer seen from one side.
const fn section_bit((layer, direction): Section) -> u32 {
    1 << ((layer as u32) << 1 | direction as u32)
}

impl Places {
    /// The numbers that a parent gave, with nothing else known yet.
    pub(super) fn of_parent(facts: &[Option<Fact>]) -> Places {
        let mut places = Places::default();
        for (number, fact) in (0..).zip(facts) {
            let place = fact.map_or_else(Place::default, |fact| {
                places.numbers.set(fact.id.number(), number);
                let (id, person) = (fact.id.number(), fact.id.home_person().number());
                Place { id, person, was_complete: fact.complete, ..Place::default() }
            });
            places.all.push(place);
        }
        places
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> u32 {
        self.all.len() as u32
    }

    /// The number of a profile, a new one if it has none; `None` if it must not be there.
    pub(super) fn number(&mut self, id: ProfileId) -> Option<u32> {
        match self.numbers.get(id.number()) {
            Some(OUT) => None,
            Some(number) => Some(number),
            None => {
                let number = self.len();
                self.numbers.set(id.number(), number);
                let (id, person) = (id.number(), id.home_person().number());
                self.all.push(Place { id, person, ..Place::default() });
                Some(number)
            }
        }
    }

    /// Notes what the record says of a profile: those who are gone or refuse leave their numbers.
    pub(super) fn note(&mut self, node: &Node) {
        if node.gone.is_some() || node.consent.has(Consent::REFUSED) {
            let number = self.numbers.get(node.id.number());
            if let Some(place) = number.and_then(|number| self.all.get_mut(number as usize)) {
                *place = Place::default();
            }
            self.numbers.set(node.id.number(), OUT);
        } else if let Some(number) = self.number(node.id) {
            let place = &mut self.all[number as usize];
            (place.person, place.kind, place.named) = (node.person.number(), node.kind, true);
            place.unlisted = node.consent.has(Consent::UNLISTED);
        }
    }

    /// Notes that nobody has read a profile that must say yes first; one without a number stays so.
    pub(super) fn note_unread(&mut self, id: ProfileId) {
        let number = self.numbers.get(id.number());
        if let Some(place) = number.and_then(|number| self.all.get_mut(number as usize)) {
            place.unlisted = true;
        }
    }

    /// Notes that the record has a list, and whether its arcs are those of the parent.
    pub(super) fn note_list(&mut self, owner: u32, section: Section, complete: bool, kept: bool) {
        let place = &mut self.all[owner as usize];
        place.named = true;
        if complete && section.1 == Direction::Out {
            place.complete |= layer_bit(section.0);
        }
        if kept {
            place.kept |= section_bit(section);
        }
    }

    /// Whether a list that was complete is not any more: then arcs that others show count again,
    /// which the parent does not have.
    pub(super) fn lost_a_complete_list(&self) -> bool {
        self.all.iter().any(|place| place.id != 0 && place.was_complete & !place.complete != 0)
    }

    /// Whether an arc that the parent has is still there.
    pub(super) fn keeps(&self, section: Section, source: u32, target: u32) -> bool {
        let owner = if section.1 == Direction::Out { source } else { target };
        let is_there = |number: u32| self.all[number as usize].id != 0;
        let kept = self.all[owner as usize].kept & section_bit(section) != 0;
        kept && is_there(source) && is_there(target) && self.counts(section, source)
    }

    /// Whether what a side shows of a source counts: a complete list is the last word on its
    /// owner's arcs.
    pub(super) fn counts(&self, (layer, direction): Section, source: u32) -> bool {
        direction == Direction::Out || self.all[source as usize].complete & layer_bit(layer) == 0
    }

    /// Notes the ends of an arc.
    pub(super) fn name(&mut self, source: u32, target: u32) {
        self.all[source as usize].named = true;
        self.all[target as usize].named = true;
    }

    /// What is sealed of each number: those that nothing names are vacant.
    pub(super) fn facts(&self) -> Vec<Option<Fact>> {
        let fact = |place: &Place| {
            (place.id != 0 && place.named).then(|| Fact {
                id: ProfileId::new(place.id),
                person: PersonId::new(place.person),
                kind: place.kind,
                unlisted: place.unlisted,
                complete: place.complete,
            })
        };
        self.all.iter().map(fact).collect()
    }

    /// The person of a number's profile.
    pub(super) fn person(&self, number: u32) -> PersonId {
        PersonId::new(self.all[number as usize].person)
    }

    /// The stored id of a number's profile.
    pub(super) fn id(&self, number: u32) -> u64 {
        self.all[number as usize].id
    }

    /// Gives the numbers anew: `order` holds the old ones.
    pub(super) fn renumber(&mut self, order: &[u32]) {
        self.all = order.iter().map(|&old| self.all[old as usize]).collect();
        for (number, place) in (0..).zip(&self.all) {
            self.numbers.set(place.id, number);
        }
    }
}

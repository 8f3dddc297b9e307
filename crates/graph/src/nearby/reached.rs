//! The people that a search has reached, each with a value, in the order in which they were reached.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use model::index::PersonIndex;

/// Spreads dense numbers: no outsider chooses them.
#[derive(Debug, Clone, Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(byte.into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

/// A map whose keys are dense numbers.
pub(super) type NumberMap<V> = HashMap<u32, V, BuildHasherDefault<NumberHasher>>;

/// Values of people by *slot*: the n-th person that was reached has slot n. Memory proportional to those.
#[derive(Debug, Clone)]
pub(super) struct ReachedPeople<T> {
    slots: NumberMap<u32>,
    people: Vec<PersonIndex>,
    values: Vec<T>,
}

impl<T> ReachedPeople<T> {
    pub(super) fn new() -> ReachedPeople<T> {
        ReachedPeople { slots: NumberMap::default(), people: Vec::new(), values: Vec::new() }
    }

    /// The slot of a person, if it was reached.
    pub(super) fn slot(&self, person: PersonIndex) -> Option<u32> {
        self.slots.get(&person.number()).copied()
    }

    /// Gives a person the next slot.
    pub(super) fn push(&mut self, person: PersonIndex, value: T) -> u32 {
        let slot = self.people.len() as u32;
        self.slots.insert(person.number(), slot);
        self.people.push(person);
        self.values.push(value);
        slot
    }

    /// The person of a slot.
    pub(super) fn person(&self, slot: u32) -> PersonIndex {
        self.people[slot as usize]
    }

    /// The value of a slot.
    pub(super) fn value(&self, slot: u32) -> &T {
        &self.values[slot as usize]
    }

    /// The value of a slot, to be changed.
    pub(super) fn value_mut(&mut self, slot: u32) -> &mut T {
        &mut self.values[slot as usize]
    }

    /// All people with their values, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PersonIndex, &T)> {
        self.people.iter().copied().zip(&self.values)
    }

    /// Each slot with its value.
    pub(super) fn by_slot(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.values)
    }
}

//! Who has each number, and the persons that they are joined into: about 40 B a profile.

use std::collections::BTreeSet;

use model::index::{PersonIndex, ProfileIndex};
use model::{PersonId, PersonKind, ProfileId};
use typed_index_collections::{TiVec, ti_vec};

use crate::directory::{IdDirectory, NONE};

/// Who is who in a snapshot: profiles in the order of their numbers, and the persons they belong
/// to, in the order of their last profiles. Neighbours in these orders belong together: that is
/// what makes the graph small and its kernels fast.
#[derive(Debug, Clone)]
pub struct Nodes {
    /// The stored id of each profile.
    pub profiles: TiVec<ProfileIndex, ProfileId>,
    /// The person of each profile.
    pub person_of: TiVec<ProfileIndex, PersonIndex>,
    /// The stored id of each person.
    pub people: TiVec<PersonIndex, PersonId>,
    /// Who each person is: of the kind that any profile names that is shown (if none is, any), bot
    /// before organisation before person.
    pub kinds: TiVec<PersonIndex, PersonKind>,
    /// Persons none of whose profiles is listed.
    pub unlisted: TiVec<PersonIndex, bool>,
    /// The number of the person of each number, vacant ones included.
    person_at: Vec<u32>,
    profile_by_id: IdDirectory,
    person_by_id: IdDirectory,
}

/// What a snapshot says of the profile that has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeFact {
    /// Its stored id.
    pub id: ProfileId,
    /// The person that it belongs to.
    pub person: PersonId,
    /// Who is behind it.
    pub kind: PersonKind,
    /// Whether it may not be shown.
    pub unlisted: bool,
    /// Whether the database has a page or a list of it; if not, the arcs of others name it.
    pub stored: bool,
    /// The layers, as bits by number, in which its own list is complete.
    pub complete: u16,
}

impl Nodes {
    /// Joins the profiles of each number (`None` if it is vacant) into persons.
    pub fn new(facts: &[Option<NodeFact>]) -> Nodes {
        let mut last_of = IdDirectory::default();
        let taken = || (0u32..).zip(facts).filter_map(|(at, fact)| Some((at, fact.as_ref()?)));
        taken().for_each(|(number, fact)| last_of.set(fact.person.number(), number));
        let mut nodes = Nodes {
            profiles: TiVec::new(),
            person_of: TiVec::new(),
            people: TiVec::new(),
            kinds: TiVec::new(),
            unlisted: TiVec::new(),
            person_at: vec![NONE; facts.len()],
            profile_by_id: IdDirectory::default(),
            person_by_id: IdDirectory::default(),
        };
        for (number, fact) in taken() {
            if last_of.get(fact.person.number()) == Some(number) {
                nodes.person_by_id.set(fact.person.number(), nodes.people.len() as u32);
                nodes.people.push(fact.person);
            }
        }
        nodes.kinds = ti_vec![PersonKind::Unknown; nodes.people.len()];
        nodes.unlisted = ti_vec![true; nodes.people.len()];
        taken().for_each(|(number, fact)| nodes.join(number, fact));
        taken().for_each(|(number, fact)| nodes.name_kind(number, fact));
        nodes
    }

    fn join(&mut self, number: u32, fact: &NodeFact) {
        let person = self.person_by_id.get(fact.person.number()).unwrap_or(NONE);
        self.person_at[number as usize] = person;
        self.profile_by_id.set(fact.id.number(), self.profiles.len() as u32);
        self.profiles.push(fact.id);
        self.person_of.push(PersonIndex::new(person));
        self.unlisted[PersonIndex::new(person)] &= fact.unlisted;
    }

    /// What a profile says of its person's kind, unless it is hidden and others are not.
    fn name_kind(&mut self, number: u32, fact: &NodeFact) {
        let person = PersonIndex::new(self.person_at[number as usize]);
        if !fact.unlisted || self.unlisted[person] {
            self.kinds[person] = self.kinds[person].max(fact.kind);
        }
    }

    /// The index of a profile; `None` if it is not in the snapshot.
    pub fn profile(&self, id: ProfileId) -> Option<ProfileIndex> {
        self.profile_by_id.get(id.number()).map(ProfileIndex::new)
    }

    /// The index of a person; `None` if it is not in the snapshot.
    pub fn person(&self, id: PersonId) -> Option<PersonIndex> {
        self.person_by_id.get(id.number()).map(PersonIndex::new)
    }

    /// The person of each number of the shards, [`NONE`] where it is vacant.
    pub(crate) fn person_at(&self) -> &[u32] {
        &self.person_at
    }

    /// The number of the only platform of each person, or 0 for one that is on several.
    pub fn platform_of(&self) -> TiVec<PersonIndex, u8> {
        let mut platform_of: TiVec<PersonIndex, Option<u8>> = ti_vec![None; self.people.len()];
        for (id, &person) in self.profiles.iter().zip(&self.person_of) {
            let own = &mut platform_of[person];
            *own = match (*own, id.platform_number()) {
                (None, number) => Some(number),
                (Some(known), number) => Some(if known == number { known } else { 0 }),
            };
        }
        platform_of.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// The profiles of each person.
    pub fn profiles_of(&self) -> TiVec<PersonIndex, Vec<ProfileIndex>> {
        let mut profiles: TiVec<PersonIndex, Vec<_>> = ti_vec![Vec::new(); self.people.len()];
        for (profile, &person) in self.person_of.iter_enumerated() {
            profiles[person].push(profile);
        }
        profiles
    }

    /// The persons of those of these profiles that are in the snapshot, each once.
    pub fn people_of(&self, ids: &[ProfileId]) -> Vec<PersonIndex> {
        let people: BTreeSet<PersonIndex> =
            ids.iter().filter_map(|&id| Some(self.person_of[self.profile(id)?])).collect();
        people.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(id: u64, person: u64, kind: PersonKind, unlisted: bool) -> Option<NodeFact> {
        let (id, person) = (ProfileId::new(id), PersonId::new(person));
        Some(NodeFact { id, person, kind, unlisted, stored: true, complete: 6 })
    }

    fn facts() -> Vec<Option<NodeFact>> {
        vec![
            fact(7, 5, PersonKind::Bot, true),
            None,
            fact(9, 9, PersonKind::Person, true),
            fact(5, 5, PersonKind::Organisation, false),
        ]
    }

    #[test]
    fn people_come_in_the_order_of_their_last_profiles() {
        let nodes = Nodes::new(&facts());
        assert_eq!(nodes.people.raw, [9, 5].map(PersonId::new));
        assert_eq!(nodes.person_of.raw, [1, 0, 1].map(PersonIndex::new));
        assert_eq!(nodes.person_at(), [1, NONE, 0, 1]);
        // A person with a listed profile is listed, and as that one says.
        assert_eq!(nodes.kinds.raw, [PersonKind::Person, PersonKind::Organisation]);
        assert_eq!(nodes.unlisted.raw, [true, false]);
        assert_eq!(nodes.profile(ProfileId::new(5)), Some(ProfileIndex::new(2)));
        assert_eq!(nodes.person(PersonId::new(7)), None);
        assert_eq!(nodes.people_of(&[5, 7, 8].map(ProfileId::new)), [PersonIndex::new(1)]);
    }

    #[test]
    fn every_platform_is_one_of_its_own() {
        let platforms = [1u64, 2, 17, 18, 19, 200, 255];
        let alone = platforms.map(|platform| platform << 45 | 7);
        // Each is also joined with the next.
        let joined = platforms.windows(2).flat_map(|pair| {
            let [one, two] = [(pair[0] << 45) | (8 + pair[1]), (pair[1] << 45) | (9 + pair[0])];
            [(one, one), (two, one)]
        });
        let all = alone.into_iter().map(|id| (id, id)).chain(joined);
        let facts: Vec<_> =
            all.map(|(id, person)| fact(id, person, PersonKind::Unknown, false)).collect();
        let nodes = Nodes::new(&facts);
        let platform_of = nodes.platform_of();
        for (at, person) in nodes.people.iter_enumerated() {
            let alone = alone.contains(&person.number());
            let wanted = if alone { (person.number() >> 45) as u8 } else { 0 };
            assert_eq!(platform_of[at], wanted, "{person}");
        }
    }
}

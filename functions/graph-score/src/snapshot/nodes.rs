//! Who has each number, and the persons that they are joined into.
//!
//! Sealed are the facts of each number, [`SHARD_NUMBERS`] a shard, as postcard under zstd. The rest
//! follows from them when a snapshot is opened: about 40 B a profile.

use std::collections::BTreeSet;

use model::port::Objects;
use model::snapshot::{Shard, SnapshotManifest, manifest_key};
use model::{PersonId, PersonKind, ProfileId, SnapshotId};
use serde::{Deserialize, Serialize};

use super::directory::{Directory, NONE};
use super::{get_shard, put_shard};
use crate::ScoreError;
use crate::seal::SealError;

/// Numbers of one shard.
const SHARD_NUMBERS: usize = 1 << 20;

/// A shard unpacks to at most so many bytes a number.
const UNPACKED_BYTES: usize = 48;

/// Who is who in a snapshot: profiles in the order of their numbers, and the persons they belong
/// to, in the order of their last profiles. Neighbours in these orders belong together: that is
/// what makes the graph small and its kernels fast.
#[derive(Debug, Clone)]
pub struct Nodes {
    /// The stored id of each profile.
    pub profiles: Vec<ProfileId>,
    /// The dense person of each profile.
    pub person_of: Vec<u32>,
    /// The stored id of each person.
    pub people: Vec<PersonId>,
    /// Who each person is: of the kind that any profile names that is shown (if none is, any), bot
    /// before organisation before person.
    pub kinds: Vec<PersonKind>,
    /// Persons none of whose profiles is listed.
    pub unlisted: Vec<bool>,
    /// The dense person of each number, vacant ones included.
    person_at: Vec<u32>,
    profile_by_id: Directory,
    person_by_id: Directory,
}

/// What a snapshot says of the profile that has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) id: ProfileId,
    pub(super) person: PersonId,
    pub(super) kind: PersonKind,
    pub(super) unlisted: bool,
    /// The layers, as bits by number, in which its own list is complete.
    pub(super) complete: u16,
}

impl Nodes {
    /// Joins the profiles of each number (`None` if it is vacant) into persons.
    pub(super) fn new(facts: &[Option<Fact>]) -> Nodes {
        let mut last_of = Directory::default();
        let taken = || (0u32..).zip(facts).filter_map(|(at, fact)| Some((at, fact.as_ref()?)));
        taken().for_each(|(number, fact)| last_of.set(fact.person.number(), number));
        let mut nodes = Nodes {
            profiles: Vec::new(),
            person_of: Vec::new(),
            people: Vec::new(),
            kinds: Vec::new(),
            unlisted: Vec::new(),
            person_at: vec![NONE; facts.len()],
            profile_by_id: Directory::default(),
            person_by_id: Directory::default(),
        };
        for (number, fact) in taken() {
            if last_of.get(fact.person.number()) == Some(number) {
                nodes.person_by_id.set(fact.person.number(), nodes.people.len() as u32);
                nodes.people.push(fact.person);
            }
        }
        nodes.kinds = vec![PersonKind::Unknown; nodes.people.len()];
        nodes.unlisted = vec![true; nodes.people.len()];
        taken().for_each(|(number, fact)| nodes.join(number, fact));
        taken().for_each(|(number, fact)| nodes.name_kind(number, fact));
        nodes
    }

    fn join(&mut self, number: u32, fact: &Fact) {
        let person = self.person_by_id.get(fact.person.number()).unwrap_or(NONE);
        self.person_at[number as usize] = person;
        self.profile_by_id.set(fact.id.number(), self.profiles.len() as u32);
        self.profiles.push(fact.id);
        self.person_of.push(person);
        self.unlisted[person as usize] &= fact.unlisted;
    }

    /// What a profile says of its person's kind, unless it is hidden and others are not.
    fn name_kind(&mut self, number: u32, fact: &Fact) {
        let person = self.person_at[number as usize] as usize;
        if !fact.unlisted || self.unlisted[person] {
            self.kinds[person] = self.kinds[person].max(fact.kind);
        }
    }

    /// The dense number of a profile; `None` if it is not in the snapshot.
    pub fn profile(&self, id: ProfileId) -> Option<u32> {
        self.profile_by_id.get(id.number())
    }

    /// The dense number of a person; `None` if it is not in the snapshot.
    pub fn person(&self, id: PersonId) -> Option<u32> {
        self.person_by_id.get(id.number())
    }

    /// The dense person of each number of the shards, [`NONE`] where it is vacant.
    pub(super) fn person_at(&self) -> &[u32] {
        &self.person_at
    }

    /// The number of the only platform of each person, or 0 for one that is on several, by dense
    /// person.
    pub fn platform_of(&self) -> Vec<u8> {
        let mut platform_of = vec![None; self.people.len()];
        for (id, &person) in self.profiles.iter().zip(&self.person_of) {
            let own = &mut platform_of[person as usize];
            *own = match (*own, id.platform_number()) {
                (None, number) => Some(number),
                (Some(known), number) => Some(if known == number { known } else { 0 }),
            };
        }
        platform_of.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// The profiles of each person, by dense person.
    pub fn profiles_of(&self) -> Vec<Vec<u32>> {
        let mut profiles = vec![Vec::new(); self.people.len()];
        for (dense, &person) in self.person_of.iter().enumerate() {
            profiles[person as usize].push(dense as u32);
        }
        profiles
    }

    /// The dense person of each of these profiles that is in the snapshot.
    pub fn people_of(&self, ids: &[ProfileId]) -> Vec<u32> {
        let people: BTreeSet<u32> =
            ids.iter().filter_map(|&id| Some(self.person_of[self.profile(id)? as usize])).collect();
        people.into_iter().collect()
    }
}

/// The facts of a range of numbers, as they are sealed.
#[derive(Debug, Serialize, Deserialize)]
struct NodeShard {
    /// Stored ids; 0 where the number is vacant.
    ids: Vec<u64>,
    /// The persons of those profiles that have another than their own, with their places.
    joined: Vec<(u32, u64)>,
    kinds: Vec<PersonKind>,
    unlisted: Vec<bool>,
    complete: Vec<u16>,
}

impl NodeShard {
    fn new(facts: &[Option<Fact>]) -> NodeShard {
        let taken = || (0u32..).zip(facts).filter_map(|(at, fact)| Some((at, fact.as_ref()?)));
        let joined = taken().filter(|(_, fact)| fact.person != fact.id.home_person());
        let kind = |fact: &Option<Fact>| fact.as_ref().map_or_else(Default::default, |f| f.kind);
        NodeShard {
            ids: facts.iter().map(|fact| fact.map_or(0, |fact| fact.id.number())).collect(),
            joined: joined.map(|(at, fact)| (at, fact.person.number())).collect(),
            kinds: facts.iter().map(kind).collect(),
            unlisted: facts.iter().map(|fact| fact.is_some_and(|fact| fact.unlisted)).collect(),
            complete: facts.iter().map(|fact| fact.map_or(0, |fact| fact.complete)).collect(),
        }
    }

    /// `None` if the columns do not fit together.
    fn facts(self, count: usize) -> Option<Vec<Option<Fact>>> {
        let lengths = [self.ids.len(), self.kinds.len(), self.unlisted.len(), self.complete.len()];
        if lengths.iter().any(|&length| length != count) {
            return None;
        }
        let fact = |at: usize| {
            let id = ProfileId::new(self.ids[at]);
            (self.ids[at] != 0).then(|| Fact {
                id,
                person: id.home_person(),
                kind: self.kinds[at],
                unlisted: self.unlisted[at],
                complete: self.complete[at],
            })
        };
        let mut facts: Vec<Option<Fact>> = (0..count).map(fact).collect();
        for (at, person) in self.joined {
            facts.get_mut(at as usize)?.as_mut()?.person = PersonId::new(person);
        }
        Some(facts)
    }
}

/// Seals who has each number.
pub(super) async fn seal(
    objects: &impl Objects,
    id: SnapshotId,
    facts: &[Option<Fact>],
) -> Result<Vec<Shard>, ScoreError> {
    let mut shards = Vec::new();
    for (at, part) in facts.chunks(SHARD_NUMBERS).enumerate() {
        let fail = |why: String| ScoreError::Run(format!("write the nodes of {id}: {why}"));
        let plain = postcard::to_stdvec(&NodeShard::new(part)).map_err(|e| fail(e.to_string()))?;
        let body = zstd::bulk::compress(&plain, 3).map_err(|e| fail(e.to_string()))?;
        let first = (at * SHARD_NUMBERS) as u64;
        let range = (first, first + part.len() as u64);
        let key = format!("snapshots/{id}/nodes-{at:04}");
        shards.push(put_shard(objects, key, range, 0, body).await?);
    }
    Ok(shards)
}

/// Who has each number of a snapshot.
pub(super) async fn open(
    objects: &impl Objects,
    manifest: &SnapshotManifest,
) -> Result<Vec<Option<Fact>>, ScoreError> {
    let mut facts = Vec::new();
    for shard in &manifest.nodes {
        let corrupt = |why: String| SealError::Corrupt { key: shard.key.clone(), why };
        let count = shard.end.checked_sub(shard.first).and_then(|n| usize::try_from(n).ok());
        let count = count.filter(|&n| n <= SHARD_NUMBERS && shard.first == facts.len() as u64);
        let count = count.ok_or_else(|| corrupt("its range does not continue".to_owned()))?;
        let body = get_shard(objects, shard).await?;
        let plain = zstd::bulk::decompress(&body, count * UNPACKED_BYTES + 1024);
        let plain = plain.map_err(|error| corrupt(error.to_string()))?;
        let part: NodeShard =
            postcard::from_bytes(&plain).map_err(|error| corrupt(error.to_string()))?;
        let part = part.facts(count).ok_or_else(|| corrupt("its columns do not fit".to_owned()))?;
        facts.extend(part);
    }
    if facts.len() as u64 == manifest.numbers {
        return Ok(facts);
    }
    let why = format!("its {} nodes are {}", manifest.numbers, facts.len());
    Err(SealError::Corrupt { key: manifest_key(manifest.id), why }.into())
}

#[cfg(test)]
mod tests {
    use graph::seed::RandomSeed;

    use super::*;

    fn fact(id: u64, person: u64, kind: PersonKind, unlisted: bool) -> Option<Fact> {
        let (id, person) = (ProfileId::new(id), PersonId::new(person));
        Some(Fact { id, person, kind, unlisted, complete: 6 })
    }

    fn facts() -> Vec<Option<Fact>> {
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
        assert_eq!(nodes.people, [9, 5].map(PersonId::new));
        assert_eq!(
            (nodes.person_of.as_slice(), nodes.person_at()),
            (&[1, 0, 1][..], &[1, NONE, 0, 1][..])
        );
        // A person with a listed profile is listed, and as that one says.
        assert_eq!(nodes.kinds, [PersonKind::Person, PersonKind::Organisation]);
        assert_eq!(nodes.unlisted, [true, false]);
        assert_eq!(nodes.profile(ProfileId::new(5)), Some(2));
        assert_eq!(nodes.person(PersonId::new(7)), None);
        assert_eq!(nodes.people_of(&[5, 7, 8].map(ProfileId::new)), [1]);
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
        for (at, person) in nodes.people.iter().enumerate() {
            let alone = alone.contains(&person.number());
            let wanted = if alone { (person.number() >> 45) as u8 } else { 0 };
            assert_eq!(platform_of[at], wanted, "{person}");
        }
    }

    #[test]
    fn facts_read_back_and_columns_that_do_not_fit_are_refused() {
        assert_eq!(NodeShard::new(&facts()).facts(4), Some(facts()));
        assert_eq!(NodeShard::new(&facts()).facts(3), None);
        let body = postcard::to_stdvec(&NodeShard::new(&facts())).unwrap();
        for seed in 0..20_000 {
            // Whatever bytes say, they are facts of as many numbers or are refused.
            let (mut random, mut bytes) = (RandomSeed(seed), body.clone());
            for _ in 0..1 + random.below(4) {
                let at = random.below(bytes.len() as u64) as usize;
                bytes[at] = random.below(256) as u8;
            }
            bytes.truncate(random.below(2 * body.len() as u64).max(1) as usize);
            let facts = postcard::from_bytes::<NodeShard>(&bytes).ok().and_then(|it| it.facts(4));
            assert!(facts.is_none_or(|facts| facts.len() == 4));
        }
        let mut lost = NodeShard::new(&facts());
        lost.joined.push((1, 3));
        assert_eq!(lost.facts(4), None);
    }
}

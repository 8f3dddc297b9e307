//! Who has each number, as sealed: [`SHARD_NUMBERS`] a shard, as postcard under zstd.
//!
//! Format 1 did not say of which profiles the database has a page or a list. It is still read, since the
//! next run continues the ids and ranks of the one before; but no snapshot is made from it.

use model::snapshot::{Shard, SnapshotManifest, manifest_key};
use model::{PersonId, PersonKind, ProfileId, SnapshotId};
use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactError;
use crate::stored_shard::{get_shard, put_shard};
use crate::{NodeFact, NumberRange, ObjectStore, SnapshotError};

/// Numbers of one shard.
const SHARD_NUMBERS: usize = 1 << 20;

/// A shard unpacks to at most this many bytes a number.
const UNPACKED_BYTES: usize = 48;

const ZSTD_LEVEL: i32 = 3;

/// The facts of a range of numbers: the columns of format 1.
#[derive(Debug, Serialize, Deserialize)]
struct NodeColumns {
    /// Stored ids; 0 where the number is vacant.
    ids: Vec<u64>,
    /// The persons of those profiles that have another than their own, with their places.
    joined: Vec<(u32, u64)>,
    kinds: Vec<PersonKind>,
    unlisted: Vec<bool>,
    complete: Vec<u16>,
}

/// The columns of format 2.
#[derive(Debug, Serialize, Deserialize)]
struct NodeShard {
    columns: NodeColumns,
    stored: Vec<bool>,
}

impl NodeShard {
    fn new(facts: &[Option<NodeFact>]) -> NodeShard {
        let taken = || (0u32..).zip(facts).filter_map(|(at, fact)| Some((at, fact.as_ref()?)));
        let joined = taken().filter(|(_, fact)| fact.person != fact.id.home_person());
        let kind = |fact: &Option<NodeFact>| fact.map_or_else(Default::default, |fact| fact.kind);
        let flags = |flag: fn(&NodeFact) -> bool| -> Vec<bool> {
            facts.iter().map(|fact| fact.as_ref().is_some_and(flag)).collect()
        };
        let columns = NodeColumns {
            ids: facts.iter().map(|fact| fact.map_or(0, |fact| fact.id.number())).collect(),
            joined: joined.map(|(at, fact)| (at, fact.person.number())).collect(),
            kinds: facts.iter().map(kind).collect(),
            unlisted: flags(|fact| fact.unlisted),
            complete: facts.iter().map(|fact| fact.map_or(0, |fact| fact.complete)).collect(),
        };
        NodeShard { columns, stored: flags(|fact| fact.stored) }
    }

    /// `None` if the columns do not fit together.
    fn facts(self, count: usize) -> Option<Vec<Option<NodeFact>>> {
        let NodeShard { columns, stored } = self;
        let lengths = [
            columns.ids.len(),
            columns.kinds.len(),
            columns.unlisted.len(),
            columns.complete.len(),
            stored.len(),
        ];
        if lengths.iter().any(|&length| length != count) {
            return None;
        }
        let fact = |at: usize| {
            let id = ProfileId::new(columns.ids[at]);
            (columns.ids[at] != 0).then(|| NodeFact {
                id,
                person: id.home_person(),
                kind: columns.kinds[at],
                unlisted: columns.unlisted[at],
                stored: stored[at],
                complete: columns.complete[at],
            })
        };
        let mut facts: Vec<Option<NodeFact>> = (0..count).map(fact).collect();
        for (at, person) in columns.joined {
            facts.get_mut(at as usize)?.as_mut()?.person = PersonId::new(person);
        }
        Some(facts)
    }

    fn encode(&self) -> Vec<u8> {
        let plain = postcard::to_stdvec(self).expect("numbers can be written");
        zstd::bulk::compress(&plain, ZSTD_LEVEL).expect("bytes in memory can be packed")
    }

    fn decode(body: &[u8], format: u32, count: usize) -> Result<NodeShard, String> {
        let plain = zstd::bulk::decompress(body, count * UNPACKED_BYTES + 1024);
        let plain = plain.map_err(|error| error.to_string())?;
        if format >= 2 {
            return postcard::from_bytes(&plain).map_err(|error| error.to_string());
        }
        let columns = postcard::from_bytes(&plain).map_err(|error| error.to_string())?;
        Ok(NodeShard { columns, stored: vec![false; count] })
    }
}

/// Seals who has each number.
pub(crate) async fn seal(
    objects: ObjectStore<'_>,
    id: SnapshotId,
    facts: &[Option<NodeFact>],
) -> Result<Vec<Shard>, SnapshotError> {
    let mut shards = Vec::new();
    for (at, part) in facts.chunks(SHARD_NUMBERS).enumerate() {
        let first = (at * SHARD_NUMBERS) as u32;
        let range = NumberRange { first, end: first + part.len() as u32 };
        let key = format!("snapshots/{id}/nodes-{at:04}");
        shards.push(put_shard(objects, key, range, 0, NodeShard::new(part).encode()).await?);
    }
    Ok(shards)
}

/// Opens who has each number of a snapshot.
pub(crate) async fn open(
    objects: ObjectStore<'_>,
    manifest: &SnapshotManifest,
) -> Result<Vec<Option<NodeFact>>, SnapshotError> {
    let mut facts = Vec::new();
    for shard in &manifest.nodes {
        let count = shard.end.checked_sub(shard.first).and_then(|n| usize::try_from(n).ok());
        let count = count.filter(|&n| n <= SHARD_NUMBERS && shard.first == facts.len() as u64);
        let corrupt = |why| ArtifactError::corrupt(&shard.key, why);
        let count = count.ok_or_else(|| corrupt("its range does not continue".to_owned()))?;
        let body = get_shard(objects, shard).await?;
        let part = NodeShard::decode(&body, manifest.format, count).map_err(corrupt)?;
        facts
            .extend(part.facts(count).ok_or_else(|| corrupt("its columns do not fit".to_owned()))?);
    }
    if facts.len() as u64 == manifest.numbers {
        return Ok(facts);
    }
    let why = format!("its {} nodes are {}", manifest.numbers, facts.len());
    Err(ArtifactError::corrupt(&manifest_key(manifest.id), why).into())
}

#[cfg(test)]
mod tests {
    use graph::seed::RandomSeed;

    use super::*;

    fn fact(id: u64, person: u64, kind: PersonKind, unlisted: bool) -> Option<NodeFact> {
        let (id, person) = (ProfileId::new(id), PersonId::new(person));
        Some(NodeFact { id, person, kind, unlisted, stored: kind != PersonKind::Bot, complete: 6 })
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
    fn facts_read_back_and_columns_that_do_not_fit_are_refused() {
        let read = NodeShard::decode(&NodeShard::new(&facts()).encode(), 2, 4).unwrap();
        assert_eq!(read.facts(4), Some(facts()));
        assert_eq!(NodeShard::new(&facts()).facts(3), None);
        let mut lost = NodeShard::new(&facts());
        lost.columns.joined.push((1, 3));
        assert_eq!(lost.facts(4), None);
    }

    #[test]
    fn golden_bytes() {
        let bytes = postcard::to_stdvec(&NodeShard::new(&facts())).unwrap();
        let columns = [
            &[4, 7, 0, 9, 5][..],
            &[1, 0, 5],
            &[4, 3, 0, 1, 2],
            &[4, 1, 0, 1, 0],
            &[4, 6, 0, 6, 6],
            &[4, 0, 0, 1, 1],
        ];
        assert_eq!(bytes, columns.concat());
    }

    #[test]
    fn format_1_is_read_without_what_it_did_not_have() {
        let plain = postcard::to_stdvec(&NodeShard::new(&facts()).columns).unwrap();
        let body = zstd::bulk::compress(&plain, ZSTD_LEVEL).unwrap();
        let read = NodeShard::decode(&body, 1, 4).unwrap().facts(4).unwrap();
        let known = facts().into_iter().map(|fact| Some(NodeFact { stored: false, ..fact? }));
        assert_eq!(read, known.collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_facts_of_the_expected_count_or_are_refused() {
        let body = postcard::to_stdvec(&NodeShard::new(&facts())).unwrap();
        for seed in 0..20_000 {
            let (mut random, mut bytes) = (RandomSeed(seed), body.clone());
            for _ in 0..1 + random.below(4) {
                let at = random.below(bytes.len() as u64) as usize;
                bytes[at] = random.below(256) as u8;
            }
            bytes.truncate(random.below(2 * body.len() as u64).max(1) as usize);
            let facts = postcard::from_bytes::<NodeShard>(&bytes).ok().and_then(|it| it.facts(4));
            assert!(facts.is_none_or(|facts| facts.len() == 4));
        }
    }
}

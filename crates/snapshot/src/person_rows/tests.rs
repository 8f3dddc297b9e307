//! Blocks read back, broken ones do not, and sealed ones stay as they are.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use graph::generate::{PlantedSpec, planted};
use graph::nearby::{PersonFact, ShareCode};
use graph::seed::RandomSeed;
use graph::{ArcList, Csr};
use model::PersonId;
use model::index::{PersonIndex, RunPerson};
use model::port::{Objects, PortError, PutOutcome};
use proptest::prelude::*;
use typed_index_collections::TiVec;

use super::index::{SectionIndex, StoredBlock};
use super::row_block::BlockExtent;
use super::*;

const RUN: RunId = RunId::new(1);

/// Objects in memory, whose futures never wait.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<String, Vec<u8>>>);

impl Objects for Shelf {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<PutOutcome, PortError> {
        self.0.lock().unwrap().insert(key.to_owned(), body);
        Ok(PutOutcome::Created)
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn get_range(
        &self,
        key: &str,
        start: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, PortError> {
        let body = self.get(key).await?;
        let start = start as usize;
        Ok(body.map(|body| body[start..body.len().min(start + length as usize)].to_vec()))
    }

    async fn list(&self, _: &str) -> Result<Vec<String>, PortError> {
        Ok(self.0.lock().unwrap().keys().cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

/// The value of a future that does not wait.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a shelf never waits"),
    }
}

/// What is known of the people of a graph.
struct Known {
    arcs: Csr,
    residue_shares: Vec<f32>,
    unlisted: TiVec<PersonIndex, bool>,
    ids: TiVec<PersonIndex, PersonId>,
    order: TiVec<RunPerson, PersonIndex>,
}

impl Known {
    fn of(arcs: Csr) -> Known {
        let people = arcs.nodes() as u32;
        Known {
            residue_shares: (0..people).map(|at| 1.0 / (1.0 + at as f32) / 9.0).collect(),
            unlisted: (0..people).map(|at| at % 5 == 3).collect(),
            ids: (0..people)
                .map(|at| PersonId::new((2 << 45) | u64::from(at * 7 % people)))
                .collect(),
            order: (0..people).rev().map(PersonIndex::new).collect(),
            arcs,
        }
    }

    fn input(&self) -> PersonRowsInput<'_> {
        PersonRowsInput {
            arcs: &self.arcs,
            residue_shares: &self.residue_shares,
            unlisted: &self.unlisted,
            ids: &self.ids,
            order: &self.order,
        }
    }

    fn seal(&self, shelf: &Shelf) -> RowIndex {
        let objects = ObjectStore::new(shelf);
        let mut writer = RowWriter::new(self.input());
        while let Some(part) = writer.next_part() {
            let key = artifact::key(RUN, &part_name(part.number));
            ready(artifact::put(objects, &key, part.body)).unwrap();
        }
        let index = writer.finish();
        ready(artifact::seal(objects, &artifact::key(RUN, INDEX), &index)).unwrap();
        index
    }
}

fn graph(nodes: usize, arcs: &[(u32, u32, f32)]) -> Csr {
    let sources: Vec<u32> = arcs.iter().map(|arc| arc.0).collect();
    let targets: Vec<u32> = arcs.iter().map(|arc| arc.1).collect();
    let weights: Vec<f32> = arcs.iter().map(|arc| arc.2).collect();
    let list = ArcList { sources: &sources, targets: &targets, weights: Some(&weights) };
    Csr::from_arcs(nodes, list).unwrap().csr
}

fn any_graph() -> impl Strategy<Value = Csr> {
    (1usize..60).prop_flat_map(|nodes| {
        let person = 0..nodes as u32;
        let arc = (person.clone(), person, 1u8..200).prop_map(|(s, t, w)| (s, t, f32::from(w)));
        let arcs = proptest::collection::vec(arc, 0..300);
        arcs.prop_map(move |arcs| graph(nodes, &arcs))
    })
}

fn share(arcs: &Csr, source: u32, target: u32) -> ShareCode {
    let weight = arcs.weight(source, target).unwrap();
    ShareCode::of(f64::from(weight) / arcs.strength(source))
}

proptest! {
    #[test]
    fn what_is_sealed_reads_back(arcs in any_graph()) {
        let (known, shelf) = (Known::of(arcs), Shelf::default());
        known.seal(&shelf);
        let objects = ObjectStore::new(&shelf);
        let index = ready(open(objects, RUN)).unwrap();
        let (arcs, received) = (&known.arcs, known.arcs.transpose());
        for number in 0..arcs.nodes() as u32 {
            let person = PersonIndex::new(number);
            let block = |section| {
                let block = index.block(section, person).unwrap();
                ready(read(objects, RUN, &index, block)).unwrap()
            };
            let given = block(RowSection::Given);
            let wanted = arcs.row(number).iter().map(|&to| (PersonIndex::new(to), share(arcs, number, to)));
            prop_assert!(given.row(person).unwrap().arcs().eq(wanted));
            let backward = block(RowSection::Received);
            let wanted = received.row(number).iter();
            let wanted = wanted.map(|&from| (PersonIndex::new(from), share(arcs, from, number)));
            prop_assert!(backward.row(person).unwrap().arcs().eq(wanted));
            let fact = block(RowSection::Facts).fact(person).unwrap();
            let residue_share = known.residue_shares[number as usize];
            prop_assert!((fact.residue_share / residue_share - 1.0).abs() < 2e-4);
            prop_assert_eq!(fact.arcs as usize, arcs.degree(number));
            prop_assert_eq!(fact.listed, !known.unlisted[person]);
            prop_assert_eq!(block(RowSection::Ids).id(person), Some(known.ids[person]));
            let run_person = RunPerson::new(number);
            let places = index.place_block(run_person).unwrap();
            let places = ready(read(objects, RUN, &index, places)).unwrap();
            prop_assert_eq!(places.place(run_person), Some(known.order[run_person]));
        }
        let beyond = PersonIndex::new(arcs.nodes() as u32);
        prop_assert_eq!(index.block(RowSection::Given, beyond), None);
    }

    #[test]
    fn any_bytes_are_a_block_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        changed in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..4),
        arcs in any_graph(),
    ) {
        let people = arcs.nodes() as u32;
        let known = Known::of(arcs);
        let mut writer = RowWriter::new(known.input());
        let part = writer.next_part().unwrap();
        let index = writer.finish();
        for section in RowSection::ALL {
            let place = index.place(BlockId { section, number: 0 });
            let extent = BlockExtent { first: 0, end: people, people, arcs: place.arcs };
            let _ = PersonBlock::decode(section, &extent, &bytes);
            let mut body = part.body[place.offset as usize..][..place.bytes as usize].to_vec();
            for &(at, byte) in &changed {
                let at = usize::from(at) % body.len();
                body[at] = byte;
            }
            if let Ok(PersonBlock::Rows(rows)) = PersonBlock::decode(section, &extent, &body) {
                for person in rows.people().map(PersonIndex::new) {
                    let row = rows.row(person).people;
                    prop_assert!(row.windows(2).all(|pair| pair[0] < pair[1]));
                    prop_assert!(row.iter().all(|other| other.number() < people && *other != person));
                }
            }
        }
    }
}

#[test]
fn bytes_that_changed_are_refused() {
    let (known, shelf) = (Known::of(graph(3, &[(0, 1, 1.0), (1, 2, 2.0)])), Shelf::default());
    let index = known.seal(&shelf);
    let key = artifact::key(RUN, &part_name(0));
    shelf.0.lock().unwrap().get_mut(&key).unwrap()[3] ^= 1;
    let block = BlockId { section: RowSection::Given, number: 0 };
    let refused = ready(read(ObjectStore::new(&shelf), RUN, &index, block)).unwrap_err();
    assert!(refused.to_string().contains("hash"), "{refused}");
    shelf.0.lock().unwrap().remove(&key);
    let missing = ready(read(ObjectStore::new(&shelf), RUN, &index, block)).unwrap_err();
    assert!(matches!(missing, ArtifactError::Missing(_)));
}

/// The index of a later version, whose other fields are the same.
#[derive(serde::Serialize)]
struct LaterIndex {
    format: u32,
    people: u32,
    sections: Vec<SectionIndex>,
}

#[test]
fn an_index_of_another_format_or_shape_is_refused() {
    let shelf = Shelf::default();
    let objects = ObjectStore::new(&shelf);
    let key = artifact::key(RUN, INDEX);
    let open = || ready(open(objects, RUN));
    assert!(
        matches!(open(), Err(ArtifactError::Missing(_))),
        "a run before there were person rows"
    );
    let sections = || vec![SectionIndex::default(); RowSection::ALL.len()];
    let later = LaterIndex { format: FORMAT + 1, people: 0, sections: sections() };
    ready(artifact::seal(objects, &key, &later)).unwrap();
    assert!(matches!(open(), Err(ArtifactError::Format(_))));
    let block = StoredBlock { part: 0, offset: 0, bytes: 1, arcs: 0, hash: [0; 8] };
    for (firsts, blocks) in [(vec![1], 1), (vec![0, 0], 2), (vec![0, 9], 2), (vec![0], 2)] {
        let mut sections = sections();
        sections[0] = SectionIndex { firsts, blocks: vec![block; blocks] };
        ready(artifact::seal(objects, &key, &RowIndex::new(9, sections))).unwrap();
        assert!(matches!(open(), Err(ArtifactError::Corrupt { .. })));
    }
}

#[test]
fn of_many_who_attend_the_strongest_are_kept() {
    // 1,500 attend to person 0; the later ones have the fewer others beside.
    let fans = 1_500u32;
    let arcs: Vec<(u32, u32, f32)> = (1..=fans)
        .flat_map(|fan| [(fan, 0, 1.0), (fan, fans + 1, f32::from((fans - fan) as u16 + 1))])
        .collect();
    let known = Known::of(graph(fans as usize + 2, &arcs));
    let shelf = Shelf::default();
    let index = known.seal(&shelf);
    let block = index.block(RowSection::Received, PersonIndex::new(0)).unwrap();
    let block = ready(read(ObjectStore::new(&shelf), RUN, &index, block)).unwrap();
    let row = block.row(PersonIndex::new(0)).unwrap();
    assert_eq!(row.people.len(), 1_000);
    assert!(row.people.windows(2).all(|pair| pair[0] < pair[1]));
    let last = PersonIndex::new(fans);
    assert!(row.people.contains(&last) && !row.people.contains(&PersonIndex::new(1)));
}

#[test]
fn an_arc_takes_at_most_three_bytes() {
    let spec = PlantedSpec { degree_max: 1_000.0, ..PlantedSpec::usual(20_000, 0.3) };
    let drawn = planted(&spec, RandomSeed(1));
    // Numbered by community, as in a snapshot.
    let mut order: Vec<u32> = (0..spec.nodes as u32).collect();
    order.sort_by_key(|&person| drawn.community_of[person as usize]);
    let mut numbers = vec![0; spec.nodes];
    (0..).zip(order).for_each(|(number, person)| numbers[person as usize] = number);
    let arcs =
        Csr::from_arcs(spec.nodes, drawn.arcs.list()).unwrap().csr.relabel(&numbers).unwrap();
    let shelf = Shelf::default();
    let index = Known::of(arcs).seal(&shelf);
    for section in RowSection::ALL {
        let size = index.size(section);
        let each = size.bytes as f64 / size.arcs.max(u64::from(index.people())) as f64;
        println!("{section:?}: {each:.2} B an arc or person, {} blocks", size.blocks);
    }
    for section in [RowSection::Given, RowSection::Received] {
        let size = index.size(section);
        assert!(size.bytes <= 3 * size.arcs, "{section:?}: {size:?}");
    }
}

/// The bytes that the first version sealed. If these change, [`FORMAT`] counts up.
#[test]
fn golden_bytes() {
    const SEALED: &str = "../../tests/compat/person-rows";
    let mut random = RandomSeed(4);
    let mut person = || random.below(300) as u32;
    let arcs: Vec<(u32, u32, f32)> =
        (0..4_000).map(|at| (person(), person(), 1.0 + (at % 3) as f32)).collect();
    let shelf = Shelf::default();
    Known::of(graph(300, &arcs)).seal(&shelf);
    let sealed = shelf.0.lock().unwrap();
    assert_eq!(sealed.len(), 2);
    for (key, body) in sealed.iter() {
        let name = key.rsplit('/').next().unwrap();
        let path = Path::new(SEALED).join(name);
        assert!(std::fs::read(&path).unwrap() == *body, "the bytes of {name} are others");
    }
}

#[test]
fn a_fact_of_no_residue_is_none() {
    let fact = |residue_share| PersonFact { arcs: 3, residue_share, listed: true };
    let facts = [0.0, 1.0, 1e-12, 0.5].map(fact).to_vec();
    let bytes = PersonBlock::Facts(0, facts).encode();
    let extent = BlockExtent { first: 0, end: 4, people: 4, arcs: 0 };
    let PersonBlock::Facts(_, read) =
        PersonBlock::decode(RowSection::Facts, &extent, &bytes).unwrap()
    else {
        panic!("it is of facts")
    };
    let shares: Vec<f32> = read.iter().map(|fact| fact.residue_share).collect();
    assert_eq!((shares[0], shares[1], shares[3]), (0.0, 1.0, 0.5));
    assert!(shares[2] > 0.0 && shares[2] < 1e-9);
}

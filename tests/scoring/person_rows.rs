//! The rows that personal views are made from: all arcs both ways, by the numbers of the served tables.

use model::PersonId;
use model::index::{PersonIndex, RunPerson};
use snapshot::ObjectStore;
use snapshot::person_rows::{self, PersonBlock, RowIndex, RowSection};
use store::pg::score;

use crate::world::{HERMIT, PEOPLE, World, arcs};

/// The block that says something of a person.
async fn block(
    world: &World,
    run: model::RunId,
    (index, section): (&RowIndex, RowSection),
    person: PersonIndex,
) -> PersonBlock {
    let block = index.block(section, person).expect("the run has the person");
    person_rows::read(ObjectStore::new(&world.objects), run, index, block).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_seals_all_arcs_both_ways_and_who_may_be_shown() {
    let world = World::new().await;
    let run = world.score().await;
    let index = person_rows::open(ObjectStore::new(&world.objects), run).await.unwrap();
    assert_eq!(index.people(), PEOPLE);
    let ids: Vec<PersonId> = world.ids.iter().map(|id| id.home_person()).collect();
    let numbers = score::numbers(world.database.pg(), run, &ids).await.unwrap();
    let mut places = Vec::new();
    for number in numbers.into_iter().map(|number| number.expect("all are in the run")) {
        let at = PersonIndex::new(number.number());
        let places_of = block(&world, run, (&index, RowSection::Places), at).await;
        places.push(places_of.place(RunPerson::new(number.number())).unwrap());
    }
    let number_of = |place: PersonIndex| places.iter().position(|&other| other == place).unwrap();
    let (mut given, mut received) = (arcs(), arcs());
    for (person, &place) in (0..).zip(&places) {
        let id = block(&world, run, (&index, RowSection::Ids), place).await.id(place);
        assert_eq!(id, Some(ids[person as usize]));
        let fact =
            block(&world, run, (&index, RowSection::Facts), place).await.fact(place).unwrap();
        assert_eq!(fact.listed, person != HERMIT);
        let rows = block(&world, run, (&index, RowSection::Given), place).await;
        for other in rows.row(place).unwrap().people {
            assert!(given.remove(&(person, number_of(*other) as u32)));
        }
        let rows = block(&world, run, (&index, RowSection::Received), place).await;
        for other in rows.row(place).unwrap().people {
            assert!(received.remove(&(number_of(*other) as u32, person)));
        }
    }
    assert!(given.is_empty() && received.is_empty(), "{given:?} {received:?}");
}

//! The results as Parquet.

use graph_score::stage::tables::{MEMBERS, RANKS};
use model::RunId;
use model::port::Objects as _;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use crate::world::{HERMIT, PEOPLE, World};

async fn rows(world: &World, run: RunId, name: &str) -> Vec<Row> {
    let body = world.objects.get(&format!("runs/{run}/{name}")).await.unwrap().unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(body)).unwrap();
    reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
}

fn field<'a>(row: &'a Row, name: &str) -> &'a Field {
    row.get_column_iter().find(|column| column.0 == name).expect("the column is there").1
}

fn number(row: &Row, name: &str) -> f64 {
    match field(row, name) {
        Field::Float(number) => f64::from(*number),
        Field::Long(number) => *number as f64,
        other => panic!("{name} is {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_listed_is_in_both_tables_by_number() {
    let world = World::new().await;
    let run = world.score().await;
    let hermit = world.ids[HERMIT as usize].home_person().number() as f64;
    let ranks = rows(&world, run, RANKS).await;
    assert_eq!(ranks.len(), PEOPLE as usize - 1);
    let sum: f64 = ranks.iter().map(|row| number(row, "attention")).sum();
    assert!(sum > 0.9 && sum < 1.0, "all but the hermit's share: {sum}");
    let best = ranks.iter().find(|row| field(row, "rank") == &Field::Long(1)).unwrap();
    let share = number(best, "attention");
    assert!(number(best, "attention_low") < share && share < number(best, "attention_high"));
    assert!(ranks.iter().all(|row| number(row, "attention") <= share));
    let taken = ranks.iter().filter_map(|row| match field(row, "rank") {
        Field::Long(rank) => Some(*rank),
        _ => None,
    });
    let mut taken: Vec<i64> = taken.collect();
    taken.sort_unstable();
    let gapless: Vec<i64> = (1..=taken.len() as i64).collect();
    assert!(taken.len() > 80 && taken == gapless, "the unlisted take no rank: {taken:?}");
    let members = rows(&world, run, MEMBERS).await;
    assert!(members.len() > ranks.len());
    assert!(ranks.iter().chain(&members).all(|row| number(row, "person") != hermit));
    let first = members.iter().filter(|row| field(row, "rank") == &Field::Long(1));
    assert!(first.clone().count() >= 3, "each group has a first person");
    assert!(first.into_iter().all(|row| number(row, "support") >= 2.0));
}

//! The index, the plan and the order together find what a scan of all words finds.

use proptest::prelude::*;
use search::words::{TextReading, indexed, of_handle, of_query, whole_handle};
use search::{Folding, IndexBuilder, IndexRow, IndexRows, PublicWords, QueryPlan};

const FOLDING: Folding = Folding::NEWEST;

/// A person of the test: a handle and a bio.
type Person = (String, String);

fn people() -> impl Strategy<Value = Vec<Person>> {
    let handle = "[abc]{1,3}\\.(example\\.org|b\\.ca)";
    let bio = "([abc]{1,3}|東京|京都|é|한국|a-b|ü)( ([abc]{1,2}|京|Ab|ไทย))?";
    proptest::collection::vec((handle, bio), 0..60)
}

fn index(people: &[Person]) -> Vec<IndexRow> {
    let mut builder = IndexBuilder::new(FOLDING);
    for (number, (handle, bio)) in (0..).zip(people) {
        let words = PublicWords { handle: Some(handle), bio: Some(bio), ..PublicWords::default() };
        builder.add(number, &[words]).expect("numbers ascend");
    }
    builder.finish()
}

/// What a store does with a plan.
fn fetch(plan: &QueryPlan, index: &[IndexRow]) -> IndexRows {
    let entry = |row: &IndexRow| (row.key.clone(), row.body.clone());
    let keys = plan.keys();
    let mut rows: IndexRows =
        index.iter().filter(|row| keys.contains(&row.key)).map(entry).collect();
    for (first, past) in plan.ranges(&rows) {
        let begun = index.iter().filter(|row| first <= row.key && row.key < past);
        rows.extend(begun.take(search::plan::PREFIX_TERMS_MAX as usize).map(entry));
    }
    rows
}

fn found(plan: &QueryPlan, rows: &IndexRows) -> Vec<u32> {
    let people = plan.people(rows).and_then(|people| people.collect());
    people.expect("rows are whole")
}

fn scan(people: &[Person], query: &str) -> Vec<u32> {
    let found =
        |person: &Person| TextReading::ALL.iter().any(|&reading| finds(person, query, reading));
    (0..).zip(people).filter(|(_, person)| found(person)).map(|(number, _)| number).collect()
}

fn finds((handle, bio): &Person, query: &str, reading: TextReading) -> bool {
    let has: Vec<String> =
        of_handle(FOLDING, handle, 9).into_iter().chain(indexed(FOLDING, bio, 99)).collect();
    let Some(mut words) = of_query(FOLDING, reading, query, 99).map(|runs| runs.concat()) else {
        return false;
    };
    let last = words.pop();
    let begins = |word: &String| has.iter().any(|has| has.starts_with(word.as_str()));
    let piece = |word: &String| word.chars().count() == 1 && !word.is_ascii();
    let whole = words.iter().all(|word| has.contains(word) || piece(word) && begins(word));
    let by_handle = !query.contains(' ')
        && whole_handle(FOLDING, handle).starts_with(&whole_handle(FOLDING, query));
    (whole && last.iter().all(begins) && !query.starts_with('@')) || by_handle
}

proptest! {
    #[test]
    fn people_are_found_from_any_number_on(people in people(), query in "[abc]( [abc])?", from in 0u32..70) {
        let plan = QueryPlan::parse(&query, FOLDING).unwrap();
        let rows = fetch(&plan, &index(&people));
        let rest: Result<Vec<u32>, _> = plan.people(&rows).unwrap().from(from).collect();
        let mut all = found(&plan, &rows);
        all.retain(|&number| number >= from);
        prop_assert_eq!(rest, Ok(all));
    }

    #[test]
    fn a_query_finds_what_a_scan_finds(
        people in people(),
        query in "([abc]{1,3}|[Aé]b?|東京|京|한|ü) ?[abc]{1,2}|[abc]{1,2}[.-][eb]|京|東京|ไท|ue|[abc]",
    ) {
        let plan = QueryPlan::parse(&query, FOLDING).unwrap();
        let rows = fetch(&plan, &index(&people));
        prop_assert_eq!(found(&plan, &rows), scan(&people, &query));
    }

    #[test]
    fn any_query_is_a_plan_or_an_error(query: String, people in people()) {
        if let Ok(plan) = QueryPlan::parse(&query, FOLDING) {
            let people = found(&plan, &fetch(&plan, &index(&people)));
            prop_assert!(people.is_sorted_by(|a, b| a < b));
        }
    }
}

#[test]
fn a_heavy_prefix_keeps_the_best_trusted_hundred() {
    let people: Vec<Person> =
        (0..250).map(|n| (format!("maria{n}.example.org"), String::new())).collect();
    let index = index(&people);
    let heavy = index.iter().find(|row| row.key == "^maria").unwrap();
    assert_eq!(heavy.people(), (0..100).collect::<Vec<u32>>());
    let plan = QueryPlan::parse("maria", FOLDING).unwrap();
    assert_eq!(found(&plan, &fetch(&plan, &index)), (0..100).collect::<Vec<u32>>());
    let light = QueryPlan::parse("maria24", FOLDING).unwrap();
    let expected: Vec<u32> = [24].into_iter().chain(240..250).collect();
    assert_eq!(found(&light, &fetch(&light, &index)), expected);
    assert!(index.iter().all(|row| row.key != "^maria249"));
}

//! Who takes something back after files were written: a listing, or a bio that allowed to be named.

use std::collections::BTreeSet;

use export::rewrite;
use model::observation::SeenProfile;
use model::port::Clock as _;
use model::{CommunityId, Consent, Platform};
use serde_json::{Value, json};
use store::pg::profile;

use crate::exports::{JOB_SECONDS, Worker, fetched_rows, links, ordered};
use crate::sensitive::{ADA, OUTSPOKEN, PlantedWorld, pages};

/// Files of memberships that are written.
struct WrittenWorld {
    world: PlantedWorld,
    id: String,
}

impl WrittenWorld {
    async fn new() -> WrittenWorld {
        let world = PlantedWorld::new().await;
        let id = ordered(&world.api, &json!({"what": "memberships", "format": "parquet"})).await;
        Worker::of(&world.api).work().await;
        WrittenWorld { world, id }
    }

    /// Crawls a person's profile again.
    async fn change(&self, number: usize, change: impl Fn(&mut SeenProfile)) {
        let mut page = pages().swap_remove(number);
        change(&mut page);
        let (pg, now) = (self.world.api.database.pg(), self.world.api.clock.now());
        profile::import(pg, Platform::BLUESKY, &[page], now).await.unwrap();
    }

    /// The link to the file, if one is given.
    async fn link(&self) -> Value {
        links(&self.world.api, &self.id).await.data()[0]["url"].clone()
    }

    /// Looks for what was taken back; how many files were replaced.
    async fn rewrite(&self) -> u64 {
        let worker = Worker::of(&self.world.api);
        let report = rewrite(worker.deps(), worker.deadline(JOB_SECONDS)).await.unwrap();
        assert_eq!((report.checked, report.is_cut), (1, false));
        report.replaced
    }

    /// Who is named beside which community.
    async fn pairs(&self) -> BTreeSet<(CommunityId, usize)> {
        let rows = fetched_rows(&self.world.api, &self.id).await;
        let rows: Vec<Value> = rows.iter().map(|row| json!(format!("{row:?}"))).collect();
        self.world.pairs("", &json!({ "data": rows }))
    }
}

#[tokio::test]
async fn who_takes_a_topic_from_its_bio_leaves_the_files_where_it_was_named_by_it() {
    let files = WrittenWorld::new().await;
    let PlantedWorld { plain, mosque, group, .. } = files.world;
    let mut expected = files.pairs().await;
    assert!(expected.contains(&(mosque, OUTSPOKEN)) && expected.contains(&(group, OUTSPOKEN)));
    // One of the two topics is named still.
    files.change(OUTSPOKEN, |page| page.texts.bio = Some("Living with HIV".to_owned())).await;
    assert_eq!(files.link().await, Value::Null);
    assert_eq!((files.rewrite().await, files.rewrite().await), (1, 0));
    assert!(files.link().await.is_string());
    assert!(expected.remove(&(mosque, OUTSPOKEN)));
    assert_eq!(files.pairs().await, expected);
    // The other one goes with the words, though the bio is what it was.
    let private = |page: &mut SeenProfile| {
        page.texts.bio = Some("Living with HIV".to_owned());
        page.consent = Consent::WORDS_PRIVATE;
    };
    files.change(OUTSPOKEN, private).await;
    assert_eq!(files.link().await, Value::Null);
    assert_eq!(files.rewrite().await, 1);
    assert!(expected.remove(&(group, OUTSPOKEN)));
    assert_eq!(files.pairs().await, expected);
    assert!(expected.contains(&(plain, OUTSPOKEN)), "it is named beside what is not sensitive");
}

#[tokio::test]
async fn another_bio_of_one_who_is_not_named_by_it_changes_nothing() {
    let files = WrittenWorld::new().await;
    let acme = 2;
    assert!(files.pairs().await.contains(&(files.world.plain, acme)));
    files.change(acme, |page| page.texts.bio = Some("Tea".to_owned())).await;
    assert!(files.link().await.is_string());
    assert_eq!(files.rewrite().await, 0);
}

#[tokio::test]
async fn who_is_not_listed_any_more_leaves_the_files() {
    let files = WrittenWorld::new().await;
    let mut expected = files.pairs().await;
    files.change(OUTSPOKEN, |page| page.consent = Consent::UNLISTED).await;
    assert_eq!(files.link().await, Value::Null);
    assert_eq!(files.rewrite().await, 1);
    expected.retain(|&(_, number)| number != OUTSPOKEN);
    assert_eq!(files.pairs().await, expected);
    // One of two profiles: the person is named by the other one, and its bio says nothing.
    assert!(expected.contains(&(files.world.mosque, ADA)));
    files.change(ADA, |page| page.consent = Consent::UNLISTED).await;
    assert_eq!(files.link().await, Value::Null);
    assert_eq!(files.rewrite().await, 1);
    assert!(expected.remove(&(files.world.mosque, ADA)));
    assert_eq!(files.pairs().await, expected);
    assert!(expected.contains(&(files.world.plain, ADA)));
}

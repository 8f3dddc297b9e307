//! Who is listed: those who said yes, or did not say no, as their platform has it.

use std::collections::HashSet;

use model::observation::{NamedProfile, SeenProfile};
use model::{Adjacency, AdjacencyEntry, Consent, Layer, Platform, ProfileId};
use store::Pg;
use store::pg::adjacency::{self, ImportMode};
use store::pg::change::{self, Change};
use store::pg::frontier::{self, CrawlSeeds};
use store::pg::snapshot::SnapshotReader;
use store::pg::{account_key, profile};
use testkit::database;

use crate::web::at;

const OPT_IN: Platform = Platform::FEDIVERSE;

fn named(name: &str) -> NamedProfile {
    let handle = Some(format!("{name}@toot.test"));
    NamedProfile { native_id: format!("https://toot.test/{name}"), handle, host: None }
}

/// Profiles that a crawl knows by name.
async fn met(pg: &Pg, platform: Platform, names: &[&str]) -> Vec<ProfileId> {
    let names: Vec<NamedProfile> = names.iter().map(|name| named(name)).collect();
    let seeds = CrawlSeeds { platform, names: &names, default_host: "toot.test", depth: 0 };
    frontier::seed(pg, seeds, at(0)).await.unwrap()
}

async fn import_arc(pg: &Pg, [source, target]: [ProfileId; 2]) {
    let list: Adjacency = [AdjacencyEntry::plain(target)].into_iter().collect();
    let lists = [(source, list)];
    adjacency::import(pg, Layer::Follow, &lists, ImportMode::Merge, at(0)).await.unwrap();
}

async fn resolved(pg: &Pg, platform: Platform, name: &str) -> ProfileId {
    account_key::resolve(pg, platform, &[named(name)]).await.unwrap()[0]
}

/// Who of these is listed, as each reader of the database sees it.
async fn listed(pg: &Pg, ids: &[ProfileId]) -> Vec<bool> {
    let found = profile::listed(pg, ids).await.unwrap();
    let shown = profile::get(pg, ids).await.unwrap();
    let by_page: HashSet<ProfileId> =
        shown.iter().filter(|one| one.consent.is_listed()).map(|one| one.id).collect();
    assert_eq!(found, by_page);
    let reader = SnapshotReader::open(pg).await.unwrap();
    let unread = reader.unread(None, 100).await.unwrap();
    let nodes = reader.nodes(None, 100).await.unwrap();
    let hidden = nodes.iter().filter(|node| !node.consent.is_listed()).map(|node| node.id);
    let hidden: HashSet<ProfileId> = hidden.chain(unread).collect();
    for id in ids {
        assert_ne!(hidden.contains(id), found.contains(id), "a snapshot says otherwise of {id}");
    }
    ids.iter().map(|id| found.contains(id)).collect()
}

#[tokio::test]
async fn who_was_never_read_is_listed_only_where_silence_is_a_yes() {
    let db = database().await;
    let mut ids = met(db.pg(), OPT_IN, &["ada", "bob"]).await;
    ids.extend(met(db.pg(), Platform::BLUESKY, &["ada"]).await);
    assert_eq!(listed(db.pg(), &ids).await, [false, false, true]);
    // An account that is named in no list yet, and in no frontier.
    let new = resolved(db.pg(), OPT_IN, "new").await;
    assert_eq!(listed(db.pg(), &[new]).await, [false]);
}

#[tokio::test]
async fn who_was_read_is_listed_as_its_page_says() {
    let db = database().await;
    let ids = met(db.pg(), OPT_IN, &["yes", "no"]).await;
    let page =
        |name, consent| SeenProfile { named: named(name), consent, ..SeenProfile::default() };
    let pages = [page("yes", Consent::WORDS_PRIVATE), page("no", Consent::UNLISTED)];
    profile::import(db.pg(), OPT_IN, &pages, at(0)).await.unwrap();
    assert_eq!(listed(db.pg(), &ids).await, [true, false]);
}

#[tokio::test]
async fn whom_a_bulk_file_names_is_listed_until_its_page_says_no() {
    let db = database().await;
    let met = met(db.pg(), OPT_IN, &["met"]).await[0];
    let ends = [resolved(db.pg(), OPT_IN, "a").await, resolved(db.pg(), OPT_IN, "b").await];
    import_arc(db.pg(), ends).await;
    assert_eq!(listed(db.pg(), &[ends[0], ends[1], met]).await, [true, true, false]);
    let page =
        SeenProfile { named: named("b"), consent: Consent::UNLISTED, ..SeenProfile::default() };
    profile::import(db.pg(), OPT_IN, &[page], at(0)).await.unwrap();
    assert_eq!(listed(db.pg(), &ends).await, [true, false]);
}

#[tokio::test]
async fn readers_of_the_change_log_hear_who_is_not_listed_any_more_once() {
    let db = database().await;
    let pg = db.pg();
    let page =
        |name, consent| SeenProfile { named: named(name), consent, ..SeenProfile::default() };
    let ids = [resolved(pg, OPT_IN, "open").await, resolved(pg, OPT_IN, "shy").await];
    for open in [Consent::WORDS_PRIVATE, Consent::UNLISTED, Consent::UNLISTED.and(Consent(4))] {
        let pages = [page("open", open), page("shy", Consent::UNLISTED)];
        profile::import(pg, OPT_IN, &pages, at(0)).await.unwrap();
    }
    let found = async |id| {
        let events = change::of_subject(pg, id, None, 9).await.unwrap();
        events.into_iter().map(|event| event.change).collect::<Vec<_>>()
    };
    assert_eq!(found(ids[0]).await, [Change::Gone]);
    assert_eq!(found(ids[1]).await, [], "no reader ever saw it");
}

/// What is done to a database of before, beside a new column.
const NOTE_IMPORTED: &str =
    include_str!("../../migrations/V20261129500100__note_ident_imported.sql");
const UNLIST: &str = include_str!("../../migrations/V20261129500200__unlist_profiles_unasked.sql");

#[tokio::test]
async fn a_record_of_before_lists_nobody_whom_it_crawled_until_it_reads_them_again() {
    let db = database().await;
    let (pg, client) = (db.pg(), db.client().await);
    let crawled = met(pg, OPT_IN, &["crawled"]).await[0];
    let elsewhere = met(pg, Platform::BLUESKY, &["crawled"]).await[0];
    let named = |name| SeenProfile { named: named(name), ..SeenProfile::default() };
    let page = [named("crawled")];
    for platform in [OPT_IN, Platform::BLUESKY] {
        profile::import(pg, platform, &page, at(0)).await.unwrap();
    }
    profile::import(pg, OPT_IN, &[named("file")], at(0)).await.unwrap();
    let file = resolved(pg, OPT_IN, "file").await;
    let arc = resolved(pg, OPT_IN, "arc").await;
    for sql in [NOTE_IMPORTED, UNLIST] {
        client.batch_execute(sql).await.unwrap();
    }
    let ids = [crawled, elsewhere, file, arc];
    assert_eq!(listed(pg, &ids).await, [false, true, true, true]);
    let again = profile::import(pg, OPT_IN, &page, at(9)).await.unwrap();
    assert_eq!(again.changed, 1, "the same page is stored again");
    assert_eq!(listed(pg, &ids).await, [true; 4]);
}

//! Erasure leaves nothing but a number.

use model::identity::Claim;
use model::observation::Observation;
use model::profile::GoneReason;
use model::{Account, Consent, Platform, ProfileId};
use store::pg::snapshot::SnapshotReader;
use store::pg::{account_key, change, erase, frontier, person, profile};
use testkit::{Database, database};

use crate::web::{
    ACT, PLATFORM, at, claim, claimed, commit_all, crawled, cut, follows, id, ids, lists, named,
    page, round, seeded, stream,
};

const MONTH: i64 = 30 * 86_400;

/// Every table that names the profile, with how many rows.
async fn traces(db: &Database, id: ProfileId) -> Vec<(String, i64)> {
    let client = db.client().await;
    let tables = "select table_name, column_name from information_schema.columns
        join pg_class c on c.relname = table_name and not c.relispartition
        where table_schema = 'public' and column_name in ('profile_id', 'subject')
            and data_type = 'bigint' order by 1";
    let mut traces = Vec::new();
    for table in client.query(tables, &[]).await.unwrap() {
        let (table, column): (String, String) = (table.get(0), table.get(1));
        let sql = format!("select count(*) from {table} where {column} = $1");
        let rows: i64 = client.query_one(&sql, &[&(id.number() as i64)]).await.unwrap().get(0);
        if rows > 0 {
            traces.push((table, rows));
        }
    }
    traces
}

/// Whether any column of the rows that are left holds this text.
async fn is_anywhere(db: &Database, text: &str) -> bool {
    let client = db.client().await;
    let sql = "select exists (select from ident t where t::text ilike $1)
        or exists (select from profile t where t::text ilike $1)
        or exists (select from identity_claim t where t::text ilike $1)
        or exists (select from crawl_progress t where t::text ilike $1)
        or exists (select from frontier t where t::text ilike $1)";
    client.query_one(sql, &[&format!("%{text}%")]).await.unwrap().get(0)
}

async fn refused(db: &Database) -> ProfileId {
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let mut seen = page("ada");
    seen.claims = vec![Claim::Website { page: "ada.org".into() }];
    let streams = vec![
        stream("profile", vec![Observation::Profile(Box::new(seen))]),
        stream("follows", vec![follows(&["bob"])]),
        cut("feed", None, vec![], "cursor-of-ada"),
    ];
    let mut first = round(ada, streams);
    first.end = store::pg::crawl::RoundEnd::Cut;
    commit_all(db.pg(), at(0), vec![first]).await;
    claim(db.pg(), at(1)).await;
    let mut seen = page("ada");
    seen.consent = Consent::REFUSED;
    let streams = vec![stream("profile", vec![Observation::Profile(Box::new(seen))])];
    // "profile" is done for this round, so a new round brings the refusal.
    let mut over = round(ada, vec![]);
    over.streams.clear();
    commit_all(db.pg(), at(1), vec![over]).await;
    claimed(db.pg(), &["ada"], at(2)).await;
    let outcome = commit_all(db.pg(), at(2), vec![round(ada, streams)]).await;
    assert_eq!((outcome.erased, outcome.changed_profiles), (1, 0));
    ada
}

#[tokio::test]
async fn a_refused_profile_leaves_every_table_but_four_numbers() {
    let db = database().await;
    let ada = refused(&db).await;
    let left: Vec<(String, i64)> = traces(&db, ada).await;
    let left: Vec<&str> = left.iter().map(|(table, _)| table.as_str()).collect();
    assert_eq!(left, ["change_log", "erasure", "frontier", "ident", "profile"]);
    for text in ["did:ada", "ada.sky", "I am ada", "ada.org", "cursor-of-ada"] {
        assert!(!is_anywhere(&db, text).await, "{text}");
    }
    let log = change::of_subject(db.pg(), ada, None, 10).await.unwrap();
    assert_eq!(log.len(), 1, "the log says no more than that it is gone");
}

#[tokio::test]
async fn an_erased_profile_is_neither_found_nor_crawled_nor_given_a_second_id() {
    let db = database().await;
    let ada = refused(&db).await;
    assert_eq!(id(db.pg(), "ada").await, ada);
    for account in ["did:ada", "ada.sky.test"] {
        let account = Account::new(PLATFORM, account).unwrap();
        assert_eq!(profile::find(db.pg(), &[account]).await.unwrap(), [None]);
    }
    assert_eq!(account_key::names(db.pg(), &[ada]).await.unwrap(), [None]);
    let shown = &profile::get(db.pg(), &[ada]).await.unwrap()[0];
    assert_eq!(
        (shown.gone, &shown.native_id, &shown.handle),
        (Some(GoneReason::Refused), &None, &None)
    );
    let listed = profile::page(db.pg(), None, 100).await.unwrap();
    assert!(listed.iter().all(|profile| profile.id != ada));
    crawled(db.pg(), page("bob"), &["ada"], at(700)).await;
    assert_eq!(claim(db.pg(), at(29 * 86_400)).await.iter().filter(|&&id| id == ada).count(), 0);
    assert_eq!(lists(db.pg(), ada).await, []);
}

#[tokio::test]
async fn a_gone_profile_that_others_still_show_is_looked_at_again_after_a_month() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    let gone = stream("profile", vec![Observation::Gone(GoneReason::Suspended)]);
    let outcome = commit_all(db.pg(), at(0), vec![round(ada, vec![gone])]).await;
    assert_eq!(outcome.erased, 1);
    crawled(db.pg(), page("bob"), &["ada"], at(MONTH)).await;
    assert!(!claim(db.pg(), at(MONTH)).await.contains(&ada));
    crawled(db.pg(), page("eve"), &["ada"], at(MONTH + 1)).await;
    assert!(claim(db.pg(), at(MONTH + 1)).await.contains(&ada));
    let streams = vec![stream("profile", vec![Observation::Profile(Box::new(page("ada")))])];
    commit_all(db.pg(), at(MONTH + 2), vec![round(ada, streams)]).await;
    let back = &profile::get(db.pg(), &[ada]).await.unwrap()[0];
    assert_eq!((back.gone, back.native_id.as_deref()), (None, Some("did:ada")));
}

#[tokio::test]
async fn who_asks_for_an_erased_profile_by_name_makes_it_due() {
    let db = database().await;
    let ada = refused(&db).await;
    assert_eq!(seeded(db.pg(), &["ada"], 0, at(5)).await, [ada]);
    assert!(claim(db.pg(), at(5)).await.contains(&ada));
}

#[tokio::test]
async fn who_opted_out_with_us_stays_out_for_good() {
    let db = database().await;
    let account = Account::new(PLATFORM, "did:ada").unwrap();
    let ada = erase::opt_out(db.pg(), &account, ACT, at(0)).await.unwrap().ids[0];
    assert_eq!(id(db.pg(), "ada").await, ada);
    seeded(db.pg(), &["ada"], 0, at(1)).await;
    crawled(db.pg(), page("bob"), &["ada"], at(2 * MONTH)).await;
    assert!(!claim(db.pg(), at(3 * MONTH)).await.contains(&ada));
    profile::import(db.pg(), PLATFORM, &[page("ada")], at(3 * MONTH)).await.unwrap();
    let stored = &profile::get(db.pg(), &[ada]).await.unwrap()[0];
    assert_eq!((stored.gone, &stored.texts.bio), (Some(GoneReason::Refused), &None));
}

#[tokio::test]
async fn an_erased_member_leaves_its_person_and_the_snapshot_knows() {
    let db = database().await;
    let [ada, bob] = ids(db.pg(), ["ada", "bob"]).await;
    person::save_groups(db.pg(), &[vec![ada, bob]], at(0)).await.unwrap();
    erase::profile(db.pg(), bob, GoneReason::Deleted, at(1)).await.unwrap();
    let person = person::get(db.pg(), &[ada.home_person()]).await.unwrap().remove(0);
    assert_eq!(person.profiles, [ada]);
    let reader = SnapshotReader::open(db.pg()).await.unwrap();
    let nodes = reader.nodes(None, 10).await.unwrap();
    assert_eq!((nodes.len(), nodes[0].id, nodes[0].gone), (1, bob, Some(GoneReason::Deleted)));
    assert_eq!(reader.words(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_bulk_file_may_refuse_too() {
    let db = database().await;
    let mut no = page("no");
    no.consent = Consent::REFUSED;
    let done = profile::import(db.pg(), Platform::FILE, &[page("yes"), no], at(0)).await.unwrap();
    assert_eq!(done, profile::ProfileImport { changed: 1, refused: 1 });
    let no = account_key::resolve(db.pg(), Platform::FILE, &[named("no")]).await.unwrap();
    assert_eq!(profile::get(db.pg(), &no).await.unwrap()[0].gone, Some(GoneReason::Refused));
    assert_eq!(frontier::counts(db.pg(), at(0)).await.unwrap().due, 0);
}

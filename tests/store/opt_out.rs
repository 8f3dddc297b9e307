//! Opt-outs: by any name, known or not, and nothing that is done later brings anybody back.

use model::identity::Claim;
use model::observation::SeenProfile;
use model::{Account, Adjacency, AdjacencyEntry, Layer, Platform, ProfileId};
use store::pg::adjacency::{self, ImportMode};
use store::pg::erase::OptOutResult;
use store::pg::{account_key, audit, change, erase, frontier, identity, person, profile};
use testkit::{Database, database};

use crate::web::{
    ACT, PLATFORM, at, claim, claimed, commit_all, crawled, follows, id, ids, lists, named, page,
    round, seeded, stream,
};

async fn opt_out(db: &Database, name: &str) -> OptOutResult {
    let account = Account::new(PLATFORM, name).unwrap();
    erase::opt_out(db.pg(), &account, ACT, at(5)).await.unwrap()
}

async fn is_out(db: &Database, id: ProfileId) -> bool {
    let shown = &profile::get(db.pg(), &[id]).await.unwrap()[0];
    shown.gone.is_some() && shown.native_id.is_none() && shown.handle.is_none()
}

/// Whether any row of any table holds this text.
async fn is_anywhere(db: &Database, text: &str) -> bool {
    db.has_text(text, &[]).await
}

#[tokio::test]
async fn who_was_crawled_is_found_by_native_id_and_by_handle_in_any_case() {
    for name in ["did:ada", "ada.sky.test", "ADA.Sky.Test"] {
        let db = database().await;
        let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
        let out = opt_out(&db, name).await;
        assert!(out.known && out.ids.contains(&ada), "{name}: {out:?}");
        assert!(is_out(&db, ada).await, "{name}");
        assert_eq!(lists(db.pg(), ada).await, []);
        assert!(!is_anywhere(&db, "did:ada").await && !is_anywhere(&db, "ada.sky.test").await);
    }
}

#[tokio::test]
async fn who_was_only_seen_in_a_list_is_found_by_its_handle() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let bob = id(db.pg(), "bob").await;
    let out = opt_out(&db, "bob.sky.test").await;
    assert!(out.known && is_out(&db, bob).await, "{out:?}");
    assert!(!is_anywhere(&db, "bob.sky.test").await);
}

#[tokio::test]
async fn who_was_never_seen_is_out_as_soon_as_it_is() {
    for name in ["did:bob", "bob.sky.test", "Bob.Sky.TEST"] {
        let db = database().await;
        assert!(!opt_out(&db, name).await.known);
        crawled(db.pg(), page("ada"), &["bob", "eve"], at(10)).await;
        let [bob, eve] = ids(db.pg(), ["bob", "eve"]).await;
        assert!(is_out(&db, bob).await, "{name}: seen in a list");
        assert!(!is_out(&db, eve).await);
        seeded(db.pg(), &["bob"], 0, at(11)).await;
        assert!(!claim(db.pg(), at(12)).await.contains(&bob), "{name}: asked for");
        assert!(!is_anywhere(&db, "bob.sky.test").await, "{name}");
    }
}

#[tokio::test]
async fn a_page_that_shows_a_handle_which_was_opted_out_is_not_kept() {
    let db = database().await;
    opt_out(&db, "ada.sky.test").await;
    let other = claimed(db.pg(), &["someone"], at(10)).await[0];
    let mut renamed = page("someone");
    renamed.named.handle = Some("Ada.sky.test".to_owned());
    let streams = vec![
        stream("profile", vec![model::observation::Observation::Profile(Box::new(renamed))]),
        stream("follows", vec![follows(&["bob"])]),
    ];
    let outcome = commit_all(db.pg(), at(10), vec![round(other, streams)]).await;
    assert_eq!(outcome.erased, 1);
    assert!(is_out(&db, other).await);
    assert_eq!(lists(db.pg(), other).await, []);
}

#[tokio::test]
async fn a_bulk_file_brings_nobody_back() {
    let db = database().await;
    let account = |name: &str| Account::new(Platform::FILE, name).unwrap();
    for name in ["did:ada", "bob.sky.test"] {
        erase::opt_out(db.pg(), &account(name), ACT, at(0)).await.unwrap();
    }
    let pages = [page("ada"), page("bob"), page("eve")];
    profile::import(db.pg(), Platform::FILE, &pages, at(1)).await.unwrap();
    let names = ["ada", "bob", "eve"].map(named);
    let all = account_key::resolve(db.pg(), Platform::FILE, &names).await.unwrap();
    let to_eve: Adjacency = [AdjacencyEntry::plain(all[2])].into_iter().collect();
    let arcs = [(all[0], to_eve.clone()), (all[1], to_eve.clone())];
    let mode = ImportMode::Replace;
    adjacency::import(db.pg(), Layer::Follow, &arcs, mode, at(2)).await.unwrap();
    for (id, out) in all.into_iter().zip([true, true, false]) {
        assert_eq!(is_out(&db, id).await, out, "{id}");
        assert_eq!(lists(db.pg(), id).await, []);
    }
}

#[tokio::test]
async fn a_fetch_that_was_under_way_writes_nothing() {
    let db = database().await;
    let ada = claimed(db.pg(), &["ada"], at(0)).await[0];
    opt_out(&db, "did:ada").await;
    let streams = vec![stream("follows", vec![follows(&["bob"])])];
    let outcome = commit_all(db.pg(), at(6), vec![round(ada, streams)]).await;
    assert_eq!((outcome.applied, outcome.stale), (0, 1));
    assert_eq!(lists(db.pg(), ada).await, []);
}

#[tokio::test]
async fn those_who_are_left_of_a_person_are_one_without_the_erased_ones_number() {
    let db = database().await;
    let [ada, bob, eve] = ids(db.pg(), ["ada", "bob", "eve"]).await;
    person::save_groups(db.pg(), &[vec![ada, bob, eve]], at(0)).await.unwrap();
    opt_out(&db, "did:ada").await;
    let people = person::of_profiles(db.pg(), &[ada, bob, eve]).await.unwrap();
    assert_eq!(people, [ada.home_person(), bob.home_person(), bob.home_person()]);
    let old = person::get(db.pg(), &[ada.home_person()]).await.unwrap().remove(0);
    assert_eq!(old.profiles, [ada], "which is gone");
    let log = change::of_subject(db.pg(), ada, None, 10).await.unwrap();
    assert_eq!(log.len(), 1, "the log says no more of it than that it is gone");
    erase::opt_out_profiles(db.pg(), &[bob], ACT, at(6)).await.unwrap();
    assert_eq!(person::of_profiles(db.pg(), &[eve]).await.unwrap(), [eve.home_person()]);
}

#[tokio::test]
async fn a_scoring_that_began_before_does_not_join_the_erased_again() {
    let db = database().await;
    let [ada, bob, eve] = ids(db.pg(), ["ada", "bob", "eve"]).await;
    for out in ["did:ada", "did:eve"] {
        opt_out(&db, out).await;
    }
    person::save_groups(db.pg(), &[vec![ada, bob, eve]], at(6)).await.unwrap();
    let people = person::of_profiles(db.pg(), &[ada, bob, eve]).await.unwrap();
    assert_eq!(people, [ada, bob, eve].map(ProfileId::home_person));
}

#[tokio::test]
async fn a_link_to_an_erased_profile_proves_nothing() {
    let db = database().await;
    let says = |name: &str, of: &str| SeenProfile {
        claims: vec![Claim::Account { platform: PLATFORM, target: format!("did:{of}") }],
        ..page(name)
    };
    let pages = [says("ada", "bob"), says("bob", "ada")];
    profile::import(db.pg(), PLATFORM, &pages, at(0)).await.unwrap();
    assert_eq!(identity::proven(db.pg()).await.unwrap().len(), 1);
    opt_out(&db, "ada.sky.test").await;
    assert_eq!(identity::proven(db.pg()).await.unwrap(), []);
}

#[tokio::test]
async fn the_audit_log_names_public_ids_only_and_an_order_may_be_repeated() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let first = opt_out(&db, "ada.sky.test").await;
    let again = opt_out(&db, "ada.sky.test").await;
    assert!(first.known && !again.known);
    assert_eq!(again.ids.len(), 1, "the handle's own number");
    let lines = audit::newest(db.pg(), 10).await.unwrap();
    assert_eq!(lines.len(), first.ids.len() + again.ids.len());
    for line in lines {
        let subject: ProfileId = line.subject.expect("it has a subject").parse().unwrap();
        assert!(first.ids.contains(&subject));
    }
    assert_eq!(frontier::counts(db.pg(), at(9)).await.unwrap().due, 1, "bob alone");
}

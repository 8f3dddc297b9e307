//! Profiles: found, shown and imported.

use model::observation::{NamedProfile, SeenProfile};
use model::{Account, Platform, ProfileId};
use store::pg::profile;
use testkit::database;

use crate::web::{PLATFORM, at, crawled, id, page};

fn account(handle: &str) -> Account {
    Account::new(PLATFORM, handle).unwrap()
}

#[tokio::test]
async fn an_account_is_found_by_native_id_or_by_handle_in_any_case() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let bob = id(db.pg(), "bob").await;
    let asked = ["did:ada", "ADA.sky.TEST", "did:bob", "bob.sky.test", "nobody"].map(account);
    let found = profile::find(db.pg(), &asked).await.unwrap();
    assert_eq!(found, [Some(ada), Some(ada), Some(bob), None, None]);
    let elsewhere = Account::new(Platform::FEDIVERSE, "ada.sky.test").unwrap();
    assert_eq!(profile::find(db.pg(), &[elsewhere]).await.unwrap(), [None]);
}

#[tokio::test]
async fn a_handle_belongs_to_whom_it_was_seen_on_last() {
    let db = database().await;
    crawled(db.pg(), page("old"), &[], at(0)).await;
    let mut new = page("new");
    new.named.handle = Some("old.sky.test".into());
    let new = crawled(db.pg(), new, &[], at(10)).await;
    assert_eq!(profile::find(db.pg(), &[account("old.sky.test")]).await.unwrap(), [Some(new)]);
}

#[tokio::test]
async fn a_profile_that_was_only_seen_shows_its_names() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let bob = id(db.pg(), "bob").await;
    let shown = profile::get(db.pg(), &[ProfileId::new(5), bob]).await.unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].handle.as_deref(), Some("bob.sky.test"));
    assert_eq!((shown[0].crawled_at, &shown[0].texts.bio), (None, &None));
}

#[tokio::test]
async fn pages_walk_all_profiles_of_all_platforms() {
    let db = database().await;
    let files: Vec<SeenProfile> = (0..5).map(|n| page(&format!("f{n}"))).collect();
    profile::import(db.pg(), Platform::FILE, &files, at(0)).await.unwrap();
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = profile::page(db.pg(), after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|profile| profile.native_id.clone().unwrap()));
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(seen[..2], ["did:f0", "did:f1"]);
    assert!(seen.contains(&"did:bob".to_owned()));
}

#[tokio::test]
async fn importing_twice_changes_nothing() {
    let db = database().await;
    let mut pages: Vec<SeenProfile> = (0..30).map(|n| page(&format!("f{n}"))).collect();
    let again = SeenProfile { named: NamedProfile::default(), ..page("f0") };
    pages.push(SeenProfile { named: pages[0].named.clone(), ..again });
    let import = async || profile::import(db.pg(), Platform::FILE, &pages, at(0)).await.unwrap();
    assert_eq!(import().await.changed, 30);
    assert_eq!(import().await.changed, 0);
}

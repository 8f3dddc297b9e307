//! Names and their ids.

use model::Platform;
use model::observation::Named;
use store::pg::ident;
use testkit::database;

use crate::web::{PLATFORM, ids, named};

#[tokio::test]
async fn a_name_keeps_its_id_and_others_get_their_own() {
    let db = database().await;
    let [ada, bob] = ids(db.pg(), ["ada", "bob"]).await;
    assert_ne!(ada, bob);
    assert_eq!(ada.platform(), Some(PLATFORM));
    assert_eq!(
        ids(db.pg(), ["bob", "eve", "ada", "ada"]).await.map(|id| id == ada),
        [false, false, true, true]
    );
}

#[tokio::test]
async fn one_native_id_on_two_platforms_is_two_profiles() {
    let db = database().await;
    let [here] = ids(db.pg(), ["ada"]).await;
    let there = ident::resolve(db.pg(), Platform::FEDIVERSE, &[named("ada")]).await.unwrap()[0];
    assert_eq!(there.platform(), Some(Platform::FEDIVERSE));
    assert_ne!(here, there);
}

#[tokio::test]
async fn many_at_once_give_every_name_one_id() {
    let db = database().await;
    let names: Vec<Named> = (0..3_000).map(|n| named(&format!("p{n}"))).collect();
    let mut turned = names.clone();
    turned.reverse();
    let pg = db.pg();
    let resolve = |names| async move { ident::resolve(pg, PLATFORM, names).await.unwrap() };
    let (a, mut b, c) = tokio::join!(resolve(&names), resolve(&turned), resolve(&names[..999]));
    b.reverse();
    assert_eq!(a, b);
    assert_eq!(a[..999], c[..]);
    let distinct: std::collections::BTreeSet<_> = a.iter().collect();
    assert_eq!(distinct.len(), 3_000);
}

#[tokio::test]
async fn ids_lead_back_to_native_ids() {
    let db = database().await;
    let [ada, bob] = ids(db.pg(), ["ada", "bob"]).await;
    let unknown = model::ProfileId::on(PLATFORM, 999);
    let names = ident::names(db.pg(), &[bob, unknown, ada]).await.unwrap();
    assert_eq!(names, [Some("did:bob".to_owned()), None, Some("did:ada".to_owned())]);
}

#[tokio::test]
async fn names_that_postgresql_refuses_are_cleaned() {
    let db = database().await;
    let odd = Named { native_id: "a\0b".into(), handle: Some("x\0".into()), host: None };
    let ids = ident::resolve(db.pg(), PLATFORM, &[odd.clone(), odd]).await.unwrap();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ident::names(db.pg(), &ids[..1]).await.unwrap(), [Some("ab".to_owned())]);
}

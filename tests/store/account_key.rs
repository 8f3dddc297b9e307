//! Names and their ids.

use model::account::HANDLE_BYTES_MAX;
use model::observation::NamedProfile;
use model::profile::GoneReason;
use model::{Account, Platform};
use store::pg::{account_key, erase, profile};
use testkit::database;

use crate::web::{PLATFORM, at, ids, named};

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
    let there =
        account_key::resolve(db.pg(), Platform::FEDIVERSE, &[named("ada")]).await.unwrap()[0];
    assert_eq!(there.platform(), Some(Platform::FEDIVERSE));
    assert_ne!(here, there);
}

#[tokio::test]
async fn many_at_once_give_every_name_one_id() {
    let db = database().await;
    let names: Vec<NamedProfile> = (0..3_000).map(|n| named(&format!("p{n}"))).collect();
    let mut turned = names.clone();
    turned.reverse();
    let pg = db.pg();
    let resolve = |names| async move { account_key::resolve(pg, PLATFORM, names).await.unwrap() };
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
    let names = account_key::names(db.pg(), &[bob, unknown, ada]).await.unwrap();
    assert_eq!(names, [Some("did:bob".to_owned()), None, Some("did:ada".to_owned())]);
}

#[tokio::test]
async fn ids_that_differ_at_the_end_stay_apart_and_longer_ones_are_refused() {
    let db = database().await;
    let long = |end: &str| format!("{}{end}", "x".repeat(HANDLE_BYTES_MAX - 1));
    let names: Vec<NamedProfile> = ["a", "b"].iter().map(|end| plain(&long(end))).collect();
    let ids = account_key::resolve(db.pg(), PLATFORM, &names).await.unwrap();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(
        account_key::names(db.pg(), &ids).await.unwrap(),
        ["a", "b"].map(|end| Some(long(end)))
    );
    let longer = account_key::resolve(db.pg(), PLATFORM, &[plain(&long("ab"))]).await.unwrap_err();
    assert!(longer.to_string().contains("more than 2048 bytes"), "{longer}");
}

#[tokio::test]
async fn what_is_no_native_id_is_refused_not_mended() {
    let db = database().await;
    let erased = format!("erased:{}", "0".repeat(64));
    for (id, why) in [("a\0b", "NUL"), ("\0", "NUL"), ("", "empty"), (&erased, "erased")] {
        let refused = account_key::resolve(db.pg(), PLATFORM, &[plain("a"), plain(id)]).await;
        let refused = refused.unwrap_err();
        assert!(!refused.is_passing() && refused.to_string().contains(why), "{refused}");
    }
    let named = [plain("ab")];
    let [ab] = account_key::resolve(db.pg(), PLATFORM, &named).await.unwrap()[..] else { panic!() };
    let account = |handle: &str| Account { platform: PLATFORM, handle: handle.to_owned() };
    let found = profile::find(db.pg(), &[account("a\0b"), account("ab")]).await.unwrap();
    assert_eq!(found, [None, Some(ab)]);
}

#[tokio::test]
async fn an_id_may_begin_as_erased_ones_do() {
    let db = database().await;
    let names = ["erased:", "erased:ann", "erased:0123"].map(plain);
    let ids = account_key::resolve(db.pg(), PLATFORM, &names).await.unwrap();
    let wanted = names.map(|named| Some(named.native_id));
    assert_eq!(account_key::names(db.pg(), &ids).await.unwrap(), wanted);
    let shown = profile::get(db.pg(), &ids).await.unwrap();
    assert_eq!(shown.iter().map(|one| one.native_id.clone()).collect::<Vec<_>>(), wanted);
    erase::profile(db.pg(), ids[1], GoneReason::Deleted, at(0)).await.unwrap();
    let left = account_key::names(db.pg(), &ids).await.unwrap();
    assert_eq!(left, [wanted[0].clone(), None, wanted[2].clone()]);
    let again = account_key::resolve(db.pg(), PLATFORM, &[plain("erased:ann")]).await.unwrap();
    assert_eq!(again, [ids[1]], "an erased one is known again");
}

#[tokio::test]
async fn a_handle_that_cannot_be_kept_whole_is_not_kept() {
    let db = database().await;
    for (id, handle) in [("a", "x\0".to_owned()), ("b", "x".repeat(HANDLE_BYTES_MAX + 1))] {
        let odd = NamedProfile { native_id: id.into(), handle: Some(handle), host: None };
        let ids = account_key::resolve(db.pg(), PLATFORM, &[odd]).await.unwrap();
        assert_eq!(profile::get(db.pg(), &ids).await.unwrap()[0].handle, None);
    }
}

/// A profile of which only the native id is known.
fn plain(native_id: &str) -> NamedProfile {
    NamedProfile { native_id: native_id.to_owned(), ..NamedProfile::default() }
}

//! The law of links.

use model::identity::{Claim, Proof};
use model::observation::{NamedProfile, SeenProfile};
use model::{Platform, ProfileId};
use store::Pg;
use store::pg::{account_key, erase, identity, profile};
use testkit::database;

use crate::web::at;

/// A profile known only by its claims.
async fn claims(pg: &Pg, platform: Platform, name: &str, claims: &[Claim]) -> ProfileId {
    let named = NamedProfile {
        native_id: format!("id:{name}"),
        handle: Some(format!("{name}.Test")),
        host: None,
    };
    let page =
        SeenProfile { named: named.clone(), claims: claims.to_vec(), ..SeenProfile::default() };
    profile::import(pg, platform, &[page], at(0)).await.unwrap();
    account_key::resolve(pg, platform, &[named]).await.unwrap()[0]
}

fn account(platform: Platform, target: &str) -> Claim {
    Claim::Account { platform, target: target.to_owned() }
}

fn website(page: &str) -> Claim {
    Claim::Website { page: page.to_owned() }
}

async fn pairs(pg: &Pg) -> Vec<(ProfileId, ProfileId, Proof)> {
    let links = identity::proven(pg).await.unwrap();
    links.into_iter().map(|link| (link.a, link.b, link.proof)).collect()
}

const SKY: Platform = Platform::BLUESKY;
const FEDI: Platform = Platform::FEDIVERSE;

#[tokio::test]
async fn each_naming_the_other_is_proof_by_handle_or_native_id() {
    let db = database().await;
    let a = claims(db.pg(), SKY, "ada", &[account(FEDI, "ada.test")]).await;
    let b = claims(db.pg(), FEDI, "ada", &[account(SKY, "id:ada")]).await;
    assert_eq!(pairs(db.pg()).await, [(a, b, Proof::Mutual)]);
    assert_eq!(identity::among(db.pg(), &[a, b]).await.unwrap().len(), 1);
    assert_eq!(identity::among(db.pg(), &[a]).await.unwrap(), []);
}

#[tokio::test]
async fn what_one_side_says_alone_links_nothing() {
    let db = database().await;
    claims(db.pg(), SKY, "ada", &[account(FEDI, "bob.test"), website("a.org")]).await;
    claims(db.pg(), FEDI, "bob", &[account(SKY, "eve.test"), website("b.org")]).await;
    claims(db.pg(), SKY, "eve", &[account(SKY, "id:eve")]).await;
    assert_eq!(pairs(db.pg()).await, []);
}

#[tokio::test]
async fn one_page_of_two_platforms_is_proof() {
    let db = database().await;
    let a = claims(db.pg(), SKY, "ada", &[website("ada.org")]).await;
    let b = claims(db.pg(), FEDI, "ada", &[website("ada.org"), website("other.org")]).await;
    assert_eq!(pairs(db.pg()).await, [(a, b, Proof::Website)]);
    assert_eq!(identity::among(db.pg(), &[a, b]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_that_vouches_for_several_of_one_platform_proves_nothing() {
    let db = database().await;
    let a = claims(db.pg(), SKY, "ada", &[website("firm.org")]).await;
    claims(db.pg(), SKY, "bob", &[website("firm.org")]).await;
    let b = claims(db.pg(), FEDI, "ada", &[website("firm.org")]).await;
    assert_eq!(pairs(db.pg()).await, []);
    assert_eq!(identity::among(db.pg(), &[a, b]).await.unwrap(), [], "bob is asked about too");
}

#[tokio::test]
async fn a_handle_that_two_profiles_have_proves_nothing() {
    let db = database().await;
    claims(db.pg(), SKY, "ada", &[account(FEDI, "x.test")]).await;
    let back = [account(SKY, "ada.test")];
    claims(db.pg(), FEDI, "x", &back).await;
    assert_eq!(pairs(db.pg()).await.len(), 1);
    let named =
        NamedProfile { native_id: "id:y".into(), handle: Some("X.test".into()), host: None };
    let twin = SeenProfile { named, claims: back.to_vec(), ..SeenProfile::default() };
    profile::import(db.pg(), FEDI, &[twin], at(0)).await.unwrap();
    assert_eq!(pairs(db.pg()).await, []);
}

#[tokio::test]
async fn a_claim_taken_back_ends_the_link() {
    let db = database().await;
    let a = claims(db.pg(), SKY, "ada", &[account(FEDI, "ada.test")]).await;
    claims(db.pg(), FEDI, "ada", &[account(SKY, "ada.test")]).await;
    assert_eq!(pairs(db.pg()).await.len(), 1);
    claims(db.pg(), SKY, "ada", &[website("ada.org")]).await;
    assert_eq!(pairs(db.pg()).await, []);
    claims(db.pg(), SKY, "ada", &[account(FEDI, "ada.test")]).await;
    assert_eq!(pairs(db.pg()).await.len(), 1);
    erase::profile(db.pg(), a, model::profile::GoneReason::Deleted, at(1)).await.unwrap();
    assert_eq!(pairs(db.pg()).await, []);
}

#[tokio::test]
async fn either_handle_of_a_profile_names_it() {
    let db = database().await;
    let named = NamedProfile {
        native_id: "https://social.one.test/users/ada".into(),
        handle: Some("Ada@one.test".into()),
        host: Some("social.one.test".into()),
    };
    let page = SeenProfile {
        named: named.clone(),
        server_handle: Some("Ada@social.one.test".into()),
        claims: vec![account(SKY, "ada.test")],
        ..SeenProfile::default()
    };
    profile::import(db.pg(), FEDI, std::slice::from_ref(&page), at(0)).await.unwrap();
    let ada = account_key::resolve(db.pg(), FEDI, &[named]).await.unwrap()[0];
    for target in ["ada@one.test", "ada@social.one.test"] {
        let sky = claims(db.pg(), SKY, "ada", &[account(FEDI, target)]).await;
        assert_eq!(pairs(db.pg()).await, [(sky, ada, Proof::Mutual)], "{target}");
        assert_eq!(identity::among(db.pg(), &[sky, ada]).await.unwrap().len(), 1, "{target}");
        let asked = model::Account::new(FEDI, &target.to_uppercase()).unwrap();
        assert_eq!(profile::find(db.pg(), &[asked]).await.unwrap(), [Some(ada)], "{target}");
    }
    let moved = SeenProfile { server_handle: None, ..page };
    profile::import(db.pg(), FEDI, &[moved], at(1)).await.unwrap();
    let old = model::Account::new(FEDI, "ada@social.one.test").unwrap();
    assert_eq!(profile::find(db.pg(), &[old]).await.unwrap(), [None]);
    assert_eq!(pairs(db.pg()).await, []);
}

#[tokio::test]
async fn a_servers_handle_that_another_profile_has_proves_nothing() {
    let db = database().await;
    claims(db.pg(), SKY, "ada", &[account(FEDI, "x.test")]).await;
    let named =
        NamedProfile { native_id: "id:y".into(), handle: Some("y.test".into()), host: None };
    let server_handle = Some("x.test".into());
    let back = vec![account(SKY, "ada.test")];
    let page = SeenProfile { named, server_handle, claims: back.clone(), ..SeenProfile::default() };
    profile::import(db.pg(), FEDI, &[page], at(0)).await.unwrap();
    assert_eq!(pairs(db.pg()).await.len(), 1);
    claims(db.pg(), FEDI, "x", &back).await;
    assert_eq!(pairs(db.pg()).await, []);
}

#[tokio::test]
async fn a_claim_that_cannot_be_kept_whole_is_none() {
    let db = database().await;
    let page = |end: &str| format!("a.org/{}{end}", "x".repeat(2_040));
    claims(db.pg(), SKY, "ada", &[website(&page("ada")), website("b\0.org")]).await;
    claims(db.pg(), FEDI, "bob", &[website(&page("bob")), website("b.org")]).await;
    assert_eq!(pairs(db.pg()).await, [], "their pages differ at the end, and by a NUL");
    let a = claims(db.pg(), SKY, "eve", &[website(&page("e"))]).await;
    let b = claims(db.pg(), FEDI, "eve", &[website(&page("e")), website(&page("f"))]).await;
    assert_eq!(pairs(db.pg()).await, [(a, b, Proof::Website)]);
}

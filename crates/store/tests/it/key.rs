//! API keys.

use model::key::{RANDOM_BYTES, Realm, Secret};
use store::pg::key::{self, NewKey};
use testkit::database;

use crate::web::at;

const PEPPER: &[u8] = b"pepper";

fn secret(realm: Realm, first: u8) -> Secret {
    let mut random = [7; RANDOM_BYTES];
    random[0] = first;
    Secret::from_random(realm, &random).unwrap()
}

#[tokio::test]
async fn a_key_is_found_by_its_secret_only() {
    let db = database().await;
    let secret = secret(Realm::Test, 1);
    let new = NewKey { account: "ada", secret: &secret, scopes: &["search:read", "ranks:read"] };
    let id = key::create(db.pg(), PEPPER, &new, at(0)).await.unwrap();
    let found = key::find(db.pg(), PEPPER, &secret).await.unwrap().unwrap();
    assert_eq!((found.id, found.account.as_str(), found.realm), (id, "ada", Realm::Test));
    assert_eq!(found.scopes, ["search:read", "ranks:read"]);
    assert_eq!(found.last_four, secret.last_four());
    assert_eq!((found.created_at, found.revoked_at), (at(0), None));
    assert_eq!(key::find(db.pg(), b"other pepper", &secret).await.unwrap(), None);
    let other = self::secret(Realm::Test, 2);
    assert_eq!(key::find(db.pg(), PEPPER, &other).await.unwrap(), None);
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_database() {
    let db = database().await;
    let secret = secret(Realm::Live, 1);
    let new = NewKey { account: "ada", secret: &secret, scopes: &[] };
    key::create(db.pg(), PEPPER, &new, at(0)).await.unwrap();
    let row = db.client().await.query_one("select k::text from api_key k", &[]).await.unwrap();
    let digits = &secret.reveal()["borg_live_".len()..];
    assert!(!row.get::<_, String>(0).contains(&digits[..8]));
}

#[tokio::test]
async fn a_revoked_key_says_when() {
    let db = database().await;
    let secrets = [1, 2].map(|n| secret(Realm::Live, n));
    let mut ids = Vec::new();
    for secret in &secrets {
        let new = NewKey { account: "ada", secret, scopes: &[] };
        ids.push(key::create(db.pg(), PEPPER, &new, at(0)).await.unwrap());
    }
    assert!(key::revoke(db.pg(), ids[0], at(9)).await.unwrap());
    assert!(!key::revoke(db.pg(), ids[0], at(10)).await.unwrap());
    let found = key::find(db.pg(), PEPPER, &secrets[0]).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(at(9)));
    let all = key::of_account(db.pg(), "ada").await.unwrap();
    assert_eq!(all.iter().map(|key| key.id).collect::<Vec<_>>(), [ids[1], ids[0]]);
}

//! API keys.

use model::Scope;
use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use store::pg::audit;
use store::pg::key::{self, NewKey};
use testkit::database;

use crate::web::{ACT, at};

const PEPPER: &[u8] = b"pepper";

fn secret(realm: KeyRealm, first: u8) -> ApiSecret {
    let mut random = [7; RANDOM_BYTES];
    random[0] = first;
    ApiSecret::from_random(realm, &random).unwrap()
}

#[tokio::test]
async fn a_key_is_found_by_its_secret_only() {
    let db = database().await;
    let secret = secret(KeyRealm::Test, 1);
    let new =
        NewKey { account: "ada", secret: &secret, scopes: &[Scope::SearchRead, Scope::RanksRead] };
    let id = key::create(db.pg(), PEPPER, &new, ACT, at(0)).await.unwrap();
    let found = key::find(db.pg(), PEPPER, &secret).await.unwrap().unwrap();
    assert_eq!((found.id, found.account.as_str(), found.realm), (id, "ada", KeyRealm::Test));
    assert_eq!(found.scopes, ["search:read", "ranks:read"]);
    assert_eq!(found.last_four, secret.last_four());
    assert_eq!((found.created_at, found.revoked_at), (at(0), None));
    assert_eq!(key::find(db.pg(), b"other pepper", &secret).await.unwrap(), None);
    let other = self::secret(KeyRealm::Test, 2);
    assert_eq!(key::find(db.pg(), PEPPER, &other).await.unwrap(), None);
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_database() {
    let db = database().await;
    let secret = secret(KeyRealm::Live, 1);
    let new = NewKey { account: "ada", secret: &secret, scopes: &[] };
    key::create(db.pg(), PEPPER, &new, ACT, at(0)).await.unwrap();
    let row = db.client().await.query_one("select k::text from api_key k", &[]).await.unwrap();
    let digits = &secret.reveal()["borg_live_".len()..];
    assert!(!row.get::<_, String>(0).contains(&digits[..8]));
}

#[tokio::test]
async fn a_revoked_key_says_when() {
    let db = database().await;
    let secrets = [1, 2].map(|n| secret(KeyRealm::Live, n));
    let mut ids = Vec::new();
    for secret in &secrets {
        let new = NewKey { account: "ada", secret, scopes: &[] };
        ids.push(key::create(db.pg(), PEPPER, &new, ACT, at(0)).await.unwrap());
    }
    assert!(key::revoke(db.pg(), ids[0], ACT, at(9)).await.unwrap());
    assert!(!key::revoke(db.pg(), ids[0], ACT, at(10)).await.unwrap());
    let found = key::find(db.pg(), PEPPER, &secrets[0]).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(at(9)));
    let all = key::of_account(db.pg(), "ada").await.unwrap();
    assert_eq!(all.iter().map(|key| key.id).collect::<Vec<_>>(), [ids[1], ids[0]]);
}

#[tokio::test]
async fn what_becomes_of_a_key_is_in_the_audit_log_once() {
    let db = database().await;
    let secret = secret(KeyRealm::Live, 1);
    let new = NewKey { account: "ada", secret: &secret, scopes: &[] };
    let id = key::create(db.pg(), PEPPER, &new, ACT, at(0)).await.unwrap();
    for second in [9, 10] {
        key::revoke(db.pg(), id, ACT, at(second)).await.unwrap();
    }
    let lines = audit::newest(db.pg(), 10).await.unwrap();
    let found: Vec<_> = lines.iter().map(|line| (line.at, line.subject.clone())).collect();
    assert_eq!(found, [(at(9), Some(id.to_string())), (at(0), Some(id.to_string()))]);
    assert_eq!((lines[0].actor.as_str(), lines[0].action.as_str()), (ACT.actor, ACT.action));
    assert_eq!(audit::retire(db.pg(), at(9)).await.unwrap(), 1);
    assert_eq!(audit::newest(db.pg(), 10).await.unwrap().len(), 1);
}

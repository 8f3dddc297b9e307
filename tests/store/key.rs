//! API keys.

use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::{KeyId, MicroCredits, PayerId, Scope};
use store::pg::audit;
use store::pg::key::{
    self, CapChange, DAILY_CAP_DEFAULT, KeyOwner, KeyPage, KeyRotation, NAME_CHARS_MAX, NewKey,
};
use testkit::{Database, database};

use crate::web::{ACT, at};

const PEPPER: &[u8] = b"pepper";
const ADA: KeyOwner<'static> = KeyOwner::Account("ada");

fn secret(realm: KeyRealm, first: u8) -> ApiSecret {
    let mut random = [7; RANDOM_BYTES];
    random[0] = first;
    ApiSecret::from_random(realm, &random).unwrap()
}

#[tokio::test]
async fn a_key_is_found_by_its_secret_only() {
    let db = database().await;
    let secret = secret(KeyRealm::Test, 1);
    let new = NewKey::new(ADA, &secret, &[Scope::SearchRead, Scope::RanksRead]);
    let id = key::create(db.pg(), PEPPER, &new, ACT, at(0)).await.unwrap();
    let found = key::find(db.pg(), PEPPER, &secret, at(0)).await.unwrap().unwrap();
    assert_eq!((found.id, found.account.as_str(), found.realm), (id, "ada", KeyRealm::Test));
    assert_eq!(found.scopes, ["search:read", "ranks:read"]);
    assert_eq!(found.last_four, secret.last_four());
    assert_eq!((found.created_at, found.revoked_at), (at(0), None));
    assert_eq!(key::find(db.pg(), b"other pepper", &secret, at(0)).await.unwrap(), None);
    let other = self::secret(KeyRealm::Test, 2);
    assert_eq!(key::find(db.pg(), PEPPER, &other, at(0)).await.unwrap(), None);
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_database() {
    let db = database().await;
    let secret = secret(KeyRealm::Live, 1);
    let new = NewKey::new(ADA, &secret, &[]);
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
        let new = NewKey::new(ADA, secret, &[]);
        ids.push(key::create(db.pg(), PEPPER, &new, ACT, at(0)).await.unwrap());
    }
    assert!(key::revoke(db.pg(), ids[0], ACT, at(9)).await.unwrap());
    assert!(!key::revoke(db.pg(), ids[0], ACT, at(10)).await.unwrap());
    let found = key::find(db.pg(), PEPPER, &secrets[0], at(0)).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(at(9)));
    let all = key::of_account(db.pg(), "ada").await.unwrap();
    assert_eq!(all.iter().map(|key| key.id).collect::<Vec<_>>(), [ids[1], ids[0]]);
}

#[tokio::test]
async fn what_becomes_of_a_key_is_in_the_audit_log_once() {
    let db = database().await;
    let secret = secret(KeyRealm::Live, 1);
    let new = NewKey::new(ADA, &secret, &[]);
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

/// A key of this account, and its payer.
async fn made(db: &Database, account: &str, secret: &ApiSecret) -> (KeyId, PayerId) {
    let new = NewKey::new(KeyOwner::Account(account), secret, &[]);
    let id = key::create(db.pg(), PEPPER, &new, ACT, at(0)).await.unwrap();
    (id, key::payer(db.pg(), account, at(0)).await.unwrap())
}

async fn log_lines(db: &Database) -> usize {
    audit::newest(db.pg(), 1_000).await.unwrap().len()
}

#[tokio::test]
async fn an_account_is_made_once_and_has_a_name() {
    let db = database().await;
    let payers = futures::future::join_all((0..4).map(|_| key::payer(db.pg(), "ada", at(0)))).await;
    let payers: Vec<PayerId> = payers.into_iter().map(Result::unwrap).collect();
    assert!(payers.windows(2).all(|pair| pair[0] == pair[1]), "{payers:?}");
    assert_eq!(key::known_payer(db.pg(), "bob").await.unwrap(), None);
    let bob = key::payer(db.pg(), "bob", at(0)).await.unwrap();
    assert_ne!(bob, payers[0]);
    assert_eq!(key::known_payer(db.pg(), "bob").await.unwrap(), Some(bob));
    assert_eq!(key::account(db.pg(), payers[0]).await.unwrap().as_deref(), Some("ada"));
    assert_eq!(key::account(db.pg(), PayerId::new(1 << 40)).await.unwrap(), None);
}

#[tokio::test]
async fn a_payer_gets_keys_with_names_and_caps() {
    let db = database().await;
    let secrets = [1, 2, 3].map(|n| secret(KeyRealm::Live, n));
    let (first, payer) = made(&db, "ada", &secrets[0]).await;
    let (other, _) = made(&db, "bob", &secrets[1]).await;
    let (name, daily_cap) = ("ñ".repeat(90), MicroCredits::new(7));
    let usual = NewKey::new(KeyOwner::Payer(payer), &secrets[2], &[]);
    let new = NewKey { name: &name, daily_cap, ..usual };
    let id = key::create(db.pg(), PEPPER, &new, ACT, at(1)).await.unwrap();
    assert_eq!(key::create(db.pg(), PEPPER, &new, ACT, at(1)).await.unwrap(), id, "twice");
    let newest = KeyPage { is_revoked: None, before: None, limit: 9 };
    let all = key::page(db.pg(), payer, newest).await.unwrap();
    assert_eq!(all.iter().map(|key| key.id).collect::<Vec<_>>(), [id, first]);
    assert_eq!((all[0].name.chars().count(), all[0].daily_cap), (NAME_CHARS_MAX, daily_cap));
    assert_eq!((all[1].name.as_str(), all[1].daily_cap), ("", DAILY_CAP_DEFAULT));
    assert_eq!((&all[0].account, all[0].payer), (&"ada".to_owned(), payer));
    assert_eq!(key::of_payer(db.pg(), payer, id).await.unwrap().as_ref(), all.first());
    assert_eq!(key::of_payer(db.pg(), payer, other).await.unwrap(), None);
    assert!(all.iter().all(|key| key.id != other));
    let missing = KeyOwner::Payer(PayerId::new(1 << 40));
    let refused = NewKey::new(missing, &secrets[2], &[]);
    let error = key::create(db.pg(), PEPPER, &refused, ACT, at(1)).await.unwrap_err();
    assert!(error.to_string().contains("no account"), "{error}");
    let new = NewKey { daily_cap: MicroCredits::new(-1), ..usual };
    assert!(key::create(db.pg(), b"other pepper", &new, ACT, at(1)).await.is_err());
}

#[tokio::test]
async fn another_payer_can_do_nothing_with_a_key() {
    let db = database().await;
    let secrets = [1, 2, 3].map(|n| secret(KeyRealm::Live, n));
    let (mine, payer) = made(&db, "ada", &secrets[0]).await;
    let (theirs, _) = made(&db, "bob", &secrets[1]).await;
    let before = key::find(db.pg(), PEPPER, &secrets[1], at(0)).await.unwrap();
    let lines = log_lines(&db).await;
    assert!(!key::revoke_of(db.pg(), payer, theirs, ACT, at(1)).await.unwrap());
    let new = CapChange { payer, key: theirs, daily_cap: MicroCredits::ZERO };
    assert!(!key::set_cap(db.pg(), &new, ACT, at(1)).await.unwrap());
    let new = KeyRotation { payer, key: theirs, secret: &secrets[2], old_until: at(9) };
    assert!(!key::rotate(db.pg(), PEPPER, &new, ACT, at(1)).await.unwrap());
    assert_eq!(key::find(db.pg(), PEPPER, &secrets[1], at(0)).await.unwrap(), before);
    assert_eq!(log_lines(&db).await, lines);
    assert!(key::revoke_of(db.pg(), payer, mine, ACT, at(1)).await.unwrap());
    assert!(!key::revoke_of(db.pg(), payer, mine, ACT, at(2)).await.unwrap());
    let found = key::find(db.pg(), PEPPER, &secrets[0], at(0)).await.unwrap().unwrap();
    assert_eq!((found.revoked_at, log_lines(&db).await), (Some(at(1)), lines + 1));
}

#[tokio::test]
async fn a_rotated_key_opens_with_both_secrets_for_a_while() {
    let db = database().await;
    let secrets = [1, 2, 3].map(|n| secret(KeyRealm::Live, n));
    let (id, payer) = made(&db, "ada", &secrets[0]).await;
    let lines = log_lines(&db).await;
    let rotation = |secret, until| KeyRotation { payer, key: id, secret, old_until: at(until) };
    let rotate =
        async |new: KeyRotation<'_>| key::rotate(db.pg(), PEPPER, &new, ACT, at(1)).await.unwrap();
    let opens = async |second| {
        let found = secrets.iter().map(|one| key::find(db.pg(), PEPPER, one, at(second)));
        let found = futures::future::join_all(found).await;
        found.into_iter().map(|key| key.unwrap().is_some_and(|key| key.id == id)).collect()
    };
    for _ in 0..2 {
        assert!(rotate(rotation(&secrets[1], 10)).await);
    }
    assert_eq!(log_lines(&db).await, lines + 1, "the same again is nothing new");
    let of = async |second| -> Vec<bool> { opens(second).await };
    assert_eq!(of(9).await, [true, true, false]);
    assert_eq!(of(10).await, [false, true, false]);
    let found = key::find(db.pg(), PEPPER, &secrets[0], at(9)).await.unwrap().unwrap();
    let four = |at: usize| secrets[at].last_four().to_owned();
    assert_eq!((found.last_four, found.old_last_four), (four(1), Some(four(0))));
    assert_eq!(found.old_until, Some(at(10)));
    // A further rotation ends the first secret at once.
    assert!(rotate(rotation(&secrets[2], 20)).await);
    assert_eq!(of(9).await, [false, true, true]);
    assert_eq!((of(20).await, log_lines(&db).await), (vec![false, false, true], lines + 2));
    // A key keeps its realm, and a revoked one its secrets.
    let test = secret(KeyRealm::Test, 4);
    assert!(!rotate(rotation(&test, 30)).await);
    assert!(key::revoke_of(db.pg(), payer, id, ACT, at(2)).await.unwrap());
    for one in [&secrets[2], &secrets[0]] {
        assert!(!rotate(rotation(one, 30)).await);
    }
    let found = key::find(db.pg(), PEPPER, &secrets[1], at(9)).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(at(2)), "by the secret before, too");
}

#[tokio::test]
async fn a_cap_is_set_until_the_key_is_revoked() {
    let db = database().await;
    let secret = secret(KeyRealm::Live, 1);
    let (id, payer) = made(&db, "ada", &secret).await;
    let lines = log_lines(&db).await;
    let set = async |micros| {
        let new = CapChange { payer, key: id, daily_cap: MicroCredits::new(micros) };
        key::set_cap(db.pg(), &new, ACT, at(1)).await
    };
    assert!(set(5).await.unwrap());
    assert!(set(-1).await.is_err());
    let found = key::find(db.pg(), PEPPER, &secret, at(2)).await.unwrap().unwrap();
    assert_eq!((found.daily_cap.micros(), log_lines(&db).await), (5, lines + 1));
    assert!(key::revoke(db.pg(), id, ACT, at(2)).await.unwrap());
    assert!(!set(6).await.unwrap());
}

/// Two who rotate at the same time: one secret is the present one, the other the one before.
#[tokio::test]
async fn two_rotations_at_once_happen_one_after_the_other() {
    let db = database().await;
    let secrets = [1, 2, 3].map(|n| secret(KeyRealm::Live, n));
    let (key, payer) = made(&db, "ada", &secrets[0]).await;
    let rotation = |secret| KeyRotation { payer, key, secret, old_until: at(10) };
    let new = [rotation(&secrets[1]), rotation(&secrets[2])];
    let rotate = |new| key::rotate(db.pg(), PEPPER, new, ACT, at(1));
    let (one, other) = tokio::join!(rotate(&new[0]), rotate(&new[1]));
    assert!(one.unwrap() && other.unwrap());
    for (secret, opens) in secrets.iter().zip([false, true, true]) {
        let found = key::find(db.pg(), PEPPER, secret, at(5)).await.unwrap();
        assert_eq!(found.is_some(), opens);
    }
}

#[tokio::test]
async fn a_payers_keys_are_listed_page_by_page_by_their_state() {
    let db = database().await;
    let mut made_keys = Vec::new();
    for number in 1..=6 {
        made_keys.push(made(&db, "ada", &secret(KeyRealm::Live, number)).await);
    }
    made(&db, "bob", &secret(KeyRealm::Live, 7)).await;
    let payer = made_keys[0].1;
    let ids: Vec<KeyId> = made_keys.iter().rev().map(|(id, _)| *id).collect();
    for gone in [1, 4] {
        assert!(key::revoke_of(db.pg(), payer, ids[gone], ACT, at(1)).await.unwrap());
    }
    assert_eq!(key::count_active(db.pg(), payer).await.unwrap(), 4);
    let walk = async |is_revoked| {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = KeyPage { is_revoked, before, limit: 2 };
            let keys = key::page(db.pg(), payer, page).await.unwrap();
            assert!(keys.len() <= 2);
            let Some(last) = keys.last() else { return found };
            before = Some(last.id);
            found.extend(keys.iter().map(|key| key.id));
        }
    };
    assert_eq!(walk(None).await, ids);
    assert_eq!(walk(Some(true)).await, [ids[1], ids[4]]);
    assert_eq!(walk(Some(false)).await, [ids[0], ids[2], ids[3], ids[5]]);
}

#[tokio::test]
async fn there_is_one_key_of_each_order() {
    let db = database().await;
    let secrets = [1, 2].map(|n| secret(KeyRealm::Live, n));
    let new = |number: usize| NewKey {
        order: Some("welcome-7"),
        ..NewKey::new(ADA, &secrets[number], &[])
    };
    assert_eq!(key::ordered(db.pg(), "welcome-7").await.unwrap(), None);
    let id = key::create(db.pg(), PEPPER, &new(0), ACT, at(0)).await.unwrap();
    assert_eq!(key::ordered(db.pg(), "welcome-7").await.unwrap().map(|key| key.id), Some(id));
    assert!(key::create(db.pg(), PEPPER, &new(1), ACT, at(0)).await.is_err());
}

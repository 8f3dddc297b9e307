//! Orders on a real record, and the golden events.

#![cfg(test)]

use model::key::ApiSecret;
use model::observation::{NamedProfile, SeenProfile};
use model::port::Clock as _;
use model::profile::GoneReason;
use model::{Platform, ProfileId};
use operate::{Doors, OperateError, Order, handle};
use serde_json::{Value, json};
use store::pg::{ident, key, person, profile, run};
use testkit::{Database, Frozen, database};

const PEPPER: &[u8] = b"pepper";

/// A record, and who gives it orders.
struct Office {
    db: Database,
    clock: Frozen,
}

impl Office {
    async fn new() -> Office {
        Office { db: database().await, clock: Frozen::default() }
    }

    async fn order(&self, order: Value) -> Result<Value, OperateError> {
        let (pg, clock) = (self.db.pg(), &self.clock);
        let doors = Doors { pg, clock, pepper: PEPPER, actor: "aws:request" };
        handle(&doors, &Order::of(order).expect("the order can be read")).await
    }

    /// Profiles of these names, as a bulk file brings them.
    async fn profiles(&self, names: &[&str]) -> Vec<ProfileId> {
        let named = |name: &&str| NamedProfile {
            native_id: format!("did:plc:{name}"),
            handle: Some(format!("{name}.example")),
            host: None,
        };
        let named: Vec<NamedProfile> = names.iter().map(named).collect();
        let page =
            |named: &NamedProfile| SeenProfile { named: named.clone(), ..SeenProfile::default() };
        let pages: Vec<SeenProfile> = named.iter().map(page).collect();
        let pg = self.db.pg();
        profile::import(pg, Platform::BLUESKY, &pages, self.clock.now()).await.unwrap();
        ident::resolve(pg, Platform::BLUESKY, &named).await.unwrap()
    }

    async fn gone(&self, ids: &[ProfileId]) -> Vec<bool> {
        let known = profile::get(self.db.pg(), ids).await.unwrap();
        known.iter().map(|profile| profile.gone == Some(GoneReason::Refused)).collect()
    }

    /// The log's actions and subjects, the oldest first.
    async fn log(&self) -> Vec<(String, Value)> {
        let answer = self.order(json!({"list-audit": {}})).await.unwrap();
        let lines = answer["lines"].as_array().unwrap().iter().rev();
        let line =
            |line: &Value| (line["action"].as_str().unwrap().to_owned(), line["subject"].clone());
        lines.map(line).collect()
    }
}

fn golden(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("../../events/operate-{name}.json"));
    serde_json::from_str(&text.expect("the golden event is there")).expect("it is JSON")
}

#[tokio::test]
async fn the_golden_events_are_orders() {
    let office = Office::new().await;
    for event in ["opt-out", "create-key", "retain"] {
        office.order(golden(event)).await.unwrap_or_else(|error| panic!("{event}: {error}"));
    }
    let log: Vec<String> = office.log().await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(log, ["opt-out", "create-key", "retain"]);
}

#[tokio::test]
async fn an_opt_out_takes_one_profile_or_a_whole_person() {
    let office = Office::new().await;
    let ids = office.profiles(&["ada", "bob", "eve", "joe"]).await;
    let groups = [vec![ids[1], ids[2]]];
    person::save_groups(office.db.pg(), &groups, office.clock.now()).await.unwrap();
    let answer = office.order(json!({"opt-out": {"account": ids[0]}})).await.unwrap();
    assert_eq!(answer, json!({"opted_out": [ids[0]], "known": true}));
    // Asked for by the number that was joined to the other.
    let joined = ids[2].home_person();
    let answer = office.order(json!({"opt-out": {"account": joined}})).await.unwrap();
    assert_eq!(answer["opted_out"], json!([ids[1], ids[2]]));
    assert_eq!(office.gone(&ids).await, [true, true, true, false]);
    let told = ids[..3].iter().map(|id| ("opt-out".to_owned(), json!(id)));
    assert_eq!(office.log().await, told.collect::<Vec<_>>());
}

#[tokio::test]
async fn an_opt_out_of_what_is_not_there_says_so_and_is_not_logged() {
    let office = Office::new().await;
    for nobody in ["prf_2001", "per_2001"] {
        let refused = office.order(json!({"opt-out": {"account": nobody}})).await;
        let is_unknown = |error| matches!(error, OperateError::Unknown(id) if id == nobody);
        assert!(refused.is_err_and(is_unknown), "{nobody}");
    }
    assert_eq!(office.log().await, []);
}

#[tokio::test]
async fn a_key_opens_until_it_is_revoked() {
    let office = Office::new().await;
    let made = office.order(json!({"create-key": {"account": "me"}})).await.unwrap();
    let secret = ApiSecret::parse(made["key"].as_str().unwrap()).unwrap();
    let found = key::find(office.db.pg(), PEPPER, &secret).await.unwrap().unwrap();
    assert_eq!((json!(found.id), found.revoked_at), (made["id"].clone(), None));
    office.order(json!({"create-key": {"account": "you", "test": true}})).await.unwrap();
    let all = office.order(json!({"list-keys": {}})).await.unwrap();
    let mine = office.order(json!({"list-keys": {"account": "me"}})).await.unwrap();
    let count = |answer: &Value| answer["keys"].as_array().unwrap().len();
    assert_eq!((count(&all), count(&mine)), (2, 1));
    assert!(!all.to_string().contains(secret.reveal()), "no list shows a secret");
    office.order(json!({"revoke-key": {"key": found.id}})).await.unwrap();
    let again = office.order(json!({"revoke-key": {"key": found.id}})).await;
    assert!(matches!(again, Err(OperateError::Unknown(_))), "{again:?}");
    let found = key::find(office.db.pg(), PEPPER, &secret).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(office.clock.now()));
}

#[tokio::test]
async fn only_a_run_whose_results_are_kept_is_served_again() {
    let office = Office::new().await;
    let run = run::create(office.db.pg(), None, office.clock.now()).await.unwrap();
    let refused = office.order(json!({"activate-run": {"run": run}})).await;
    assert!(matches!(refused, Err(OperateError::Store(_))), "{refused:?}");
    assert_eq!(office.log().await, [("activate-run".to_owned(), json!(run))]);
}

#[tokio::test]
async fn what_an_operator_did_is_known_for_three_years() {
    let office = Office::new().await;
    office.order(json!({"create-key": {"account": "me"}})).await.unwrap();
    office.clock.advance_seconds(1_094 * 86_400);
    assert_eq!(office.order(json!({"retain": {}})).await.unwrap()["audit_lines"], 0);
    office.clock.advance_seconds(2 * 86_400);
    assert_eq!(office.order(json!({"retain": {}})).await.unwrap()["audit_lines"], 1);
    let log: Vec<String> = office.log().await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(log, ["retain", "retain"]);
}

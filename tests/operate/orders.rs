//! Orders on a real database, and the golden events.

use model::key::ApiSecret;
use model::observation::{NamedProfile, SeenProfile};
use model::port::Clock as _;
use model::privacy_request::{CODE_BYTES, PrivacySecret, ProofCode, SECRET_BYTES};
use model::profile::GoneReason;
use model::{Account, Platform, PrivacyRequestId, PrivacyRequestKind, ProfileId};
use operate::{OperateDependencies, OperateError, Order, handle};
use serde_json::{Value, json};
use store::pg::privacy_request::{self, NewPrivacyRequest};
use store::pg::{account_key, key, person, profile, run};
use store::wallet::{PgWallet, StoredWallet};
use testkit::{Database, Frozen, database};

const PEPPER: &[u8] = b"pepper";

/// A database that takes orders.
struct OperatedDatabase {
    db: Database,
    clock: Frozen,
}

impl OperatedDatabase {
    async fn new() -> OperatedDatabase {
        OperatedDatabase { db: database().await, clock: Frozen::default() }
    }

    async fn order(&self, order: Value) -> Result<Value, OperateError> {
        let (pg, clock, actor) = (self.db.pg(), &self.clock, "aws:request");
        let wallet = &StoredWallet::Postgres(PgWallet::new(pg.clone()));
        let dependencies = OperateDependencies { pg, wallet, clock, pepper: PEPPER, actor };
        let order = Order::of(order).expect("the order can be read");
        handle(&dependencies, &order).await.map(|outcome| json!(outcome))
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
        account_key::resolve(pg, Platform::BLUESKY, &named).await.unwrap()
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
    let text = std::fs::read_to_string(format!("../events/operate-{name}.json"));
    serde_json::from_str(&text.expect("the golden event is there")).expect("it is JSON")
}

#[tokio::test]
async fn the_golden_events_are_orders() {
    let operated = OperatedDatabase::new().await;
    for event in ["opt-out", "create-key", "add-credits", "retain"] {
        operated.order(golden(event)).await.unwrap_or_else(|error| panic!("{event}: {error}"));
    }
    let answer = operated.order(golden("answer-request")).await;
    assert!(matches!(answer, Err(OperateError::Unknown(_))), "{answer:?}");
    let log: Vec<String> = operated.log().await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(log, ["opt-out", "create-key", "add-credits", "retain"]);
}

#[tokio::test]
async fn an_opt_out_takes_one_profile_or_a_whole_person() {
    let operated = OperatedDatabase::new().await;
    let ids = operated.profiles(&["ada", "bob", "eve", "joe"]).await;
    let groups = [vec![ids[1], ids[2]]];
    person::save_groups(operated.db.pg(), &groups, operated.clock.now()).await.unwrap();
    let answer = operated.order(json!({"opt-out": {"account": ids[0]}})).await.unwrap();
    assert_eq!(answer, json!({"opted_out": [ids[0]], "known": true}));
    // By the id of the person that was merged into the other.
    let joined = ids[2].home_person();
    let answer = operated.order(json!({"opt-out": {"account": joined}})).await.unwrap();
    assert_eq!(answer["opted_out"], json!([ids[1], ids[2]]));
    assert_eq!(operated.gone(&ids).await, [true, true, true, false]);
    let logged = ids[..3].iter().map(|id| ("opt-out".to_owned(), json!(id)));
    assert_eq!(operated.log().await, logged.collect::<Vec<_>>());
}

#[tokio::test]
async fn an_opt_out_of_an_unknown_id_is_refused_and_not_logged() {
    let operated = OperatedDatabase::new().await;
    for unknown in ["prf_2001", "per_2001"] {
        let refused = operated.order(json!({"opt-out": {"account": unknown}})).await;
        let is_unknown = |error| matches!(error, OperateError::Unknown(id) if id == unknown);
        assert!(refused.is_err_and(is_unknown), "{unknown}");
    }
    assert_eq!(operated.log().await, []);
}

#[tokio::test]
async fn a_key_is_valid_until_it_is_revoked() {
    let operated = OperatedDatabase::new().await;
    let made = operated.order(json!({"create-key": {"account": "me"}})).await.unwrap();
    let secret = ApiSecret::parse(made["key"].as_str().unwrap()).unwrap();
    let found =
        key::find(operated.db.pg(), PEPPER, &secret, operated.clock.now()).await.unwrap().unwrap();
    assert_eq!((json!(found.id), found.revoked_at), (made["id"].clone(), None));
    operated.order(json!({"create-key": {"account": "you", "test": true}})).await.unwrap();
    let all = operated.order(json!({"list-keys": {}})).await.unwrap();
    let mine = operated.order(json!({"list-keys": {"account": "me"}})).await.unwrap();
    let count = |answer: &Value| answer["keys"].as_array().unwrap().len();
    assert_eq!((count(&all), count(&mine)), (2, 1));
    assert!(!all.to_string().contains(secret.reveal()), "no list shows a secret");
    operated.order(json!({"revoke-key": {"key": found.id}})).await.unwrap();
    let again = operated.order(json!({"revoke-key": {"key": found.id}})).await;
    assert!(matches!(again, Err(OperateError::Unknown(_))), "{again:?}");
    let found =
        key::find(operated.db.pg(), PEPPER, &secret, operated.clock.now()).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(operated.clock.now()));
}

#[tokio::test]
async fn only_a_run_whose_results_are_kept_is_served_again() {
    let operated = OperatedDatabase::new().await;
    let run = run::create(operated.db.pg(), None, operated.clock.now()).await.unwrap();
    let refused = operated.order(json!({"activate-run": {"run": run}})).await;
    assert!(matches!(refused, Err(OperateError::Store(_))), "{refused:?}");
    assert_eq!(operated.log().await, [("activate-run".to_owned(), json!(run))]);
}

#[tokio::test]
async fn the_audit_log_is_kept_for_three_years() {
    let operated = OperatedDatabase::new().await;
    operated.order(json!({"create-key": {"account": "me"}})).await.unwrap();
    operated.clock.advance_seconds(1_094 * 86_400);
    assert_eq!(operated.order(json!({"retain": {}})).await.unwrap()["audit_lines"], 0);
    operated.clock.advance_seconds(2 * 86_400);
    assert_eq!(operated.order(json!({"retain": {}})).await.unwrap()["audit_lines"], 1);
    let log: Vec<String> = operated.log().await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(log, ["retain", "retain"]);
}

impl OperatedDatabase {
    /// Makes a privacy request of Ada.
    async fn demand(&self, number: u64, kind: PrivacyRequestKind) {
        let account: Account = "bluesky:ada.example".parse().unwrap();
        let new = NewPrivacyRequest {
            id: PrivacyRequestId::new(number),
            kind,
            account: &account,
            about: Some("the label `tea`"),
            code: &ProofCode::from_random(&[0; CODE_BYTES]),
            secret: &PrivacySecret::from_random(&[0; SECRET_BYTES]),
            address: None,
        };
        let now = self.clock.now();
        assert!(privacy_request::create(self.db.pg(), PEPPER, &new, now).await.unwrap());
    }

    async fn answer(
        &self,
        number: u64,
        outcome: &str,
        text: Option<&str>,
    ) -> Result<Value, OperateError> {
        let request = PrivacyRequestId::new(number);
        let answer = json!({"request": request, "outcome": outcome, "text": text});
        self.order(json!({"answer-request": answer})).await
    }
}

#[tokio::test]
async fn an_operator_decides_what_was_not_proven() {
    let operated = OperatedDatabase::new().await;
    let ids = operated.profiles(&["ada"]).await;
    operated.demand(1, PrivacyRequestKind::Objection).await;
    operated.demand(2, PrivacyRequestKind::OptOut).await;
    operated.clock.advance_seconds(86_400);
    let listed = operated.order(json!({"list-requests": {}})).await.unwrap();
    let first = &listed["requests"][0];
    assert_eq!(listed["requests"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&first["status"], &first["account"]),
        (&json!("with_operator"), &json!("bluesky:ada.example"))
    );
    assert_eq!(
        (&first["about"], &first["due_at"]),
        (&json!("the label `tea`"), &json!("2026-12-20T10:00:00Z"))
    );
    for text in [None, Some(" ")] {
        assert!(matches!(operated.answer(1, "done", text).await, Err(OperateError::Refused(_))));
        assert!(matches!(operated.answer(2, "refused", text).await, Err(OperateError::Refused(_))));
    }
    let answered = operated.answer(1, "done", Some("it goes with the next run")).await.unwrap();
    assert_eq!(
        (&answered["status"], &answered["answer"]),
        (&json!("done"), &json!("it goes with the next run"))
    );
    let again = operated.answer(1, "refused", Some("no")).await;
    assert!(matches!(again, Err(OperateError::Refused(_))), "twice is once");
    assert_eq!(operated.gone(&ids).await, [false]);
    let answered = operated.answer(2, "done", None).await.unwrap();
    assert_eq!((&answered["status"], &answered["account"]), (&json!("done"), &Value::Null));
    let gone = profile::get(operated.db.pg(), &ids).await.unwrap();
    assert!(gone[0].native_id.is_none() && gone[0].handle.is_none(), "it is erased");
    let log = operated.log().await;
    let answers: Vec<&Value> = log.iter().map(|(_, subject)| subject).collect();
    assert!(log.iter().all(|(action, _)| action == "answer-request"));
    assert_eq!(answers.first(), Some(&&json!("prq_1")));
    assert_eq!(answers.last(), Some(&&json!("prq_2")));
    assert!(answers.contains(&&json!(ids[0])), "{answers:?}");
    let unknown = operated.order(json!({"show-request": {"request": "prq_9"}})).await;
    assert!(matches!(unknown, Err(OperateError::Unknown(_))));
    let left = operated.order(json!({"list-requests": {}})).await.unwrap();
    assert_eq!(left["requests"], json!([]));
}

#[tokio::test]
async fn an_operator_may_give_what_is_held() {
    let operated = OperatedDatabase::new().await;
    let ids = operated.profiles(&["ada"]).await;
    operated.demand(1, PrivacyRequestKind::Access).await;
    operated.answer(1, "done", None).await.unwrap();
    let shown = operated.order(json!({"show-request": {"request": "prq_1"}})).await.unwrap();
    assert_eq!((&shown["status"], &shown["profile"]), (&json!("done"), &json!(ids[0])));
}

#[tokio::test]
async fn a_correction_is_answered_in_words_and_reported_before_it_is_due() {
    let operated = OperatedDatabase::new().await;
    let pressing = async || {
        let retained = operated.order(json!({"retain": {}})).await.unwrap();
        retained["requests_pressing"].as_u64().unwrap()
    };
    operated.demand(1, PrivacyRequestKind::Correction).await;
    let (pg, id) = (operated.db.pg(), PrivacyRequestId::new(1));
    let request = privacy_request::get(pg, id).await.unwrap().unwrap();
    let now = operated.clock.now();
    assert!(privacy_request::prove(pg, &request, "did:ada", now).await.unwrap());
    assert_eq!(pressing().await, 0);
    operated.clock.advance_seconds(21 * 86_400);
    assert_eq!(pressing().await, 1);
    let silent = operated.answer(1, "done", None).await;
    assert!(matches!(silent, Err(OperateError::Refused(_))), "{silent:?}");
    operated.answer(1, "done", Some("it is corrected")).await.unwrap();
    assert_eq!(pressing().await, 0);
}

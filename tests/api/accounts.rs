//! What an account sees of its money.

use billing::merkle::{chained, leaf, root};
use billing::{StatementOutcome, make_statement};
use model::port::Clock as _;
use model::{MicroCredits, Month};
use serde_json::Value;

use crate::world::Api;

#[tokio::test]
async fn a_balance_names_its_grants_and_what_the_key_may_spend() {
    let api = Api::new().await;
    api.get(&format!("/v1/people/{}", api.person(0))).await;
    let balance = api.get("/v1/balance").await.data();
    let of = |name: &str| balance[name].as_str().unwrap().parse::<MicroCredits>().unwrap();
    assert_eq!(
        (of("available"), of("spent")),
        ("999999.75".parse().unwrap(), "0.25".parse().unwrap())
    );
    assert_eq!(
        (of("funded").to_string(), balance["status"].as_str()),
        ("1000000".into(), Some("open"))
    );
    assert_eq!(balance["grants"][0]["kind"], "paid");
    assert_eq!(balance["grants"][0]["remaining"], "1000000", "it is not posted yet");
    api.post_charges().await;
    assert_eq!(api.get("/v1/balance").await.data()["grants"][0]["remaining"], "999999.75");
}

#[tokio::test]
async fn the_ledger_and_the_charges_are_walked_page_by_page() {
    let api = Api::new().await;
    for person in 0..5 {
        api.get(&format!("/v1/people/{}", api.person(person))).await;
        api.clock.advance_seconds(1);
        api.post_charges().await;
    }
    let charges = api.walk("/v1/charges?limit=2").await;
    let times: Vec<&str> = charges.iter().map(|one| one["served_at"].as_str().unwrap()).collect();
    // The hermit is not found, so it is not charged.
    assert_eq!(times.len(), 4);
    assert!(times.is_sorted_by(|one, next| one > next), "the newest first: {times:?}");
    let lines = api.get("/v1/ledger").await.data();
    let lines = lines.as_array().unwrap();
    assert_eq!((lines.len(), lines[0]["debit"].as_str()), (5, Some("cash")));
    assert!(lines[1..].iter().all(|line| line["credit"] == "revenue" && line["amount"] == "0.25"));
    let later = api.get("/v1/ledger?from=2026-11-22T10:00:02Z").await.data();
    assert!(later.as_array().unwrap().len() < 5);
    let usage = api.get("/v1/usage?group_by=route").await.data();
    assert_eq!(
        (usage[0]["route"].as_str(), usage[0]["charges"].as_u64()),
        (Some("/v1/people/{id}"), Some(4))
    );
    assert_eq!(api.get("/v1/usage?group_by=colour").await.code(), "bad_parameter");
    assert_eq!(api.get("/v1/usage?from=2020").await.code(), "bad_parameter");
    let after = api.get("/v1/usage?from=2026-11-23&until=2026-11-22").await.data();
    assert_eq!(after.as_array().map(Vec::len), Some(0), "no day is after the last one");
    let (all, long) = (api.get("/v1/usage").await, api.get("/v1/usage?from=2020-01-01").await);
    assert_eq!(all.data(), long.data());
}

#[tokio::test]
async fn a_statement_can_be_checked_by_its_lines() {
    let api = Api::new().await;
    api.get(&format!("/v1/people/{}", api.person(0))).await;
    api.post_charges().await;
    assert_eq!(api.get("/v1/statements/2026-11").await.code(), "statement_unknown");
    api.clock.advance_seconds(9 * 86_400);
    let (payer, month) = (api.payer("tester").await, "2026-11".parse::<Month>().unwrap());
    let made = make_statement(&api.ledger(), payer, month, api.clock.now()).await;
    assert!(matches!(made, Ok(StatementOutcome::Sealed(_))), "{made:?}");
    let statement = api.get("/v1/statements/2026-11").await.data();
    assert_eq!(
        (statement["opening"].as_str(), statement["closing"].as_str()),
        (Some("0"), Some("999999.75"))
    );
    assert_eq!(api.get("/v1/statements").await.data()[0], statement);
    let lines = api.get("/v1/statements/2026-11/lines").await.data();
    let leaves: Vec<[u8; 32]> = lines.as_array().unwrap().iter().map(leaf_of).collect();
    let head = format!("{payer} 2026-11 2 0 1000000000000 250000");
    let sealed = chained(&[0; 32], head.as_bytes(), &root(&leaves));
    let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(statement["root"], hex);
    assert_eq!(api.get("/v1/statements/2026-13").await.code(), "bad_id");
}

fn leaf_of(line: &Value) -> [u8; 32] {
    let leaf = leaf(line["line"].as_str().unwrap().as_bytes());
    let hex: String = leaf.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(line["leaf"], hex);
    leaf
}

#[tokio::test]
async fn alerts_are_set_listed_and_deleted() {
    let api = Api::new().await;
    let made = api.post("/v1/alerts", r#"{"kind":"balance_below","threshold":"100"}"#).await.data();
    assert_eq!(
        (made["kind"].as_str(), made["threshold"].as_str()),
        (Some("balance_below"), Some("100"))
    );
    assert_eq!(api.get("/v1/alerts").await.data()[0], made);
    for body in [
        "{}",
        r#"{"kind":"moon","threshold":"1"}"#,
        r#"{"kind":"spent_above","threshold":"-1"}"#,
        r#"{"kind":"spent_above","threshold":5}"#,
    ] {
        assert_eq!(api.post("/v1/alerts", body).await.code(), "bad_body", "{body}");
    }
    let path = format!("/v1/alerts/{}", made["id"].as_str().unwrap());
    let left = api.send(api.request("DELETE", &path), axum::body::Body::empty()).await.data();
    assert_eq!(left.as_array().unwrap().len(), 0);
    let again = api.send(api.request("DELETE", &path), axum::body::Body::empty()).await;
    assert_eq!((again.status, again.code().as_str()), (404, "alert_unknown"));
}

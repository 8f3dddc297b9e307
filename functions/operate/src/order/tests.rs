//! Orders as JSON.

use super::*;
use model::Platform;
use serde_json::json;

#[test]
fn an_order_reads_back() {
    let orders = [
        json!({"opt-out": {"account": "fediverse:ada@example.org"}}),
        json!({"opt-out": {"account": "prf_2001"}}),
        json!({"create-key": {"account": "me", "test": false}}),
        json!({"list-keys": {"account": null}}),
        json!({"revoke-key": {"key": "key_1"}}),
        json!({"create-key": {
            "account": "me", "test": true, "scopes": ["search:read"], "daily_cap": "0.5", "credits": "12",
        }}),
        json!({"add-credits": {
            "account": "me", "credits": "12.5", "kind": "promotional", "id": "gift-1",
            "expires_at": "2027-01-01T00:00:00Z",
        }}),
        json!({"refund": {"account": "me", "charge": format!("chg_{}", "0".repeat(32))}}),
        json!({"refund": {"payer": "acc_1", "charge": format!("chg_{}", "0".repeat(32))}}),
        json!({"show-credits": {"account": "me"}}),
        json!({"freeze": {"account": "me"}}),
        json!({"unfreeze": {"account": "me"}}),
        json!({"activate-run": {"run": "run_1"}}),
        json!({"list-requests": {}}),
        json!({"show-request": {"request": "prq_1"}}),
        json!({"answer-request": {"request": "prq_1", "outcome": "refused", "text": "no proof"}}),
        json!({"answer-request": {"request": "prq_1", "outcome": "done"}}),
        json!({"retain": {}}),
        json!({"list-audit": {}}),
    ];
    for sent in orders {
        let order = Order::of(sent.clone()).unwrap();
        assert_eq!(json!(order), sent);
        assert!(sent.get(order.action()).is_some(), "{} is not in {sent}", order.action());
    }
}

#[test]
fn credits_are_paid_for_unless_said_otherwise() {
    let order = Order::of(json!({"add-credits": {"account": "me", "credits": "1"}})).unwrap();
    let Order::AddCredits(add) = order else { panic!("not the order that was sent") };
    assert_eq!((add.kind, add.id, add.expires_at), (GrantKind::Paid, None, None));
    let wrong = [
        json!({"add-credits": {"account": "me", "credits": 1}}),
        json!({"add-credits": {"account": "me", "credits": "0"}}),
        json!({"add-credits": {"account": "me", "credits": "-1"}}),
        json!({"add-credits": {"account": "me", "credits": "1", "id": "a b"}}),
        json!({"create-key": {"account": "me", "scopes": ["all"]}}),
    ];
    for sent in wrong {
        assert_eq!(Order::of(sent.clone()), Err(OrderError), "{sent}");
    }
}

#[test]
fn an_account_is_named_in_three_ways() {
    let account = Account::new(Platform::BLUESKY, "did:plc:abc").unwrap();
    assert_eq!("bluesky:did:plc:abc".parse(), Ok(OptOutSubject::Account(account)));
    assert_eq!("prf_1".parse(), Ok(OptOutSubject::Profile(ProfileId::new(1))));
    assert_eq!("per_1".parse(), Ok(OptOutSubject::Person(PersonId::new(1))));
    for wrong in ["", "ada", "ada@example.org", "nowhere:ada", "bluesky:", "com_1"] {
        assert_eq!(wrong.parse::<OptOutSubject>(), Err(OptOutSubjectError), "{wrong}");
    }
}

#[test]
fn what_cannot_be_read_is_not_repeated() {
    let wrong = [
        json!("bluesky:ada.example"),
        json!({"opt-out": "bluesky:ada.example"}),
        json!({"opt-out": {"account": "ada.example"}}),
        json!({"opt-out": {"account": "prf_1", "who": "ada.example"}}),
        json!({"ada.example": {}}),
    ];
    for sent in wrong {
        let why = Order::of(sent.clone()).unwrap_err().to_string();
        assert!(!why.contains("ada.example"), "{sent}: {why}");
    }
    let order = Order::of(json!({"opt-out": {"account": "bluesky:ada.example"}})).unwrap();
    assert!(!format!("{order:?}").contains("ada.example"));
}

//! Orders about credits, on a real database.

use model::charge::ChargeSource;
use model::key::ApiSecret;
use model::port::{Clock as _, Wallet as _};
use model::wallet::{ChargeOutcome, LeasePurpose, WalletRefusal};
use model::{
    Charge, ChargeId, ChargeState, CreditLease, KeyId, LeaseId, MicroCredits, PayerId, PriceClass,
    PriceItem, Usage,
};
use operate::{OperateDependencies, OperateError, Order, handle};
use serde_json::{Value, json};
use store::pg::key;
use store::pg::ledger::PgLedger;
use store::wallet::{PgWallet, StoredWallet};
use testkit::{Database, Frozen, database};

const PEPPER: &[u8] = b"pepper";

/// A database whose operator gives credits.
struct FundedDatabase {
    db: Database,
    clock: Frozen,
    wallet: StoredWallet,
}

impl FundedDatabase {
    async fn new() -> FundedDatabase {
        let db = database().await;
        let wallet = StoredWallet::Postgres(PgWallet::new(db.pg().clone()));
        FundedDatabase { clock: Frozen::default(), wallet, db }
    }

    async fn order(&self, order: Value) -> Result<Value, OperateError> {
        let (pg, wallet, clock) = (self.db.pg(), &self.wallet, &self.clock);
        let actor = "aws:request";
        let dependencies = OperateDependencies { pg, wallet, clock, pepper: PEPPER, actor };
        let order = Order::of(order).expect("the order can be read");
        handle(&dependencies, &order).await.map(|outcome| json!(outcome))
    }

    async fn done(&self, order: Value) -> Value {
        let text = order.to_string();
        self.order(order).await.unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Gives an account credits, and returns who that is.
    async fn add(&self, account: &str, credits: &str, id: &str) -> PayerId {
        let given =
            self.done(json!({"add-credits": {"account": account, "credits": credits, "id": id}}));
        given.await["payer"].as_str().and_then(|payer| payer.parse().ok()).expect("it is named")
    }

    async fn show(&self, account: &str) -> Value {
        self.done(json!({"show-credits": {"account": account}})).await
    }

    /// The log's actions and subjects, the oldest first.
    async fn log(&self) -> Vec<String> {
        let answer = self.done(json!({"list-audit": {}})).await;
        let lines = answer["lines"].as_array().expect("there are lines").iter().rev();
        let text = |line: &Value, field: &str| line[field].as_str().unwrap_or("").to_owned();
        lines.map(|line| format!("{} {}", text(line, "action"), text(line, "subject"))).collect()
    }

    /// A served charge of four credits that is not posted.
    fn charge(&self, payer: PayerId, number: u8) -> Charge {
        Charge {
            id: ChargeId::new([number; 20]),
            payer,
            key: KeyId::new(1),
            route: "/v1/people".to_owned(),
            request: [number; 32],
            nonce: 1,
            run: None,
            usage: Usage::of(PriceClass::Graph).with(PriceItem::PersonRow, 20),
            cost: MicroCredits::new(4_000_000),
            price_version: "1.29717000".parse().expect("this is a price version"),
            quote: None,
            source: ChargeSource::Balance,
            budget: None,
            state: ChargeState::Served,
            opened_at: self.clock.now(),
            served_at: Some(self.clock.now()),
            posted_at: None,
            replays: 0,
        }
    }
}

#[tokio::test]
async fn credits_are_given_once_for_each_id() {
    let funded = FundedDatabase::new().await;
    let order = json!({"add-credits": {
        "account": "me", "credits": "12.5", "kind": "promotional", "id": "gift-1",
        "expires_at": "2027-01-01T00:00:00Z",
    }});
    let given = funded.done(order.clone()).await;
    let payer = given["payer"].clone();
    let expected = json!({
        "grant": "gift-1", "account": "me", "payer": payer, "credits": "12.5", "given": true,
    });
    assert_eq!(given, expected);
    assert_eq!(funded.done(order).await, expected);
    funded.add("me", "0.5", "invoice-7").await;
    let random = json!({"add-credits": {"account": "me", "credits": "1"}});
    let grants = [funded.done(random.clone()).await, funded.done(random).await];
    assert_ne!(grants[0]["grant"], grants[1]["grant"], "without an id each order gives");
    let shown = funded.show("me").await;
    let amounts = ["available", "held", "leased", "spent", "funded", "status"];
    assert_eq!(amounts.map(|name| &shown[name]), ["15", "0", "0", "0", "15", "open"]);
    let gift = shown["grants"].as_array().unwrap().iter().find(|one| one["grant"] == "gift-1");
    let expected = json!({
        "grant": "gift-1", "kind": "promotional", "given": "12.5", "left": "12.5",
        "expires_at": "2027-01-01T00:00:00Z", "in_wallet": true,
    });
    assert_eq!(gift, Some(&expected));
    assert_eq!(funded.log().await[..2], ["add-credits gift-1", "add-credits gift-1"]);
}

#[tokio::test]
async fn what_contradicts_itself_or_the_ledger_gives_nothing() {
    let funded = FundedDatabase::new().await;
    funded.add("me", "1", "invoice-7").await;
    let wrong = [
        json!({"add-credits": {"account": "you", "credits": "1", "id": "invoice-7"}}),
        json!({"add-credits": {"account": "me", "credits": "2", "id": "invoice-7"}}),
        json!({"add-credits": {
            "account": "me", "credits": "1", "expires_at": "2026-11-22T10:00:00Z",
        }}),
        json!({"refund": {"charge": ChargeId::new([1; 20])}}),
        json!({"refund": {"charge": ChargeId::new([1; 20]), "account": "me", "payer": "acc_1"}}),
    ];
    for order in wrong {
        let refused = funded.order(order.clone()).await;
        assert!(matches!(refused, Err(OperateError::Refused(_))), "{order}: {refused:?}");
    }
    let unknown = [
        json!({"show-credits": {"account": "unknown"}}),
        json!({"freeze": {"account": "unknown"}}),
        json!({"unfreeze": {"account": "unknown"}}),
        json!({"refund": {"account": "unknown", "charge": ChargeId::new([1; 20])}}),
        json!({"refund": {"account": "me", "charge": ChargeId::new([1; 20])}}),
    ];
    for order in unknown {
        let refused = funded.order(order.clone()).await;
        assert!(matches!(refused, Err(OperateError::Unknown(_))), "{order}: {refused:?}");
    }
    assert_eq!(funded.show("me").await["available"], "1");
}

#[tokio::test]
async fn a_posted_charge_is_given_back_once_to_who_paid_it() {
    let funded = FundedDatabase::new().await;
    let (payer, _) = (funded.add("me", "10", "invoice-7").await, funded.add("you", "1", "b").await);
    let charge = funded.charge(payer, 1);
    funded.wallet.commit(&charge, &[]).await.unwrap();
    let refund = json!({"refund": {"account": "me", "charge": charge.id}});
    assert!(funded.order(refund.clone()).await.is_err(), "it is not posted");
    let ledger = PgLedger::new(funded.db.pg().clone());
    let (bells, now) = ([charge.reference()], funded.clock.now());
    billing::post(&funded.wallet, &ledger, &bells, now).await.unwrap();
    let not_mine = json!({"refund": {"account": "you", "charge": charge.id}});
    assert!(matches!(funded.order(not_mine).await, Err(OperateError::Unknown(_))));
    assert_eq!(funded.show("me").await["available"], "6");
    let by_id = json!({"refund": {"payer": payer, "charge": charge.id}});
    for order in [refund, by_id] {
        let outcome = funded.done(order).await;
        assert_eq!(outcome, json!({"refunded": charge.id, "payer": payer, "given": true}));
        assert_eq!(funded.show("me").await["available"], "10");
    }
    assert_eq!(funded.show("you").await["available"], "1");
}

#[tokio::test]
async fn a_frozen_account_neither_spends_nor_gets_credits() {
    let funded = FundedDatabase::new().await;
    let payer = funded.add("me", "10", "invoice-7").await;
    let (id, size) = (LeaseId::new(1), MicroCredits::new(1_000_000));
    let end = "2026-11-22T11:00:00Z".parse().unwrap();
    let lease = CreditLease::new(id, payer, LeasePurpose::Process, size, end);
    funded.wallet.open_lease(&lease).await.unwrap();
    let frozen = funded.done(json!({"freeze": {"account": "me"}})).await;
    assert_eq!(frozen, json!({"payer": payer, "status": "frozen", "leases_closed": 1}));
    let shown = funded.show("me").await;
    assert_eq!([&shown["available"], &shown["leased"]], ["10", "0"]);
    let charge = funded.charge(payer, 1);
    let refused = funded.wallet.commit(&charge, &[]).await.unwrap();
    assert_eq!(refused, ChargeOutcome::Refused(WalletRefusal::Frozen));
    let more = json!({"add-credits": {"account": "me", "credits": "5", "id": "invoice-8"}});
    assert_eq!(funded.done(more.clone()).await["given"], false);
    let open = funded.done(json!({"unfreeze": {"account": "me"}})).await;
    assert_eq!(open, json!({"payer": payer, "status": "open", "leases_closed": 0}));
    assert_eq!(funded.done(more).await["given"], true);
    assert_eq!(funded.show("me").await["available"], "15");
    assert_eq!(
        funded.log().await[1..3],
        [format!("freeze {payer}"), "add-credits invoice-8".to_owned()]
    );
}

#[tokio::test]
async fn a_key_comes_with_credits_scopes_and_a_cap() {
    let funded = FundedDatabase::new().await;
    let made = funded
        .done(json!({"create-key": {
            "account": "me", "credits": "0.25", "scopes": ["search:read", "billing:read"],
            "daily_cap": "100",
        }}))
        .await;
    assert_eq!((&made["account"], &made["credits"]), (&json!("me"), &json!("0.25")));
    let secret = ApiSecret::parse(made["key"].as_str().unwrap()).unwrap();
    let now = funded.clock.now();
    let found = key::find(funded.db.pg(), PEPPER, &secret, now).await.unwrap().unwrap();
    assert_eq!(found.scopes, ["search:read", "billing:read"]);
    assert_eq!(found.daily_cap, MicroCredits::new(100_000_000));
    let shown = funded.show("me").await;
    assert_eq!((&shown["available"], &shown["payer"]), (&json!("0.25"), &json!(found.payer)));
    assert_eq!(shown["grants"][0]["kind"], "paid");
    let plain = funded.done(json!({"create-key": {"account": "me"}})).await;
    assert_eq!(plain.get("credits"), None);
    assert_eq!(funded.show("me").await["available"], "0.25");
    let id = found.id;
    assert_eq!(
        funded.log().await[..2],
        [format!("create-key {id}"), format!("add-credits with-{id}")]
    );
}

#[tokio::test]
async fn an_order_of_a_key_with_an_id_makes_one_key_and_gives_once() {
    let funded = FundedDatabase::new().await;
    let order = |account: &str, credits: &str| json!({"create-key": {"account": account, "credits": credits, "id": "contract-7"}});
    let (first, again) = (funded.done(order("me", "5")).await, funded.done(order("me", "5")).await);
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["key"], again["key"], "a secret is shown once");
    assert_eq!(funded.show("me").await["available"], "5");
    let find = async |made: &Value, seconds| {
        funded.clock.advance_seconds(seconds);
        let secret = ApiSecret::parse(made["key"].as_str().unwrap()).unwrap();
        let found = key::find(funded.db.pg(), PEPPER, &secret, funded.clock.now()).await;
        found.unwrap().map(|key| key.id.to_string())
    };
    for made in [&first, &again] {
        assert_eq!(find(made, 0).await.as_deref(), first["id"].as_str());
    }
    assert_eq!(find(&first, 86_401).await, None, "the secret before opened for a day");
    assert_eq!(find(&again, 0).await.as_deref(), first["id"].as_str());
    for (account, credits) in [("you", "5"), ("me", "6")] {
        let refused = funded.order(order(account, credits)).await;
        assert!(matches!(refused, Err(OperateError::Refused(_))), "{account} {credits}");
    }
    assert_eq!(funded.show("me").await["available"], "5");
    funded.done(json!({"revoke-key": {"key": first["id"]}})).await;
    assert!(matches!(funded.order(order("me", "5")).await, Err(OperateError::Refused(_))));
}

//! A customer of the deployed form: top up → quote → read → charge → post → statement.

use std::time::Duration;

use model::Month;
use model::port::Clock as _;
use serde_json::{Value, json};
use store::clock::System;

use super::cloud::Cloud;

/// As long as a charge may take to be posted: the queue's window, or the sweeper after it.
const POSTED: Duration = Duration::from_secs(200);
/// As long as the first price may take to be published.
const PUBLISHED: Duration = Duration::from_secs(100);

/// What the customer gets at first.
const CREDITS: &str = "100";

pub(super) fn a_customer_pays(cloud: &Cloud) {
    let order = json!({"create-key": {"account": "reader", "credits": CREDITS}});
    let made = cloud.invoke("OperateFunction", order);
    let key = made["key"].as_str().expect("a key is text").to_owned();
    cloud.wait("prices are published", PUBLISHED, || {
        let (_, prices) = cloud.get("/v1/prices", None);
        !prices["data"]["classes"][1]["current"].is_null()
    });
    let customer = Customer { cloud, key };
    let person = customer.person();
    let dry = customer.ask("GET", &person, &[("borg-dry-run", "1")], None);
    let cap = json!({"class": "graph", "units": {"call.read": 2, "row.person": 10}});
    let quote = customer.ask("POST", "/v1/quotes", &[], Some(&cap));
    let id = quote.body["id"].as_str().expect("a quote has an id");
    let read = customer.ask("GET", &person, &[("borg-quote", id)], None);
    assert!(
        amount(&read.cost) > 0.0 && amount(&read.cost) <= amount(&text(&dry.body["max"])),
        "{}",
        read.cost
    );
    let charge = format!("/v1/charges/{}", read.charge);
    cloud.wait("the charge is posted", POSTED, || customer.data(&charge)["state"] == "posted");
    assert_eq!(text(&customer.data(&charge)["cost"]), read.cost);
    let audited = cloud.invoke("BillingMeterFunction", json!({"audit": true}));
    assert_eq!(audited["audit"]["difference"], 0, "{audited}");
    cloud.invoke("BillingMeterFunction", json!({"close": true}));
    let last_month = Month::of(System.now()).previous();
    let statement = customer.data(&format!("/v1/statements/{last_month}"));
    assert_eq!(statement["closing"], "0", "what was paid today is of this month: {statement}");
}

/// A key and its API.
struct Customer<'a> {
    cloud: &'a Cloud,
    key: String,
}

/// An answer of the API.
struct PaidAnswer {
    body: Value,
    cost: String,
    charge: String,
}

impl Customer<'_> {
    fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> PaidAnswer {
        let (status, sent, mut answer) = self.cloud.ask(method, path, (&self.key, headers), body);
        assert_eq!(status, 200, "{path}: {answer}");
        let header = |name: &str| {
            sent.get(name).map_or("", |value| value.to_str().expect("ASCII")).to_owned()
        };
        let (cost, charge) = (header("borg-cost"), header("borg-charge-id"));
        PaidAnswer { body: answer["data"].take(), cost, charge }
    }

    fn data(&self, path: &str) -> Value {
        self.ask("GET", path, &[], None).body
    }

    /// The path of a person.
    fn person(&self) -> String {
        let people = self.data("/v1/communities/com_0/people?limit=1");
        format!("/v1/people/{}", text(&people[0]["person"]["id"]))
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is a text").to_owned()
}

fn amount(credits: &str) -> f64 {
    credits.parse().expect("an amount is a number of credits")
}

//! What an answer costs, and that it is charged before it leaves, once.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use billing::{Audited, audit_payer};
use model::charge::ChargeRef;
use model::port::{Clock as _, Wallet as _};
use model::profile::GoneReason;
use model::time::Timestamp;
use model::{ChargeId, MicroCredits, Scope};
use store::pg::erase;
use testkit::Frozen;
use tower::ServiceExt as _;

use crate::changes::soon;
use crate::world::{Api, Reply};

fn credits(text: &str) -> MicroCredits {
    text.parse().unwrap()
}

async fn with(api: &Api, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = api.request("GET", path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request, Body::empty()).await
}

fn ada(api: &Api) -> String {
    format!("/v1/people/{}", api.person(0))
}

async fn assert_equal(api: &Api, account: &str) {
    let payer = api.payer(account).await;
    let audited = audit_payer(&api.wallet(), &api.ledger(), payer).await;
    assert_eq!(audited, Ok(Audited::Equal));
}

#[tokio::test]
async fn an_answer_is_charged_before_it_leaves_and_posted_after() {
    let api = Api::new().await;
    let reply = api.get(&ada(&api)).await;
    assert_eq!((reply.status, reply.header("borg-cost")), (200, "0.25"));
    assert_eq!(reply.header("borg-price-version"), "1.29922360");
    let id: ChargeId = reply.header("borg-charge-id").parse().unwrap();
    assert_eq!(api.available("tester").await, credits("999999.75"));
    let charge = api.get(&format!("/v1/charges/{id}")).await.data();
    assert_eq!((charge["cost"].as_str(), charge["state"].as_str()), (Some("0.25"), Some("served")));
    assert_eq!(charge["route"], "/v1/people/{id}");
    assert_eq!(charge["run"], api.world.run.to_string());
    assert_eq!(charge["usage"]["units"]["row.person"], 1);
    assert_equal(&api, "tester").await;
    assert_eq!(api.post_charges().await, 1);
    let listed = api.get("/v1/charges").await.data();
    assert_eq!(
        (listed[0]["id"].clone(), listed[0]["state"].as_str()),
        (charge["id"].clone(), Some("posted"))
    );
    let usage = api.get("/v1/usage?group_by=key,route,day").await.data();
    assert_eq!((usage[0]["charges"].as_u64(), usage[0]["cost"].as_str()), (Some(1), Some("0.25")));
    assert_eq!(usage[0]["day"], "2026-11-22");
    assert_equal(&api, "tester").await;
}

#[tokio::test]
async fn what_gives_no_data_costs_nothing() {
    let api = Api::new().await;
    let before = api.available("tester").await;
    let empty = api.get("/v1/search?q=zyxwvut").await;
    assert_eq!((empty.status, empty.header("borg-cost")), (200, "0"));
    let head = api.send(api.request("HEAD", &ada(&api)), Body::empty()).await;
    assert_eq!((head.status, head.header("borg-cost")), (200, "0"));
    let tag = head.header("etag").to_owned();
    let unchanged = with(&api, &ada(&api), &[("if-none-match", &tag)]).await;
    assert_eq!((unchanged.status, unchanged.header("borg-cost")), (304, "0"));
    for path in ["/v1/people/per_zzzzzz", "/v1/people/ada", "/v1/runs", "/v1/prices", "/v1/balance"]
    {
        assert_eq!(api.get(path).await.header("borg-cost"), "0", "{path}");
    }
    assert_eq!(api.available("tester").await, before);
}

#[tokio::test]
async fn a_request_costs_no_more_than_its_client_pays() {
    let api = Api::new().await;
    let path = format!("/v1/communities/{}/people?limit=5", api.world.rust);
    let refused = with(&api, &path, &[("borg-max-cost", "0.149999")]).await;
    assert_eq!((refused.status, refused.code().as_str()), (402, "price_exceeds_max"));
    let payment = &refused.json()["payment"];
    assert_eq!(
        (payment["available"].as_str(), payment["accepts"][0]["scheme"].as_str()),
        (Some("0.149999"), Some("prepaid"))
    );
    assert_eq!(refused.header("borg-cost"), "0");
    // What may cost more until the end of the next minute is refused, too.
    let dry = with(&api, &path, &[("borg-dry-run", "1")]).await.data();
    let most = dry["max"].as_str().unwrap().to_owned();
    let served = with(&api, &path, &[("borg-max-cost", &most)]).await;
    assert_eq!((served.status, served.header("borg-cost")), (200, "0.15"));
}

#[tokio::test]
async fn a_retry_with_a_maximum_is_free_after_the_price_rose() {
    let api = Api::new().await;
    crate::quotes::publish(&api, 1).await;
    let people = format!("/v1/communities/{}/people?limit=5", api.world.rust);
    let paths = [ada(&api), people, "/v1/search?q=ada&limit=5".to_owned()];
    let mut paid = Vec::new();
    for path in &paths {
        paid.push(api.get(path).await.header("borg-cost").to_owned());
    }
    let first_page = soon(&api, "/v1/changes?limit=3").await;
    api.clock.advance_seconds(600);
    crate::quotes::publish(&api, 9).await;
    let before = api.available("tester").await;
    for (path, cost) in paths.iter().zip(&paid) {
        for _ in 0..2 {
            let again = with(&api, path, &[("borg-max-cost", cost)]).await;
            assert_eq!((again.status, again.header("borg-replayed")), (200, "true"), "{path}");
        }
        let for_nothing = with(&api, path, &[("borg-max-cost", "0")]).await;
        assert_eq!((for_nothing.status, for_nothing.header("borg-cost")), (200, "0"), "{path}");
    }
    // A page of the stream is known by where it ends.
    let page = with(&api, "/v1/changes?limit=3", &[("borg-max-cost", "0")]).await;
    assert_eq!((page.status, &page.text), (200, &first_page.text));
    // What was not paid before is refused as before, and says nothing of the answer.
    let new = format!("/v1/communities/{}/people?limit=999", api.world.rust);
    let refused = with(&api, &new, &[("borg-max-cost", "1")]).await;
    assert_eq!((refused.status, refused.code().as_str()), (402, "price_exceeds_max"));
    let asked: f64 = refused.json()["payment"]["cost"].as_str().unwrap().parse().unwrap();
    assert!(asked >= 999.0 * 0.02, "the most that it may cost: {asked}");
    let other = format!("/v1/people/{}", api.person(1));
    assert_eq!(with(&api, &other, &[("borg-max-cost", &paid[0])]).await.status, 402);
    assert_eq!(api.available("tester").await, before);
}

#[tokio::test]
async fn a_retry_that_ends_as_a_304_or_an_error_is_no_replay() {
    let api = Api::new().await;
    let keyed = [("idempotency-key", "order-9")];
    let tag = with(&api, &ada(&api), &keyed).await.header("etag").to_owned();
    for _ in 0..12 {
        let known = [keyed[0], ("if-none-match", tag.as_str())];
        assert_eq!(with(&api, &ada(&api), &known).await.status, 304);
    }
    for _ in 0..10 {
        let again = with(&api, &ada(&api), &keyed).await;
        assert_eq!((again.status, again.header("borg-replayed")), (200, "true"));
    }
    let exhausted = with(&api, &ada(&api), &keyed).await;
    assert_eq!((exhausted.status, exhausted.code().as_str()), (429, "replays_exhausted"));
    let known = [keyed[0], ("if-none-match", tag.as_str())];
    assert_eq!(with(&api, &ada(&api), &known).await.status, 304, "which is free as ever");
    // The handler finds that the person is gone: an error, and no replay of what was paid.
    let keyed = [("idempotency-key", "order-10")];
    let grace = format!("/v1/people/{}", api.person(1));
    let charge = with(&api, &grace, &keyed).await.header("borg-charge-id").to_owned();
    let (pg, now) = (api.database.pg(), api.clock.now());
    let gone = GoneReason::Refused;
    for profile in [api.world.profiles[1], api.world.grace_too] {
        erase::profile(pg, profile, gone, now).await.unwrap();
    }
    assert_eq!(with(&api, &grace, &keyed).await.status, 404);
    let payer = api.payer("tester").await;
    let charge = ChargeRef { payer, charge: charge.parse().unwrap() };
    assert_eq!(api.wallet().charges(&[charge]).await.unwrap()[0].replays, 0);
}

#[tokio::test]
async fn a_dry_run_gives_bounds_and_no_data_and_finds_bad_input() {
    let api = Api::new().await;
    let mut before = api.available("tester").await;
    for path in [
        ada(&api),
        format!("{}/ranks", ada(&api)),
        format!("{}/links", ada(&api)),
        format!("{}/evidence?community={}", ada(&api), api.world.rust),
        format!("/v1/communities/{}/people?limit=7", api.world.rust),
        "/v1/communities".to_owned(),
        "/v1/search?q=ada".to_owned(),
        format!("/v1/profiles/{}", api.world.profiles[0]),
        format!("/v1/profiles/{}/neighbors", api.world.profiles[0]),
        "/v1/changes?limit=3".to_owned(),
    ] {
        let dry = with(&api, &path, &[("borg-dry-run", "1")]).await;
        assert_eq!(
            (dry.status, dry.header("borg-cost"), dry.header("etag")),
            (200, "0", ""),
            "{path}"
        );
        let estimate = dry.data();
        assert_eq!(estimate["min"], "0");
        assert_eq!(api.available("tester").await, before, "{path}");
        let real =
            if path.contains("changes") { soon(&api, &path).await } else { api.get(&path).await };
        let cost = credits(real.header("borg-cost"));
        assert!(cost > MicroCredits::ZERO, "{path}");
        assert!(cost <= credits(estimate["max"].as_str().unwrap()), "{path}: {cost} {estimate}");
        before = api.available("tester").await;
    }
    let free = with(&api, "/v1/runs", &[("borg-dry-run", "1")]).await.data();
    assert_eq!(free["max"], "0");
    let bad = with(&api, "/v1/search?q=a&limit=0", &[("borg-dry-run", "1")]).await;
    assert_eq!((bad.status, bad.code().as_str()), (400, "bad_parameter"));
    for (name, value, status, code) in [
        ("borg-max-cost", "much", 400, "bad_header"),
        ("borg-dry-run", "maybe", 400, "bad_header"),
        ("borg-quote", "x", 404, "quote_unknown"),
    ] {
        let bad = with(&api, &ada(&api), &[(name, value)]).await;
        assert_eq!((bad.status, bad.code().as_str()), (status, code), "{name}");
    }
}

#[tokio::test]
async fn who_cannot_pay_gets_no_byte_of_the_answer() {
    let mut api = Api::new().await;
    let poor = api.new_key("poor", &Scope::ALL, 7).await.0;
    let rich = std::mem::replace(&mut api.key, poor);
    let refused = api.get(&ada(&api)).await;
    assert_eq!((refused.status, refused.code().as_str()), (402, "insufficient_credits"));
    assert!(!refused.text.contains("Lovelace"));
    let payment = &refused.json()["payment"];
    assert_eq!(
        (payment["cost"].as_str(), payment["available"].as_str()),
        (Some("0.25"), Some("0"))
    );
    // The same words as in the list of prices.
    let outcomes = api.get("/v1/prices").await.data()["outcomes"].clone();
    assert!(outcomes.as_array().unwrap().contains(&payment["this_answer"]), "{payment}");
    api.fund("poor", "0.25").await;
    assert_eq!(api.get(&ada(&api)).await.status, 200);
    assert_eq!(api.available("poor").await, MicroCredits::ZERO);
    assert_equal(&api, "poor").await;
    api.key = rich;
    let budget = format!("/v1/budgets/{}", api.key_id);
    let request = api.request("PUT", &budget);
    let set = api.send(request, Body::from(r#"{"daily_cap":"0.3"}"#)).await.data();
    assert_eq!((set["daily_cap"].as_str(), set["spent_today"].as_str()), (Some("0.3"), Some("0")));
    assert_eq!(api.get(&ada(&api)).await.status, 200);
    let grace = api.get(&format!("/v1/people/{}", api.person(1))).await;
    assert_eq!((grace.status, grace.code().as_str()), (402, "budget_exhausted"));
    assert_eq!(grace.json()["payment"]["available"], "0.05");
    api.clock.advance_seconds(86_400);
    assert_eq!(api.get(&format!("/v1/people/{}", api.person(1))).await.status, 200);
}

#[tokio::test]
async fn the_same_request_is_charged_once_a_day_and_replayed_ten_times() {
    let api = Api::new().await;
    let first = api.get(&ada(&api)).await;
    let id = first.header("borg-charge-id").to_owned();
    for _ in 0..10 {
        let again = api.get(&ada(&api)).await;
        assert_eq!((again.header("borg-cost"), again.header("borg-replayed")), ("0", "true"));
        assert_eq!((again.header("borg-charge-id"), &again.text), (id.as_str(), &first.text));
    }
    let exhausted = api.get(&ada(&api)).await;
    assert_eq!((exhausted.status, exhausted.code().as_str()), (429, "replays_exhausted"));
    let renamed = with(&api, &ada(&api), &[("idempotency-key", "1")]).await;
    assert_eq!((renamed.status, renamed.header("borg-cost")), (200, "0.25"));
    api.clock.advance_seconds(86_400);
    assert_eq!(api.get(&ada(&api)).await.header("borg-cost"), "0.25");
    assert_equal(&api, "tester").await;
}

#[tokio::test]
async fn an_idempotency_key_names_one_request_and_its_run() {
    let api = Api::new().await;
    let keyed = [("idempotency-key", "order-7")];
    let first = with(&api, &ada(&api), &keyed).await;
    let other = with(&api, &format!("/v1/people/{}", api.person(1)), &keyed).await;
    assert_eq!((other.status, other.code().as_str()), (409, "idempotency_key_reused"));
    api.world.publish_again(api.database.pg(), api.clock.now()).await;
    api.clock.advance_seconds(1);
    assert_ne!(api.get(&ada(&api)).await.json()["run"], first.json()["run"]);
    let again = with(&api, &ada(&api), &keyed).await;
    assert_eq!((again.header("borg-replayed"), &again.text), ("true", &first.text));
    let batch = api.request("POST", "/v1/people:batch").header("idempotency-key", "b");
    let body = |number| Body::from(format!(r#"{{"ids":["{}"]}}"#, api.person(number)));
    assert_eq!(api.send(batch, body(0)).await.header("borg-cost"), "0.25");
    let batch = api.request("POST", "/v1/people:batch").header("idempotency-key", "b");
    assert_eq!(api.send(batch, body(1)).await.status, 409);
}

#[tokio::test]
async fn a_page_of_the_stream_is_charged_once_whatever_the_stream_grew() {
    let api = Api::new().await;
    let first = soon(&api, "/v1/changes?limit=3").await;
    let events = first.data().as_array().unwrap().len() as i64;
    let cost = credits("0.01").checked_mul(events).unwrap().checked_add(credits("0.05"));
    assert_eq!(Some(credits(first.header("borg-cost"))), cost);
    assert_eq!(api.get("/v1/changes?limit=3").await.header("borg-replayed"), "true");
    let keyed = with(&api, "/v1/changes?limit=3", &[("idempotency-key", "page")]).await;
    assert_eq!((keyed.header("borg-cost"), &keyed.text), ("0", &first.text));
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[9], GoneReason::Deleted, now).await.unwrap();
    api.clock.advance_seconds(2 * 86_400);
    let whole = api.get("/v1/changes?limit=1000&wait=20").await;
    assert_eq!((whole.header("borg-cost"), whole.data()), ("0", first.data()), "on any day");
    let next = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = api.get(&format!("/v1/changes?cursor={next}")).await;
    assert_eq!(rest.data()[0]["change"]["type"], "gone");
    assert_eq!(rest.header("borg-units"), "class=stream, call.read=1, event.change=1");
    // The first three were given again for nothing, and seven more may be.
    for _ in 0..7 {
        assert_eq!(api.get("/v1/changes").await.header("borg-cost"), "0");
    }
    for cost in [first.header("borg-cost"), "0"] {
        assert_eq!(api.get("/v1/changes").await.header("borg-cost"), cost, "then as on a new day");
    }
}

#[tokio::test]
async fn servers_whose_clocks_differ_charge_a_retry_across_midnight_once() {
    let api = Api::new().await;
    let midnight = Timestamp::from_second(1_795_392_000).unwrap();
    let at =
        |seconds: i64| Frozen::at(Timestamp::from_second(midnight.as_second() + seconds).unwrap());
    // One is five minutes ahead and asked first, the other five minutes behind, or the other way round.
    for (case, (one, other)) in [(-30, 570), (570, -30), (-301, 299)].into_iter().enumerate() {
        let path = format!("/v1/people/{}", api.person(case));
        let before = api.available("tester").await;
        let mut costs = Vec::new();
        for clock in [at(one), at(other)] {
            let request = api.request("GET", &path).body(Body::empty()).unwrap();
            let response = api.beside(&clock).oneshot(request).await.unwrap();
            costs.push(response.headers()["borg-cost"].to_str().unwrap().to_owned());
        }
        assert_eq!(costs, ["0.25", "0"], "case {case}");
        let after = api.available("tester").await;
        assert_eq!(before.checked_sub(after), Some(credits("0.25")));
    }
    assert_equal(&api, "tester").await;
}

#[tokio::test]
async fn requests_at_the_same_time_are_charged_once_each() {
    let api = Api::new().await;
    let sent = (0..40).map(|at| {
        let path = format!("/v1/people/{}", api.person(at % 20));
        let bearer = format!("Bearer {}", api.key);
        let request = Request::get(path).header("authorization", bearer).body(Body::empty());
        let router = api.router.clone();
        async move {
            let response = router.oneshot(request.unwrap()).await.unwrap();
            let charge = response.headers().get("borg-charge-id").cloned();
            to_bytes(response.into_body(), 1 << 20).await.unwrap();
            charge.map(|charge| charge.to_str().unwrap().to_owned())
        }
    });
    let charges: BTreeSet<String> =
        futures::future::join_all(sent).await.into_iter().flatten().collect();
    let spent = credits("1000000").checked_sub(api.available("tester").await).unwrap();
    assert_eq!(Some(spent), credits("0.25").checked_mul(charges.len() as i64));
    assert_eq!(api.post_charges().await, charges.len());
    assert_equal(&api, "tester").await;
}

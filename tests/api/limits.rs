//! How many requests a key may send, and how many answers for nothing.

use api_gateway::RequestLimits;
use axum::body::Body;
use model::port::Clock as _;
use model::{Day, Epoch, KeyId, PriceClass, Scope};
use pricing::PayerUse;
use store::pg::answer_count::{self, AnswerCounts, CountedKey};
use store::pg::{key, price};

use crate::world::Api;

const UNBOUNDED: RequestLimits = RequestLimits::NONE;

/// The key of the API.
async fn counted(api: &Api) -> CountedKey {
    CountedKey { key: api.key_id, payer: api.payer("tester").await }
}

#[tokio::test]
async fn a_key_is_refused_when_it_sends_too_much_and_told_when_to_go_on() {
    let limits = RequestLimits { burst: Some(3), per_second: 1, ..UNBOUNDED };
    let mut api = Api::with(limits).await;
    let path = format!("/v1/people/{}", api.person(0));
    for left in [2, 1, 0] {
        let reply = api.get(&path).await;
        assert_eq!(reply.header("ratelimit-policy"), "\"requests\";q=3;w=3");
        assert!(reply.header("ratelimit").starts_with(&format!("\"requests\";r={left};t=")));
    }
    let before = api.available("tester").await;
    for _ in 0..2 {
        let refused = api.get(&path).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limited"));
        assert_eq!((refused.header("retry-after"), refused.header("borg-cost")), ("1", "0"));
    }
    assert_eq!(api.available("tester").await, before);
    // What was refused counts once, because the account paid; of one that paid nothing it does not.
    api.post_charges().await;
    let epoch = Epoch::of(api.clock.now());
    let used = price::class_use(api.database.pg(), PriceClass::Graph, epoch).await.unwrap();
    assert_eq!(used.len(), 1);
    assert_eq!((used[0].paid, used[0].refused), (1, 1));
    let other = api.new_key("another", &Scope::ALL, 4).await.0;
    let mine = std::mem::replace(&mut api.key, other);
    for _ in 0..5 {
        api.get(&path).await;
    }
    api.gateway.flush().await.unwrap();
    let same = price::class_use(api.database.pg(), PriceClass::Graph, epoch).await.unwrap();
    assert_eq!(same, used, "who pays nothing moves no price");
    api.key = mine;
    api.clock.advance_seconds(1);
    assert_eq!(api.get(&path).await.status, 200);
}

#[tokio::test]
async fn answers_for_nothing_are_bounded_by_those_that_were_paid() {
    let limits = RequestLimits { are_free_answers_bounded: true, ..UNBOUNDED };
    let api = Api::with(limits).await;
    let day = Day::of(api.clock.now());
    let given = AnswerCounts { free: 9_998, charged: 0 };
    answer_count::add(api.database.pg(), counted(&api).await, day, given).await.unwrap();
    for left in [2, 1] {
        let free = api.get("/v1/runs").await;
        let field = free.header("ratelimit").to_owned();
        assert_eq!(
            (free.status, field.contains(&format!("\"free-answers\";r={left};"))),
            (200, true),
            "{field}"
        );
    }
    for path in ["/v1/runs", "/v1/people/per_zzzzzz", "/v1/search?q=zyxwvut"] {
        let refused = api.get(path).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (429, "free_answers_exhausted"),
            "{path}"
        );
    }
    // Nothing is done for an answer that is not given.
    assert_eq!(api.post("/v1/keys", r#"{"scopes":["profiles:read"]}"#).await.status, 429);
    let keys = key::count_active(api.database.pg(), api.payer("tester").await).await.unwrap();
    assert_eq!(keys, 1);
    // Nor is an estimate for nothing, made by paying nothing.
    let estimate = api.request("GET", &format!("/v1/people/{}", api.person(0)));
    let estimate = api.send(estimate.header("borg-max-cost", "0"), Body::empty()).await;
    assert_eq!(estimate.code(), "free_answers_exhausted");
    let paid = api.get(&format!("/v1/people/{}", api.person(0))).await;
    assert_eq!((paid.status, paid.header("borg-cost")), (200, "0.25"));
    for _ in 0..10 {
        assert_eq!(api.get("/v1/runs").await.status, 200, "each charged answer gives ten");
    }
    assert_eq!(api.get("/v1/runs").await.status, 429);
    api.clock.advance_seconds(86_400);
    assert_eq!(api.get("/v1/runs").await.status, 200);
}

#[tokio::test]
async fn what_is_too_large_for_a_gateway_in_front_is_refused_here_too() {
    let api = Api::new().await;
    let padding = "x".repeat(10_240);
    let request = api.request("GET", "/v1/runs").header("padding", &padding);
    let refused = api.send(request, Body::empty()).await;
    assert_eq!((refused.status, refused.code().as_str()), (431, "headers_too_large"));
    let large = format!("{{\"ids\":[\"{}\"]}}", "x".repeat(70_000));
    let refused = api.post("/v1/people:batch", &large).await;
    assert_eq!((refused.status, refused.code().as_str()), (413, "body_too_large"));
}

#[tokio::test]
async fn a_batch_that_a_limit_refuses_counts_as_what_it_asked_for() {
    let limits = RequestLimits { burst: Some(2), per_second: 1, ..UNBOUNDED };
    let api = Api::with(limits).await;
    let ids = |people: std::ops::Range<usize>| {
        let ids: Vec<String> = people.map(|at| format!("\"{}\"", api.person(at))).collect();
        format!("{{\"ids\":[{}]}}", ids.join(","))
    };
    let paid = api.post("/v1/people:batch", &ids(5..9)).await;
    assert_eq!(
        (paid.status, paid.header("borg-units")),
        (200, "class=graph, call.read=1, row.person=4")
    );
    api.get("/v1/runs").await;
    for _ in 0..2 {
        assert_eq!(api.post("/v1/people:batch", &ids(5..8)).await.status, 429);
        assert_eq!(api.post("/v1/people:batch", &ids(8..20)).await.status, 429);
    }
    api.post_charges().await;
    let epoch = Epoch::of(api.clock.now());
    let used = price::class_use(api.database.pg(), PriceClass::Graph, epoch).await.unwrap();
    assert_eq!((used[0].paid, used[0].refused), (4, 15), "each of the two batches once");
    let counted = PayerUse { paid: used[0].paid, refused: used[0].refused }.counted();
    assert_eq!(counted, 8, "and at most as many as were paid");
}

#[tokio::test]
async fn more_keys_give_no_more_free_answers_than_an_account_has() {
    let limits = RequestLimits { are_free_answers_bounded: true, ..UNBOUNDED };
    let mut api = Api::with(limits).await;
    let (day, pg) = (Day::of(api.clock.now()), api.database.pg().clone());
    let mine = counted(&api).await;
    for (key, free) in [(901, 50_000), (902, 49_998)] {
        let other = CountedKey { key: KeyId::new(key), ..mine };
        answer_count::add(&pg, other, day, AnswerCounts { free, charged: 0 }).await.unwrap();
    }
    for left in [2, 1] {
        let free = api.get("/v1/runs").await;
        let field = free.header("ratelimit").to_owned();
        assert_eq!(free.status, 200);
        assert!(field.contains(&format!("\"free-answers\";r={left};")), "{field}");
    }
    let second = api.new_key("tester", &Scope::ALL, 6).await.0;
    let stranger = api.new_key("stranger", &Scope::ALL, 7).await.0;
    let first = std::mem::replace(&mut api.key, second);
    for key in [first, api.key.clone()] {
        api.key = key;
        let refused = api.get("/v1/runs").await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "free_answers_exhausted"));
        assert!(refused.text.contains("this account"), "{}", refused.text);
    }
    let paid = api.get(&format!("/v1/people/{}", api.person(0))).await;
    assert_eq!((paid.status, paid.header("borg-cost")), (200, "0.25"));
    assert_eq!(api.get("/v1/runs").await.status, 200, "each charged answer gives ten");
    api.key = stranger;
    assert_eq!(api.get("/v1/runs").await.status, 200);
}

#[tokio::test]
async fn our_own_failures_are_no_free_answers() {
    let limits = RequestLimits { are_free_answers_bounded: true, ..UNBOUNDED };
    let api = Api::with(limits).await;
    let day = Day::of(api.clock.now());
    let given = AnswerCounts { free: 9_999, charged: 0 };
    answer_count::add(api.database.pg(), counted(&api).await, day, given).await.unwrap();
    for _ in 0..5 {
        // No price is published.
        let cap = r#"{"class":"graph","units":{"call.read":1,"row.person":1}}"#;
        let failed = api.post("/v1/quotes", cap).await;
        assert_eq!((failed.status, failed.code().as_str()), (503, "unavailable"));
    }
    assert_eq!(api.post("/v1/quotes", "{}").await.status, 400, "an error of the client is one");
    assert_eq!(api.post("/v1/quotes", "{}").await.code(), "free_answers_exhausted");
}

//! Callbacks of the payment service.

use axum::body::Body;
use axum::http::Request;
use hmac::{Hmac, KeyInit, Mac};
use model::port::Clock as _;
use sha2::Sha256;

use crate::world::{Api, PAYMENT_SECRET, Reply};

fn checkout(payer: &str, session: &str, cents: i64) -> String {
    format!(
        r#"{{"id":"evt_1","type":"checkout.session.completed","data":{{"object":{{"id":"{session}","amount_total":{cents},"client_reference_id":"{payer}","currency":"usd","payment_status":"paid"}}}}}}"#
    )
}

async fn call_back(api: &Api, body: &str, secret: &str) -> Reply {
    let second = api.clock.now().as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{second}.{body}").as_bytes());
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let request = Request::post("/v1/payments:callback")
        .header("stripe-signature", format!("t={second},v1={hex}"));
    api.send(request, Body::from(body.to_owned())).await
}

#[tokio::test]
async fn a_signed_payment_gives_credits_once() {
    let api = Api::new().await;
    let payer = api.payer("tester").await.to_string();
    let body = checkout(&payer, "cs_1", 1_250);
    for _ in 0..2 {
        let reply = call_back(&api, &body, PAYMENT_SECRET).await;
        assert_eq!(reply.data()["credited"], true);
        assert_eq!(api.available("tester").await.to_string(), "1012500");
    }
    let grant = &api.get("/v1/balance").await.data()["grants"][1];
    assert_eq!((grant["id"].as_str(), grant["kind"].as_str()), (Some("stripe-cs_1"), Some("paid")));
    let other = call_back(&api, &checkout(&payer, "cs_1", 99), PAYMENT_SECRET).await;
    assert_eq!((other.status, other.code().as_str()), (403, "payment_refused"));
    assert_eq!(api.available("tester").await.to_string(), "1012500");
}

#[tokio::test]
async fn what_is_not_signed_gives_nothing() {
    let api = Api::new().await;
    let payer = api.payer("tester").await.to_string();
    let refused = [
        call_back(&api, &checkout(&payer, "cs_2", 500), "whsec_other").await,
        call_back(&api, &checkout("acc_zzzz", "cs_2", 500), PAYMENT_SECRET).await,
        api.send(Request::post("/v1/payments:callback"), Body::from(checkout(&payer, "cs_2", 5)))
            .await,
    ];
    for reply in refused {
        assert_eq!((reply.status, reply.code().as_str()), (403, "payment_refused"));
    }
    let ignored =
        call_back(&api, r#"{"type":"customer.created","data":{"object":{}}}"#, PAYMENT_SECRET)
            .await;
    assert_eq!(ignored.data()["credited"], false);
    assert_eq!(api.available("tester").await.to_string(), "1000000");
}

//! Webhooks on one machine: `borg serve` finds what is new and sends it, without anything else that runs.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::borg::Borg;
use crate::served::Served;
use crate::test_server::{TestResponse, TestServer};

/// As long as it may take until something is sent.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn what_is_new_comes_to_an_address_on_this_machine() {
    let receiver = TestServer::start(|_| TestResponse::of(204, ""));
    let borg = Borg::new().with("BORG_WEBHOOK_ORIGINS", &receiver.origin);
    borg.write("arcs.tsv", "src\tdst\nada\tgrace\ngrace\tada\n");
    borg.json(&["import", "arcs.tsv", "--platform", "github"]);
    let served = Served::start(&borg);
    let url = format!("{}/hook", receiver.origin);
    let order = json!({"url": url, "from": "beginning"}).to_string();
    let put = served.ask("PUT", "/v1/webhooks/news", &[], &order);
    assert_eq!(put.status, 200, "{}", put.body);
    borg.json(&["operate", "opt-out", "github:ada"]);
    let began = Instant::now();
    while receiver.times("/hook").is_empty() {
        assert!(began.elapsed() < PATIENCE, "{}", served.data("/v1/webhooks/news/deliveries"));
        sleep(Duration::from_millis(100));
    }
    let log = served.data("/v1/webhooks/news/deliveries");
    assert_eq!(
        (&log[0]["type"], &log[0]["attempts"][0]["number"]),
        (&json!("changes.available"), &json!(1))
    );
}

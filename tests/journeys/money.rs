//! What a newcomer does with money: the lines of README, on the real server with its meter.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::borg::Borg;
use crate::served::Served;

/// As long as a charge may take to be posted.
const PATIENCE: Duration = Duration::from_secs(60);

fn scored() -> Borg {
    let borg = Borg::new();
    let arcs = (0..12).flat_map(|from| (0..12).map(move |to| (from, to)));
    let lines = arcs
        .filter(|(from, to)| from != to)
        .map(|(from, to)| format!("climate{from}\tclimate{to}\n"));
    borg.write("arcs.tsv", format!("src\tdst\n{}", lines.collect::<String>()));
    borg.json(&["import", "arcs.tsv", "--platform", "github"]);
    borg.json(&["score"]);
    borg
}

fn amount(text: &Value) -> f64 {
    text.as_str().and_then(|text| text.parse().ok()).expect("an amount is a text of credits")
}

#[test]
fn a_key_with_credits_a_dry_run_a_quote_a_read_and_its_charge() {
    let borg = scored();
    let served = Served::start(&borg);
    let search = "/v1/search?q=climate3";
    let dry = served.ask("GET", search, &[("borg-dry-run", "1")], "");
    assert_eq!((dry.status, dry.header("borg-cost")), (200, "0"), "{}", dry.body);
    let cap = json!({"class": "search", "units": {"call.read": 5, "row.person": 200}}).to_string();
    let quote = served.ask("POST", "/v1/quotes", &[], &cap);
    let id = quote.body["data"]["id"].as_str().expect("a quote has an id").to_owned();
    let read = served.ask("GET", search, &[("borg-quote", &id)], "");
    let cost: f64 = read.header("borg-cost").parse().expect("a number");
    assert!(cost > 0.0 && cost <= amount(&dry.body["data"]["max"]), "{cost}: {}", dry.body);
    assert_eq!((read.status, read.header("borg-quote")), (200, id.as_str()), "{}", read.body);
    let charge = format!("/v1/charges/{}", read.header("borg-charge-id"));
    let began = Instant::now();
    while served.data(&charge)["state"] != "posted" {
        assert!(began.elapsed() < PATIENCE, "{} is not posted", served.data(&charge));
        sleep(Duration::from_millis(100));
    }
    assert_eq!(amount(&served.data("/v1/charges")[0]["cost"]), cost);
    // The same request again is a replay.
    let again = served.ask("GET", search, &[], "");
    assert_eq!((again.header("borg-replayed"), again.header("borg-cost")), ("true", "0"));
    assert_eq!(again.body, read.body);
    let ended = served.ask("DELETE", &format!("/v1/quotes/{id}"), &[], "");
    assert_eq!(ended.status, 200, "{}", ended.body);
    let balance = served.data("/v1/balance");
    assert_eq!(
        amount(&balance["funded"]) - amount(&balance["available"]),
        amount(&balance["spent"])
    );
    assert_eq!(amount(&balance["spent"]), cost);
    let shown = borg.json(&["operate", "credits", "show", "--account", "journey"]);
    assert_eq!(shown["available"], balance["available"], "{shown}");
    let lines = served.data("/v1/ledger");
    assert_eq!(lines.as_array().map(Vec::len), Some(2), "a grant and a charge: {lines}");
}

//! Billing is exact, whichever process dies when.

use serde_json::Value;

use crate::borg::Borg;

#[test]
fn no_credit_is_lost_when_processes_die() {
    let requests = ["--requests", "20000", "--process-requests", "2000"];
    let report = Borg::new().json(&[&["bench", "ledger"][..], &requests].concat());
    let keys: Vec<&str> =
        report.as_object().expect("a report").keys().map(String::as_str).collect();
    let checks = [
        "delivered_unbilled",
        "double_billed",
        "ledger_sum",
        "negative_balances",
        "wallet_minus_ledger",
    ];
    let mut expected: Vec<&str> = checks.into_iter().chain(["parts", "requests"]).collect();
    expected.sort_unstable();
    assert_eq!((keys, &report["requests"]), (expected, &Value::from(20_000)));
    let parts = report["parts"].as_array().expect("a list");
    let names: Vec<&Value> = parts.iter().map(|part| &part["part"]).collect();
    assert_eq!(names[..2], ["simulator", "processes"]);
    assert_eq!((&parts[1]["wallet"], &parts[1]["requests"]), (&"postgres".into(), &2_000.into()));
    for part in parts.iter().filter(|part| !part.is_null()) {
        for check in checks.iter().chain(&["faults"]) {
            assert_eq!(part[check], 0, "{check}: {part}");
        }
        let happened =
            ["retries", "replays", "deaths", "lost_messages", "doubled_messages", "charged"];
        for event in happened {
            assert!(part[event].as_u64() > Some(0), "{event}: {part}");
        }
    }
    for check in checks {
        assert_eq!(report[check], 0, "{check}");
    }
}

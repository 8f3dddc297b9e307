//! The golden events, and what becomes of them.

use migrate::{MigrateEvent, ResourceRequest};
use serde_json::{Value, json};

fn golden(name: &str) -> Value {
    let path = format!("../../events/{name}.json");
    let text = std::fs::read_to_string(path).expect("the golden event is there");
    serde_json::from_str(&text).expect("the golden event is JSON")
}

fn request(kind: &str) -> ResourceRequest {
    let mut event = golden("migrate-create");
    event["RequestType"] = json!(kind);
    match MigrateEvent::of(event) {
        MigrateEvent::CloudFormation(request) => request,
        MigrateEvent::Plain => panic!("the request of CloudFormation is not recognized"),
    }
}

#[test]
fn only_a_removal_runs_no_migration() {
    assert!(MigrateEvent::of(golden("migrate-invoke")).needs_migration());
    assert!(MigrateEvent::CloudFormation(request("Create")).needs_migration());
    assert!(MigrateEvent::CloudFormation(request("Update")).needs_migration());
    assert!(!MigrateEvent::CloudFormation(request("Delete")).needs_migration());
}

#[test]
fn a_response_has_the_ids_of_its_request() {
    let request = request("Create");
    let response = serde_json::to_value(request.response(&Ok(3))).unwrap();
    let event = golden("migrate-create");
    for key in ["StackId", "RequestId", "LogicalResourceId"] {
        assert_eq!(response[key], event[key]);
    }
    assert_eq!(response["Status"], "SUCCESS");
    assert_eq!(response["PhysicalResourceId"], "schema");
}

#[test]
fn a_long_failure_fits_the_response() {
    let request = request("Update");
    let response = serde_json::to_value(request.response(&Err("ü".repeat(5_000)))).unwrap();
    assert_eq!(response["Status"], "FAILED");
    assert_eq!(response["Reason"].as_str().unwrap().len(), 1_000);
}

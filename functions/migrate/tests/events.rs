//! The golden events, and what becomes of them.

use migrate::{Asked, Request};
use serde_json::{Value, json};

fn golden(name: &str) -> Value {
    let path = format!("../../events/{name}.json");
    let text = std::fs::read_to_string(path).expect("the golden event is there");
    serde_json::from_str(&text).expect("the golden event is JSON")
}

fn request(kind: &str) -> Request {
    let mut event = golden("migrate-create");
    event["RequestType"] = json!(kind);
    match Asked::of(event) {
        Asked::ByCloudFormation(request) => request,
        Asked::Plainly => panic!("CloudFormation's request is not known as one"),
    }
}

#[test]
fn only_a_removal_leaves_the_schema_alone() {
    assert!(Asked::of(golden("migrate-invoke")).is_to_migrate());
    assert!(Asked::ByCloudFormation(request("Create")).is_to_migrate());
    assert!(Asked::ByCloudFormation(request("Update")).is_to_migrate());
    assert!(!Asked::ByCloudFormation(request("Delete")).is_to_migrate());
}

#[test]
fn an_answer_names_what_it_answers() {
    let request = request("Create");
    let answer = serde_json::to_value(request.answer(&Ok(3))).unwrap();
    let event = golden("migrate-create");
    for key in ["StackId", "RequestId", "LogicalResourceId"] {
        assert_eq!(answer[key], event[key]);
    }
    assert_eq!(answer["Status"], "SUCCESS");
    assert_eq!(answer["PhysicalResourceId"], "schema");
}

#[test]
fn a_long_failure_fits_the_answer() {
    let request = request("Update");
    let answer = serde_json::to_value(request.answer(&Err("ü".repeat(5_000)))).unwrap();
    assert_eq!(answer["Status"], "FAILED");
    assert_eq!(answer["Reason"].as_str().unwrap().len(), 1_000);
}

//! Makes the client from `openapi-3.0.json`, which `infra/clients.sh` puts beside this file. What `progenitor` cannot
//! read is said in its way first: every rule here is for a limit of its own, and none for a fault of the document.

use std::path::Path;

use serde_json::Value;

const DOCUMENT: &str = "openapi-3.0.json";

fn main() {
    println!("cargo:rerun-if-changed={DOCUMENT}");
    let document = std::fs::read_to_string(DOCUMENT).expect("the document can be read");
    let mut document = serde_json::from_str(&document).expect("the document is JSON");
    simplify(&mut document);
    let document = serde_json::from_value(document).expect("the document is OpenAPI 3.0");
    let mut settings = progenitor::GenerationSettings::default();
    settings.with_interface(progenitor::InterfaceStyle::Builder);
    let client = progenitor::Generator::new(&settings).generate_tokens(&document);
    let client = client.expect("a client can be made").to_string();
    let folder = std::env::var("OUT_DIR").expect("cargo names a folder");
    std::fs::write(Path::new(&folder).join("api.rs"), client).expect("the client can be written");
}

fn simplify(document: &mut Value) {
    // It reads types only of what is called JSON, and would leave problems to be read by hand.
    for answer in entries(&mut document["components"]["responses"]) {
        if let Some(content) = answer.get_mut("content").and_then(Value::as_object_mut)
            && let Some(problem) = content.remove("application/problem+json")
        {
            content.insert("application/json".to_owned(), problem);
        }
    }
    // It takes one type of success. An order of an export has two, by status: the export, or the estimate of a dry run.
    for operation in entries(&mut document["paths"]).flat_map(entries) {
        let answers = operation["responses"].as_object_mut().expect("an operation has answers");
        answers.retain(|_, answer| {
            let Some(content) = answer.get_mut("content").and_then(Value::as_object_mut) else {
                return true;
            };
            content.remove("application/vnd.borg.estimate+json");
            !content.is_empty()
        });
    }
    // It names a value after its letters and digits, and two names would be the same.
    let dry_run = document.pointer_mut("/components/parameters/Borg-Dry-Run/schema");
    let dry_run = dry_run.and_then(Value::as_object_mut).expect("the parameter has a schema");
    dry_run.remove("enum").expect("its values are listed");
}

fn entries(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    object.as_object_mut().expect("an object").values_mut()
}

//! DESIGN's invariants, as far as a test can see them: who may depend on whom, and where SQL,
//! the environment, time and status codes may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each package may use of the workspace. A package that is missing here fails the test.
const EDGES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("graph", &["model"]),
    ("search", &["model"]),
    ("store", &["model"]),
    ("platforms", &["model"]),
    ("sample", &["model"]),
    ("cluster", &[]),
    ("testkit", &["cluster", "model", "store"]),
    ("runtime", &["model"]),
    ("migrate", &["model", "runtime", "store"]),
    ("api-gateway", &["model", "runtime", "search", "store"]),
    ("operate", &["model", "runtime", "store"]),
    ("crawl-dispatch", &["model", "platforms", "runtime", "store"]),
    ("platform-fetch", &["model", "platforms", "runtime", "store"]),
    ("graph-score", &["graph", "model", "runtime", "search", "store"]),
    (
        "local",
        &[
            "api-gateway",
            "cluster",
            "crawl-dispatch",
            "graph",
            "graph-score",
            "model",
            "operate",
            "platform-fetch",
            "platforms",
            "sample",
            "store",
        ],
    ),
    ("journeys", &[]),
];

/// Packages that do no input or output, and what would let them.
const PURE: &[&str] = &["model", "graph", "search"];
const IMPURE: &[&str] = &["tokio", "reqwest", "axum", "hyper", "tokio-postgres", "rustix"];

fn root() -> PathBuf {
    Path::new("..").canonicalize().expect("the root is there")
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    metadata["packages"].as_array().expect("there are packages").clone()
}

/// Each package's dependencies that are not for its tests only.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let used = |package: &Value| {
        let all = package["dependencies"].as_array().cloned().unwrap_or_default();
        all.iter().filter(|used| used["kind"].is_null()).map(name).collect()
    };
    packages().iter().map(|package| (name(package), used(package))).collect()
}

/// Rust files under `folder`, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    found.sort();
    let relative = |path: &Path| path.strip_prefix(&root).unwrap_or(path).display().to_string();
    found
        .iter()
        .map(|path| (relative(path), fs::read_to_string(path).unwrap_or_default()))
        .collect()
}

fn all_sources() -> Vec<(String, String)> {
    [sources("crates"), sources("functions"), sources("tests")].concat()
}

/// The files, among those not allowed, that have any of the words outside of comments.
fn found_outside(allowed: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in all_sources().into_iter().filter(|(path, _)| !allowed(path)) {
        let lines =
            text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in lines {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn packages_depend_only_on_those_below_them() {
    let ours: BTreeSet<String> = dependencies().into_keys().collect();
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    for (package, used) in dependencies() {
        let may = allowed.get(package.as_str());
        let may = may.unwrap_or_else(|| panic!("{package} is not in EDGES: where does it belong?"));
        for edge in used.intersection(&ours) {
            assert!(may.contains(&edge.as_str()), "{package} must not depend on {edge}");
        }
    }
}

#[test]
fn nouns_and_verbs_have_no_way_out() {
    let dependencies = dependencies();
    for package in PURE {
        for used in &dependencies[*package] {
            let impure = IMPURE.contains(&used.as_str()) || used.starts_with("aws");
            assert!(!impure, "{package} must not depend on {used}");
        }
    }
}

#[test]
fn only_store_pg_has_sql() {
    let allowed = |path: &str| {
        [
            "crates/store/src/pg",
            "crates/store/tests",
            "crates/store/src/queue/pg",
            "crates/testkit/",
            "tests/journeys/architecture.rs",
        ]
        .iter()
        .any(|start| path.starts_with(start))
    };
    let sql = ["select * from ", "insert into ", "delete from ", "create table ", "on conflict "];
    let found = found_outside(allowed, &sql);
    assert!(found.is_empty(), "SQL outside of store::pg:\n{}", found.join("\n"));
}

#[test]
fn only_config_files_and_runtime_read_the_environment() {
    let allowed = |path: &str| {
        path.ends_with("config.rs")
            || path.starts_with("crates/runtime/")
            || path.starts_with("crates/testkit/")
            || path.contains("/tests/")
            || path.starts_with("tests/")
            || path.ends_with("/build.rs")
    };
    let found = found_outside(allowed, &["env::var", "env::vars", "env::var_os"]);
    assert!(found.is_empty(), "the environment is read in:\n{}", found.join("\n"));
}

#[test]
fn only_one_file_of_the_functions_knows_status_codes() {
    let allowed = |path: &str| {
        !path.starts_with("functions/")
            || path == "functions/api-gateway/src/error.rs"
            || path.contains("/tests/")
    };
    let found = found_outside(allowed, &["StatusCode::"]);
    assert!(found.is_empty(), "status codes outside of error.rs:\n{}", found.join("\n"));
}

#[test]
fn only_the_clock_asks_for_the_time() {
    let allowed = |path: &str| {
        path.ends_with("clock.rs") || path.contains("/tests/") || path.starts_with("tests/")
    };
    let found = found_outside(allowed, &["SystemTime::now(", "Timestamp::now(", "Utc::now("]);
    assert!(found.is_empty(), "the present is asked for in:\n{}", found.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> = all_sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no module doc: {}", silent.join(", "));
}

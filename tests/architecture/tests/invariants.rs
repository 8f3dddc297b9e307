//! The invariants of ARCHITECTURE.md: which package may depend on which, and where SQL, the
//! environment, time and status codes may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;
use syn::visit::Visit;

use crate::sources::{SourceFile, all_rust, files, root};

/// What each package may use of the workspace. A package that is missing here fails the test.
const EDGES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("graph", &["model"]),
    ("search", &["model"]),
    ("pricing", &["model"]),
    ("pricing-wasm", &["model", "pricing"]),
    ("snapshot", &["graph", "model"]),
    ("billing", &["model"]),
    ("store", &["model"]),
    ("platforms", &["model"]),
    ("sample", &["model"]),
    ("cluster", &[]),
    ("testkit", &["cluster", "model", "store"]),
    ("runtime", &[]),
    ("migrate", &["runtime", "store"]),
    (
        "api-gateway",
        &["billing", "graph", "model", "pricing", "runtime", "search", "snapshot", "store"],
    ),
    ("operate", &["billing", "model", "runtime", "store"]),
    ("billing-meter", &["billing", "model", "pricing", "runtime", "store"]),
    ("export", &["billing", "model", "pricing", "runtime", "search", "snapshot", "store"]),
    ("crawl-dispatch", &["model", "platforms", "runtime", "store"]),
    ("deliver", &["model", "platforms", "runtime", "store"]),
    ("platform-fetch", &["model", "platforms", "runtime", "store"]),
    ("graph-score", &["graph", "model", "runtime", "search", "snapshot", "store"]),
    (
        "local",
        &[
            "api-gateway",
            "billing",
            "billing-meter",
            "cluster",
            "crawl-dispatch",
            "deliver",
            "export",
            "graph",
            "graph-score",
            "model",
            "operate",
            "platform-fetch",
            "platforms",
            "sample",
            "search",
            "snapshot",
            "store",
        ],
    ),
    ("journeys", &[]),
    ("architecture", &[]),
];

/// Packages that do no input or output, and what would let them.
const PURE: &[&str] = &["model", "graph", "search", "pricing", "billing"];
const IMPURE: &[&str] = &["tokio", "reqwest", "axum", "hyper", "tokio-postgres", "rustix"];

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

/// The files, among those not allowed, that have any of the words outside of comments.
fn found_outside(allowed: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in all_rust().into_iter().filter(|file| !allowed(&file.path)) {
        let lines =
            file.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in lines {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
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
            "tests/store/",
            "crates/store/src/queue/pg",
            "crates/testkit/",
            "tests/metering/posting.rs",
            "tests/scoring/world.rs",
            "tests/architecture/",
        ]
        .iter()
        .any(|start| path.starts_with(start))
    };
    let mut found = Vec::new();
    for file in all_rust().into_iter().filter(|file| !allowed(&file.path)) {
        let statements = texts(&file).into_iter().filter(|text| is_sql(text));
        found.extend(statements.map(|text| format!("{}: {text}", file.path)));
    }
    assert!(found.is_empty(), "SQL outside of store::pg:\n{}", found.join("\n"));
}

/// The string literals of a file, those of documentation apart.
fn texts(file: &SourceFile) -> Vec<String> {
    #[derive(Default)]
    struct Texts(Vec<String>);
    impl Texts {
        fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
            for token in tokens {
                match token {
                    proc_macro2::TokenTree::Group(group) => self.tokens(group.stream()),
                    proc_macro2::TokenTree::Literal(literal) => {
                        let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                        self.0.extend(text.map(|text| text.value()));
                    }
                    _ => {}
                }
            }
        }
    }
    impl<'ast> Visit<'ast> for Texts {
        fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
        fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
            self.0.push(text.value());
        }
        fn visit_macro(&mut self, item: &'ast syn::Macro) {
            self.tokens(item.tokens.clone());
        }
    }
    let mut texts = Texts::default();
    texts.visit_file(&syn::parse_file(&file.text).expect("the file is Rust"));
    texts.0
}

/// Whether a text is an SQL statement, or the greater part of one.
fn is_sql(text: &str) -> bool {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let has = |word: &str| words.contains(&word);
    let begins = match (words.first().copied(), words.get(1).copied()) {
        (Some("select"), Some(_)) => has("from") || text.contains('('),
        (Some("insert"), Some(second)) => second == "into",
        (Some("update"), Some(_)) => has("set"),
        (Some("delete"), Some(second)) => second == "from",
        (Some("with"), Some(_)) => text.contains("as (") || text.contains("as materialized"),
        (Some("create" | "alter" | "drop" | "truncate"), Some(second)) => {
            matches!(second, "table" | "index" | "view" | "schema" | "sequence" | "unique" | "or")
        }
        (Some("copy"), Some(_)) => has("stdin") || has("stdout"),
        _ => false,
    };
    let has_part = ["on conflict", "order by", "group by", "for update", "unnest("]
        .iter()
        .any(|part| text.contains(part));
    begins || has_part || (has("where") && text.contains('$'))
}

#[test]
fn sql_is_recognised() {
    let sql = ["select 1, 2 from t", "UPDATE t\nSET a = 1", "create table t ()", "x where a = $1"];
    let prose = ["select a level", "update the list", "with a key", "drop it", "from the start"];
    assert!(sql.iter().all(|text| is_sql(text)));
    assert!(!prose.iter().any(|text| is_sql(text)));
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
            || path == "functions/api-gateway/src/error/code.rs"
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
    let silent: Vec<String> = all_rust()
        .into_iter()
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| file.path)
        .collect();
    assert!(silent.is_empty(), "no module doc: {}", silent.join(", "));
}

#[test]
fn every_dependency_of_the_workspace_is_used() {
    let list = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a list");
    let list = list.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let names = list.lines().skip(1).take_while(|line| !line.starts_with('['));
    let names = names.filter_map(|line| Some(line.split_once(" =")?.0));
    let used: String = files("", &["toml"]).into_iter().map(|file| file.text).collect();
    let unused: Vec<&str> = names
        .filter(|name| {
            !used.contains(&format!("\n{name}.workspace"))
                && !used.contains(&format!("\n{name} = {{ workspace"))
        })
        .collect();
    assert!(unused.is_empty(), "in the workspace's list, but used nowhere: {unused:?}");
}

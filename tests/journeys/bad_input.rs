//! Bad input gets an error that names what is wrong and what to do, and changes nothing.

use crate::borg::Borg;

/// Arguments, and words that the refusal must have.
const REFUSED: &[(&[&str], &[&str])] = &[
    (&["crawl", "myspace:tom"], &["unknown platform", "myspace", "bluesky"]),
    (&["crawl", "alice"], &["platform:handle"]),
    (&["crawl", "bluesky:not a handle"], &["malformed handle"]),
    (&["crawl", "bluesky:nodots"], &["malformed handle", "alice.bsky.social"]),
    (&["crawl", "github:torvalds"], &["cannot be crawled"]),
    (&["crawl", "bluesky:a.example.org", "--base-url", "nonsense"], &["no origin"]),
    (
        &["crawl", "bluesky:a.example.org", "--base-url", "moon=http://127.0.0.1:1"],
        &["unknown role"],
    ),
    (
        &["crawl", "bluesky:a.example.org", "--base-url", "http://127.0.0.1:1"],
        &["127.0.0.1", "cannot be looked up now", "try again later"],
    ),
    (&["import", "missing.tsv"], &["missing.tsv"]),
    (&["import", "no-header.tsv"], &["src<TAB>dst"]),
    (&["import", "broken.tsv"], &["line 3", "line 4", "--skip-bad", "nothing was imported"]),
    (&["import", "good.tsv", "--layer", "hug"], &["unknown layer"]),
    (&["import", "good.tsv", "--platform", "myspace"], &["unknown platform"]),
    (&["export", "communities", "--out", "c.tsv"], &["nothing is scored yet"]),
    (&["export", "arcs", "--out", "arcs.csv"], &[".tsv", ".ndjson", ".parquet"]),
    (&["eval", "communities", "--truth", "missing.tsv"], &["nothing is scored yet"]),
    (&["score", "--memory", "lots"], &["unknown unit", "K, M or G"]),
    (&["score", "--trust-seeds", "no-header.tsv"], &["header"]),
    (&["key", "revoke", "key_zz"], &["no key"]),
    (&["key", "revoke", "sk_live"], &["key_"]),
    (&["serve", "--addr", "nowhere"], &["--addr"]),
];

#[test]
fn every_refusal_names_the_error_and_changes_nothing() {
    let borg = Borg::new();
    borg.write("no-header.tsv", "1\t2\n");
    borg.write("broken.tsv", b"src\tdst\n1\t2\nalone\n\xff\t3\n");
    borg.write("good.tsv", "src\tdst\n1\t2\n");
    for (args, words) in REFUSED {
        let error = borg.failure(args);
        for word in *words {
            assert!(error.contains(word), "borg {args:?}: {error:?} lacks {word:?}");
        }
    }
    assert_eq!(borg.json(&["status"])["profiles_known"], 0);
    assert!(borg.export("arcs").is_empty());
}

#[test]
fn bad_lines_are_skipped_only_on_request() {
    let borg = Borg::new();
    borg.write("broken.tsv", b"src\tdst\n1\t2\nalone\n\xff\t3\n2\t1\n");
    let imported = borg.json(&["import", "broken.tsv", "--skip-bad"]);
    assert_eq!((imported["arcs"].as_u64(), imported["bad_lines"].as_u64()), (Some(2), Some(2)));
    assert_eq!(borg.export("arcs").len(), 2);
}

#[test]
fn a_graph_that_does_not_fit_is_refused_before_it_is_loaded() {
    let borg = Borg::new();
    borg.write("good.tsv", "src\tdst\n1\t2\n2\t1\n");
    borg.json(&["import", "good.tsv"]);
    let error = borg.failure(&["score", "--memory", "1K"]);
    assert!(error.contains("--memory") && error.contains("2 arcs"), "{error}");
    assert_eq!(borg.json(&["score"])["people"], 2);
}

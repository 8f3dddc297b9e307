//! Text files as they come, and names as they are: what goes in comes out, and Borg reads what it
//! wrote.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::borg::Borg;

/// Imports a file into a home of its own.
fn imported(name: &str, bytes: impl AsRef<[u8]>) -> Borg {
    let borg = Borg::new();
    borg.write(name, bytes);
    borg.json(&["import", name]);
    borg
}

/// The first columns of each line.
fn cut(text: &str, columns: usize) -> String {
    let cut = |line: &str| line.split('\t').take(columns).collect::<Vec<_>>().join("\t") + "\n";
    text.lines().map(cut).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).expect("memory takes bytes");
    packed.finish().expect("memory takes bytes")
}

#[test]
fn ids_are_kept_unchanged_or_refused() {
    let borg = Borg::new();
    let long = |end: &str| format!("https://example.org/u/{}{end}", "x".repeat(500));
    let (ann, ben) = (long("ANN"), long("BEN"));
    let ids = [ann.as_str(), ben.as_str(), "erased:ann", "@ann", "ann", "CORP\\n", "\"q\"", " "];
    let rows: String = ids.iter().map(|id| format!("{id}\thub\n")).collect();
    borg.write("good.tsv", format!("src\tdst\n{rows}"));
    assert_eq!(borg.json(&["import", "good.tsv"])["arcs"], ids.len());
    let mut wanted: Vec<String> = ids.iter().map(|id| format!("{id}\thub\n")).collect();
    wanted.sort();
    let mut found: Vec<String> = borg.export("arcs").iter().map(|row| cut(row, 2)).collect();
    found.sort();
    assert_eq!(found, wanted);
    let (longer, erased) = ("x".repeat(2_049), format!("erased:{}", "0".repeat(64)));
    borg.write("nul.tsv", format!("src\tdst\nab\tcd\na\0b\tef\nef\ta\0b\n\0\tcd\n{longer}\ta\n"));
    borg.write("json.ndjson", format!("{}\n{}\n", json!({"id": "a\0b"}), json!({"id": erased})));
    let error = borg.failure(&["import", "nul.tsv"]);
    for words in
        ["4 bad lines", "line 3 has an id that has a NUL", "line 6", "more than 2048 bytes"]
    {
        assert!(error.contains(words), "{words}: {error}");
    }
    let error = borg.failure(&["import", "json.ndjson"]);
    assert!(
        error.contains("line 1 has an id that has a NUL") && error.contains("line 2"),
        "{error}"
    );
    assert_eq!(borg.export("arcs").len(), ids.len(), "nothing of them was imported");
}

/// Two cliques of people whose names would break a line, or look as if they did.
fn odd_cliques() -> String {
    let name = |clique: u32, at: u32| match clique {
        0 => format!("CORP\\tom\\n{at}\\"),
        _ => format!("\"b\t{at}\n\r\\t\""),
    };
    let arcs = (0..288).map(|at| (at / 144, at / 12 % 12, at % 12)).filter(|(_, a, b)| a != b);
    let line = |(clique, a, b)| json!({"src": name(clique, a), "dst": name(clique, b)});
    arcs.map(|arc| format!("{}\n", line(arc))).collect()
}

#[test]
fn borg_reads_the_names_that_it_wrote() {
    let borg = imported("arcs.ndjson", odd_cliques());
    borg.json(&["score"]);
    borg.json(&["export", "ranks", "--by", "trust", "--out", "ranks.tsv"]);
    let nodes: Vec<String> =
        borg.read("ranks.tsv").lines().skip(1).map(|row| cut(row, 1)).collect();
    assert_eq!(nodes.len(), 24, "a row for each");
    borg.write("seeds.tsv", format!("node\n{}", nodes.concat()));
    borg.json(&["score", "--trust-seeds", "seeds.tsv"]);
    borg.write("unknown.tsv", "node\nCORP\\\\tom\n");
    let error = borg.failure(&["score", "--trust-seeds", "unknown.tsv"]);
    assert!(error.contains("1 of 1 trust seeds are not in the database"), "{error}");
    borg.json(&["export", "communities", "--level", "leaf", "--out", "c.tsv"]);
    borg.write("truth.tsv", cut(&borg.read("c.tsv"), 2));
    let eval = borg.json(&["eval", "communities", "--truth", "truth.tsv"]);
    assert_eq!((eval["leaf"]["ami"].as_f64(), eval["compared"].as_u64()), (Some(1.0), Some(24)));
    let arcs = borg.export("arcs");
    borg.json(&["export", "arcs", "--out", "arcs.NDJSON"]);
    assert_eq!(imported("arcs.tsv", borg.read("arcs.tsv")).export("arcs"), arcs);
    assert_eq!(imported("a.ndjson", borg.read("arcs.NDJSON")).export("arcs"), arcs);
}

#[test]
fn a_foreign_file_is_exported_as_it_was_imported() {
    let text = "src\tdst\nC:\\\\n\t\"ann\"\nCORP\\ann\tCORP\\tom\nCORP\\tom\tCORP\\ann\n";
    let first = imported("d.tsv", text);
    first.json(&["export", "arcs", "--out", "a.tsv"]);
    let cut_first = cut(&first.read("a.tsv"), 2);
    assert_eq!(cut_first, text);
    let second = imported("b.tsv", cut_first);
    second.json(&["export", "arcs", "--out", "a.tsv"]);
    assert_eq!(second.read("a.tsv"), first.read("a.tsv"));
}

#[test]
fn an_export_of_every_layer_is_imported_unchanged() {
    let text = "layer\tdst\tsrc\tlast_day\tcount\tweight\n\
        like\tben\tann\t2026-11-22\t3\t0.001\n\
        follow\tann\tben\t\t0\t16777216\nfollow\tben\tann\t\t0\t1\n";
    let first = imported("arcs.tsv", text);
    let wanted = [
        "ann\tben\tfollow\t1\t0\t",
        "ann\tben\tlike\t0.001\t3\t2026-11-22",
        "ben\tann\tfollow\t16777216\t0\t",
    ];
    assert_eq!(first.export("arcs"), wanted);
    let again = imported("arcs.tsv", first.read("arcs.tsv"));
    assert_eq!(again.export("arcs"), wanted);
    again.json(&["export", "arcs", "--out", "arcs.ndjson"]);
    assert!(again.read("arcs.ndjson").contains(r#""weight":0.001,"#));
    again.json(&["import", "arcs.ndjson", "--platform", "nostr"]);
    let several = again.export("arcs");
    assert_eq!(several.len(), 6);
    let elsewhere = imported("arcs.tsv", again.read("arcs.tsv"));
    assert_eq!(elsewhere.export("arcs"), several, "with the platform in front of each name");
}

#[test]
fn seeds_are_found_by_the_names_of_earlier_exports() {
    let borg = imported("arcs.tsv", crate::scoring::two_cliques(12));
    borg.write("bare.tsv", "node\n3\n4\n");
    borg.json(&["import", "arcs.tsv", "--platform", "nostr"]);
    let error = borg.failure(&["score", "--trust-seeds", "bare.tsv"]);
    assert!(error.contains("`3` is on several platforms"), "{error}");
    borg.write("other.tsv", "src\tdst\nx\ty\ny\tx\n");
    borg.json(&["import", "other.tsv"]);
    borg.write("mixed.tsv", "node\nfile:3\nnostr:4\nx\n");
    borg.json(&["score", "--trust-seeds", "mixed.tsv"]);
}

#[test]
fn text_files_are_read_packed_or_not() {
    let text = "src\tdst\tweight\nann\tben\t1\nben\tann\t2\n";
    let marked = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let padded = [gzip(&text[..20]), gzip(&text[20..]), vec![0; 512]].concat();
    let files = [("bom.tsv", marked.clone().into_bytes()), ("padded.tsv.GZ", padded)];
    let borg = Borg::new();
    for (name, bytes) in files
        .into_iter()
        .chain([("marked.txt", gzip(&marked)), ("no.gz", text.as_bytes().to_vec())])
    {
        borg.write(name, bytes);
        assert_eq!(borg.json(&["import", name])["arcs"], 2, "{name}");
    }
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    borg.write("utf16.tsv", &utf16);
    borg.write("mac.tsv", text.replace('\n', "\r"));
    borg.write("hidden.tsv", text.replacen("dst", "dst\u{200b}", 1));
    for (name, words) in
        [("utf16.tsv", "UTF-8"), ("mac.tsv", "\\r alone"), ("hidden.tsv", "u{200b}")]
    {
        let error = borg.failure(&["import", name]);
        assert!(error.contains(words), "{name}: {error}");
    }
    let marked = |text: &str| gzip(&format!("\u{feff}{text}"));
    borg.write("cliques.tsv", crate::scoring::two_cliques(12));
    borg.json(&["import", "cliques.tsv"]);
    borg.write("seeds", marked("node\r\n0\r\n1\r\n"));
    borg.json(&["score", "--trust-seeds", "seeds"]);
    borg.write("truth", marked("node\tclique\r\n0\ta\r\n1\ta\r\n12\tb\r\n"));
    assert_eq!(borg.json(&["eval", "communities", "--truth", "truth"])["compared"], 3);
}

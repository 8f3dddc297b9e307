//! Files of arcs, good and bad.

use super::line::parse_json;
use super::*;

fn file(text: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn read(text: &[u8]) -> Result<ArcsFile> {
    read_tsv(TextLines::open(file(text).path())?, None)
}

/// Layer, source, target and weight of each arc.
fn plain(file: &ArcsFile) -> Vec<(Layer, u32, u32, f32)> {
    file.arcs.iter().map(|arc| (arc.layer, arc.src, arc.dst, arc.weight)).collect()
}

#[test]
fn an_arc_takes_20_bytes() {
    assert_eq!(size_of::<FileArc>(), 20);
}

#[test]
fn arcs_are_sorted_and_loops_and_repetitions_counted() {
    let arcs = read(b"src\tdst\tweight\nb\ta\t2\na\tb\t1\na\ta\t1\nb\ta\t3\n").unwrap();
    assert_eq!(arcs.names, ["b", "a"]);
    assert_eq!(plain(&arcs), [(Layer::Follow, 0, 1, 3.0), (Layer::Follow, 1, 0, 1.0)]);
    assert_eq!((arcs.self_loops, arcs.duplicates, arcs.bad.count), (1, 1, 0));
}

#[test]
fn bad_lines_are_reported_by_number() {
    let arcs =
        read(b"src\tdst\na\tb\nalone\nx\ty\tzero\nx\ty\t0\n\xff\tb\na\0\tb\n\tb\na\tb\t1\t1\n")
            .unwrap();
    assert_eq!(arcs.bad.count, 7);
    let refusal = arcs.bad.refuse_unless(false).unwrap_err().to_string();
    for part in [
        "line 3 has no second",
        "line 4",
        "line 5",
        "line 6 is not UTF-8",
        "line 7 has an id that has a NUL",
        "line 8 has an id that is empty",
        "line 9 has more than 3 columns",
        "--skip-bad",
    ] {
        assert!(refusal.contains(part), "{part}: {refusal}");
    }
    assert!(arcs.bad.refuse_unless(true).is_ok());
}

#[test]
fn long_ids_stay_apart_and_longer_ones_are_bad_lines() {
    let (long, longer) = ("x".repeat(2_047), "x".repeat(2_049));
    let text = format!("src\tdst\n{long}a\t{long}b\n{longer}\ta\na\t{longer}\n");
    let arcs = read(text.as_bytes()).unwrap();
    assert_eq!((arcs.names.len(), arcs.arcs.len(), arcs.bad.count), (2, 1, 2));
    assert!(arcs.bad.quoted()[1].contains("line 4 has an id that has more than 2048 bytes"));
}

#[test]
fn a_file_without_header_is_refused_with_all_that_is_in_it() {
    let refusal = |text: &[u8]| read(text).unwrap_err().to_string();
    assert!(refusal(b"1\t2\n").contains("src<TAB>dst"));
    assert!(refusal(b"").contains("empty"));
    assert!(refusal("src\tdst\u{200b}\n".as_bytes()).contains("dst\\u{200b}"));
    for wrong in [&b"src\tdst\tdst\n"[..], b"src\tweight\n", b"src\tdst\thug\n", b"src,dst\n"] {
        assert!(refusal(wrong).contains("not the header"));
    }
}

#[test]
fn an_export_reads_as_what_was_exported() {
    let text = b"src\tdst\tlayer\tweight\tcount\tlast_day\n\
        \"a\\tb\"\tCORP\\tom\tlike\t0.001\t3\t2026-11-22\n\
        CORP\\tom\t\"a\\tb\"\tfollow\t2\t0\t\n";
    let arcs = read(text).unwrap();
    assert_eq!(
        (arcs.names.as_slice(), arcs.bad.count),
        (&["a\tb".into(), "CORP\\tom".into()][..], 0)
    );
    let follow = (Layer::Follow, 1, 0, 2.0);
    assert_eq!(plain(&arcs), [follow, (Layer::Like, 0, 1, 0.001)]);
    assert_eq!((arcs.arcs[1].count, arcs.arcs[1].last_day), (3, Day(20_779)));
    let likes = read_tsv(TextLines::open(file(text).path()).unwrap(), Some(Layer::Like)).unwrap();
    assert_eq!((likes.arcs.len(), likes.bad.count), (1, 1));
    assert!(likes.bad.quoted()[0].contains("line 3 is of the layer follow"));
}

#[test]
fn a_line_of_json_is_an_arc_or_an_error() {
    let line = r#"{"src":"a\tb","dst":"c","layer":"like","weight":0.001,"count":2,"last_day":"2026-11-22"}"#;
    let liked = parse_json(line).unwrap().unwrap();
    assert_eq!((&*liked.src, liked.weight, liked.last_day), ("a\tb", 0.001, Day(20_779)));
    let plain = parse_json(r#"{"src":"a","dst":"c","last_day":null}"#).unwrap().unwrap();
    assert_eq!((plain.layer, plain.weight, plain.count), (None, 1.0, 0));
    let why = |line: &str| parse_json(line).unwrap_err();
    assert!(why(r#"{"src":"a\u0000","dst":"c"}"#).contains("NUL"));
    assert!(why(r#"{"src":"a","dst":"c","hug":1}"#).contains("hug"));
    assert!(why(r#"{"src":"a","dst":"c","weight":0}"#).contains("1e-9"));
}

#[test]
fn packed_files_are_unpacked_whatever_their_name() {
    let packed = zstd::encode_all(&b"src\tdst\n1\t2\n"[..], 1).unwrap();
    assert_eq!(read(&packed).unwrap().arcs.len(), 1);
}

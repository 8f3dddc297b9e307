//! A bulk file becomes a scored, served, measured run.

use crate::borg::Borg;

/// Two cliques of `size`, joined by one arc, as a file of arcs.
pub(crate) fn two_cliques(size: u32) -> String {
    let mut text = String::from("src\tdst\n");
    for clique in 0..2 {
        for (a, b) in (0..size).flat_map(|a| (0..size).map(move |b| (a, b))).filter(|(a, b)| a != b)
        {
            text += &format!("{}\t{}\n", clique * size + a, clique * size + b);
        }
    }
    text + "0\t20\n"
}

#[test]
fn a_file_of_arcs_becomes_communities_and_ranks() {
    let borg = Borg::new();
    borg.write("arcs.tsv", two_cliques(12));
    let truth: String = (0..24).map(|node| format!("{node}\t{}\n", node / 12)).collect();
    borg.write("truth.tsv", format!("node\tcommunity\n{truth}"));
    let imported = borg.json(&["import", "arcs.tsv"]);
    assert_eq!((imported["arcs"].as_u64(), imported["profiles"].as_u64()), (Some(265), Some(24)));
    let again = borg.json(&["import", "arcs.tsv"]);
    assert_eq!(again["changed_lists"], 0, "a repeated import changes nothing");
    assert_eq!(borg.json(&["score"])["people"], 24);
    let eval = borg.json(&["eval", "communities", "--truth", "truth.tsv"]);
    assert!(eval["leaf"]["ami"].as_f64() > Some(0.99), "{eval}");
    let ranks = borg.export("ranks");
    let sum: f64 = ranks.iter().filter_map(|row| row.split('\t').nth(1)?.parse::<f64>().ok()).sum();
    assert_eq!(ranks.len(), 24, "every node once");
    assert!((sum - 1.0).abs() < 1e-4, "attention sums to one, not {sum}");
}

#[test]
fn a_second_run_keeps_the_communities_ids() {
    let borg = Borg::new();
    borg.write("arcs.tsv", two_cliques(12));
    borg.json(&["import", "arcs.tsv"]);
    borg.json(&["score"]);
    let first = borg.export("communities");
    borg.json(&["score"]);
    assert_eq!(borg.export("communities"), first);
    assert!(borg.export("lineage").is_empty(), "nothing happened between the runs");
}

/// Groups of 40, in which everybody attends to a dozen, and to three outside.
fn groups(people: u32) -> String {
    let mut text = String::from("src\tdst\tweight\n");
    for from in 0..people {
        let mix =
            |at: u32| from.wrapping_mul(0x9e37_79b9).rotate_left(at).wrapping_mul(0x85eb_ca6b) >> 8;
        let near = (0..12).map(|at| from / 40 * 40 + mix(at) % 40);
        let far = (12..15).map(|at| mix(at) % people);
        for (to, weight) in near.chain(far).filter(|&to| to != from).zip(1..) {
            text += &format!("{from}\t{to}\t{}\n", 1 + weight % 3);
        }
    }
    text
}

#[test]
fn a_run_is_the_same_to_the_bit_on_any_number_of_threads() {
    let arcs = groups(4_000);
    let scored = |threads: &str| {
        let borg = Borg::new();
        borg.write("arcs.tsv", &arcs);
        borg.json(&["import", "arcs.tsv"]);
        borg.json(&["score", "--threads", threads]);
        ["communities", "members", "ranks", "evidence"].map(|what| borg.export(what))
    };
    let one = scored("1");
    assert!(one.iter().all(|rows| rows.len() >= 4_000));
    assert!(one == scored("2") && one == scored("3"));
}

#[test]
fn the_extension_decides_the_format_of_an_export() {
    let borg = Borg::new();
    borg.write("arcs.tsv", two_cliques(12));
    borg.json(&["import", "arcs.tsv"]);
    borg.json(&["score"]);
    borg.json(&["export", "communities", "--level", "leaf", "--out", "c.ndjson"]);
    let text = std::fs::read_to_string(borg.path("c.ndjson")).unwrap();
    let row: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert!(row["community"].as_str().unwrap().starts_with("com_"));
    borg.json(&["export", "members", "--out", "m.parquet"]);
    assert_eq!(&std::fs::read(borg.path("m.parquet")).unwrap()[..4], b"PAR1");
}

#[test]
fn a_personal_view_restarts_at_its_nodes() {
    let borg = Borg::new();
    borg.write("arcs.tsv", two_cliques(12));
    borg.json(&["import", "arcs.tsv"]);
    borg.json(&["score"]);
    borg.json(&["export", "ranks", "--by", "personal:15,16", "--out", "p.tsv"]);
    let text = std::fs::read_to_string(borg.path("p.tsv")).unwrap();
    let share = |row: &str| {
        let (node, share) = row.split_once('\t').unwrap();
        (node.parse::<u32>().unwrap(), share.parse::<f64>().unwrap())
    };
    let shares: Vec<(u32, f64)> = text.lines().skip(1).map(share).collect();
    let own: f64 = shares.iter().filter(|one| one.0 >= 12).map(|one| one.1).sum();
    assert_eq!(shares.len(), 24);
    assert!((own - 1.0).abs() < 1e-5, "no one in a clique attends to the other");
    let refused = borg.failure(&["export", "ranks", "--by", "personal:99", "--out", "p.tsv"]);
    assert!(refused.contains("`99` is not in the run"), "{refused}");
}

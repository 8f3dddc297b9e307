//! The figures that real and generated sets must reach, where they are available.

use std::io::Read;
use std::path::PathBuf;

use graph::{
    ArcList, Attention, CommunitySettings, Csr, GlobalRank, Hierarchy, PeopleInput, PeopleSettings,
    RankSettings, Trust, TrustSettings, community_stage, eval, people_stage, rank_stage,
    trust_stage,
};

use crate::worlds::{attention, people};

/// A set with its truth as numbers of labels, in the order of the labels' text.
struct Set {
    attention: Attention,
    truth: Vec<u32>,
    seeds: Vec<u32>,
}

/// The folder of the public data, `None` (with a message) without it.
#[expect(clippy::disallowed_methods, reason = "tests find the public data by BORG_DATA")]
fn folder(set: &str) -> Option<PathBuf> {
    let data = std::env::var_os("BORG_DATA")
        .map_or_else(|| PathBuf::from("../../../shared/data"), PathBuf::from);
    let folder = data.join(set);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {set} is not in {}; set BORG_DATA", data.display());
    None
}

fn rows(path: PathBuf) -> Vec<Vec<String>> {
    let Ok(file) = std::fs::File::open(path) else { return Vec::new() };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn read(set: &str) -> Option<Set> {
    let folder = folder(set)?;
    let edges = rows(folder.join("edges.tsv.gz"));
    let mut names: Vec<&str> = edges.iter().flat_map(|row| &row[..2]).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let place = |name: &str| names.binary_search(&name).unwrap() as u32;
    let sources: Vec<u32> = edges.iter().map(|row| place(&row[0])).collect();
    let targets: Vec<u32> = edges.iter().map(|row| place(&row[1])).collect();
    let weights: Vec<f32> = edges.iter().map(|row| row[2].parse().unwrap()).collect();
    let list = ArcList { sources: &sources, targets: &targets, weights: Some(&weights) };
    let labelled = rows(folder.join("truth.tsv.gz"));
    let mut labels: Vec<&str> = labelled.iter().map(|row| row[1].as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut truth = vec![0; names.len()];
    for row in &labelled {
        truth[place(&row[0]) as usize] = labels.binary_search(&row[1].as_str()).unwrap() as u32;
    }
    let seeds = rows(folder.join("seeds.tsv.gz")).iter().map(|row| place(&row[0])).collect();
    let arcs = Csr::from_arcs(names.len(), list).unwrap().csr;
    Some(Set { attention: attention(arcs), truth, seeds })
}

/// The arcs of a set, where it is available.
pub(crate) fn attention_of(set: &str) -> Option<Attention> {
    Some(read(set)?.attention)
}

fn found(set: &Set) -> Hierarchy {
    community_stage(&set.attention, None, &CommunitySettings::default())
}

fn best_ami(set: &Set, hierarchy: &Hierarchy) -> f64 {
    let levels = hierarchy.levels.iter();
    levels.map(|level| eval::agreement(&level.numbers(), &set.truth).ami).fold(0.0, f64::max)
}

#[test]
fn the_leaf_of_lfr_10k_is_its_truth() {
    let Some(set) = read("lfr-10k") else { return };
    let leaf = eval::agreement(&found(&set).leaf_level().numbers(), &set.truth);
    assert!(leaf.ami >= 0.995, "{}", leaf.ami);
}

#[test]
fn a_level_of_email_eu_is_as_good_as_the_best_resolution() {
    let Some(set) = read("email-eu") else { return };
    let ami = best_ami(&set, &found(&set));
    assert!(ami >= 0.67, "{ami}");
}

#[test]
fn a_level_of_polblogs_parts_the_two_camps() {
    let Some(set) = read("polblogs") else { return };
    let ami = best_ami(&set, &found(&set));
    assert!(ami >= 0.70, "{ami}");
}

#[test]
fn trust_tells_the_farm_of_sybil_10k_demo_apart_from_any_seeds() {
    let Some(set) = read("sybil-10k-demo") else { return };
    let hierarchy = found(&set);
    let honest: Vec<bool> = set.truth.iter().map(|&label| label == 0).collect();
    for seeds in [people(&set.seeds), Vec::new()] {
        let trust = trust_stage(&set.attention, &hierarchy, &seeds, &TrustSettings::default());
        let values: Vec<f64> = trust.values.iter().map(|&value| f64::from(value)).collect();
        let auc = eval::auc(&values, &honest).unwrap();
        assert!(auc >= 0.985, "{auc} from {} seeds", seeds.len());
        assert_eq!(fakes_first(&values, &honest), 0, "by trust");
        let global = rank_stage(&set.attention, &trust, None, &RankSettings::default());
        let ranked = |person: usize| match global.ranks.raw[person] {
            Some(_) => f64::from(global.shares.raw[person]),
            None => f64::NEG_INFINITY,
        };
        let values: Vec<f64> = (0..values.len()).map(ranked).collect();
        assert_eq!(fakes_first(&values, &honest), 0, "in the whole world");
        none_in_communities(&set, (&hierarchy, &trust, &global), &honest);
    }
}

/// How many of the first 1,000 are fakes.
fn fakes_first(values: &[f64], honest: &[bool]) -> usize {
    let mut order: Vec<usize> = (0..values.len()).filter(|&at| values[at].is_finite()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order.iter().take(1_000).filter(|&&person| !honest[person]).count()
}

/// No ranking of any community serves a fake among its first 1,000, by attention or by insider score.
fn none_in_communities(
    set: &Set,
    (hierarchy, trust, global): (&Hierarchy, &Trust, &GlobalRank),
    honest: &[bool],
) {
    let attention = &set.attention;
    let input = PeopleInput { attention, hierarchy, trust, global, kinds: Default::default() };
    for level in 0..hierarchy.levels.len() {
        for table in people_stage(&input, level, &PeopleSettings::default()) {
            let ranked = table.people.iter().filter(|one| one.rank.is_some());
            let by_attention = ranked.map(|one| one.person).take(1_000);
            let by_insider = table.by_insider().into_iter().take(1_000);
            let by_insider = by_insider.map(|row| table.people[row.index()].person);
            let fake = by_attention.chain(by_insider).find(|&who| !honest[who.index()]);
            assert_eq!(fake, None, "level {level}, community {}", table.community);
        }
    }
}

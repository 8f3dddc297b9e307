//! Runs every stage and prints what it finds and costs, as `key value` lines.
//!
//! Arguments: folders with `edges.tsv.gz` (and `truth.tsv.gz`, `seeds.tsv.gz`), or `planted:N,µ`,
//! or `overlap:N,µ` (a fifth of the people in two communities), or `world:N,µ` (two levels, half of
//! the leaving edges stay in the parent, and 1,000 fakes), or `again:N,µ` (planted; communities only,
//! and eight next runs, each without 0.1 % of the arcs that are left).

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::path::Path;

use graph::generate::{PlantedSpec, SybilFarm, add_farm, planted};
use graph::lineage::follow;
use graph::rank::RankSettings;
use graph::seed::RandomSeed;
use graph::{
    ArcList, Attention, CommunitySettings, Csr, GlobalRank, Hierarchy, NO_COMMUNITY, PeopleInput,
    PeopleSettings, Trust, TrustSettings, community_stage, eval, people_stage, rank_stage,
    trust_stage,
};
use model::index::PersonIndex;

/// A graph with what is known about it.
struct Case {
    attention: Attention,
    truth: Vec<u32>,
    /// The members of each community where they overlap; empty where they do not.
    cover: Vec<Vec<u32>>,
    seeds: Vec<PersonIndex>,
    fakes: Vec<bool>,
}

fn main() -> Result<(), Box<dyn Error>> {
    for name in std::env::args().skip(1) {
        let case = match name.split_once(':') {
            Some(("planted" | "again", spec)) => plant(spec, 1, 0, 0.0)?,
            Some(("overlap", spec)) => plant(spec, 1, 0, 0.2)?,
            Some(("world", spec)) => plant(spec, 4, 1_000, 0.0)?,
            _ => read(Path::new(&name))?,
        };
        let arcs = case.attention.arcs.arcs();
        println!("== {name}: {} people, {arcs} arcs", case.attention.arcs.nodes());
        match name.starts_with("again:") {
            true => again(case),
            false => measure(&case),
        }
    }
    Ok(())
}

fn measure(case: &Case) {
    let hierarchy = timed("communities", || {
        community_stage(&case.attention, None, &CommunitySettings::default())
    });
    communities(case, &hierarchy);
    let settings = TrustSettings::default();
    for (name, seeds) in [("given", case.seeds.clone()), ("automatic", Vec::new())] {
        if name == "automatic" || !seeds.is_empty() {
            let trust =
                timed("trust", || trust_stage(&case.attention, &hierarchy, &seeds, &settings));
            let global = timed("rank", || {
                rank_stage(&case.attention, &trust, None, &RankSettings::default())
            });
            println!("  iterations {} error {:.1e}", global.iterations, global.error);
            print_trust(case, name, &trust);
            people(case, &hierarchy, &trust, &global);
        }
    }
}

/// A first run, next ones that begin where the last ended, and one from nothing at the end.
fn again(mut case: Case) {
    let settings = CommunitySettings::default();
    let mut last = timed("first", || community_stage(&case.attention, None, &settings));
    for run in 0..8 {
        let stays = |source: u32, target: u32| {
            RandomSeed(run).fork(u64::from(source) << 32 | u64::from(target)).unit() >= 1e-3
        };
        case.attention = case.attention.filter(stays);
        let next = timed("next", || community_stage(&case.attention, Some(&last), &settings));
        let (old, new) = (last.leaf_level(), next.leaf_level());
        let lineage = follow(old, new);
        let people = new.community_of.iter().zip(&old.community_of);
        let known = people.filter_map(|(new, old)| Some((new.get()?, old.get())));
        let kept = known.filter(|&(new, old)| lineage.kept[new] == old).count();
        let ami = eval::agreement(&new.numbers(), &case.truth).ami;
        println!("  {kept} people stay, leaf ami {ami:.4}, {:.5} bits an edge", next.bits);
        last = next;
    }
    let cold = timed("cold", || community_stage(&case.attention, None, &settings));
    let ami = eval::agreement(&cold.leaf_level().numbers(), &case.truth).ami;
    println!("  leaf ami {ami:.4}, {:.5} bits an edge", cold.bits);
}

fn communities(case: &Case, hierarchy: &Hierarchy) {
    for (at, level) in hierarchy.levels.iter().enumerate() {
        let leaf = if at == hierarchy.leaf { "leaf" } else { "" };
        print!("  level {at} γ {:.2} communities {} {leaf}", level.resolution, level.communities);
        let known: Vec<usize> =
            (0..case.truth.len()).filter(|&person| case.truth[person] != NO_COMMUNITY).collect();
        let of = |labels: &[u32]| known.iter().map(|&at| labels[at]).collect::<Vec<u32>>();
        if !known.is_empty() {
            let agreement = eval::agreement(&of(&level.numbers()), &of(&case.truth));
            print!(" ami {:.4} nmi {:.4} ari {:.4}", agreement.ami, agreement.nmi, agreement.ari);
        }
        println!();
    }
    println!("  memberships {}", hierarchy.overlap.communities.len());
    if !case.cover.is_empty() {
        let found = hierarchy.overlap.cover(hierarchy.leaf_level().communities);
        println!("  onmi {:.4}", eval::onmi(case.truth.len(), &found, &case.cover));
    }
}

fn print_trust(case: &Case, seeds: &str, trust: &Trust) {
    if !case.fakes.contains(&true) {
        return;
    }
    let values: Vec<f64> = trust.values.iter().map(|&value| f64::from(value)).collect();
    let honest: Vec<bool> = case.fakes.iter().map(|fake| !fake).collect();
    let mut attended = vec![false; honest.len()];
    for (source, _) in honest.iter().enumerate().filter(|(_, honest)| **honest) {
        case.attention.arcs.row(source as u32).iter().for_each(|&to| attended[to as usize] = true);
    }
    let chosen: Vec<usize> = (0..honest.len()).filter(|&at| attended[at] || !honest[at]).collect();
    let among = eval::auc(
        &chosen.iter().map(|&at| values[at]).collect::<Vec<f64>>(),
        &chosen.iter().map(|&at| honest[at]).collect::<Vec<bool>>(),
    );
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    let top = order.iter().take(1000).filter(|&&at| case.fakes[at]).count();
    let all = eval::auc(&values, &honest);
    println!(
        "  trust from {seeds} seeds ({} sets): auc {:.4}, attended {:.4}, fakes in top 1000: {top}",
        trust.seeds.len(),
        all.unwrap_or(0.0),
        among.unwrap_or(0.0)
    );
}

fn people(case: &Case, hierarchy: &Hierarchy, trust: &Trust, global: &GlobalRank) {
    let (attention, kinds) = (&case.attention, Default::default());
    let input = PeopleInput { attention, hierarchy, trust, global, kinds };
    let served = global.ranks.iter().enumerate().filter(|(at, _)| case.fakes[*at]);
    let ranks: Vec<u32> = served.filter_map(|(_, rank)| rank.map(|rank| rank.get())).collect();
    println!("  fakes with a global rank {}, best {:?}", ranks.len(), ranks.iter().min());
    for level in 0..hierarchy.levels.len() {
        let tables = timed("people", || people_stage(&input, level, &PeopleSettings::default()));
        let full = tables.iter().filter(|table| {
            table.people.iter().filter(|person| person.rank.is_some()).count() >= 20
        });
        let (full, low) = (full.count(), tables.iter().filter(|table| table.low_trust).count());
        let ranked = tables.iter().flat_map(|table| &table.people).filter(|p| p.rank.is_some());
        let fakes = ranked.clone().filter(|person| case.fakes[person.person.index()]).count();
        let first = tables.iter().flat_map(|table| {
            table.by_insider().into_iter().take(20).map(|row| table.people[row.index()])
        });
        let (members, page) = first.fold((0, 0), |(m, n), p| (m + usize::from(p.member), n + 1));
        println!(
            "  level {level}: {} communities, {full} full first pages, {low} low trust, \
             {fakes} ranked fakes, insiders on first pages {members}/{page}",
            tables.len()
        );
    }
}

/// Runs a stage and prints its processor time.
fn timed<T>(stage: &str, run: impl FnOnce() -> T) -> T {
    let before = cpu_seconds();
    let result = run();
    println!("  {stage} {:.2} s cpu", cpu_seconds() - before);
    result
}

/// CPU seconds of this process so far, 0 without /proc.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks =
        |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn plant(
    spec: &str,
    siblings: usize,
    fakes: usize,
    overlapping: f64,
) -> Result<Case, Box<dyn Error>> {
    let (nodes, mixing) = spec.split_once(',').ok_or("planted:N,µ")?;
    let (nodes, mixing) = (nodes.parse::<usize>()?, mixing.parse()?);
    let usual = PlantedSpec { overlapping, ..PlantedSpec::usual(nodes, mixing) };
    let spec = match siblings {
        1 => usual,
        _ => PlantedSpec {
            mean_degree: 30.0,
            degree_max: 1000.0,
            degree_exponent: 2.2,
            size_min: 200,
            size_max: 500,
            siblings,
            kept_by_parent: 0.5,
            ..usual
        },
    };
    let mut world = planted(&spec, RandomSeed(1));
    if fakes > 0 {
        let farm = SybilFarm { fakes, follows: 20, attack_arcs: 300, outward_arcs: 2 * fakes };
        add_farm(&mut world.arcs, nodes, &farm, RandomSeed(2));
    }
    let cover = if overlapping > 0.0 { world.cover() } else { Vec::new() };
    let mut truth = world.community_of;
    truth.resize(nodes + fakes, NO_COMMUNITY);
    let arcs = Csr::from_arcs(nodes + fakes, world.arcs.list())?.csr;
    let fakes = (0..nodes + fakes).map(|person| person >= nodes).collect();
    let attention = Attention::of(arcs);
    Ok(Case { attention, truth, cover, seeds: Vec::new(), fakes })
}

fn read(folder: &Path) -> Result<Case, Box<dyn Error>> {
    let rows = rows(&folder.join("edges.tsv.gz"))?;
    let mut names: Vec<u64> = Vec::new();
    for row in &rows {
        names.extend([row[0].parse::<u64>()?, row[1].parse()?]);
    }
    names.sort_unstable();
    names.dedup();
    let place = |text: &str| -> Result<u32, Box<dyn Error>> {
        Ok(names.binary_search(&text.parse()?).map_err(|_| "unknown node")? as u32)
    };
    let (mut sources, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        sources.push(place(&row[0])?);
        targets.push(place(&row[1])?);
        weights.push(row.get(2).map_or(Ok(1.0), |weight| weight.parse::<f32>())?);
    }
    let list = ArcList { sources: &sources, targets: &targets, weights: Some(&weights) };
    let arcs = Csr::from_arcs(names.len(), list)?.csr;
    let mut truth = vec![NO_COMMUNITY; names.len()];
    let mut fakes = vec![false; names.len()];
    let mut labels: BTreeMap<String, u32> = BTreeMap::new();
    for row in self::rows(&folder.join("truth.tsv.gz")).unwrap_or_default() {
        let next = labels.len() as u32;
        let person = place(&row[0])? as usize;
        truth[person] = *labels.entry(row[1].clone()).or_insert(next);
        fakes[person] = row[1] == "sybil";
    }
    let seeds = self::rows(&folder.join("seeds.tsv.gz")).unwrap_or_default();
    let seeds =
        seeds.iter().map(|row| place(&row[0]).map(PersonIndex::new)).collect::<Result<_, _>>()?;
    let attention = Attention::of(arcs);
    Ok(Case { attention, truth, cover: Vec::new(), seeds, fakes })
}

/// The fields of a gzipped TSV, without its header.
fn rows(path: &Path) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
    Ok(text.lines().skip(1).map(fields).collect())
}

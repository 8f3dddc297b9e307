//! `borg bench run`: a whole scoring of a large graph, stage by stage, as graph-score does it, but
//! from a drawn graph instead of the record and into a folder instead of tables.

use anyhow::{Context, Result};
use graph::generate::{PlantedSpec, planted, rmat};
use graph::seed::RandomSeed;
use graph::{
    ArcList, Attention, CommunityPeople, CommunityScorer, CommunitySettings, Csr, GlobalRank,
    Hierarchy, LayerArcs, PeopleInput, PeopleSettings, RankSettings, Trust, TrustSettings,
    attention_stage, community_stage, rank_stage, trust_stage,
};
use graph_score::seal::seal;
use graph_score::stage::memberships::Numbering;
use graph_score::stage::people::{Explained, explained};
use model::{Day, Layer};
use serde_json::{Value, json};
use store::objects::Folder;
use store::pg::evidence::PackedEvidence;

use super::rounded;
use crate::measure::{Meter, reset_peak, resident_bytes};
use crate::output::{Output, shown};

/// What the graph is drawn from.
const SEED: u64 = 1;

/// Arcs for each person.
const DEGREE: f64 = 40.0;

/// Share of the arcs that are planted in communities; R-MAT draws the others over the same people.
const PLANTED: f64 = 0.7;

/// Share of planted arcs that leave their community.
const MIXING: f64 = 0.3;

/// The graph and the machine that figures are extrapolated to: twitter-2010 on the largest Lambda.
const LARGE_ARCS: f64 = 1.47e9;
const LARGE_CORES: f64 = 6.0;

/// What the stages took so far.
struct Stages<'a> {
    output: Output,
    folder: &'a Folder,
    arcs: usize,
    before: u64,
    rows: Vec<Value>,
    seconds: f64,
    /// Seconds that all the sealing took, by the clock and of all cores.
    sealing: (f64, f64),
    large_seconds: f64,
    peak: u64,
}

impl Stages<'_> {
    /// Runs and measures one stage. `shared` is whether all cores work at it.
    fn stage<T>(&mut self, name: &str, shared: bool, run: impl FnOnce() -> T) -> T {
        let spinner = self.output.spinner(name);
        reset_peak();
        let meter = Meter::start();
        let result = run();
        let used = meter.used();
        spinner.finish_and_clear();
        let peak = used.peak_bytes.saturating_sub(self.before);
        let cores = if shared { LARGE_CORES } else { 1.0 };
        let large = used.cpu_seconds * LARGE_ARCS / self.arcs as f64 / cores;
        self.seconds += used.seconds;
        self.large_seconds += large;
        self.peak = self.peak.max(peak);
        self.rows.push(json!({
            "stage": name,
            "seconds": rounded(used.seconds, 1),
            "cpu_seconds": rounded(used.cpu_seconds, 1),
            "cpu_ns_per_arc": rounded(used.cpu_seconds * 1e9 / self.arcs as f64, 1),
            "peak_mb": peak >> 20,
            "at_1_47_billion_arcs_seconds": large.round(),
        }));
        result
    }

    /// Seals what a stage made.
    fn seal<T: serde::Serialize>(&mut self, name: &str, value: &T) -> Result<()> {
        let meter = Meter::start();
        let sealing = seal(self.folder, name, value);
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(sealing))?;
        let used = meter.used();
        self.sealing.0 += used.seconds;
        self.sealing.1 += used.cpu_seconds;
        self.seconds += used.seconds;
        Ok(())
    }
}

/// Scores a drawn graph of about so many arcs; then, if a share of them is to change, what begins
/// where the last run ended once more without these.
pub(super) fn run(arcs: u64, changed: f64, output: Output) -> Result<Value> {
    let spinner = output.spinner("drawing");
    let (people, drawn) = draw(arcs);
    spinner.finish_and_clear();
    reset_peak();
    let folder = tempfile::tempdir().context("make a folder for the sealed stages")?;
    let folder = Folder::open(folder.path())?;
    let mut stages = Stages {
        output,
        folder: &folder,
        arcs: drawn.sources.len(),
        // The drawn arcs stand for what is read from a snapshot: they are let go before the peak.
        before: resident_bytes().saturating_sub(8 * drawn.sources.len() as u64),
        rows: Vec::new(),
        seconds: 0.0,
        sealing: (0.0, 0.0),
        large_seconds: 0.0,
        peak: 0,
    };
    let attention = stages.stage("build", false, || build(people, drawn))?;
    stages.arcs = attention.arcs.arcs();
    let hierarchy = stages.stage("communities", false, || {
        community_stage(&attention, None, &CommunitySettings::default())
    });
    stages.seal("hierarchy", &hierarchy)?;
    let (trust, global) = ranks(&mut stages, &attention, &hierarchy)?;
    let input = PeopleInput {
        attention: &attention,
        hierarchy: &hierarchy,
        trust: &trust,
        global: &global,
        kinds: Default::default(),
    };
    let ranked = stages.stage("audience", true, || CommunityScorer::new(input));
    let numbering = Numbering::new(&trust, &global);
    let mut above = Vec::new();
    for level in 0..hierarchy.levels.len() {
        above = people_of(&mut stages, (&ranked, &numbering), level, above)?;
    }
    let told = hierarchy.clone();
    if changed > 0.0 {
        let (left, last, shares) = next_run(attention, hierarchy, &global, changed)?;
        again(&mut stages, &left, &last, &shares)?;
    }
    Ok(stages.told(people, &told))
}

/// What a next run is given: the graph without this share of its arcs, chosen by their ends, and
/// what the last one found; people are numbered by its communities, as in a next snapshot.
fn next_run(
    attention: Attention,
    mut last: Hierarchy,
    global: &GlobalRank,
    changed: f64,
) -> Result<(Attention, Hierarchy, Vec<f32>)> {
    let stays = |source: u32, target: u32| {
        RandomSeed(SEED).fork(u64::from(source) << 32 | u64::from(target)).unit() >= changed
    };
    let of =
        |person: u32| last.levels.iter().map(move |level| level.community_of.raw[person as usize]);
    let mut order: Vec<u32> = (0..attention.arcs.nodes() as u32).collect();
    order.sort_by(|&a, &b| of(a).cmp(of(b)));
    let mut numbers = vec![0; order.len()];
    for (number, &person) in order.iter().enumerate() {
        numbers[person as usize] = number as u32;
    }
    for level in &mut last.levels {
        level.community_of = order.iter().map(|&at| level.community_of.raw[at as usize]).collect();
    }
    let left = attention.filter(stays);
    let renumbered = |arcs: &Csr| arcs.relabel(&numbers);
    let left = Attention {
        arcs: renumbered(&left.arcs)?,
        negative: renumbered(&left.negative)?,
        rated: left.rated.as_ref().map(renumbered).transpose()?,
    };
    let shares = order.iter().map(|&person| global.shares.raw[person as usize]).collect();
    Ok((left, last, shares))
}

/// The stages that begin where the last run ended.
fn again(
    stages: &mut Stages<'_>,
    attention: &Attention,
    last: &Hierarchy,
    shares: &[f32],
) -> Result<()> {
    let settings = CommunitySettings::default();
    let next = stages
        .stage("communities again", false, || community_stage(attention, Some(last), &settings));
    stages.seal("hierarchy-again", &next)?;
    let settings = TrustSettings::default();
    let trust = stages.stage("trust again", true, || trust_stage(attention, &next, &[], &settings));
    let ranked = stages.stage("rank again", true, || {
        rank_stage(attention, &trust, Some(shares.as_ref()), &RankSettings::default())
    });
    stages.seal("global-again", &ranked)
}

fn draw(arcs: u64) -> (usize, graph::generate::DrawnArcs) {
    let scale = (arcs as f64 / DEGREE).log2().round().max(7.0) as u32;
    let people = 1usize << scale;
    let degree = arcs as f64 / people as f64;
    let spec = PlantedSpec {
        mean_degree: degree * PLANTED,
        degree_max: 1_000f64.min(people as f64 / 4.0),
        sizes: (20, 5_000.min(people / 4)),
        ..PlantedSpec::usual(people, MIXING)
    };
    let mut drawn = planted(&spec, RandomSeed(SEED)).arcs;
    let others = rmat(scale, (degree * (1.0 - PLANTED)).round() as usize, RandomSeed(SEED).fork(1));
    drawn.sources.extend(others.sources);
    drawn.targets.extend(others.targets);
    (people, drawn)
}

fn build(people: usize, drawn: graph::generate::DrawnArcs) -> Result<Attention> {
    let list = ArcList { sources: &drawn.sources, targets: &drawn.targets, weights: None };
    let arcs = Csr::from_arcs(people, list)?.csr;
    drop(drawn);
    let layer = LayerArcs { layer: Layer::Follow, arcs, counts: Vec::new(), last_days: Vec::new() };
    Ok(attention_stage(people, &[layer], Day(0))?)
}

fn ranks(
    stages: &mut Stages<'_>,
    attention: &Attention,
    hierarchy: &Hierarchy,
) -> Result<(Trust, GlobalRank)> {
    let settings = TrustSettings::default();
    let trust = stages.stage("trust", true, || trust_stage(attention, hierarchy, &[], &settings));
    stages.seal("trust", &trust)?;
    let settings = RankSettings::default();
    let global = stages.stage("rank", true, || rank_stage(attention, &trust, None, &settings));
    stages.seal("global", &global)?;
    Ok((trust, global))
}

/// Ranks the people of one level, with evidence, and seals both.
fn people_of(
    stages: &mut Stages<'_>,
    (people, numbering): (&CommunityScorer<'_>, &Numbering),
    level: usize,
    above: Vec<Explained>,
) -> Result<Vec<Explained>> {
    let explained = stages.stage(&format!("people {level}"), true, || {
        explained(people, level, &PeopleSettings::default(), numbering, above)
    });
    let tables: Vec<&CommunityPeople> = explained.iter().map(|one| &one.table).collect();
    stages.seal(&format!("people-{level}"), &tables)?;
    let packed: Vec<&PackedEvidence> = explained.iter().map(|one| &one.evidence).collect();
    stages.seal(&format!("evidence-{level}"), &packed)?;
    Ok(explained)
}

impl Stages<'_> {
    fn told(self, people: usize, hierarchy: &Hierarchy) -> Value {
        let fields = ["stage", "seconds", "cpu_seconds", "cpu_ns_per_arc", "peak_mb"];
        let row = |stage: &Value| fields.map(|field| shown(&stage[field])).to_vec();
        let rows: Vec<Vec<String>> = self.rows.iter().map(row).collect();
        self.output.table(&["stage", "s", "CPU s", "CPU ns/arc", "peak MB"], &rows);
        let mut told = json!({
            "graph": format!(
                "{people} people, {} arcs: {PLANTED} planted at mixing {MIXING}, the others R-MAT, \
                 seed {SEED}",
                self.arcs
            ),
            "people": people,
            "arcs": self.arcs,
            "levels": hierarchy.levels.iter().map(|level| level.communities).collect::<Vec<_>>(),
            "leaf": hierarchy.leaf,
            "seconds": self.seconds.round(),
            "sealing_seconds": rounded(self.sealing.0, 1),
            "sealing_cpu_seconds": rounded(self.sealing.1, 1),
            "peak_mb": self.peak >> 20,
            "peak_bytes_per_arc": rounded(self.peak as f64 / self.arcs as f64, 1),
            "threads": rayon::current_num_threads(),
            "at_1_47_billion_arcs": {
                "seconds_on_6_cores": self.large_seconds.round(),
                "gb": (self.peak as f64 / self.arcs as f64 * LARGE_ARCS / 1e9).round(),
                "assumes": "time and memory linear in arcs; communities and build on one core, trust, \
                            rank and people on all",
            },
        });
        if self.output.json {
            told["stages"] = json!(self.rows);
        }
        told
    }
}

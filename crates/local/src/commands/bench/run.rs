//! `borg bench run`: a whole scoring of a large graph, stage by stage, as graph-score does it, but
//! from a drawn graph instead of the database and into a folder instead of tables.

use anyhow::{Context, Result};
use graph::generate::{PlantedSpec, planted, rmat};
use graph::seed::RandomSeed;
use graph::{
    ArcList, Attention, CommunityPeople, CommunityScorer, CommunitySettings, Csr, GlobalRank,
    Hierarchy, LayerArcs, PeopleInput, PeopleSettings, RankSettings, Trust, TrustSettings,
    attention_stage, community_stage, rank_stage, trust_stage,
};
use graph_score::stage::memberships::PersonNumbering;
use graph_score::stage::people::{ExplainedCommunity, explained};
use graph_score::{ObjectStore, artifact};
use model::{Day, Layer};
use serde::Serialize;
use store::objects::Folder;
use store::pg::evidence::PackedEvidence;

use super::rounded;
use crate::cli::RunBenchArgs;
use crate::measure::{CostMeter, reset_peak, resident_bytes};
use crate::output::{CommandOutput, CommandReport};

/// The seed of the graph.
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

/// What a whole scoring costs, and what it would cost on a large graph.
#[derive(Debug, Serialize)]
pub(super) struct RunReport {
    graph: String,
    people: usize,
    arcs: usize,
    levels: Vec<u32>,
    leaf: usize,
    seconds: f64,
    sealing_seconds: f64,
    sealing_cpu_seconds: f64,
    peak_mb: u64,
    peak_bytes_per_arc: f64,
    threads: usize,
    at_1_47_billion_arcs: LargeGraphFigures,
    stages: Vec<StageFigures>,
}

impl CommandReport for RunReport {}

/// Figures extrapolated to twitter-2010 on the largest Lambda.
#[derive(Debug, Serialize)]
struct LargeGraphFigures {
    seconds_on_6_cores: f64,
    gb: f64,
    assumes: &'static str,
}

#[derive(Debug, Serialize)]
struct StageFigures {
    stage: String,
    seconds: f64,
    cpu_seconds: f64,
    cpu_ns_per_arc: f64,
    peak_mb: u64,
    at_1_47_billion_arcs_seconds: f64,
}

/// How a stage uses the cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StageCores {
    One,
    All,
}

/// Runs the stages and measures each.
struct StageMeter<'a> {
    output: CommandOutput,
    folder: &'a Folder,
    arcs: usize,
    /// Memory held before the first stage.
    held_bytes: u64,
    stages: Vec<StageFigures>,
    seconds: f64,
    sealing_seconds: f64,
    sealing_cpu_seconds: f64,
    large_seconds: f64,
    peak_bytes: u64,
}

impl StageMeter<'_> {
    /// Runs and measures one stage.
    fn stage<T>(&mut self, name: &str, cores: StageCores, run: impl FnOnce() -> T) -> T {
        let spinner = self.output.spinner(name);
        reset_peak();
        let meter = CostMeter::start();
        let result = run();
        let used = meter.used();
        spinner.finish_and_clear();
        let peak = used.peak_bytes.saturating_sub(self.held_bytes);
        let cores = if cores == StageCores::All { LARGE_CORES } else { 1.0 };
        let large = used.cpu_seconds * LARGE_ARCS / self.arcs as f64 / cores;
        self.seconds += used.seconds;
        self.large_seconds += large;
        self.peak_bytes = self.peak_bytes.max(peak);
        self.stages.push(StageFigures {
            stage: name.to_owned(),
            seconds: rounded(used.seconds, 1),
            cpu_seconds: rounded(used.cpu_seconds, 1),
            cpu_ns_per_arc: rounded(used.cpu_seconds * 1e9 / self.arcs as f64, 1),
            peak_mb: peak >> 20,
            at_1_47_billion_arcs_seconds: large.round(),
        });
        result
    }

    /// Seals the result of a stage.
    fn seal<T: Serialize>(&mut self, name: &str, value: &T) -> Result<()> {
        let meter = CostMeter::start();
        let sealing = artifact::seal(ObjectStore::new(self.folder), name, value);
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(sealing))?;
        let used = meter.used();
        self.sealing_seconds += used.seconds;
        self.sealing_cpu_seconds += used.cpu_seconds;
        self.seconds += used.seconds;
        Ok(())
    }

    fn report(self, people: usize, hierarchy: &Hierarchy) -> RunReport {
        let peak_per_arc = self.peak_bytes as f64 / self.arcs as f64;
        RunReport {
            graph: format!(
                "{people} people, {} arcs: {PLANTED} planted at mixing {MIXING}, the others R-MAT, \
                 seed {SEED}",
                self.arcs
            ),
            people,
            arcs: self.arcs,
            levels: hierarchy.levels.iter().map(|level| level.communities).collect(),
            leaf: hierarchy.leaf,
            seconds: self.seconds.round(),
            sealing_seconds: rounded(self.sealing_seconds, 1),
            sealing_cpu_seconds: rounded(self.sealing_cpu_seconds, 1),
            peak_mb: self.peak_bytes >> 20,
            peak_bytes_per_arc: rounded(peak_per_arc, 1),
            threads: rayon::current_num_threads(),
            at_1_47_billion_arcs: LargeGraphFigures {
                seconds_on_6_cores: self.large_seconds.round(),
                gb: (peak_per_arc * LARGE_ARCS / 1e9).round(),
                assumes: "time and memory linear in arcs; communities and build on one core, trust, \
                          rank and people on all",
            },
            stages: self.stages,
        }
    }
}

/// Scores a drawn graph; then, if a share of its arcs is to change, repeats the stages that start
/// from the previous run, without these arcs.
pub(super) fn run(args: &RunBenchArgs, output: CommandOutput) -> Result<RunReport> {
    let spinner = output.spinner("drawing");
    let drawn = draw(args.arcs);
    spinner.finish_and_clear();
    reset_peak();
    let folder = tempfile::tempdir().context("make a folder for the sealed stages")?;
    let folder = Folder::open(folder.path())?;
    let (people, arcs) = (drawn.people, drawn.arcs.sources.len());
    let mut meter = StageMeter {
        output,
        folder: &folder,
        arcs,
        // The drawn arcs stand for what is read from a snapshot: they are freed before the peak.
        held_bytes: resident_bytes().saturating_sub(8 * arcs as u64),
        stages: Vec::new(),
        seconds: 0.0,
        sealing_seconds: 0.0,
        sealing_cpu_seconds: 0.0,
        large_seconds: 0.0,
        peak_bytes: 0,
    };
    let attention = meter.stage("build", StageCores::One, || build(drawn))?;
    meter.arcs = attention.arcs.arcs();
    let hierarchy = meter.stage("communities", StageCores::One, || {
        community_stage(&attention, None, &CommunitySettings::default())
    });
    meter.seal("hierarchy", &hierarchy)?;
    let (trust, global) = ranks(&mut meter, &attention, &hierarchy)?;
    let input = PeopleInput {
        attention: &attention,
        hierarchy: &hierarchy,
        trust: &trust,
        global: &global,
        kinds: Default::default(),
    };
    let settings = PeopleSettings::default();
    let ranked =
        meter.stage("audience", StageCores::All, || CommunityScorer::new(input, &settings));
    let numbering = PersonNumbering::new(&trust, &global);
    let mut above = Vec::new();
    for level in 0..hierarchy.levels.len() {
        above = meter.people(&ranked, &numbering, level, above)?;
    }
    let reported = hierarchy.clone();
    if args.changed > 0.0 {
        let previous = PreviousRun { attention, hierarchy, global };
        previous.without(args.changed)?.score(&mut meter)?;
    }
    Ok(meter.report(people, &reported))
}

/// What a run leaves for the next one.
struct PreviousRun {
    attention: Attention,
    hierarchy: Hierarchy,
    global: GlobalRank,
}

/// What a next run starts from.
struct NextRun {
    attention: Attention,
    previous: Hierarchy,
    /// The previous run's global shares.
    shares: Vec<f32>,
}

impl PreviousRun {
    /// The graph without a share of its arcs, chosen by their ends. People are numbered by the
    /// communities found, as in a next snapshot.
    fn without(self, share: f64) -> Result<NextRun> {
        let PreviousRun { attention, hierarchy: mut previous, global } = self;
        let is_kept = |source: u32, target: u32| {
            RandomSeed(SEED).fork(u64::from(source) << 32 | u64::from(target)).unit() >= share
        };
        let of = |person: u32| {
            previous.levels.iter().map(move |level| level.community_of.raw[person as usize])
        };
        let mut order: Vec<u32> = (0..attention.arcs.nodes() as u32).collect();
        order.sort_by(|&a, &b| of(a).cmp(of(b)));
        let mut numbers = vec![0; order.len()];
        for (number, &person) in order.iter().enumerate() {
            numbers[person as usize] = number as u32;
        }
        for level in &mut previous.levels {
            level.community_of =
                order.iter().map(|&at| level.community_of.raw[at as usize]).collect();
        }
        let kept = attention.filter(is_kept);
        let renumbered = |arcs: &Csr| arcs.relabel(&numbers);
        let attention = Attention {
            arcs: renumbered(&kept.arcs)?,
            negative: renumbered(&kept.negative)?,
            rated: kept.rated.as_ref().map(renumbered).transpose()?,
        };
        let shares = order.iter().map(|&person| global.shares.raw[person as usize]).collect();
        Ok(NextRun { attention, previous, shares })
    }
}

impl NextRun {
    /// Runs the stages that start from the previous run.
    fn score(&self, meter: &mut StageMeter<'_>) -> Result<()> {
        let NextRun { attention, previous, shares } = self;
        let settings = CommunitySettings::default();
        let next = meter.stage("communities again", StageCores::One, || {
            community_stage(attention, Some(previous), &settings)
        });
        meter.seal("hierarchy-again", &next)?;
        let settings = TrustSettings::default();
        let trust = meter.stage("trust again", StageCores::All, || {
            trust_stage(attention, &next, &[], &settings)
        });
        let ranked = meter.stage("rank again", StageCores::All, || {
            rank_stage(
                attention,
                &trust,
                Some(shares.as_slice().as_ref()),
                &RankSettings::default(),
            )
        });
        meter.seal("global-again", &ranked)
    }
}

/// The arcs that are scored.
struct DrawnGraph {
    people: usize,
    arcs: graph::generate::DrawnArcs,
}

fn draw(arcs: u64) -> DrawnGraph {
    let scale = (arcs as f64 / DEGREE).log2().round().max(7.0) as u32;
    let people = 1usize << scale;
    let degree = arcs as f64 / people as f64;
    let spec = PlantedSpec {
        mean_degree: degree * PLANTED,
        degree_max: 1_000f64.min(people as f64 / 4.0),
        size_min: 20,
        size_max: 5_000.min(people / 4),
        ..PlantedSpec::usual(people, MIXING)
    };
    let mut drawn = planted(&spec, RandomSeed(SEED)).arcs;
    let others = rmat(scale, (degree * (1.0 - PLANTED)).round() as usize, RandomSeed(SEED).fork(1));
    drawn.sources.extend(others.sources);
    drawn.targets.extend(others.targets);
    DrawnGraph { people, arcs: drawn }
}

fn build(DrawnGraph { people, arcs: drawn }: DrawnGraph) -> Result<Attention> {
    let list = ArcList { sources: &drawn.sources, targets: &drawn.targets, weights: None };
    let arcs = Csr::from_arcs(people, list)?.csr;
    drop(drawn);
    let layer = LayerArcs { layer: Layer::Follow, arcs, counts: Vec::new(), last_days: Vec::new() };
    Ok(attention_stage(people, &[layer], Day(0))?)
}

fn ranks(
    meter: &mut StageMeter<'_>,
    attention: &Attention,
    hierarchy: &Hierarchy,
) -> Result<(Trust, GlobalRank)> {
    let settings = TrustSettings::default();
    let trust =
        meter.stage("trust", StageCores::All, || trust_stage(attention, hierarchy, &[], &settings));
    meter.seal("trust", &trust)?;
    let settings = RankSettings::default();
    let global =
        meter.stage("rank", StageCores::All, || rank_stage(attention, &trust, None, &settings));
    meter.seal("global", &global)?;
    Ok((trust, global))
}

impl StageMeter<'_> {
    /// Ranks the people of one level, with evidence, and seals both.
    fn people(
        &mut self,
        people: &CommunityScorer<'_>,
        numbering: &PersonNumbering,
        level: usize,
        above: Vec<ExplainedCommunity>,
    ) -> Result<Vec<ExplainedCommunity>> {
        let explained = self.stage(&format!("people {level}"), StageCores::All, || {
            explained(people, level, numbering, above)
        });
        let tables: Vec<&CommunityPeople> = explained.iter().map(|one| &one.table).collect();
        self.seal(&format!("people-{level}"), &tables)?;
        let packed: Vec<&PackedEvidence> = explained.iter().map(|one| &one.evidence).collect();
        self.seal(&format!("evidence-{level}"), &packed)?;
        Ok(explained)
    }
}

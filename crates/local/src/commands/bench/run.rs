//! `borg bench run`: a whole scoring of a large graph, stage by stage, as graph-score does it, but
//! from a drawn graph instead of the database and into a folder instead of tables.

mod drawn_graph;
mod meter;
mod next_run;

use anyhow::{Context, Result};
use graph::{
    Attention, CommunityPeople, CommunityScorer, CommunitySettings, GlobalRank, Hierarchy,
    PeopleInput, PeopleSettings, RankSettings, Trust, TrustSettings, community_stage, rank_stage,
    trust_stage,
};
use graph_score::stage::memberships::PersonNumbering;
use graph_score::stage::people::{ExplainedCommunity, explained};
use serde::Serialize;
use store::objects::Folder;
use store::pg::evidence::PackedEvidence;

use self::drawn_graph::{build, draw};
use self::meter::{StageCores, StageMeter};
use self::next_run::PreviousRun;
use crate::cli::RunBenchArgs;
use crate::measure::reset_peak;
use crate::output::{CommandOutput, CommandReport};

/// The seed of the graph.
const SEED: u64 = 1;

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
    let mut meter = StageMeter::new(output, &folder, arcs);
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

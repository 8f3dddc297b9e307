//! A run after another, from a graph that lost some of its arcs.

use anyhow::Result;
use graph::seed::RandomSeed;
use graph::{
    Attention, CommunitySettings, Csr, GlobalRank, Hierarchy, RankSettings, TrustSettings,
    community_stage, rank_stage, trust_stage,
};

use super::SEED;
use super::meter::{StageCores, StageMeter};

/// What a run leaves for the next one.
pub(super) struct PreviousRun {
    pub(super) attention: Attention,
    pub(super) hierarchy: Hierarchy,
    pub(super) global: GlobalRank,
}

/// What a next run starts from.
pub(super) struct NextRun {
    attention: Attention,
    previous: Hierarchy,
    /// The previous run's global shares.
    shares: Vec<f32>,
}

impl PreviousRun {
    /// The graph without a share of its arcs, chosen by their ends. People are numbered by the
    /// communities found, as in a next snapshot.
    pub(super) fn without(self, share: f64) -> Result<NextRun> {
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
    pub(super) fn score(&self, meter: &mut StageMeter<'_>) -> Result<()> {
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

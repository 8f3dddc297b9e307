//! `borg eval`: the served run against a truth.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use graph::Level;
use graph::eval::{agreement, auc, ndcg, onmi, spearman};
use model::index::PersonIndex;
use serde::Serialize;
use typed_index_collections::TiSlice;

use super::export::scores_by;
use super::served::ServedRun;
use crate::cli::{EvalArgs, EvalSubject};
use crate::home::BorgHome;
use crate::output::CommandReport;
use crate::truth::{self, TruthRow};

/// Places counted by NDCG.
const NDCG_AT: [usize; 3] = [10, 50, 100];

/// Labels that mean "yes" where a truth has two.
const POSITIVE: &[&str] = &["honest", "1", "true", "yes", "positive", "member"];

/// How the served run agrees with a truth.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum EvalReport {
    Communities(CommunityAgreement),
    Labels(LabelAgreement),
    Numbers(NumberAgreement),
}

impl CommandReport for EvalReport {}

#[derive(Debug, Serialize)]
pub(crate) struct CommunityAgreement {
    compared: usize,
    leaf: LevelAgreement,
    best: LevelAgreement,
    onmi: f64,
    levels: Vec<LevelAgreement>,
}

#[derive(Debug, Clone, Serialize)]
struct LevelAgreement {
    level: usize,
    communities: u32,
    ami: f64,
    nmi: f64,
    ari: f64,
}

/// Ranks against a truth of two labels.
#[derive(Debug, Serialize)]
pub(crate) struct LabelAgreement {
    compared: usize,
    positive: String,
    auc: Option<f64>,
}

/// Ranks against a truth of numbers.
#[derive(Debug, Serialize)]
pub(crate) struct NumberAgreement {
    compared: usize,
    spearman: Option<f64>,
    /// `ndcg_10` and so on.
    #[serde(flatten)]
    ndcg: BTreeMap<String, Option<f64>>,
}

/// A truth by people of the run, in parallel vectors: a person with several values comes repeatedly.
struct MatchedTruth {
    people: Vec<PersonIndex>,
    values: Vec<String>,
}

/// Compares the served run with a file.
pub(crate) async fn eval(home: &BorgHome, args: &EvalArgs) -> Result<EvalReport> {
    let served = ServedRun::open(home).await?;
    let truth = matched(&served, &truth::read(&args.truth)?)?;
    match args.compared {
        EvalSubject::Communities => Ok(EvalReport::Communities(communities(&served, &truth)?)),
        EvalSubject::Ranks => ranks(&scores_by(&served, &args.by).await?, &truth),
    }
}

/// The rows of a truth whose nodes are in the run.
fn matched(served: &ServedRun<'_>, rows: &[TruthRow]) -> Result<MatchedTruth> {
    let by_name = served.names.by_name();
    let mut truth = MatchedTruth { people: Vec::new(), values: Vec::new() };
    for TruthRow { node, value } in rows {
        if let Some(&profile) = by_name.get(node.as_str()) {
            truth.people.push(served.sealed.nodes.person_of[profile]);
            truth.values.push(value.clone());
        }
    }
    if truth.people.is_empty() {
        bail!("none of the truth's {} nodes is in the run", rows.len());
    }
    Ok(truth)
}

fn communities(served: &ServedRun<'_>, truth: &MatchedTruth) -> Result<CommunityAgreement> {
    let expected = truth::to_numbers(truth.values.iter().map(String::as_str));
    let hierarchy = &served.sealed.hierarchy;
    let levels = hierarchy.levels.iter().enumerate();
    let levels: Vec<LevelAgreement> =
        levels.map(|(at, level)| compare(at, level, &truth.people, &expected)).collect();
    let best = levels.iter().max_by(|a, b| a.ami.total_cmp(&b.ami)).cloned();
    let Some(best) = best else { bail!("the run has no communities") };
    Ok(CommunityAgreement {
        compared: truth.people.len(),
        leaf: levels[hierarchy.leaf].clone(),
        best,
        onmi: overlap(served, &truth.people, &expected),
        levels,
    })
}

fn compare(
    number: usize,
    level: &Level,
    people: &[PersonIndex],
    expected: &[u32],
) -> LevelAgreement {
    let community_of = |&person: &PersonIndex| match level.community_of[person].get() {
        // A person in no community counts as a community of its own.
        None => level.communities + person.number(),
        Some(community) => community.number(),
    };
    let found: Vec<u32> = people.iter().map(community_of).collect();
    let agreement = agreement(&found, expected);
    LevelAgreement {
        level: number,
        communities: level.communities,
        ami: agreement.ami,
        nmi: agreement.nmi,
        ari: agreement.ari,
    }
}

/// ONMI of the overlapping memberships; each node of the truth counts once, with all its values.
fn overlap(served: &ServedRun<'_>, people: &[PersonIndex], expected: &[u32]) -> f64 {
    let mut distinct = people.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let index = |person: PersonIndex| distinct.binary_search(&person).unwrap_or_default() as u32;
    let mut truth = Vec::new();
    for (&person, &value) in people.iter().zip(expected) {
        add(&mut truth, value, index(person));
    }
    let overlap = &served.sealed.hierarchy.overlap;
    let mut found = Vec::new();
    for &person in &distinct {
        for one in overlap.of(person) {
            add(&mut found, one.community.number(), index(person));
        }
    }
    found.retain(|members| !members.is_empty());
    onmi(distinct.len(), &found, &truth)
}

fn add(cover: &mut Vec<Vec<u32>>, community: u32, member: u32) {
    let at = community as usize;
    if cover.len() <= at {
        cover.resize(at + 1, Vec::new());
    }
    if cover[at].last() != Some(&member) {
        cover[at].push(member);
    }
}

/// AUC where the truth has two labels, else Spearman and NDCG of its numbers.
fn ranks(scores: &TiSlice<PersonIndex, f32>, truth: &MatchedTruth) -> Result<EvalReport> {
    let compared = truth.people.len();
    let served: Vec<f64> = truth.people.iter().map(|&person| f64::from(scores[person])).collect();
    let numbers: Option<Vec<f64>> = truth.values.iter().map(|value| value.parse().ok()).collect();
    if let Some(numbers) = numbers {
        let gains: Vec<f64> = numbers.iter().map(|number| number.max(0.0)).collect();
        let ndcg = NDCG_AT.map(|k| (format!("ndcg_{k}"), ndcg(&served, &gains, k)));
        let spearman = spearman(&served, &numbers);
        return Ok(EvalReport::Numbers(NumberAgreement { compared, spearman, ndcg: ndcg.into() }));
    }
    let positive = truth.values.iter().find(|value| POSITIVE.contains(&value.as_str()));
    let Some(positive) = positive.cloned() else {
        bail!(
            "the truth's values are neither numbers nor one of {POSITIVE:?} against another label"
        )
    };
    let is_positive: Vec<bool> = truth.values.iter().map(|value| *value == positive).collect();
    let auc = auc(&served, &is_positive);
    Ok(EvalReport::Labels(LabelAgreement { compared, positive, auc }))
}

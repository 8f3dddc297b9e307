//! `borg eval`: what is served against a truth.

use anyhow::{Result, bail};
use graph::Level;
use graph::eval::{agreement, auc, ndcg, onmi, spearman};
use graph_score::Sealed;
use model::index::PersonIndex;
use serde_json::{Value, json};

use crate::cli::{Compared, EvalArgs};
use crate::home::Home;
use crate::naming::Naming;
use crate::output::Output;
use crate::truth;

use super::export::scores_by;

/// Places counted by NDCG.
const NDCG_AT: [usize; 3] = [10, 50, 100];

/// Labels that mean "yes" where a truth has two.
const POSITIVE: &[&str] = &["honest", "1", "true", "yes", "positive", "member"];

/// Compares, prints a table, and returns the figures.
pub(crate) async fn eval(home: &Home, args: &EvalArgs, output: Output) -> Result<Value> {
    let sealed = Sealed::active(&home.pg, &home.objects).await?;
    let naming = Naming::of(&home.pg, &sealed.nodes.profiles).await?;
    let truth = matched(&naming, &sealed, &truth::read(&args.truth)?)?;
    match args.compared {
        Compared::Communities => Ok(communities(&sealed, &truth, output)),
        Compared::Ranks => {
            let scores = scores_by(home, (&sealed, &naming), &args.by).await?;
            ranks(&scores, &truth)
        }
    }
}

/// The person and the value of each node of the truth that the run knows.
fn matched(
    naming: &Naming,
    sealed: &Sealed,
    truth: &[(String, String)],
) -> Result<Vec<(u32, String)>> {
    let places = naming.places();
    let known = truth.iter().filter_map(|(node, value)| {
        let place = places.get(node.as_str())?;
        Some((sealed.nodes.person_of[*place], value.clone()))
    });
    let matched: Vec<(u32, String)> = known.collect();
    if matched.is_empty() {
        bail!("none of the truth's {} nodes is in the run", truth.len());
    }
    Ok(matched)
}

fn communities(sealed: &Sealed, truth: &[(u32, String)], output: Output) -> Value {
    let wanted = truth::numbered(truth.iter().map(|(_, value)| value.as_str()));
    let people: Vec<u32> = truth.iter().map(|(person, _)| *person).collect();
    let levels: Vec<Value> = sealed
        .hierarchy
        .levels
        .iter()
        .enumerate()
        .map(|(number, level)| compare(number, level, &people, &wanted))
        .collect();
    let ami = |level: &Value| level["ami"].as_f64().unwrap_or(f64::NEG_INFINITY);
    let best = levels.iter().max_by(|a, b| ami(a).total_cmp(&ami(b))).cloned();
    let rows: Vec<Vec<String>> = levels.iter().map(row).collect();
    output.table(&["level", "communities", "ami", "nmi", "ari"], &rows);
    json!({
        "leaf": levels[sealed.hierarchy.leaf],
        "best": best,
        "levels": levels,
        "onmi": overlap(sealed, &people, &wanted),
        "compared": people.len(),
    })
}

fn compare(number: usize, level: &Level, people: &[u32], wanted: &[u32]) -> Value {
    let found: Vec<u32> = people
        .iter()
        .map(|&person| match level.community_of[PersonIndex::new(person)].get() {
            // A person in no community counts as a community of its own.
            None => level.communities + person,
            Some(community) => community.number(),
        })
        .collect();
    let agreement = agreement(&found, wanted);
    json!({
        "level": number,
        "communities": level.communities,
        "ami": agreement.ami,
        "nmi": agreement.nmi,
        "ari": agreement.ari,
    })
}

fn row(level: &Value) -> Vec<String> {
    ["level", "communities", "ami", "nmi", "ari"]
        .iter()
        .map(|field| crate::output::shown(&level[field]))
        .collect()
}

/// ONMI of the overlapping memberships; each node of the truth counts once, with all its values.
fn overlap(sealed: &Sealed, people: &[u32], wanted: &[u32]) -> f64 {
    let mut distinct = people.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let place = |person: u32| distinct.binary_search(&person).unwrap_or_default() as u32;
    let mut truth = Vec::new();
    for (&person, &value) in people.iter().zip(wanted) {
        add(&mut truth, value, place(person));
    }
    let overlap = &sealed.hierarchy.overlap;
    let mut found = Vec::new();
    for &person in &distinct {
        let range = overlap.offsets[person as usize]..overlap.offsets[person as usize + 1];
        for at in range {
            add(&mut found, overlap.communities[at as usize].number(), place(person));
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
fn ranks(scores: &[f32], truth: &[(u32, String)]) -> Result<Value> {
    let served: Vec<f64> =
        truth.iter().map(|(person, _)| f64::from(scores[*person as usize])).collect();
    let numbers: Option<Vec<f64>> = truth.iter().map(|(_, value)| value.parse().ok()).collect();
    if let Some(numbers) = numbers {
        let gains: Vec<f64> = numbers.iter().map(|number| number.max(0.0)).collect();
        let at = NDCG_AT.map(|k| (format!("ndcg_{k}"), ndcg(&served, &gains, k)));
        let mut figures =
            json!({ "compared": truth.len(), "spearman": spearman(&served, &numbers) });
        at.into_iter().for_each(|(name, value)| figures[name] = json!(value));
        return Ok(figures);
    }
    let mut labels: Vec<&str> = truth.iter().map(|(_, value)| value.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let Some(positive) = labels.iter().find(|label| POSITIVE.contains(label)) else {
        bail!(
            "the truth's values are neither numbers nor one of {POSITIVE:?} against another label"
        )
    };
    let is: Vec<bool> = truth.iter().map(|(_, value)| value == positive).collect();
    Ok(json!({ "compared": truth.len(), "positive": positive, "auc": auc(&served, &is) }))
}

//! Scores recomputed from their evidence alone, by code that knows nothing of the library's walk.

use std::collections::BTreeSet;

use graph::evidence::{
    Contributor, Cover, Evidence, change_reasons, community_terms, global_evidence,
};
use graph::{CommunityPeople, People, PeopleSettings, RankSettings};

use crate::worlds::Scored;

/// The share that the listed terms and the rest add up to.
fn recomputed(evidence: &Evidence, flow: f64, damping: f64) -> f64 {
    let term = |standing: f32, weight: f32, strength: f64| {
        damping * f64::from(standing) * f64::from(weight) / strength / flow
    };
    let terms = evidence.contributors.iter().map(|c| term(c.standing, c.weight, c.strength));
    terms.sum::<f64>() + evidence.rest + evidence.restart
}

/// The leaf level's tables with their evidence.
fn explained(scored: &Scored, cover: Cover) -> Vec<(CommunityPeople, Vec<Evidence>)> {
    let take = |ranked: graph::Ranked| {
        let evidence = ranked.evidence(cover);
        (ranked.table, evidence)
    };
    let again = |_, _| unreachable!("no level above is given");
    let (people, leaf) = (People::new(scored.input()), scored.hierarchy.leaf);
    people.level(leaf, &PeopleSettings::default(), Vec::new(), take, again)
}

const COVER: Cover = Cover { part: 0.8, terms_max: usize::MAX };

#[test]
fn attention_is_recomputed_from_its_evidence() {
    let scored = Scored::with_farm();
    for (table, evidence) in explained(&scored, COVER) {
        let served = table.people.iter().filter(|person| person.rank.is_some());
        assert_eq!(evidence.len(), served.clone().count());
        for (evidence, person) in evidence.iter().zip(served) {
            assert_eq!(evidence.person, person.person);
            assert!((recomputed(evidence, table.flow, 1.0) - f64::from(person.share)).abs() < 1e-6);
            let listed: f64 = evidence.contributors.iter().map(|term| term.part).sum();
            assert!(listed >= 0.8 * evidence.share - 1e-12);
        }
    }
}

/// What is named of some terms: the largest, as few as cover enough.
fn named(mut terms: Vec<Contributor>, cover: Cover) -> Vec<u32> {
    terms.sort_by(|a, b| b.part.total_cmp(&a.part).then(a.person.cmp(&b.person)));
    let share: f64 = terms.iter().map(|term| term.part).sum();
    let mut covered = 0.0;
    let needed = terms.iter().take_while(|term| {
        let more = covered < cover.part * share;
        covered += term.part;
        more
    });
    needed.take(cover.terms_max).map(|term| term.person).collect()
}

#[test]
fn evidence_names_the_largest_of_all_terms_whatever_arcs_weigh() {
    let (plain, weighted) = (Scored::with_farm(), Scored::weighted());
    for (scored, terms_max) in [(&plain, usize::MAX), (&plain, 7), (&weighted, 7), (&weighted, 99)]
    {
        let cover = Cover { part: 0.8, terms_max };
        for (table, evidence) in explained(scored, cover) {
            let people: BTreeSet<u32> = evidence.iter().map(|one| one.person).collect();
            let mut terms = community_terms(&scored.attention.arcs, &table, &people);
            for one in evidence {
                let terms = terms.remove(&one.person).unwrap();
                assert_eq!(one.contributors.len() + one.others as usize, terms.len());
                let found: Vec<u32> = one.contributors.iter().map(|term| term.person).collect();
                assert_eq!(found, named(terms, cover));
            }
        }
    }
}

#[test]
fn a_global_share_is_recomputed_from_its_evidence() {
    let scored = Scored::with_farm();
    let (arcs, people) = (&scored.attention.arcs, BTreeSet::from([0, 17, 1_234]));
    let (found, settings) = ((&scored.global, &scored.trust), RankSettings::default());
    let evidence = global_evidence(arcs, found, &settings, (&people, COVER));
    assert!(evidence.iter().map(|one| one.person).eq(people));
    for evidence in evidence {
        let share = f64::from(scored.global.shares[evidence.person as usize]);
        assert!((recomputed(&evidence, 1.0, 0.85) - share).abs() < 1e-6);
        assert!(evidence.rest + evidence.restart > 0.0);
    }
}

#[test]
fn reasons_name_who_came_and_who_went() {
    let scored = Scored::with_farm();
    let evidence = explained(&scored, Cover { part: 1.0, ..COVER }).remove(1).1.remove(0);
    let parts = evidence.contributors.iter().map(|term| (term.person, term.part));
    let before: Vec<(u32, f64)> = parts.collect();
    let mut after = before.clone();
    let gone = after.remove(0);
    after[0].1 *= 1.01;
    let reasons = change_reasons(&before, &after, 5);
    assert_eq!((reasons[0].person, reasons[0].after), (gone.0, 0.0));
    assert_eq!(reasons.len(), 2);
    assert!(change_reasons(&before, &before, 5).is_empty());
}

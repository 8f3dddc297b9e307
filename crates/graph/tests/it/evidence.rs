//! Scores recomputed from their evidence alone, by code that does not use the library's walk.

use std::collections::BTreeSet;

use graph::evidence::{
    ContributorPart, EvidenceCover, GlobalShares, ShareEvidence, ShareTerm, change_reasons,
    community_terms, global_evidence,
};
use graph::{CommunityPeople, CommunityScorer, PeopleSettings};
use model::index::PersonIndex;

use crate::worlds::Scored;

/// The share that the listed terms and the rest add up to.
fn recomputed(evidence: &ShareEvidence, flow: f64, damping: f64) -> f64 {
    let term = |mass: f32, weight: f32, strength: f64| {
        damping * f64::from(mass) * f64::from(weight) / strength / flow
    };
    let terms = evidence.contributors.iter().map(|c| term(c.mass, c.weight, c.strength));
    terms.sum::<f64>() + evidence.rest + evidence.restart
}

/// The leaf level's tables with their evidence.
fn explained(scored: &Scored, cover: EvidenceCover) -> Vec<(CommunityPeople, Vec<ShareEvidence>)> {
    let take = |ranked: graph::RankedCommunity| {
        let evidence = ranked.evidence(cover);
        (ranked.table, evidence)
    };
    let renumber = |_, _| unreachable!("no level above is given");
    let settings = PeopleSettings::default();
    let scorer = CommunityScorer::new(scored.input(), &settings);
    scorer.level(scored.hierarchy.leaf, Vec::new(), take, renumber)
}

const COVER: EvidenceCover = EvidenceCover { part: 0.8, terms_max: usize::MAX };

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

/// The named ones of some terms: the largest, as few as cover enough.
fn named(mut terms: Vec<ShareTerm>, cover: EvidenceCover) -> Vec<PersonIndex> {
    terms.sort_by(|a, b| b.part.total_cmp(&a.part).then(a.person.cmp(&b.person)));
    let share: f64 = terms.iter().map(|term| term.part).sum();
    let mut covered = 0.0;
    let needed = terms.iter().take_while(|term| {
        let is_needed = covered < cover.part * share;
        covered += term.part;
        is_needed
    });
    needed.take(cover.terms_max).map(|term| term.person).collect()
}

#[test]
fn evidence_names_the_largest_of_all_terms_whatever_arcs_weigh() {
    let (plain, weighted) = (Scored::with_farm(), Scored::weighted());
    for (scored, terms_max) in [(&plain, usize::MAX), (&plain, 7), (&weighted, 7), (&weighted, 99)]
    {
        let cover = EvidenceCover { part: 0.8, terms_max };
        for (table, evidence) in explained(scored, cover) {
            let people: BTreeSet<PersonIndex> = evidence.iter().map(|one| one.person).collect();
            let arcs = &scored.attention.arcs;
            let mut terms = community_terms(arcs, table.masses(), table.flow, &people);
            for one in evidence {
                let terms = terms.remove(&one.person).unwrap();
                assert_eq!(one.contributors.len() + one.others as usize, terms.len());
                let found: Vec<PersonIndex> =
                    one.contributors.iter().map(|term| term.person).collect();
                assert_eq!(found, named(terms, cover));
            }
        }
    }
}

#[test]
fn a_global_share_is_recomputed_from_its_evidence() {
    let scored = Scored::with_farm();
    let people = BTreeSet::from([0, 17, 1_234].map(PersonIndex::new));
    let shares = GlobalShares {
        arcs: &scored.attention.arcs,
        global: &scored.global,
        trust: &scored.trust,
        damping: 0.85,
    };
    let evidence = global_evidence(&shares, &people, COVER);
    assert!(evidence.iter().map(|one| one.person).eq(people));
    for evidence in evidence {
        let share = f64::from(scored.global.shares[evidence.person]);
        assert!((recomputed(&evidence, 1.0, 0.85) - share).abs() < 1e-6);
        assert!(evidence.rest + evidence.restart > 0.0);
    }
}

#[test]
fn reasons_name_new_and_lost_contributors() {
    let scored = Scored::with_farm();
    let evidence = explained(&scored, EvidenceCover { part: 1.0, ..COVER }).remove(1).1.remove(0);
    let terms = evidence.contributors.iter();
    let parts = terms.map(|term| ContributorPart { person: term.person, part: term.part });
    let before: Vec<ContributorPart<PersonIndex>> = parts.collect();
    let mut after = before.clone();
    let gone = after.remove(0);
    after[0].part *= 1.01;
    let reasons = change_reasons(&before, &after, 5);
    assert_eq!((reasons[0].person, reasons[0].after), (gone.person, 0.0));
    assert_eq!(reasons.len(), 2);
    assert!(change_reasons(&before, &before, 5).is_empty());
}

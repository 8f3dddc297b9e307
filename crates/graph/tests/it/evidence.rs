//! Scores recomputed from their evidence alone, by code that knows nothing of the library's walk.

use graph::evidence::{Evidence, change_reasons, community_evidence, global_evidence, idle_share};
use graph::{PeopleSettings, RankSettings, people_stage};

use crate::worlds::Scored;

/// The share that the listed terms and the rest add up to.
fn recomputed(evidence: &Evidence, flow: f64, damping: f64) -> f64 {
    let term = |standing: f32, weight: f32, strength: f64| {
        damping * f64::from(standing) * f64::from(weight) / strength / flow
    };
    let terms = evidence.contributors.iter().map(|c| term(c.standing, c.weight, c.strength));
    terms.sum::<f64>() + evidence.rest + evidence.restart
}

#[test]
fn attention_is_recomputed_from_its_evidence() {
    let scored = Scored::with_farm();
    let settings = PeopleSettings::default();
    for table in people_stage(&scored.input(), scored.hierarchy.leaf, &settings) {
        let evidence = community_evidence(&scored.attention.arcs, &table, 0.8);
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

#[test]
fn a_global_share_is_recomputed_from_its_evidence() {
    let scored = Scored::with_farm();
    let arcs = &scored.attention.arcs;
    let transposed = arcs.transpose();
    for person in [0, 17, 1_234] {
        let evidence = global_evidence(
            (arcs, &transposed),
            (&scored.global, &scored.trust),
            (&RankSettings::default(), idle_share(arcs, &scored.global)),
            (person, 0.8),
        );
        let share = f64::from(scored.global.shares[person as usize]);
        assert!((recomputed(&evidence, 1.0, 0.85) - share).abs() < 1e-6);
        assert!(evidence.rest + evidence.restart > 0.0);
    }
}

#[test]
fn reasons_name_who_came_and_who_went() {
    let scored = Scored::with_farm();
    let tables = people_stage(&scored.input(), scored.hierarchy.leaf, &PeopleSettings::default());
    let evidence = community_evidence(&scored.attention.arcs, &tables[1], 1.0).remove(0);
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

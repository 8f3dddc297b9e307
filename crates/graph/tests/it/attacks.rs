//! Every form of attack, at a price below which it must gain nothing. What more buys is printed by
//! the example `attack`.

use graph::generate::{AttackForm, SybilAttack, add_attack};
use graph::seed::RandomSeed;
use graph::{PeopleSettings, eval, people_stage};

use crate::worlds::{Scored, planted_world};

const HONEST: usize = 3_000;

/// Form, fakes, arcs bought from the 3,000 honest people.
const HARMLESS: [(AttackForm, usize, usize); 17] = [
    (AttackForm::Dense, 1_000, 0),
    (AttackForm::Dense, 100, 30),
    (AttackForm::Dense, 1_000, 300),
    (AttackForm::Dense, 6_000, 600),
    (AttackForm::FollowBack, 300, 0),
    (AttackForm::FollowBack, 1_000, 1_000),
    (AttackForm::Star, 1_000, 1),
    (AttackForm::Star, 6_000, 1),
    (AttackForm::Chain, 1_000, 1),
    (AttackForm::Chain, 3_000, 1),
    (AttackForm::Infiltration, 100, 0),
    (AttackForm::Infiltration, 300, 100),
    (AttackForm::Villages, 100, 30),
    (AttackForm::Villages, 1_000, 300),
    (AttackForm::Villages, 2_500, 250),
    (AttackForm::Relay, 100, 10),
    (AttackForm::Relay, 3_000, 10),
];

fn attacked(attack: &SybilAttack) -> Scored {
    let mut arcs = planted_world(0.3).arcs;
    add_attack(&mut arcs, HONEST, attack, RandomSeed(9));
    Scored::new(&arcs, HONEST, attack.fakes)
}

/// Fakes with a rank, global or in a community of any level.
fn ranked_fakes(scored: &Scored) -> Vec<u32> {
    let global = scored.global.ranks.iter().zip(0u32..).filter(|(rank, _)| rank.is_some());
    let mut ranked: Vec<u32> = global.map(|(_, person)| person).collect();
    for level in 0..scored.hierarchy.levels.len() {
        let tables = people_stage(&scored.input(), level, &PeopleSettings::default());
        let people = tables.iter().flat_map(|table| &table.people);
        ranked.extend(
            people.filter(|person| person.rank.is_some()).map(|person| person.person.number()),
        );
    }
    ranked.retain(|&person| person as usize >= HONEST);
    ranked
}

/// AUC of honest above fake among people that an honest person attends to; 1 without a fake there.
fn attended_auc(scored: &Scored) -> f64 {
    let received = scored.attention.arcs.transpose();
    let attended = |&at: &u32| received.row(at).iter().any(|&from| (from as usize) < HONEST);
    let people: Vec<u32> = (0..received.nodes() as u32).filter(attended).collect();
    let trust: Vec<f64> =
        people.iter().map(|&at| f64::from(scored.trust.values.raw[at as usize])).collect();
    let honest: Vec<bool> = people.iter().map(|&at| (at as usize) < HONEST).collect();
    eval::auc(&trust, &honest).unwrap_or(1.0)
}

#[test]
fn no_form_of_attack_gains_a_rank_at_a_low_price() {
    let outcome = |(form, fakes, bought)| {
        let attack = SybilAttack { form, fakes, bought };
        let scored = attacked(&attack);
        (attack, attended_auc(&scored), ranked_fakes(&scored).len())
    };
    let gained = |&(_, auc, ranked): &(SybilAttack, f64, usize)| auc < 0.985 || ranked > 0;
    let gains: Vec<(SybilAttack, f64, usize)> =
        HARMLESS.into_iter().map(outcome).filter(gained).collect();
    assert!(gains.is_empty(), "(attack, AUC, fakes with a rank) {gains:?}");
}

#[test]
fn attacks_leave_the_honest_their_ranks() {
    for form in AttackForm::ALL {
        let scored = attacked(&SybilAttack { form, fakes: 300, bought: 30 });
        let honest = scored.global.ranks.raw[..HONEST].iter().filter(|rank| rank.is_some()).count();
        assert!(honest * 100 >= HONEST * 97, "{form:?}: {honest}");
    }
}

#[test]
fn a_fake_that_only_follows_the_honest_gains_nothing() {
    let scored = attacked(&SybilAttack { form: AttackForm::FollowBack, fakes: 300, bought: 0 });
    let fakes = HONEST..HONEST + 300;
    assert!(
        fakes.clone().all(|fake| scored.trust.values.raw[fake] <= graph::trust::STRANGER_TRUST)
    );
    assert!(fakes.clone().all(|fake| scored.trust.prior.raw[fake] == 0.0));
    assert!(fakes.clone().all(|fake| scored.global.shares.raw[fake] == 0.0));
}

#[test]
fn attacks_are_decided_by_their_seed() {
    for form in AttackForm::ALL {
        let arcs = |seed| {
            let mut arcs = planted_world(0.3).arcs;
            add_attack(
                &mut arcs,
                HONEST,
                &SybilAttack { form, fakes: 90, bought: 20 },
                RandomSeed(seed),
            );
            arcs
        };
        assert_eq!(arcs(1), arcs(1));
        assert_ne!(arcs(1), arcs(2));
        let arcs = arcs(1);
        let ends = arcs.sources.iter().zip(&arcs.targets);
        let bought = ends.filter(|&(&s, &t)| (s as usize) < HONEST && t as usize >= HONEST);
        assert_eq!(bought.count(), 20, "{form:?}");
    }
}

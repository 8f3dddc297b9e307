//! Trust in itself; what attacks get is tested beside this.

use graph::generate::{SybilFarm, add_farm};
use graph::seed::RandomSeed;
use graph::trust::STRANGER_TRUST;
use graph::{Attention, Csr, Trust, TrustSettings, community_stage, eval, trust_stage};
use model::index::PersonIndex;

use crate::worlds::{Scored, attention, csr, on, people, planted_world, weighted};

fn honest_above_fakes(scored: &Scored) -> f64 {
    let values: Vec<f64> = scored.trust.values.iter().map(|&value| f64::from(value)).collect();
    let honest: Vec<bool> = (0..values.len()).map(|person| person < scored.honest).collect();
    eval::auc(&values, &honest).unwrap()
}

fn none_served(scored: &Scored) {
    let served = (scored.honest..scored.trust.values.len())
        .filter(|&fake| scored.global.ranks.raw[fake].is_some());
    let received = scored.attention.arcs.transpose();
    let fans = |fake: usize| received.row(fake as u32).iter().filter(|&&fan| fan < 3_000).count();
    let served: Vec<(usize, usize, usize, f32)> = served
        .map(|fake| (fake, fans(fake), received.degree(fake as u32), scored.trust.values.raw[fake]))
        .collect();
    assert!(
        served.is_empty(),
        "(fake, honest fans, fans, trust) {served:?}, noise {}",
        scored.trust.noise
    );
}

#[test]
fn a_dense_farm_with_bought_arcs_is_not_trusted() {
    let scored = Scored::with_farm();
    assert!(honest_above_fakes(&scored) > 0.99);
    none_served(&scored);
}

#[test]
fn a_crowd_of_fakes_cannot_ruin_somebody_whom_the_honest_attend_to() {
    let before = Scored::with_farm();
    let victim = (0..3_000).find(|&who| before.trust.values.raw[who as usize] > 0.8).unwrap();
    let mut arcs = planted_world(0.3).arcs;
    let farm = SybilFarm { fakes: 300, follows: 15, attack_arcs: 0, outward_arcs: 0 };
    add_farm(&mut arcs, 3_000, &farm, RandomSeed(5));
    for fake in 3_000..3_300 {
        arcs.sources.push(fake);
        arcs.targets.push(victim);
    }
    let after = Scored::new(&arcs, 3_000, 300);
    let rank = after.global.ranks.raw[victim as usize];
    let (was, is) =
        (before.trust.values.raw[victim as usize], after.trust.values.raw[victim as usize]);
    assert!(is > 0.6 * was, "{is} after {was}");
    assert!(rank.is_some(), "{is}, noise {}", after.trust.noise);
}

#[test]
fn a_crowd_of_fakes_that_blocks_somebody_costs_little() {
    let scored = Scored::with_farm();
    let blocks: Vec<(u32, u32)> = (3_000..3_300).map(|fake| (fake, 7)).collect();
    let attention = Attention { negative: csr(3_300, &blocks), ..scored.attention.clone() };
    let trust = trust_stage(&attention, &scored.hierarchy, &[], &TrustSettings::default());
    assert!(trust.values.raw[7] > 0.9 * scored.trust.values.raw[7]);
}

#[test]
fn communities_without_arcs_between_them_are_trusted_alike() {
    let group = |first: u32| {
        let member =
            move |a: u32| (1..7).map(move |step| (first + a, first + (a + step * step) % 40));
        (0..40).flat_map(member)
    };
    let attention = attention(csr(80, &group(0).chain(group(40)).collect::<Vec<_>>()));
    let hierarchy = community_stage(&attention, None, &Default::default());
    let trust = trust_stage(&attention, &hierarchy, &[], &TrustSettings::default());
    let least = trust.values.iter().copied().fold(1.0, f32::min);
    assert!(least > STRANGER_TRUST && least >= trust.noise, "{least}, noise {}", trust.noise);
    let halves = [0..40, 40..80].map(|half| trust.values.raw[half].iter().sum::<f32>() / 40.0);
    assert!((halves[0] - halves[1]).abs() < 0.1, "{halves:?}");
}

#[test]
fn blocks_by_the_trusted_cost_trust() {
    let scored = Scored::with_farm();
    let blocks: Vec<(u32, u32)> = (100..130).map(|who| (who, 7)).collect();
    let attention = Attention { negative: csr(3_300, &blocks), ..scored.attention.clone() };
    let trust = trust_stage(&attention, &scored.hierarchy, &[], &TrustSettings::default());
    assert!(trust.values.raw[7] < 0.7 * scored.trust.values.raw[7]);
    assert!((trust.values.raw[8] - scored.trust.values.raw[8]).abs() < 1e-3);
}

#[test]
fn a_low_rating_costs_trust_but_not_more_than_being_unknown() {
    let scored = Scored::with_farm();
    let rated = |rating: f32| {
        let arcs = &scored.attention.arcs;
        let rated: Vec<(u32, u32, f32)> = (0..3_300)
            .flat_map(|from| arcs.arcs_of(from).map(move |(to, weight)| (from, to, weight)))
            .map(|(from, to, w)| (from, to, if to == 7 { rating * w } else { w }))
            .collect();
        let rated = weighted(3_300, &rated);
        let attention = Attention { rated: Some(rated), ..scored.attention.clone() };
        trust_stage(&attention, &scored.hierarchy, &[], &TrustSettings::default()).values
    };
    let same = rated(1.0).iter().zip(&scored.trust.values).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(same, "the highest rating is as good as none");
    let (low, lowest) = (rated(0.3), rated(0.001));
    assert!(lowest.raw[7] < low.raw[7] && low.raw[7] < 0.7 * scored.trust.values.raw[7]);
    assert!(lowest.raw[7] > 0.9 * STRANGER_TRUST);
    assert_eq!(low.raw[8], scored.trust.values.raw[8]);
}

#[test]
fn given_seeds_are_dealt_to_several_sets() {
    let scored = Scored::with_farm();
    let given: Vec<PersonIndex> = (0..30).map(PersonIndex::new).collect();
    let settings = TrustSettings::default();
    let trust = trust_stage(&scored.attention, &scored.hierarchy, &given, &settings);
    assert_eq!(trust.seeds.iter().map(Vec::len).collect::<Vec<_>>(), [6; 5]);
    let few = trust_stage(&scored.attention, &scored.hierarchy, &given[..2], &settings);
    assert_eq!(few.seeds, [people(&[0, 1])]);
}

#[test]
fn trust_is_equal_to_the_bit_on_any_number_of_threads() {
    let scored = Scored::with_farm();
    let trust = |threads| -> Trust {
        let settings = TrustSettings::default();
        on(threads, || trust_stage(&scored.attention, &scored.hierarchy, &[], &settings))
    };
    assert!(trust(1) == trust(2) && trust(1) == trust(3));
}

#[test]
fn strangers_without_any_community_are_all_alike() {
    let attention = attention(Csr::empty(3));
    let hierarchy = community_stage(&attention, None, &Default::default());
    let trust = trust_stage(&attention, &hierarchy, &[], &TrustSettings::default());
    assert_eq!(trust.values.raw, [STRANGER_TRUST; 3]);
    assert_eq!(trust.prior.raw, [1.0 / 3.0; 3]);
}

//! The simulation is right, and finds what is wrong.

use super::*;

#[test]
fn nothing_is_lost_and_nothing_paid_twice() {
    let report = simulate(&SimulationPlan { requests: 100_000, ..SimulationPlan::default() });
    println!("{report:#?}");
    assert_eq!(report.faults(), 0, "{:?}", report.checks());
    let happened =
        [report.replayed, report.refused, report.too_late, report.deaths, report.on_leases];
    let happened =
        happened.iter().chain([&report.lost_messages, &report.refunds, &report.expiries]);
    assert!(happened.min() > Some(&10), "the world is too quiet: {report:#?}");
}

#[test]
fn the_same_seed_is_the_same_world() {
    let plan = SimulationPlan { requests: 3_000, ..SimulationPlan::default() };
    assert_eq!(simulate(&plan), simulate(&plan));
    assert_ne!(simulate(&plan), simulate(&SimulationPlan { seed: 2, ..plan }));
}

/// The checks that find a flaw, in at most 100,000 requests.
fn found(flaw: Flaw) -> Vec<&'static str> {
    for requests in [10_000, 100_000] {
        let plan = SimulationPlan { requests, flaw: Some(flaw), ..SimulationPlan::default() };
        let checks = simulate(&plan).checks().into_iter().filter(|&(_, value)| value != 0);
        let names: Vec<&str> = checks.map(|(name, _)| name).collect();
        if !names.is_empty() {
            return names;
        }
    }
    Vec::new()
}

#[test]
fn every_flaw_is_tried() {
    for (number, flaw) in Flaw::HARMFUL.into_iter().enumerate() {
        assert_eq!(flaw as usize, number, "a flaw before {flaw:?} is not in the list");
    }
    assert_eq!(Flaw::ServeWithoutAttempt as usize, Flaw::HARMFUL.len(), "it is the last");
}

#[test]
fn every_harmful_flaw_is_found() {
    let mut missed = Vec::new();
    for flaw in Flaw::HARMFUL {
        let by = found(flaw);
        println!("{flaw:?}: {by:?}");
        if by.is_empty() {
            missed.push(flaw);
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[test]
fn money_is_safe_without_the_attempt_of_a_hold() {
    assert_eq!(found(Flaw::ServeWithoutAttempt), Vec::<&str>::new());
}

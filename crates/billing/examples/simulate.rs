//! Simulates requests and prints what happened and what went wrong, as JSON:
//! `cargo run --profile ci -p billing --features simulation --example simulate -- [REQUESTS [SEED]]`

use billing::simulation::{SimulationPlan, simulate};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let mut next = |default: u64| arguments.next().and_then(Result::ok).unwrap_or(default);
    let plan = SimulationPlan::default();
    let (requests, seed) = (next(plan.requests), next(plan.seed));
    let report = simulate(&SimulationPlan { requests, seed, ..plan });
    println!("{}", serde_json::json!(report.figures()));
    assert_eq!(report.faults(), 0, "{:?}", report.checks());
}

//! A world of requests in memory, over the real protocol: with retries, lost, doubled and reordered
//! messages, and with deaths before and after every call. Time and chance are in the seed.
//!
//! ```
//! use billing::simulation::{SimulationPlan, simulate};
//!
//! let report = simulate(&SimulationPlan { requests: 2_000, ..SimulationPlan::default() });
//! assert_eq!((report.requests, report.faults()), (2_000, 0));
//! ```

use std::collections::BTreeMap;

use crate::twin::Flaw;

mod actors;
mod checks;
mod dice;
mod request;
mod world;
mod world_run;

use dice::mixed;
use world::World;
use world_run::{WorldPlan, WorldRun};

/// The requests of one world; more are made in several.
const WORLD_REQUESTS: u64 = 100_000;

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct SimulationPlan {
    /// How many requests, retries included.
    pub requests: u64,
    /// Decides everything.
    pub seed: u64,
    /// How many payers there are in each world of 100,000 requests.
    pub payers: u64,
    /// How many grants each has at first; one in 50 requests brings another one.
    pub grants_each: u64,
    /// A mistake that is made on purpose.
    pub flaw: Option<Flaw>,
}

impl Default for SimulationPlan {
    fn default() -> SimulationPlan {
        SimulationPlan { requests: 1_000_000, seed: 1, payers: 200, grants_each: 3, flaw: None }
    }
}

macro_rules! report {
    ($($(#[doc = $meaning:literal])+ $name:ident $what:ident: $type:ident,)*) => {
        /// What happened, and what went wrong. Amounts are micro-credits.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct SimulationReport {
            $($(#[doc = $meaning])+ pub $name: $type,)*
        }

        impl SimulationReport {
            fn add(&mut self, other: &SimulationReport) {
                $(self.$name += other.$name;)*
            }

            /// All of it, by name.
            pub fn figures(&self) -> BTreeMap<&'static str, u64> {
                BTreeMap::from([$((stringify!($name), self.$name),)*])
            }

            /// What went wrong, by name: all are to be zero.
            pub fn checks(&self) -> BTreeMap<&'static str, u64> {
                let mut checks = BTreeMap::new();
                $(report!(@$what checks, self.$name, stringify!($name));)*
                checks
            }
        }
    };
    (@check $checks:ident, $value:expr, $name:expr) => {
        $checks.insert($name, $value);
    };
    (@count $checks:ident, $value:expr, $name:expr) => {};
}

report! {
    /// Requests, retries included.
    requests count: u64,
    /// Retries, some of them with another result.
    retries count: u64,
    /// Answers that were charged.
    charged count: u64,
    /// Answers that were given again for nothing.
    replayed count: u64,
    /// Answers that were withheld: the wallet, the budget or the client did not pay.
    refused count: u64,
    /// Results of long work that came after their hold was released.
    too_late count: u64,
    /// Who died, before or after a call.
    deaths count: u64,
    /// Messages that got lost.
    lost_messages count: u64,
    /// Messages that came twice.
    doubled_messages count: u64,
    /// Charges on leases.
    on_leases count: u64,
    /// Charges of which the reply may be lost.
    charged_undelivered count: u64,
    /// Refunds.
    refunds count: u64,
    /// Parts of grants that expired.
    expiries count: u64,
    /// Payers that were audited while everybody acted.
    audits count: u64,
    /// Those of them that moved.
    audits_moving count: u64,
    /// What was charged in all.
    revenue count: u64,
    /// The sizes of all differences between wallets and ledger, at rest.
    wallet_minus_ledger check: u64,
    /// Debits less credits of the ledger, its accounts less its grants.
    ledger_sum check: u64,
    /// Answers that left and are not in the ledger with what they cost.
    delivered_unbilled check: u64,
    /// Requests that were charged twice, and charges that are twice in the ledger.
    double_billed check: u64,
    /// Balances with a part below zero, or whose parts do not add up; looked at every minute.
    negative_balances check: u64,
    /// What wallets say was spent, less what the ledger has.
    spent_minus_posted check: u64,
    /// Lines of the ledger without a posted charge of that cost.
    ghost_postings check: u64,
    /// What is held or leased at rest, and charges that are not settled.
    stuck check: u64,
    /// Budgets that were exceeded.
    budget_overruns check: u64,
    /// Charges whose answer was given again more often than is free.
    replay_overruns check: u64,
    /// Charges that no grant covered.
    uncovered check: u64,
    /// Audits that found a difference while everybody acted.
    audit_differences check: u64,
    /// Charges of which the ledger had another amount, and failures of calls.
    failures check: u64,
}

impl SimulationReport {
    /// How many checks failed.
    pub fn faults(&self) -> usize {
        self.checks().values().filter(|&&value| value != 0).count()
    }
}

/// Simulates, in as many worlds as are needed, and checks each at its rest.
pub fn simulate(plan: &SimulationPlan) -> SimulationReport {
    let mut report = SimulationReport::default();
    let mut world_number = 0;
    while report.requests < plan.requests {
        let requests = WORLD_REQUESTS.min(plan.requests - report.requests);
        let seed = mixed(plan.seed ^ mixed(world_number));
        let world = World::new(seed, plan.flaw);
        let (payers, grants_each) = (plan.payers.max(1), plan.grants_each);
        let mut run = WorldRun::new(&world, WorldPlan { requests, payers, grants_each }, seed);
        run.run();
        let acted = SimulationReport {
            requests: run.made,
            retries: run.retries,
            deaths: run.deaths,
            negative_balances: run.unsound,
            ..SimulationReport::default()
        };
        drop(run);
        report.add(&acted);
        report.add(&world.check());
        world_number += 1;
    }
    report
}

#[cfg(test)]
mod tests;

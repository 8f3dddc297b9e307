//! Every order in which two handlers, a meter and a sweeper can act on three requests of two payers, with
//! a death of any of them before and after every call. The processes run the protocol's own code.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use model::charge::{ChargeSource, ChargeState};
use model::{MicroCredits, TransferId};
use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::twin::{Flaw, LedgerState, WalletState};

mod replay;
mod world;

use replay::{Reply, Stepped, run};
use world::{Half, Message, Ports, REQUESTS, Setting, SmallWorld, funder, handler, meter, sweeper};

/// A handler: which request it is at, and what it has heard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Handler {
    request: usize,
    heard: Vec<Reply>,
}

/// A meter with a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Meter {
    message: Message,
    heard: Vec<Reply>,
}

/// A sweeper at work.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sweeper {
    half: Half,
    heard: Vec<Reply>,
}

/// The world, and everybody in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Moment {
    world: SmallWorld,
    handlers: [Handler; 2],
    meter: Option<Meter>,
    sweeper: Option<Sweeper>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    HandlerCalls(usize),
    HandlerDies(usize),
    MeterTakes(Message),
    MeterCalls,
    MeterDies,
    SweeperCalls(Half),
    SweeperDies,
}

/// All that can happen, with a mistake that is made on purpose.
struct AllThatCanHappen {
    setting: Arc<Setting>,
    /// Hashes of worlds that were found to add up.
    right: Mutex<BTreeSet<u64>>,
}

impl Model for AllThatCanHappen {
    type State = Moment;
    type Action = Act;

    fn init_states(&self) -> Vec<Moment> {
        let world = SmallWorld {
            wallet: WalletState::with_flaw(self.setting.flaw),
            ledger: LedgerState::with_flaw(self.setting.flaw),
            ..SmallWorld::default()
        };
        let setting = &self.setting;
        let (world, _) =
            run(world, Vec::new(), usize::MAX, |gate| funder(Ports::new(gate, setting)));
        vec![Moment { world, handlers: Default::default(), meter: None, sweeper: None }]
    }

    fn actions(&self, moment: &Moment, acts: &mut Vec<Act>) {
        for (number, handler) in moment.handlers.iter().enumerate() {
            if handler.request < REQUESTS[number].len() {
                acts.push(Act::HandlerCalls(number));
                // Who dies before the first call is as one who dies after the last call of the request before.
                acts.push(Act::HandlerDies(number));
            }
        }
        match &moment.meter {
            None => acts.extend(moment.world.outside.queue.iter().copied().map(Act::MeterTakes)),
            Some(_) => acts.extend([Act::MeterCalls, Act::MeterDies]),
        }
        match &moment.sweeper {
            None => acts.extend([Half::Ring, Half::Release].map(Act::SweeperCalls)),
            Some(sweeper) => acts.extend([Act::SweeperCalls(sweeper.half), Act::SweeperDies]),
        }
    }

    fn next_state(&self, last: &Moment, act: Act) -> Option<Moment> {
        let mut next = last.clone();
        match act {
            Act::HandlerCalls(number) => self.handler_calls(&mut next, number),
            Act::HandlerDies(number) => next.handlers[number].leave(),
            Act::MeterTakes(message) => {
                self.meter_calls(&mut next, Meter { message, heard: Vec::new() });
            }
            Act::MeterCalls => {
                let meter = next.meter.take()?;
                self.meter_calls(&mut next, meter);
            }
            Act::MeterDies => next.meter = None,
            Act::SweeperCalls(half) => self.sweeper_calls(&mut next, half),
            Act::SweeperDies => next.sweeper = None,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("money adds up", |model: &Self, moment| model.adds_up(moment))]
    }
}

impl Handler {
    /// Goes on to the next request.
    fn leave(&mut self) {
        *self = Handler { request: self.request + 1, heard: Vec::new() };
    }
}

impl AllThatCanHappen {
    fn handler_calls(&self, moment: &mut Moment, number: usize) {
        let Handler { request, heard } = std::mem::take(&mut moment.handlers[number]);
        let world = std::mem::take(&mut moment.world);
        let asked = REQUESTS[number][request];
        let (world, stepped) =
            run(world, heard, 1, |gate| handler(Ports::new(gate, &self.setting), asked));
        moment.world = world;
        moment.handlers[number] = match stepped {
            Stepped::Heard(heard) => Handler { request, heard },
            Stepped::Done => Handler { request: request + 1, heard: Vec::new() },
        };
    }

    fn meter_calls(&self, moment: &mut Moment, taken: Meter) {
        let Meter { message, heard } = taken;
        let world = std::mem::take(&mut moment.world);
        let (world, stepped) =
            run(world, heard, 1, |gate| meter(Ports::new(gate, &self.setting), message));
        moment.world = world;
        moment.meter = match stepped {
            Stepped::Heard(heard) => Some(Meter { message, heard }),
            Stepped::Done => None,
        };
    }

    fn sweeper_calls(&self, moment: &mut Moment, half: Half) {
        let heard = moment.sweeper.take().map_or_else(Vec::new, |sweeper| sweeper.heard);
        let world = std::mem::take(&mut moment.world);
        let (world, stepped) =
            run(world, heard, 1, |gate| sweeper(Ports::new(gate, &self.setting), half));
        moment.world = world;
        moment.sweeper = match stepped {
            Stepped::Heard(heard) => Some(Sweeper { half, heard }),
            Stepped::Done => None,
        };
    }

    /// Whether balances are sound, and all adds up once everybody who acts has died here and the next sweeper
    /// and meter are done.
    fn adds_up(&self, moment: &Moment) -> bool {
        let mut hasher = DefaultHasher::new();
        moment.world.hash(&mut hasher);
        let hash = hasher.finish();
        let right = || self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right().contains(&hash) {
            return true;
        }
        let adds_up = self.world_adds_up(&moment.world);
        if adds_up {
            right().insert(hash);
        }
        adds_up
    }

    fn world_adds_up(&self, world: &SmallWorld) -> bool {
        let is_sound =
            |world: &SmallWorld| world.wallet.balances().all(|(_, balance)| balance.is_sound());
        let rest = self.at_rest(world.clone());
        is_sound(world) && is_sound(&rest) && is_settled(&rest) && is_posted(&rest)
    }

    fn at_rest(&self, mut world: SmallWorld) -> SmallWorld {
        let setting = &self.setting;
        // The second round rings for what a message of the first one did not bring.
        for _ in 0..2 {
            for half in [Half::Release, Half::Ring] {
                world = run(world, Vec::new(), usize::MAX, |gate| {
                    sweeper(Ports::new(gate, setting), half)
                })
                .0;
            }
            for message in world.outside.queue.clone() {
                world = run(world, Vec::new(), usize::MAX, |gate| {
                    meter(Ports::new(gate, setting), message)
                })
                .0;
            }
        }
        world
    }
}

/// Whether nothing is set aside, and each wallet has what is left of its payer's grants.
fn is_settled(world: &SmallWorld) -> bool {
    world.wallet.balances().all(|(&payer, balance)| {
        let grants = world.ledger.grants().filter(|grant| grant.payer == payer);
        let left: i64 = grants.map(|grant| grant.remaining.micros()).sum();
        let posted = world.ledger.charges().filter(|line| line.transfer.payer == payer);
        let spent: i64 = posted.map(|line| line.transfer.amount.micros()).sum();
        let is_aside = balance.held != MicroCredits::ZERO || balance.leased != MicroCredits::ZERO;
        !is_aside && balance.available.micros() == left && balance.spent.micros() == spent
    })
}

/// Whether every answer that left is in the ledger with its cost, and every charge that is there is posted.
fn is_posted(world: &SmallWorld) -> bool {
    let is_paid = |sent: &Message| world.ledger.charged(sent.charge.charge) == Some(sent.amount);
    let of_lines = world.ledger.charges().all(|line| {
        let TransferId::Charge { charge } = line.transfer.id else { return false };
        let mut charges = world.wallet.charges();
        charges.any(|known| known.id == charge && known.cost == line.transfer.amount)
    });
    let is_over = |charge: &model::Charge| match charge.source {
        ChargeSource::Hold { .. } => {
            matches!(charge.state, ChargeState::Posted | ChargeState::Void)
        }
        _ => charge.state == ChargeState::Posted,
    };
    world.outside.delivered.iter().all(is_paid) && of_lines && world.wallet.charges().all(is_over)
}

/// Explores everything, or until something is wrong.
fn explore(setting: &Arc<Setting>) -> impl Checker<AllThatCanHappen> + use<> {
    let model = AllThatCanHappen { setting: Arc::clone(setting), right: Mutex::default() };
    let checker = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    checker.spawn_dfs().join()
}

#[test]
fn money_adds_up_whoever_dies_when() {
    let (start, setting) = (Instant::now(), Arc::<Setting>::default());
    let checker = explore(&setting);
    println!(
        "{} states explored, {} of them different, at most {} acts deep, in {:.1?}",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        start.elapsed()
    );
    checker.assert_properties();
    let seen = &setting.seen;
    for happened in [&seen.refused, &seen.replayed, &seen.too_late] {
        assert!(happened.load(Ordering::Relaxed), "the world is too quiet: {seen:?}");
    }
}

/// Those flaws that a world without leases, budgets, days and refunds, and with one meter, can show.
const SHOWN: [Flaw; 11] = [
    Flaw::PutWithoutAbsence,
    Flaw::ChargeWithoutBalance,
    Flaw::ServeWithoutState,
    Flaw::VoidWithoutState,
    Flaw::PostWithoutKey,
    Flaw::ClaimBeforePost,
    Flaw::MarkBeforePost,
    Flaw::TrustTheMessage,
    Flaw::ReleaseBeforeCommit,
    Flaw::ReleaseTooLate,
    Flaw::NeverRingAgain,
];

#[test]
fn every_flaw_has_a_counter_example() {
    for flaw in SHOWN {
        let setting = Setting { flaw: Some(flaw), ..Setting::default() };
        let checker = explore(&Arc::new(setting));
        let path = checker.discovery("money adds up");
        let acts = path.map(|path| path.into_actions());
        println!("{flaw:?}: {:?}", acts.as_ref().map(Vec::len));
        assert!(acts.is_some(), "no counter-example of {flaw:?}");
    }
}

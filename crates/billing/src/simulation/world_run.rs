//! One world from its first grant to its rest: who acts next, and who dies.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use model::charge::ChargeRef;
use model::{Grant, GrantKind, MicroCredits, PayerId, Timestamp};

use super::actors::{auditor, meter, operator, refunder, sweeper};
use super::dice::Dice;
use super::request::{SimulatedRequest, Way};
use super::world::{QueuedBell, World};
use crate::instant::after;
use crate::lease::LeaseBook;

/// How many processes answer requests, and how many requests they have at once.
const PROCESSES: u64 = 20;
const IN_FLIGHT: usize = 40;
/// In how many of 10,000 polls a handler dies, another actor does, and a whole process.
const HANDLER_DIES: u64 = 100;
const OTHER_DIES: u64 = 60;
const PROCESS_DIES: u64 = 4;
/// Messages of one batch, and how many meters there are.
const BATCH: usize = 100;
const METERS: usize = 2;
/// A client retries what it asked within so long: in the first hour of a day yesterday's charge counts.
const RETRY_SECONDS: i64 = 1_800;
/// How many requests are remembered for retries.
const REMEMBERED: usize = 500;
/// The sweeper comes every minute.
const SWEEP_SECONDS: i64 = 60;

/// What there is to act on.
#[derive(Debug, Clone, Copy)]
pub(super) struct WorldPlan {
    pub(super) requests: u64,
    pub(super) payers: u64,
    pub(super) grants_each: u64,
}

/// Who acts.
enum Role {
    Handler { process: usize },
    Meter { batch: Vec<QueuedBell> },
    Sweeper,
    Other,
}

struct Actor<'w> {
    role: Role,
    work: Pin<Box<dyn Future<Output = ()> + 'w>>,
}

/// One world, and all who act in it.
pub(super) struct WorldRun<'w> {
    world: &'w World,
    plan: WorldPlan,
    dice: Dice,
    actors: Vec<Actor<'w>>,
    processes: Vec<Arc<LeaseBook>>,
    remembered: Vec<SimulatedRequest>,
    next_sweep: Timestamp,
    grants: u64,
    pub(super) made: u64,
    pub(super) retries: u64,
    pub(super) deaths: u64,
    pub(super) unsound: u64,
}

impl<'w> WorldRun<'w> {
    pub(super) fn new(world: &'w World, plan: WorldPlan, seed: u64) -> WorldRun<'w> {
        WorldRun {
            world,
            plan,
            dice: Dice::new(seed ^ 0x5eed),
            actors: Vec::new(),
            processes: (0..PROCESSES).map(|_| Arc::default()).collect(),
            remembered: Vec::new(),
            next_sweep: after(world.now(), SWEEP_SECONDS),
            grants: 0,
            made: 0,
            retries: 0,
            deaths: 0,
            unsound: 0,
        }
    }

    /// Acts until all requests are made and everybody is done, then brings the world to rest.
    pub(super) fn run(&mut self) {
        // One payer of a hundred is busy: there half of all requests are.
        self.world.make_busy(PayerId::new(0));
        for payer in 0..self.plan.payers {
            for _ in 0..self.plan.grants_each {
                self.give(PayerId::new(payer));
            }
        }
        while self.made < self.plan.requests {
            self.come();
            self.act();
        }
        while !self.actors.is_empty() {
            self.act();
        }
        self.rest();
    }

    fn enter(&mut self, role: Role, work: impl Future<Output = ()> + 'w) {
        self.actors.push(Actor { role, work: Box::pin(work) });
    }

    /// Those who are due come.
    fn come(&mut self) {
        if self.made < self.plan.requests && self.actors.len() < IN_FLIGHT {
            self.world.pass_ms(self.dice.below(4_000));
            self.request();
            if self.dice.happens(40) {
                let payer = self.payer();
                self.enter(Role::Other, auditor(self.world, payer));
            }
            if self.dice.happens(20) {
                let payer = self.payer();
                self.give(payer);
            }
            if self.dice.happens(20) {
                self.give_back();
            }
        }
        self.call_meter();
        if self.world.now() >= self.next_sweep
            && !self.is_there(|role| matches!(role, Role::Sweeper))
        {
            self.next_sweep = after(self.world.now(), SWEEP_SECONDS);
            self.unsound += self.world.unsound_balances();
            self.enter(Role::Sweeper, sweeper(self.world));
        }
    }

    fn is_there(&self, wanted: impl Fn(&Role) -> bool) -> bool {
        self.actors.iter().any(|actor| wanted(&actor.role))
    }

    fn call_meter(&mut self) {
        let meters = self.actors.iter().filter(|actor| matches!(actor.role, Role::Meter { .. }));
        if meters.count() >= METERS {
            return;
        }
        let dice = &mut self.dice;
        let batch = self.world.queue(|queue| {
            let wanted = BATCH.min(queue.len());
            let mut batch = Vec::with_capacity(wanted);
            for _ in 0..wanted {
                let at = dice.below(queue.len() as u64) as usize;
                batch.push(queue.swap_remove(at));
            }
            batch
        });
        if !batch.is_empty() {
            self.enter(Role::Meter { batch: batch.clone() }, meter(self.world, batch));
        }
    }

    fn payer(&mut self) -> PayerId {
        let is_busy = self.dice.happens(3_000);
        PayerId::new(if is_busy { 0 } else { self.dice.below(self.plan.payers) })
    }

    /// A grant: some for a while only, most for ever.
    fn give(&mut self, payer: PayerId) {
        self.grants += 1;
        let id = format!("grant-{}", self.grants);
        let Ok(id) = id.parse() else { return };
        let rich = if payer.number() == 0 { 100 } else { 1 };
        let amount = MicroCredits::new(((200_000 + self.dice.below(1_500_000)) * rich) as i64);
        let kind = if self.dice.happens(5_000) { GrantKind::Paid } else { GrantKind::Promotional };
        let mut grant = Grant::new(id, payer, kind, amount).effective(self.world.now());
        grant.priority = self.dice.below(3) as u8;
        if self.dice.happens(3_000) {
            let seconds = 3_600 + self.dice.below(30 * 3_600) as i64;
            grant.expires_at = Some(after(self.world.now(), seconds));
        }
        self.enter(Role::Other, operator(self.world, grant));
    }

    /// Gives back what was charged for some answer.
    fn give_back(&mut self) {
        let at = self.dice.number();
        let chosen: Option<ChargeRef> = self.world.note(|notes| {
            let mut bytes = [0; 20];
            bytes[..8].copy_from_slice(&at.to_be_bytes());
            let after = notes.delivered.range(model::ChargeId::new(bytes)..).next();
            after.map(|(_, delivered)| delivered.charge)
        });
        if let Some(charge) = chosen {
            self.enter(Role::Other, refunder(self.world, charge));
        }
    }

    fn request(&mut self) {
        self.made += 1;
        let now = self.world.now();
        let mut request = match self.retried(now) {
            Some(request) => request,
            None => self.new_request(now),
        };
        request.nonce = self.dice.number();
        request.work = match self.dice.happens(200) {
            true if request.way == Way::Held => 20 + self.dice.below(100),
            _ => self.dice.below(3),
        };
        request.fails = self.dice.happens(500);
        let process = self.dice.below(PROCESSES) as usize;
        let leases = Arc::clone(&self.processes[process]);
        // Clocks of processes are up to five minutes apart from the world's.
        request.skew_seconds = process as i64 * 600 / (PROCESSES as i64 - 1) - 300;
        self.enter(Role::Handler { process }, request.handle(self.world, leases));
    }

    /// A retry of an earlier request: 15 of 100, 30 of 100 of them with another result.
    fn retried(&mut self, now: Timestamp) -> Option<SimulatedRequest> {
        if self.remembered.is_empty() || !self.dice.happens(1_500) {
            return None;
        }
        // One of them is retried all the time.
        let is_popular = self.dice.happens(3_000);
        let at =
            if is_popular { 0 } else { self.dice.below(self.remembered.len() as u64) as usize };
        let mut request = self.remembered[at];
        if after(request.born, RETRY_SECONDS) <= now {
            return None;
        }
        self.retries += 1;
        if self.dice.happens(3_000) {
            request.cost = 1 + self.dice.below(request.most as u64) as i64;
        }
        Some(request)
    }

    fn new_request(&mut self, now: Timestamp) -> SimulatedRequest {
        let payer = self.payer();
        let most = 1_000 + self.dice.below(20_000) as i64;
        let way = match self.dice.below(10) {
            0..2 => Way::Held,
            2 => Way::Quoted,
            _ => Way::Fused,
        };
        let request = SimulatedRequest {
            number: self.made,
            payer,
            way,
            most,
            cost: 1 + self.dice.below(most as u64) as i64,
            born: now,
            work: 0,
            fails: false,
            is_keyed: self.dice.happens(2_000),
            nonce: 0,
            skew_seconds: 0,
            cap: (payer.number() % 3 == 1).then_some(400_000),
        };
        match self.remembered.len() < REMEMBERED {
            true => self.remembered.push(request),
            false => {
                let at = self.dice.below(REMEMBERED as u64) as usize;
                self.remembered[at] = request;
            }
        }
        request
    }

    /// An actor takes a step, or dies.
    fn act(&mut self) {
        if self.actors.is_empty() {
            return;
        }
        if self.dice.happens(PROCESS_DIES) {
            self.process_dies();
            return;
        }
        let at = self.next_to_act();
        let dies = match self.actors[at].role {
            Role::Handler { .. } => HANDLER_DIES,
            _ => OTHER_DIES,
        };
        if self.dice.happens(dies) {
            self.die(at);
        } else {
            self.step(at);
        }
    }

    /// Any actor; in a third of all cases one who is no handler: there are few of them.
    fn next_to_act(&mut self) -> usize {
        let at = self.dice.below(self.actors.len() as u64) as usize;
        if !self.dice.happens(3_333) {
            return at;
        }
        let is_other = |actor: &Actor<'_>| !matches!(actor.role, Role::Handler { .. });
        let (before, after) = self.actors.split_at(at);
        let found = after.iter().position(is_other).map(|found| found + at);
        found.or_else(|| before.iter().position(is_other)).unwrap_or(at)
    }

    fn step(&mut self, at: usize) {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(()) = self.actors[at].work.as_mut().poll(&mut context) {
            self.actors.swap_remove(at);
        }
    }

    /// Nothing is left of who dies; messages are received again.
    fn die(&mut self, at: usize) {
        self.deaths += 1;
        if let Role::Meter { batch } = self.actors.swap_remove(at).role {
            self.world.queue(|queue| queue.extend(batch));
        }
    }

    fn process_dies(&mut self) {
        let dead = self.dice.below(PROCESSES) as usize;
        self.processes[dead] = Arc::default();
        let is_in =
            |actor: &Actor<'w>| matches!(actor.role, Role::Handler { process } if process == dead);
        let before = self.actors.len();
        self.actors.retain(|actor| !is_in(actor));
        self.deaths += (before - self.actors.len()) as u64;
    }

    /// No more requests and deaths: sweeper and meters go on until nothing is left to do.
    fn rest(&mut self) {
        for round in 0..12 {
            self.world.pass_ms(2 * 3_600_000);
            self.enter(Role::Sweeper, sweeper(self.world));
            // What comes back to the queue waits for the next round.
            let mut batches = self.world.queue(|queue| queue.len()) / BATCH + 20;
            while !self.actors.is_empty() {
                self.step(0);
                if batches > 0 {
                    batches -= 1;
                    self.call_meter();
                }
            }
            if round > 2 && self.world.unsettled() == 0 {
                return;
            }
        }
    }
}

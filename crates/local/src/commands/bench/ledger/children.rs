//! The processes of the bench: they kill themselves, and are started again.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use graph::seed::RandomSeed;

use super::gateway::GATEWAYS;
use super::meter::METERS;
use super::notes::NoteBook;
use super::plan::LedgerPlan;
use crate::cli::LedgerRole;

/// Where a gateway may die, and after how many passes at the latest.
const PLACES_OF_GATEWAYS: &[(&str, u64)] = &[
    ("ledger.mark_in_wallet", 2),
    ("ledger.record_grant", 2),
    ("ledger.refund", 1),
    ("queue.send", 40),
    ("wallet.adjust", 2),
    ("wallet.balance", 4),
    ("wallet.close_lease", 2),
    ("wallet.commit", 60),
    ("wallet.hold", 12),
    ("wallet.open_lease", 6),
    ("wallet.replay", 12),
    ("wallet.serve", 12),
    ("wallet.void", 2),
];

/// Where a meter may die, and after how many passes at the latest.
const PLACES_OF_METERS: &[(&str, u64)] = &[
    ("ledger.expire", 3),
    ("ledger.mark_in_wallet", 2),
    ("ledger.post", 8),
    ("queue.finish", 60),
    ("queue.receive", 60),
    ("queue.send", 4),
    ("wallet.adjust", 3),
    ("wallet.charges", 8),
    ("wallet.close_lease", 6),
    ("wallet.mark_posted", 8),
    ("wallet.void", 3),
];

/// Per this many requests they die later by as many passes again.
const LONG: u64 = 50_000;

/// One that does not pass its place lives at most so long.
const LIFE_MS: u64 = 4_000;

/// SIGKILL.
const KILLED: i32 = 9;

/// What all children are given.
#[derive(Debug)]
pub(super) struct CrewOrders {
    pub(super) url: String,
    pub(super) folder: PathBuf,
    pub(super) plan: LedgerPlan,
}

struct CrewMember {
    role: LedgerRole,
    number: u64,
    life: u64,
    child: Child,
    until: Instant,
    is_done: bool,
}

/// The children. They end with it.
pub(super) struct ChildCrew {
    orders: CrewOrders,
    members: Vec<CrewMember>,
    chance: RandomSeed,
    deaths: u64,
}

impl ChildCrew {
    /// Starts all of them.
    pub(super) fn start(orders: CrewOrders) -> Result<ChildCrew> {
        let chance = RandomSeed(orders.plan.seed ^ 0xdead);
        let mut crew = ChildCrew { orders, members: Vec::new(), chance, deaths: 0 };
        let gateways = (0..GATEWAYS).map(|number| (LedgerRole::Gateway, number));
        for (role, number) in gateways.chain((0..METERS).map(|number| (LedgerRole::Meter, number)))
        {
            let (child, until) = crew.spawn(role, number, 0)?;
            crew.members.push(CrewMember { role, number, life: 0, child, until, is_done: false });
        }
        Ok(crew)
    }

    fn notes(&self, role: LedgerRole, number: u64) -> PathBuf {
        let role = role_name(role);
        self.orders.folder.join(format!("{role}-{number}.notes"))
    }

    /// Starts a process that dies at a place or a time, unless it is done before; and that time.
    fn spawn(&mut self, role: LedgerRole, number: u64, life: u64) -> Result<(Child, Instant)> {
        let places = match role {
            LedgerRole::Gateway => PLACES_OF_GATEWAYS,
            LedgerRole::Meter => PLACES_OF_METERS,
        };
        let (place, passes) = places[self.chance.below(places.len() as u64) as usize];
        let side = if self.chance.below(2) == 0 { "before" } else { "after" };
        // In a long bench they live longer.
        let passes = passes * (1 + self.orders.plan.requests / LONG);
        let die_at = format!("{place}.{side}={}", 1 + self.chance.below(passes));
        let own = std::env::current_exe().context("find the path of borg")?;
        let mut command = Command::new(own);
        command.args(["bench", "ledger-worker", role_name(role)]);
        command.args(["--url", &self.orders.url, "--die-at", &die_at]);
        command.arg("--notes").arg(self.notes(role, number));
        let LedgerPlan { seed, requests } = self.orders.plan;
        for (name, value) in
            [("--seed", seed), ("--requests", requests), ("--number", number), ("--life", life)]
        {
            command.arg(name).arg(value.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().context("start a process of the bench")?;
        let life = Duration::from_millis(LIFE_MS / 8 + self.chance.below(LIFE_MS));
        Ok((child, Instant::now() + life))
    }

    /// Starts those again that died. Whether all requests are answered.
    pub(super) fn look_after(&mut self) -> Result<bool> {
        for at in 0..self.members.len() {
            let member = &mut self.members[at];
            if member.is_done {
                continue;
            }
            if member.until < Instant::now() {
                // It may have ended just now.
                drop(member.child.kill());
            }
            let Some(status) = member.child.try_wait()? else { continue };
            let (role, number, life) = (member.role, member.number, member.life + 1);
            if status.signal() == Some(KILLED) {
                self.deaths += 1;
                let (child, until) = self.spawn(role, number, life)?;
                let member = &mut self.members[at];
                (member.child, member.until, member.life) = (child, until, life);
            } else {
                let name = role_name(role);
                ensure!(status.success(), "the {name} {number} failed: {status}");
                self.members[at].is_done = true;
            }
        }
        let mut gateways = self.members.iter().filter(|one| one.role == LedgerRole::Gateway);
        Ok(gateways.all(|gateway| gateway.is_done))
    }

    /// How often one of them died.
    pub(super) const fn deaths(&self) -> u64 {
        self.deaths
    }

    /// What all of them noted.
    pub(super) fn notes_of_all(&self) -> Result<NoteBook> {
        let mut book = NoteBook::default();
        for number in 0..GATEWAYS {
            book.read(&self.notes(LedgerRole::Gateway, number))?;
        }
        Ok(book)
    }

    /// Ends those who would go on for ever.
    pub(super) fn end(&mut self) {
        for member in self.members.iter_mut().filter(|member| !member.is_done) {
            // It may have died just now.
            drop(member.child.kill());
            drop(member.child.wait());
            member.is_done = true;
        }
    }
}

impl Drop for ChildCrew {
    fn drop(&mut self) {
        self.end();
    }
}

const fn role_name(role: LedgerRole) -> &'static str {
    match role {
        LedgerRole::Gateway => "gateway",
        LedgerRole::Meter => "meter",
    }
}

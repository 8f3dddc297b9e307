//! Who lives in the world: people, organisations, bots and fakes, their communities and accounts.
//!
//! Communities' sizes follow Zipf and Mandelbrot, `1 / (rank + 8)`. Within a community the pull of
//! the person of rank r is `(r + 1)^-3/4`: a few insiders matter much, most matter a little.

use crate::random::Dice;
use crate::world::account::{AccountId, Kind, Words};
use crate::world::builder::{Draft, WorldBuilder};
use crate::world::config::WorldConfig;
use crate::world::topics::Topics;

use super::names::Names;
use super::servers::Servers;
use super::{Draws, Human, Standing, bios};

const LEAVES_PER_PARENT: u16 = 4;
/// Ranks up to this are the stars of a community.
const STARS: usize = 5;
/// Celebrities are not among the first of their community: outsiders made them.
const CELEBRITY_RANK: std::ops::Range<usize> = 20..60;
/// How many let their words be searched.
const INDEXABLE: f64 = 0.3;
const YEAR_SECONDS: usize = 31_536_000;

/// What one has come to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Linked,
    Single,
    Decoy,
    Organisation,
    Bot,
    Fake,
}

/// Draws who lives in the world and opens their accounts.
pub(super) fn assemble(config: &WorldConfig) -> Draws<'_> {
    let mut builder = WorldBuilder::new(config.until);
    let mut casting = Casting {
        config,
        dice: Dice::new(config.seed, "cast"),
        topics: Topics::load(),
        names: Names::new(),
        servers: Servers::add(config, &mut builder),
        ranks: vec![0; usize::from(config.leaves)],
        celebrities: (config.accounts as usize / 1_000).max(2),
        side: 0,
    };
    let leaves = leaf_shares(config);
    let mut draws =
        Draws { config, builder, standing: Vec::new(), linked: Vec::new(), fakes: Vec::new() };
    for role in roles(config) {
        let x = casting.dice.unit();
        let leaf = leaves.partition_point(|&up_to| up_to <= x).min(leaves.len() - 1) as u16;
        casting.admit(role, leaf, &mut draws);
    }
    draws
}

/// Every role to be filled, in random order. Linked people have two accounts, the others one.
fn roles(config: &WorldConfig) -> Vec<Role> {
    let counts = [
        (Role::Linked, config.count(config.linked_share)),
        (Role::Decoy, config.count(config.decoy_share)),
        (Role::Organisation, config.count(config.organisation_share)),
        (Role::Bot, config.count(config.bot_share)),
        (Role::Fake, config.count(config.fake_share)),
    ];
    let mut roles = Vec::new();
    for (role, count) in counts {
        roles.extend(std::iter::repeat_n(role, count));
    }
    let taken = roles.len() + counts[0].1;
    let rest = (config.accounts as usize).saturating_sub(taken);
    roles.extend(std::iter::repeat_n(Role::Single, rest));
    Dice::new(config.seed, "roles").shuffle(&mut roles);
    roles
}

/// Cumulative shares of the leaves; which leaf is big is random.
fn leaf_shares(config: &WorldConfig) -> Vec<f64> {
    let mut sizes: Vec<f64> = (0..config.leaves).map(|r| 1.0 / (f64::from(r) + 8.0)).collect();
    Dice::new(config.seed, "leaves").shuffle(&mut sizes);
    let total: f64 = sizes.iter().sum();
    let mut sum = 0.0;
    for size in &mut sizes {
        sum += *size / total;
        *size = sum;
    }
    sizes
}

struct Casting<'c> {
    config: &'c WorldConfig,
    dice: Dice,
    topics: Topics,
    names: Names,
    servers: Servers,
    ranks: Vec<usize>,
    celebrities: usize,
    /// Which platform the next one with a single account joins.
    side: usize,
}

impl Casting<'_> {
    fn admit(&mut self, role: Role, leaf: u16, draws: &mut Draws<'_>) {
        let standing = self.standing(role, leaf);
        let name = self.display_name(role, leaf);
        let domain = match role {
            Role::Linked => self.dice.chance(0.25),
            Role::Organisation => self.dice.chance(0.5),
            _ => false,
        };
        let person = draws.builder.person();
        let mut accounts = Vec::new();
        for side in self.sides(role) {
            let draft = self.draft(role, leaf, &name, (side, domain));
            accounts.push(draws.builder.account(Draft { person: Some(person), ..draft }));
            draws.standing.push(standing);
        }
        match role {
            Role::Linked => draws.linked.push(Human { accounts, domain }),
            Role::Fake => draws.fakes.extend::<Vec<AccountId>>(accounts),
            _ => {}
        }
    }

    /// Linked people live on both platforms; the others on one in turn.
    fn sides(&mut self, role: Role) -> Vec<usize> {
        if role == Role::Linked {
            return vec![0, 1];
        }
        self.side = 1 - self.side;
        vec![self.side]
    }

    fn standing(&mut self, role: Role, leaf: u16) -> Standing {
        let decoy = role == Role::Decoy;
        if role == Role::Fake {
            return Standing { pull: 1.0, star: false, celebrity: false, decoy };
        }
        let rank = &mut self.ranks[usize::from(leaf)];
        let root = (*rank as f64 + 1.0).sqrt();
        let human = matches!(role, Role::Single | Role::Linked);
        let celebrity = human && self.celebrities > 0 && CELEBRITY_RANK.contains(rank);
        self.celebrities -= usize::from(celebrity);
        let standing =
            Standing { pull: 1.0 / (root * root.sqrt()), star: *rank < STARS, celebrity, decoy };
        *rank += 1;
        standing
    }

    fn display_name(&mut self, role: Role, leaf: u16) -> String {
        let subject = self.topics.leaf(leaf).words[8];
        match role {
            Role::Organisation => self.names.organisation(&mut self.dice, subject),
            Role::Bot => {
                let word = *self.dice.pick(&self.topics.leaf(leaf).words);
                format!("{word} bot")
            }
            _ => self.names.person(&mut self.dice),
        }
    }

    fn draft(&mut self, role: Role, leaf: u16, name: &str, home: (usize, bool)) -> Draft {
        let (host, handle) = self.handle(role, name, home);
        let community = (role != Role::Fake).then_some((leaf, leaf / LEAVES_PER_PARENT));
        let kind = match role {
            Role::Organisation => Kind::Organisation,
            Role::Bot => Kind::Bot,
            Role::Fake => Kind::Fake,
            Role::Linked | Role::Single | Role::Decoy => Kind::Person,
        };
        let bio = self.bio(kind, leaf, name);
        let words = Words { name: name.to_owned(), bio, ..Words::default() };
        let age = self.dice.below(5 * YEAR_SECONDS) + YEAR_SECONDS / 2;
        let created_at = self.config.until - age as u64;
        let indexable = self.dice.chance(INDEXABLE);
        let draft = Draft { host, name: handle, community, kind, ..Draft::default() };
        Draft { words, created_at, indexable, ..draft }
    }

    /// The host and the local name (fediverse) or whole handle (Bluesky).
    fn handle(&mut self, role: Role, name: &str, (side, domain): (usize, bool)) -> (u16, String) {
        if side == 0 {
            let joiner = if domain || self.dice.chance(0.5) { "-" } else { "" };
            let local = self.names.local(0, name, joiner);
            let domain_of = match role {
                Role::Organisation => "organisation.test",
                _ => "person.test",
            };
            let suffix = if domain { domain_of } else { "bsky.sample.test" };
            return (0, format!("{local}.{suffix}"));
        }
        let host = match role {
            Role::Decoy => self.servers.draw_ordinary(&mut self.dice),
            _ => self.servers.draw(&mut self.dice),
        };
        let joiner = if self.dice.chance(0.5) { "_" } else { "" };
        (host, self.names.local(host, name, joiner))
    }

    fn bio(&mut self, kind: Kind, leaf: u16, name: &str) -> String {
        let topic = self.topics.leaf(leaf);
        let dice = &mut self.dice;
        match kind {
            Kind::Person => bios::person(dice, topic, &self.topics),
            Kind::Organisation => bios::organisation(dice, name, topic, &self.topics),
            Kind::Bot => bios::bot(dice, topic, &self.topics),
            Kind::Fake => bios::fake(dice, topic),
        }
    }
}

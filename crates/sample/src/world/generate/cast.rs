//! The world's people, organisations, bots and fakes, their communities and accounts.
//!
//! Communities' sizes follow Zipf and Mandelbrot, `1 / (rank + 8)`. Within a community the
//! weight of the person of rank r is `(r + 1)^-3/4`: a few insiders matter much, most matter a little.

use crate::random::SeededRandom;
use crate::world::account::{AccountId, AccountKind, ProfileTexts};
use crate::world::builder::{AccountDraft, WorldBuilder};
use crate::world::config::WorldConfig;
use crate::world::topics::TopicList;

use super::names::NameDraws;
use super::servers::ServerChoice;
use super::{AccountTraits, LinkedPerson, WorldDraws, bios};

const LEAVES_PER_PARENT: u16 = 4;
/// Ranks up to this are the stars of a community.
const STARS: usize = 5;
/// Celebrities are not among the first of their community: outsiders made them.
const CELEBRITY_RANK: std::ops::Range<usize> = 20..60;
/// The share of accounts whose posts may be searched.
const INDEXABLE: f64 = 0.3;
const YEAR_SECONDS: usize = 31_536_000;

/// What an account is generated as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CastRole {
    Linked,
    Single,
    Decoy,
    Organisation,
    Bot,
    Fake,
}

/// Draws the people of the world and opens their accounts.
pub(super) fn assemble(config: &WorldConfig) -> WorldDraws<'_> {
    let mut builder = WorldBuilder::new(config.until);
    let mut casting = CastDraws {
        config,
        dice: SeededRandom::new(config.seed, "cast"),
        topics: TopicList::load(),
        names: NameDraws::new(),
        servers: ServerChoice::add(config, &mut builder),
        ranks: vec![0; usize::from(config.leaves)],
        celebrities: (config.accounts as usize / 1_000).max(2),
        side: 0,
    };
    let leaves = leaf_shares(config);
    let mut draws =
        WorldDraws { config, builder, traits: Vec::new(), linked: Vec::new(), fakes: Vec::new() };
    for role in roles(config) {
        let x = casting.dice.unit();
        let leaf =
            leaves.partition_point(|&cumulative| cumulative <= x).min(leaves.len() - 1) as u16;
        casting.add(role, leaf, &mut draws);
    }
    draws
}

/// Every role to be filled, in random order. Linked people have two accounts, the others one.
fn roles(config: &WorldConfig) -> Vec<CastRole> {
    let counts = [
        (CastRole::Linked, config.count(config.linked_share)),
        (CastRole::Decoy, config.count(config.decoy_share)),
        (CastRole::Organisation, config.count(config.organisation_share)),
        (CastRole::Bot, config.count(config.bot_share)),
        (CastRole::Fake, config.count(config.fake_share)),
    ];
    let mut roles = Vec::new();
    for (role, count) in counts {
        roles.extend(std::iter::repeat_n(role, count));
    }
    let taken = roles.len() + counts[0].1;
    let rest = (config.accounts as usize).saturating_sub(taken);
    roles.extend(std::iter::repeat_n(CastRole::Single, rest));
    SeededRandom::new(config.seed, "roles").shuffle(&mut roles);
    roles
}

/// Cumulative shares of the leaves; which leaf is big is random.
fn leaf_shares(config: &WorldConfig) -> Vec<f64> {
    let mut sizes: Vec<f64> = (0..config.leaves).map(|r| 1.0 / (f64::from(r) + 8.0)).collect();
    SeededRandom::new(config.seed, "leaves").shuffle(&mut sizes);
    let total: f64 = sizes.iter().sum();
    let mut sum = 0.0;
    for size in &mut sizes {
        sum += *size / total;
        *size = sum;
    }
    sizes
}

/// Where an account is opened.
#[derive(Clone, Copy)]
struct AccountHome {
    /// 0 for Bluesky, 1 for the fediverse.
    side: usize,
    /// Whether its owner has a web domain, which is its Bluesky handle.
    domain: bool,
}

struct CastDraws<'c> {
    config: &'c WorldConfig,
    dice: SeededRandom,
    topics: TopicList,
    names: NameDraws,
    servers: ServerChoice,
    ranks: Vec<usize>,
    celebrities: usize,
    /// The platform of the last person with a single account.
    side: usize,
}

impl CastDraws<'_> {
    fn add(&mut self, role: CastRole, leaf: u16, draws: &mut WorldDraws<'_>) {
        let traits = self.traits(role, leaf);
        let name = self.display_name(role, leaf);
        let domain = match role {
            CastRole::Linked => self.dice.chance(0.25),
            CastRole::Organisation => self.dice.chance(0.5),
            _ => false,
        };
        let person = draws.builder.person();
        let mut accounts = Vec::new();
        for side in self.sides(role) {
            let home = AccountHome { side, domain };
            let draft = self.draft(role, leaf, &name, home);
            accounts.push(draws.builder.account(AccountDraft { person: Some(person), ..draft }));
            draws.traits.push(traits);
        }
        match role {
            CastRole::Linked => draws.linked.push(LinkedPerson { accounts, domain }),
            CastRole::Fake => draws.fakes.extend::<Vec<AccountId>>(accounts),
            _ => {}
        }
    }

    /// Linked people live on both platforms; the others on one in turn.
    fn sides(&mut self, role: CastRole) -> Vec<usize> {
        if role == CastRole::Linked {
            return vec![0, 1];
        }
        self.side = 1 - self.side;
        vec![self.side]
    }

    fn traits(&mut self, role: CastRole, leaf: u16) -> AccountTraits {
        let decoy = role == CastRole::Decoy;
        if role == CastRole::Fake {
            return AccountTraits { weight: 1.0, star: false, celebrity: false, decoy };
        }
        let rank = &mut self.ranks[usize::from(leaf)];
        let root = (*rank as f64 + 1.0).sqrt();
        let human = matches!(role, CastRole::Single | CastRole::Linked);
        let celebrity = human && self.celebrities > 0 && CELEBRITY_RANK.contains(rank);
        self.celebrities -= usize::from(celebrity);
        let traits = AccountTraits {
            weight: 1.0 / (root * root.sqrt()),
            star: *rank < STARS,
            celebrity,
            decoy,
        };
        *rank += 1;
        traits
    }

    fn display_name(&mut self, role: CastRole, leaf: u16) -> String {
        let subject = self.topics.leaf(leaf).words[8];
        match role {
            CastRole::Organisation => self.names.organisation(&mut self.dice, subject),
            CastRole::Bot => {
                let word = *self.dice.pick(&self.topics.leaf(leaf).words);
                format!("{word} bot")
            }
            _ => self.names.person(&mut self.dice),
        }
    }

    fn draft(&mut self, role: CastRole, leaf: u16, name: &str, home: AccountHome) -> AccountDraft {
        let (host, handle) = self.handle(role, name, home);
        let community = (role != CastRole::Fake).then_some((leaf, leaf / LEAVES_PER_PARENT));
        let kind = match role {
            CastRole::Organisation => AccountKind::Organisation,
            CastRole::Bot => AccountKind::Bot,
            CastRole::Fake => AccountKind::Fake,
            CastRole::Linked | CastRole::Single | CastRole::Decoy => AccountKind::Person,
        };
        let bio = self.bio(kind, leaf, name);
        let texts = ProfileTexts { name: name.to_owned(), bio, ..ProfileTexts::default() };
        let age = self.dice.below(5 * YEAR_SECONDS) + YEAR_SECONDS / 2;
        let created_at = self.config.until - age as u64;
        let indexable = self.dice.chance(INDEXABLE);
        let draft = AccountDraft { host, name: handle, community, kind, ..AccountDraft::default() };
        AccountDraft { texts, created_at, indexable, ..draft }
    }

    /// The host and the local name (fediverse) or whole handle (Bluesky).
    fn handle(&mut self, role: CastRole, name: &str, home: AccountHome) -> (u16, String) {
        let AccountHome { side, domain } = home;
        if side == 0 {
            let joiner = if domain || self.dice.chance(0.5) { "-" } else { "" };
            let local = self.names.local(0, name, joiner);
            let domain_of = match role {
                CastRole::Organisation => "organisation.test",
                _ => "person.test",
            };
            let suffix = if domain { domain_of } else { "bsky.sample.test" };
            return (0, format!("{local}.{suffix}"));
        }
        let host = match role {
            CastRole::Decoy => self.servers.draw_ordinary(&mut self.dice),
            _ => self.servers.draw(&mut self.dice),
        };
        let joiner = if self.dice.chance(0.5) { "_" } else { "" };
        (host, self.names.local(host, name, joiner))
    }

    fn bio(&mut self, kind: AccountKind, leaf: u16, name: &str) -> String {
        let topic = self.topics.leaf(leaf);
        let dice = &mut self.dice;
        match kind {
            AccountKind::Person => bios::person(dice, topic, &self.topics),
            AccountKind::Organisation => bios::organisation(dice, name, topic, &self.topics),
            AccountKind::Bot => bios::bot(dice, topic, &self.topics),
            AccountKind::Fake => bios::fake(dice, topic),
        }
    }
}

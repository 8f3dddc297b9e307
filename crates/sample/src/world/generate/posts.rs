//! Posts, likes and lists: mostly about those one follows, and about a few of them most.

use crate::random::Dice;
use crate::world::account::AccountId;
use crate::world::builder::DraftPost;
use crate::world::post::{Act, Purpose};
use crate::world::{Kind, Nature};

use super::pools::Pools;
use super::{Draws, Lists};

/// Posts fall into so many seconds (180 days) before the world's end.
const SPAN_SECONDS: usize = 15_552_000;
/// How many accounts never post.
const SILENT: f64 = 0.2;
/// What is said at most by those whose host shows one page only.
const SNAC_MAX: usize = 9;
/// How many people's attention goes to someone of the community that they do not follow.
const STRANGERS: f64 = 0.15;
/// How many Bluesky accounts keep a list, and how many of the lists are for moderation.
const LIST_KEEPERS: f64 = 0.03;
const MODERATION: f64 = 0.1;

/// Plants posts, likes and lists.
pub(super) fn plant(draws: &mut Draws<'_>, pools: &Pools, lists: &Lists) {
    let mut dice = Dice::new(draws.config.seed, "posts");
    let mut scene = Scene { pools, lists, originals: Vec::new() };
    for account in draws.accounts() {
        scene.say(draws, account, &mut dice);
    }
    for account in draws.accounts() {
        scene.interact(draws, account, &mut dice);
    }
    for account in draws.accounts().filter(|&account| draws.side(account) == 0).collect::<Vec<_>>()
    {
        scene.like(draws, account, &mut dice);
        scene.list(draws, account, &mut dice);
    }
}

struct Scene<'a> {
    pools: &'a Pools,
    lists: &'a Lists,
    /// Each account's posts that are about no other post: the first and how many.
    originals: Vec<(u32, usize)>,
}

impl Scene<'_> {
    fn say(&mut self, draws: &mut Draws<'_>, account: AccountId, dice: &mut Dice) {
        let silent = dice.chance(SILENT);
        let count = if silent { 0 } else { 1 + dice.pareto(1.2, 30) };
        let count = count.min(most(draws, account));
        self.originals.push((draws.builder.posts.len() as u32, count));
        for _ in 0..count {
            let at = draws.config.until - 1 - dice.below(SPAN_SECONDS) as u64;
            let act = match self.attended(draws, account, dice).filter(|_| dice.chance(0.3)) {
                Some(first) => self.mention(draws, account, first, dice),
                None => Act::Say,
            };
            draws.builder.post(account, at, act);
        }
    }

    fn mention(
        &self,
        draws: &Draws<'_>,
        account: AccountId,
        first: AccountId,
        dice: &mut Dice,
    ) -> Act<DraftPost> {
        let second = self.attended(draws, account, dice);
        Act::Mention(first, second.filter(|&second| second != first && dice.chance(0.3)))
    }

    fn interact(&self, draws: &mut Draws<'_>, account: AccountId, dice: &mut Dice) {
        if self.originals[account.index()].1 == 0 {
            return;
        }
        for _ in 0..dice.pareto(3.5, 80).min(most(draws, account)) {
            let Some((about, at)) = self.something(draws, account, dice) else { continue };
            let act = match dice.below(20) {
                0..8 => Act::Reply(about),
                18.. if knows_quotes(draws, account) => Act::Quote(about),
                _ => Act::Repost(about),
            };
            draws.builder.post(account, at, act);
        }
    }

    fn like(&self, draws: &mut Draws<'_>, account: AccountId, dice: &mut Dice) {
        for _ in 0..dice.pareto(4.5, 300).saturating_sub(2) {
            if let Some((post, at)) = self.something(draws, account, dice) {
                draws.builder.like(account, post, at);
            }
        }
    }

    fn list(&self, draws: &mut Draws<'_>, account: AccountId, dice: &mut Dice) {
        let known = &draws.builder.accounts[account.index()];
        let Some(leaf) = known.leaf.filter(|_| dice.chance(LIST_KEEPERS)) else { return };
        let moderation = dice.chance(MODERATION);
        let side = &self.pools.0[0];
        let pool = if moderation { &side.all } else { &side.leaves[usize::from(leaf)] };
        let count = 10 + dice.below(120);
        let drawn = (0..count).filter_map(|_| match moderation {
            true => pool.draw_evenly(dice),
            false => pool.draw(dice),
        });
        let mut members: Vec<AccountId> = drawn.filter(|&member| member != account).collect();
        members.sort_unstable();
        members.dedup();
        let (name, purpose) = match moderation {
            true => ("Not for me", Purpose::Moderate),
            false => ("Worth reading", Purpose::Curate),
        };
        draws.builder.list(account, name, purpose, members);
    }

    /// Somebody's post, and a time after it.
    fn something(
        &self,
        draws: &Draws<'_>,
        account: AccountId,
        dice: &mut Dice,
    ) -> Option<(DraftPost, u64)> {
        let author = self.attended(draws, account, dice)?;
        let (first, count) = self.originals[author.index()];
        if count == 0 {
            return None;
        }
        let post = first + dice.below(count) as u32;
        let posted = u64::from(draws.builder.posts[post as usize].1);
        let left = draws.config.until - posted;
        Some((DraftPost(post), posted + 1 + dice.below(left as usize) as u64))
    }

    /// Somebody whom the account attends to: one it follows, the first of the list most, or
    /// somebody else of its community.
    fn attended(
        &self,
        draws: &Draws<'_>,
        account: AccountId,
        dice: &mut Dice,
    ) -> Option<AccountId> {
        let known = &draws.builder.accounts[account.index()];
        if let Some(leaf) = known.leaf.filter(|_| dice.chance(STRANGERS)) {
            let pool = &self.pools.0[draws.side(account)].leaves[usize::from(leaf)];
            return pool.draw(dice).filter(|&other| other != account);
        }
        let follows = self.lists.out.row(account.index());
        let x = dice.unit();
        follows.get((x * x * follows.len() as f64) as usize).copied()
    }
}

/// Old servers and snac have no quotes.
fn knows_quotes(draws: &Draws<'_>, account: AccountId) -> bool {
    !matches!(draws.nature(account), Nature::Old | Nature::Snac)
}

/// How many posts of one sort an account may have.
fn most(draws: &Draws<'_>, account: AccountId) -> usize {
    match (draws.nature(account), draws.kind(account)) {
        (Nature::Snac, _) => SNAC_MAX,
        (_, Kind::Bot) => 40,
        _ => 80,
    }
}

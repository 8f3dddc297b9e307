//! Posts, likes and lists: mostly about followed accounts, and about a few of them most.

use crate::random::SeededRandom;
use crate::world::account::AccountId;
use crate::world::builder::{DraftPost, FollowLists};
use crate::world::post::{ListPurpose, PostKind};
use crate::world::{AccountKind, HostNature};

use super::WorldDraws;
use super::pools::WorldPools;

/// The time before the world's end in which posts are written: 180 days.
const SPAN_SECONDS: usize = 15_552_000;
/// How many accounts never post.
const SILENT: f64 = 0.2;
/// The most posts of accounts whose host shows only one page.
const SNAC_MAX: usize = 9;
/// The share of attention to accounts of the community that are not followed.
const STRANGERS: f64 = 0.15;
/// How many Bluesky accounts keep a list, and how many of the lists are for moderation.
const LIST_KEEPERS: f64 = 0.03;
const MODERATION: f64 = 0.1;

/// Plants posts, likes and lists.
pub(super) fn plant(draws: &mut WorldDraws<'_>, pools: &WorldPools, lists: &FollowLists) {
    let mut dice = SeededRandom::new(draws.config.seed, "posts");
    let mut scene = PostDraws { pools, lists, originals: Vec::new() };
    for account in draws.accounts() {
        scene.write(draws, account, &mut dice);
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

struct PostDraws<'a> {
    pools: &'a WorldPools,
    lists: &'a FollowLists,
    /// Each account's posts that are about no other post.
    originals: Vec<OriginalPosts>,
}

/// Consecutive drafts of one account.
#[derive(Clone, Copy)]
struct OriginalPosts {
    first: u32,
    count: usize,
}

impl PostDraws<'_> {
    fn write(&mut self, draws: &mut WorldDraws<'_>, account: AccountId, dice: &mut SeededRandom) {
        let silent = dice.chance(SILENT);
        let count = if silent { 0 } else { 1 + dice.pareto(1.2, 30) };
        let count = count.min(most(draws, account));
        let first = draws.builder.posts.len() as u32;
        self.originals.push(OriginalPosts { first, count });
        for _ in 0..count {
            let at = draws.config.until - 1 - dice.below(SPAN_SECONDS) as u64;
            let kind = match self.draw_target(draws, account, dice).filter(|_| dice.chance(0.3)) {
                Some(first) => self.mention(draws, account, first, dice),
                None => PostKind::Plain,
            };
            draws.builder.post(account, at, kind);
        }
    }

    fn mention(
        &self,
        draws: &WorldDraws<'_>,
        account: AccountId,
        first: AccountId,
        dice: &mut SeededRandom,
    ) -> PostKind<DraftPost> {
        let second = self.draw_target(draws, account, dice);
        PostKind::Mention(first, second.filter(|&second| second != first && dice.chance(0.3)))
    }

    fn interact(&self, draws: &mut WorldDraws<'_>, account: AccountId, dice: &mut SeededRandom) {
        if self.originals[account.index()].count == 0 {
            return;
        }
        for _ in 0..dice.pareto(3.5, 80).min(most(draws, account)) {
            let Some((about, at)) = self.draw_post(draws, account, dice) else { continue };
            let kind = match dice.below(20) {
                0..8 => PostKind::Reply(about),
                18.. if has_quotes(draws, account) => PostKind::Quote(about),
                _ => PostKind::Repost(about),
            };
            draws.builder.post(account, at, kind);
        }
    }

    fn like(&self, draws: &mut WorldDraws<'_>, account: AccountId, dice: &mut SeededRandom) {
        for _ in 0..dice.pareto(4.5, 300).saturating_sub(2) {
            if let Some((post, at)) = self.draw_post(draws, account, dice) {
                draws.builder.like(account, post, at);
            }
        }
    }

    fn list(&self, draws: &mut WorldDraws<'_>, account: AccountId, dice: &mut SeededRandom) {
        let known = &draws.builder.accounts[account.index()];
        let Some(leaf) = known.leaf.filter(|_| dice.chance(LIST_KEEPERS)) else { return };
        let moderation = dice.chance(MODERATION);
        let side = &self.pools.sides[0];
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
            true => ("Not for me", ListPurpose::Moderate),
            false => ("Worth reading", ListPurpose::Curate),
        };
        draws.builder.list(account, name, purpose, members);
    }

    /// A post to interact with, and a time after it.
    fn draw_post(
        &self,
        draws: &WorldDraws<'_>,
        account: AccountId,
        dice: &mut SeededRandom,
    ) -> Option<(DraftPost, u64)> {
        let author = self.draw_target(draws, account, dice)?;
        let OriginalPosts { first, count } = self.originals[author.index()];
        if count == 0 {
            return None;
        }
        let post = first + dice.below(count) as u32;
        let posted = u64::from(draws.builder.posts[post as usize].at);
        let left = draws.config.until - posted;
        Some((DraftPost(post), posted + 1 + dice.below(left as usize) as u64))
    }

    /// An account that this one attends to: one that it follows, the first of the list most, or
    /// another one of its community.
    fn draw_target(
        &self,
        draws: &WorldDraws<'_>,
        account: AccountId,
        dice: &mut SeededRandom,
    ) -> Option<AccountId> {
        let known = &draws.builder.accounts[account.index()];
        if let Some(leaf) = known.leaf.filter(|_| dice.chance(STRANGERS)) {
            let pool = &self.pools.sides[draws.side(account)].leaves[usize::from(leaf)];
            return pool.draw(dice).filter(|&other| other != account);
        }
        let follows = self.lists.follows.row(account.index());
        let x = dice.unit();
        follows.get((x * x * follows.len() as f64) as usize).copied()
    }
}

/// Old servers and snac have no quotes.
fn has_quotes(draws: &WorldDraws<'_>, account: AccountId) -> bool {
    !matches!(draws.nature(account), HostNature::Old | HostNature::Snac)
}

/// How many posts of one sort an account may have.
fn most(draws: &WorldDraws<'_>, account: AccountId) -> usize {
    match (draws.nature(account), draws.kind(account)) {
        (HostNature::Snac, _) => SNAC_MAX,
        (_, AccountKind::Bot) => 40,
        _ => 80,
    }
}

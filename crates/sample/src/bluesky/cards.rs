//! Profiles as they are shown: basic (beside posts), plain (in lists; it extends the basic one, so
//! that one text holds both), and detailed.

use model::Platform;

use crate::json::JsonText;
use crate::random::mix_bytes;
use crate::time::iso;
use crate::world::{AccountId, AccountKind, AccountState, PlantedAccount, SampleWorld, cid};

#[derive(Debug, Clone, Copy, Default)]
struct ProfileCard {
    start: usize,
    basic_end: usize,
    plain_end: usize,
    detailed_end: usize,
}

/// The profiles of every Bluesky account, as JSON.
#[derive(Debug)]
pub(super) struct CardCache {
    text: Vec<u8>,
    cards: Vec<ProfileCard>,
}

impl CardCache {
    /// Writes every profile once. About 1,500 bytes per account.
    pub(super) fn new(world: &SampleWorld) -> CardCache {
        let mut json = JsonText::default();
        let mut lists = vec![0; world.accounts().len()];
        for list in world.lists() {
            lists[list.owner.index()] += 1;
        }
        let cards = world.ids().map(|id| match world.account(id).platform {
            Platform::BLUESKY => write(&mut json, world, id, lists[id.index()]),
            _ => ProfileCard::default(),
        });
        let cards = cards.collect();
        CardCache { text: json.buffer, cards }
    }

    /// `app.bsky.actor.defs#profileViewBasic`
    pub(super) fn basic(&self, json: &mut JsonText, account: AccountId) {
        let card = self.cards[account.index()];
        json.bytes(&self.text[card.start..card.basic_end]).raw("}");
    }

    /// `app.bsky.actor.defs#profileView`
    pub(super) fn plain(&self, json: &mut JsonText, account: AccountId) {
        let card = self.cards[account.index()];
        json.bytes(&self.text[card.start..card.plain_end]).raw("}");
    }

    /// `app.bsky.actor.defs#profileViewDetailed`
    pub(super) fn detailed(&self, json: &mut JsonText, account: AccountId) {
        let card = self.cards[account.index()];
        json.bytes(&self.text[card.plain_end..card.detailed_end]);
    }
}

fn write(json: &mut JsonText, world: &SampleWorld, id: AccountId, lists: u64) -> ProfileCard {
    let account = world.account(id);
    let start = json.buffer.len();
    write_basic(json, account, None);
    let basic_end = json.buffer.len();
    write_words(json, account);
    let plain_end = json.buffer.len();
    write_basic(json, account, Some(lists));
    write_words(json, account);
    write_detail(json, world, id);
    ProfileCard { start, basic_end, plain_end, detailed_end: json.buffer.len() }
}

fn write_basic(json: &mut JsonText, account: &PlantedAccount, lists: Option<u64>) {
    let image = cid(mix_bytes(account.native_id.as_bytes()));
    json.raw(r#"{"did":"#).text(&account.native_id);
    json.raw(r#","handle":"#).text(&account.handle);
    json.raw(r#","displayName":"#).text(&account.texts.name);
    json.raw(r#","avatar":"https://cdn.sample.test/img/avatar/plain/"#);
    json.raw(&account.native_id).raw("/").raw(&image).raw(r#"@jpeg","associated":{"#);
    if let Some(lists) = lists {
        json.raw(r#""lists":"#).number(lists).raw(r#","feedgens":0,"starterPacks":0,"#);
        json.raw(r#""labeler":false,"#);
    }
    json.raw(r#""chat":{"allowIncoming":"following"},"#);
    json.raw(r#""activitySubscription":{"allowSubscriptions":"followers"}},"labels":["#);
    json.join(labels(account), |json, value| write_label(json, account, value));
    json.raw(r#"],"createdAt":"#).text(&iso(account.created_at * 1_000));
}

fn write_words(json: &mut JsonText, account: &PlantedAccount) {
    json.raw(r#","description":"#).text(&account.texts.bio);
    json.raw(r#","indexedAt":"#).text(&iso(account.created_at * 1_000 + 1_234));
}

/// What the account's owner labels it with.
fn labels(account: &PlantedAccount) -> Vec<&'static str> {
    let bot = (account.kind == AccountKind::Bot).then_some("bot");
    let hidden = (account.state == AccountState::OptedOut).then_some("!no-unauthenticated");
    bot.into_iter().chain(hidden).collect()
}

fn write_label(json: &mut JsonText, account: &PlantedAccount, value: &str) {
    let record = cid(mix_bytes(account.handle.as_bytes()));
    json.raw(r#"{"src":"#).text(&account.native_id);
    json.raw(r#","uri":"at://"#).raw(&account.native_id);
    json.raw(r#"/app.bsky.actor.profile/self","cid":"#).text(&record);
    json.raw(r#","val":"#).text(value);
    json.raw(r#","cts":"#).text(&iso(account.created_at * 1_000)).raw("}");
}

fn write_detail(json: &mut JsonText, world: &SampleWorld, id: AccountId) {
    let account = world.account(id);
    let shown = |others: &[AccountId]| {
        others.iter().filter(|&&other| world.account(other).state.is_alive()).count() as u64
    };
    if let Some(website) = &account.texts.website {
        json.raw(r#","website":"#).text(website);
    }
    json.raw(r#","banner":"https://cdn.sample.test/img/banner/plain/"#);
    json.raw(&account.native_id).raw(r#"@jpeg","followersCount":"#);
    json.number(shown(world.followers(id))).raw(r#","followsCount":"#);
    json.number(shown(world.follows(id))).raw(r#","postsCount":"#);
    json.number(world.posts(id).len() as u64).raw("}");
}

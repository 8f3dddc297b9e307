//! `app.bsky.graph.*`: follows, followers and lists.

use super::page::{ListPage, page};
use super::refusal::BlueskyRefusal;
use super::{BlueskyAnswer, BlueskySite};
use crate::json::JsonText;
use crate::random::mix_pair;
use crate::site::SiteRequest;
use crate::time::iso;
use crate::world::{AccountId, ListPurpose, cid, record_key};

/// Room for one profile in a page, in bytes.
const PROFILE_BYTES: usize = 900;

impl BlueskySite {
    pub(super) fn follows(&self, ask: &SiteRequest<'_>) -> BlueskyAnswer {
        let actor = self.actor(ask)?;
        self.people(ask, actor, self.world.follows(actor), "follows")
    }

    pub(super) fn followers(&self, ask: &SiteRequest<'_>) -> BlueskyAnswer {
        let actor = self.actor(ask)?;
        self.people(ask, actor, self.world.followers(actor), "followers")
    }

    /// A page of people. Deleted and suspended ones count for its length, but are left out.
    fn people(
        &self,
        ask: &SiteRequest<'_>,
        actor: AccountId,
        of: &[AccountId],
        name: &str,
    ) -> BlueskyAnswer {
        let page = page(ask, of.len(), mix_pair(actor.0.into(), name.len() as u64))?;
        let mut json = JsonText::with_room(PROFILE_BYTES * (page.range.len() + 1));
        json.raw(r#"{"subject":"#);
        self.cards.plain(&mut json, actor);
        write_cursor(&mut json, &page);
        json.raw(r#",""#).raw(name).raw(r#"":["#);
        let alive = of[page.range].iter().filter(|&&other| self.is_alive(other));
        json.join(alive, |json, &other| self.cards.plain(json, other));
        json.raw("]}");
        Ok(json.buffer)
    }

    pub(super) fn lists(&self, ask: &SiteRequest<'_>) -> BlueskyAnswer {
        let actor = self.actor(ask)?;
        let owned = self.lists.get(&actor).map_or(&[][..], Vec::as_slice);
        let page = page(ask, owned.len(), mix_pair(actor.0.into(), 77))?;
        let mut json = JsonText::with_room(1_024);
        json.raw(r#"{"lists":["#);
        json.join(&owned[page.range.clone()], |json, &list| self.write_list(json, list));
        json.raw("]");
        write_cursor(&mut json, &page);
        json.raw("}");
        Ok(json.buffer)
    }

    pub(super) fn list(&self, ask: &SiteRequest<'_>) -> BlueskyAnswer {
        let uri = ask.query.get("list").ok_or(BlueskyRefusal::Missing("list"))?;
        let index =
            self.list_at(&uri).ok_or_else(|| BlueskyRefusal::ListNotFound(uri.to_string()))?;
        let members = &self.world.lists()[index].members;
        let page = page(ask, members.len(), mix_pair(index as u64, 78))?;
        let mut json = JsonText::with_room(PROFILE_BYTES * (page.range.len() + 2));
        json.raw(r#"{"list":"#);
        self.write_list(&mut json, index);
        write_cursor(&mut json, &page);
        json.raw(r#","items":["#);
        let owner = self.world.lists()[index].owner;
        let items = page.range.filter(|&at| self.is_alive(members[at]));
        json.join(items, |json, at| {
            json.raw(r#"{"uri":"at://"#).raw(&self.world.account(owner).native_id);
            json.raw("/app.bsky.graph.listitem/");
            json.bytes(&self.record_key(index * 4_096 + at)).raw(r#"","subject":"#);
            self.cards.plain(json, members[at]);
            json.raw("}");
        });
        json.raw("]}");
        Ok(json.buffer)
    }

    /// The list that an at:// URI names; its authority may be a DID or a handle.
    fn list_at(&self, uri: &str) -> Option<usize> {
        let (authority, rest) = uri.strip_prefix("at://")?.split_once('/')?;
        let key = rest.strip_prefix("app.bsky.graph.list/")?;
        let owner = self.find(authority).filter(|&owner| self.is_alive(owner))?;
        let owned = self.lists.get(&owner)?;
        owned.iter().copied().find(|&list| self.record_key(list) == *key.as_bytes())
    }

    fn record_key(&self, salt: usize) -> [u8; 13] {
        record_key(self.world.until() as u32 - (salt / 1_024) as u32, salt as u32)
    }

    /// `app.bsky.graph.defs#listView`
    fn write_list(&self, json: &mut JsonText, index: usize) {
        let list = &self.world.lists()[index];
        let purpose = match list.purpose {
            ListPurpose::Curate => "app.bsky.graph.defs#curatelist",
            ListPurpose::Moderate => "app.bsky.graph.defs#modlist",
        };
        json.raw(r#"{"uri":"at://"#).raw(&self.world.account(list.owner).native_id);
        json.raw("/app.bsky.graph.list/").bytes(&self.record_key(index));
        json.raw(r#"","cid":"#).text(&cid(index as u64)).raw(r#","creator":"#);
        self.cards.plain(json, list.owner);
        json.raw(r#","name":"#).text(&list.name).raw(r#","purpose":"#).text(purpose);
        json.raw(r#","description":"","listItemCount":"#).number(list.members.len() as u64);
        json.raw(r#","labels":[],"indexedAt":"#).text(&iso(self.world.until() * 1_000)).raw("}");
    }
}

pub(super) fn write_cursor(json: &mut JsonText, page: &ListPage) {
    if let Some(cursor) = &page.cursor {
        json.raw(r#","cursor":"#).text(cursor);
    }
}

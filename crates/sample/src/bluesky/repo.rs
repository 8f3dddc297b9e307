//! `com.atproto.repo.listRecords` on the PDS: likes. As on the real PDS every page that is not
//! empty has a cursor, which is its last record's key.

use super::feed::write_time;
use super::page::limit;
use super::refusal::BlueskyRefusal;
use super::{BlueskyAnswer, BlueskySite};
use crate::json::JsonText;
use crate::site::SiteRequest;
use crate::world::{AccountId, PlantedLike, cid, record_key};

const LIKES: &str = "app.bsky.feed.like";

fn key(like: &PlantedLike) -> [u8; 13] {
    record_key(like.at, like.post.0)
}

impl BlueskySite {
    pub(super) fn records(&self, ask: &SiteRequest<'_>) -> BlueskyAnswer {
        let repo = ask.query.get("repo").ok_or(BlueskyRefusal::Missing("repo"))?;
        let collection =
            ask.query.get("collection").ok_or(BlueskyRefusal::Missing("collection"))?;
        let limit = limit(ask)?;
        let owner = self.find(&repo).filter(|&owner| self.is_alive(owner));
        let owner = owner.ok_or_else(|| BlueskyRefusal::RepoNotFound(repo.to_string()))?;
        let likes = if collection == LIKES { self.world.likes(owner) } else { &[] };
        let cursor = ask.query.get("cursor");
        let start = match &cursor {
            Some(cursor) => likes.partition_point(|like| key(like)[..] >= *cursor.as_bytes()),
            None => 0,
        };
        let shown = &likes[start..(start + limit).min(likes.len())];
        let mut json = JsonText::with_room(420 * (shown.len() + 1));
        json.raw(r#"{"records":["#);
        json.join(shown, |json, like| self.write_like(json, owner, like));
        json.raw("]");
        match (cursor, shown.last()) {
            (Some(cursor), Some(_)) if ask.loops => json.raw(r#","cursor":"#).text(&cursor),
            (_, Some(last)) => json.raw(r#","cursor":""#).bytes(&key(last)).raw("\""),
            _ => &mut json,
        };
        json.raw("}");
        Ok(json.buffer)
    }

    fn write_like(&self, json: &mut JsonText, owner: AccountId, like: &PlantedLike) {
        json.raw(r#"{"uri":"at://"#).raw(&self.world.account(owner).native_id);
        json.raw("/").raw(LIKES).raw("/").bytes(&key(like));
        json.raw(r#"","cid":"#).text(&cid(u64::from(like.at) << 32 | u64::from(like.post.0)));
        json.raw(r#","value":{"$type":"app.bsky.feed.like","subject":"#);
        self.write_ref(json, like.post);
        json.raw(r#","createdAt":""#);
        write_time(json, like.at);
        json.raw(r#""}}"#);
    }
}

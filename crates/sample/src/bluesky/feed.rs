//! `app.bsky.feed.getAuthorFeed`: the posts, replies and reposts of an account.

use super::graph::write_cursor;
use super::page::page;
use super::{BlueskyAnswer, BlueskySite};
use crate::json::JsonText;
use crate::random::mix_pair;
use crate::site::SiteRequest;
use crate::world::{PostId, PostKind, cid};

/// Room for one item in a page, in bytes.
const ITEM_BYTES: usize = 2_500;

impl BlueskySite {
    /// A page of the feed. Reposts of deleted posts count for its length, but are left out;
    /// with `filter=posts_no_replies` so are replies.
    pub(super) fn author_feed(&self, ask: &SiteRequest<'_>) -> BlueskyAnswer {
        let actor = self.actor(ask)?;
        let first = self.world.first_post(actor);
        let page = page(ask, self.world.posts(actor).len(), mix_pair(actor.0.into(), 79))?;
        let no_replies = ask.query.get("filter").is_some_and(|f| f == "posts_no_replies");
        let posts = page.range.clone().map(|at| PostId(first.0 + at as u32));
        let shown = posts.filter(|&post| match self.world.post(post).kind {
            PostKind::Repost(about) => self.exists(about),
            PostKind::Reply(_) => !no_replies,
            _ => true,
        });
        let mut json = JsonText::with_room(ITEM_BYTES * page.range.len() + 64);
        json.raw(r#"{"feed":["#);
        json.join(shown, |json, post| self.write_item(json, post));
        json.raw("]");
        write_cursor(&mut json, &page);
        json.raw("}");
        Ok(json.buffer)
    }

    /// Whether a post's author still exists.
    pub(super) fn exists(&self, post: PostId) -> bool {
        self.is_alive(self.world.post(post).author)
    }

    /// `app.bsky.feed.defs#feedViewPost`
    fn write_item(&self, json: &mut JsonText, id: PostId) {
        json.raw(r#"{"post":"#);
        match self.world.post(id).kind {
            PostKind::Repost(about) => {
                self.write_post(json, about, None);
                self.write_reason(json, id);
            }
            PostKind::Reply(parent) => {
                self.write_post(json, id, None);
                json.raw(r#","reply":{"root":"#);
                self.write_parent(json, parent);
                json.raw(r#","parent":"#);
                self.write_parent(json, parent);
                json.raw("}");
            }
            _ => self.write_post(json, id, None),
        }
        json.raw("}");
    }

    /// `app.bsky.feed.defs#reasonRepost`
    fn write_reason(&self, json: &mut JsonText, id: PostId) {
        let post = self.world.post(id);
        json.raw(r#","reason":{"$type":"app.bsky.feed.defs#reasonRepost","by":"#);
        self.cards.basic(json, post.author);
        json.raw(r#","uri":""#);
        self.write_uri(json, id, "app.bsky.feed.repost");
        json.raw(r#"","cid":"#).text(&cid(id.0.into())).raw(r#","indexedAt":""#);
        write_time(json, post.at);
        json.raw(r#""}"#);
    }

    /// The answered post, or that it is deleted.
    fn write_parent(&self, json: &mut JsonText, parent: PostId) {
        if self.exists(parent) {
            self.write_post(json, parent, Some("app.bsky.feed.defs#postView"));
        } else {
            json.raw(r#"{"$type":"app.bsky.feed.defs#notFoundPost","uri":""#);
            self.write_uri(json, parent, "app.bsky.feed.post");
            json.raw(r#"","notFound":true}"#);
        }
    }
}

pub(super) fn write_time(json: &mut JsonText, unix_seconds: u32) {
    json.bytes(&crate::time::iso_bytes(u64::from(unix_seconds) * 1_000));
}

//! A post as the AppView shows it: its record, its author, its embeds and its counts.

use super::BlueskySite;
use super::feed::write_time;
use crate::json::JsonText;
use crate::world::{AccountId, PlantedPost, PostId, PostKind, cid, record_key};

impl BlueskySite {
    /// `app.bsky.feed.defs#postView`, with its `$type` where it is part of a union.
    pub(super) fn write_post(&self, json: &mut JsonText, id: PostId, of_type: Option<&str>) {
        let post = self.world.post(id);
        let tally = self.tallies[id.index()];
        json.raw("{");
        if let Some(of_type) = of_type {
            json.raw(r#""$type":"#).text(of_type).raw(",");
        }
        self.write_head(json, id, &post);
        json.raw(r#","record":"#);
        self.write_record(json, id, &post);
        if let PostKind::Quote(quoted) = post.kind {
            self.write_quoted(json, quoted);
        }
        json.raw(r#","bookmarkCount":0,"replyCount":"#).number(tally.replies.into());
        json.raw(r#","repostCount":"#).number(tally.reposts.into());
        json.raw(r#","likeCount":"#).number(tally.likes.into());
        json.raw(r#","quoteCount":"#).number(tally.quotes.into());
        json.raw(r#","labels":[],"indexedAt":""#);
        write_time(json, post.at);
        json.raw(r#""}"#);
    }

    fn write_head(&self, json: &mut JsonText, id: PostId, post: &PlantedPost) {
        json.raw(r#""uri":""#);
        self.write_uri(json, id, "app.bsky.feed.post");
        json.raw(r#"","cid":"#).text(&cid(id.0.into())).raw(r#","author":"#);
        self.cards.basic(json, post.author);
    }

    /// `at://did/collection/key`
    pub(super) fn write_uri(&self, json: &mut JsonText, id: PostId, collection: &str) {
        let post = self.world.post(id);
        json.raw("at://").raw(&self.world.account(post.author).native_id).raw("/");
        json.raw(collection).raw("/").bytes(&record_key(post.at, id.0));
    }

    /// `com.atproto.repo.strongRef`
    pub(super) fn write_ref(&self, json: &mut JsonText, id: PostId) {
        json.raw(r#"{"cid":"#).text(&cid(id.0.into())).raw(r#","uri":""#);
        self.write_uri(json, id, "app.bsky.feed.post");
        json.raw(r#""}"#);
    }

    /// `app.bsky.feed.post`
    fn write_record(&self, json: &mut JsonText, id: PostId, post: &PlantedPost) {
        json.raw(r#"{"$type":"app.bsky.feed.post","createdAt":""#);
        write_time(json, post.at);
        json.raw(r#"","langs":["en"]"#);
        match post.kind {
            PostKind::Reply(parent) => {
                json.raw(r#","reply":{"parent":"#);
                self.write_ref(json, parent);
                json.raw(r#","root":"#);
                self.write_ref(json, parent);
                json.raw("}");
            }
            PostKind::Quote(quoted) => {
                json.raw(r#","embed":{"$type":"app.bsky.embed.record","record":"#);
                self.write_ref(json, quoted);
                json.raw("}");
            }
            _ => {}
        }
        let mut text = String::with_capacity(160);
        if let PostKind::Mention(first, second) = post.kind {
            json.raw(r#","facets":["#);
            json.join([Some(first), second].into_iter().flatten(), |json, named| {
                self.write_mention(json, &mut text, named);
            });
            json.raw("]");
        }
        self.prose.write(&self.world, id, &mut text);
        json.raw(r#","text":"#).text(&text).raw("}");
    }

    /// Appends `@handle ` to the text, and the facet that maps these bytes to the account.
    fn write_mention(&self, json: &mut JsonText, text: &mut String, named: AccountId) {
        let account = self.world.account(named);
        let start = text.len() as u64;
        text.push('@');
        text.push_str(&account.handle);
        json.raw(r#"{"$type":"app.bsky.richtext.facet","features":["#);
        json.raw(r#"{"$type":"app.bsky.richtext.facet#mention","did":"#).text(&account.native_id);
        json.raw(r#"}],"index":{"byteStart":"#).number(start);
        json.raw(r#","byteEnd":"#).number(text.len() as u64).raw("}}");
        text.push(' ');
    }

    /// `app.bsky.embed.record#view`
    fn write_quoted(&self, json: &mut JsonText, quoted: PostId) {
        json.raw(r#","embed":{"$type":"app.bsky.embed.record#view","record":"#);
        if self.exists(quoted) {
            let post = self.world.post(quoted);
            json.raw(r#"{"$type":"app.bsky.embed.record#viewRecord","#);
            self.write_head(json, quoted, &post);
            json.raw(r#","value":"#);
            self.write_record(json, quoted, &post);
            json.raw(r#","labels":[],"embeds":[],"indexedAt":""#);
            write_time(json, post.at);
            json.raw(r#""}"#);
        } else {
            json.raw(r#"{"$type":"app.bsky.embed.record#viewNotFound","uri":""#);
            self.write_uri(json, quoted, "app.bsky.feed.post");
            json.raw(r#"","notFound":true}"#);
        }
        json.raw("}");
    }
}

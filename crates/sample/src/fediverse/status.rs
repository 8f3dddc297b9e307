//! A post as Mastodon's entity.

use super::numbers::account_number;
use super::{FediverseSite, HostRequest};
use crate::json::JsonText;
use crate::time::iso_bytes;
use crate::world::{AccountId, HostNature, PlantedPost, PostId, PostKind};

impl FediverseSite {
    /// The post as a host shows it; a repost is an empty shell around the post.
    pub(super) fn write_status(&self, json: &mut JsonText, visit: &HostRequest<'_>, id: PostId) {
        let post = self.world.post(id);
        self.write_frame(json, visit, id, &post);
        match post.kind {
            PostKind::Repost(about) => {
                json.raw(r#","content":"","mentions":[],"reblog":"#);
                self.write_status(json, visit, about);
            }
            PostKind::Quote(about)
                if visit.nature != HostNature::Old && self.is_known(visit.host, about) =>
            {
                self.write_content(json, visit, id, &post);
                json.raw(r#","reblog":null,"quote":{"state":"accepted","quoted_status":"#);
                self.write_plain(json, visit, about);
                json.raw("}");
            }
            _ => {
                self.write_content(json, visit, id, &post);
                json.raw(r#","reblog":null"#);
            }
        }
        json.raw("}");
    }

    /// A quoted post, without what it may itself quote.
    fn write_plain(&self, json: &mut JsonText, visit: &HostRequest<'_>, id: PostId) {
        let post = self.world.post(id);
        self.write_frame(json, visit, id, &post);
        self.write_content(json, visit, id, &post);
        json.raw(r#","reblog":null}"#);
    }

    /// All but the content and the other post.
    fn write_frame(
        &self,
        json: &mut JsonText,
        visit: &HostRequest<'_>,
        id: PostId,
        post: &PlantedPost,
    ) {
        let tally = self.tallies[id.index()];
        json.raw(r#"{"id":""#).number(self.number(id)).raw(r#"","created_at":""#);
        json.bytes(&iso_bytes(u64::from(post.at) * 1_000)).raw(r#"","in_reply_to_id":"#);
        match post.kind {
            PostKind::Reply(about) => {
                let author = self.world.post(about).author;
                json.raw("\"").number(self.number(about));
                json.raw(r#"","in_reply_to_account_id":""#);
                json.number(account_number(visit.host, author)).raw("\"");
            }
            _ => {
                json.raw(r#"null,"in_reply_to_account_id":null"#);
            }
        }
        json.raw(r#","sensitive":false,"spoiler_text":"","visibility":"public","language":"en""#);
        let author = self.world.account(post.author);
        json.raw(r#","uri":""#).raw(&author.native_id).raw("/statuses/").number(self.number(id));
        if matches!(post.kind, PostKind::Repost(_)) {
            json.raw("/activity");
        }
        let host = &self.world.hosts()[usize::from(author.host)].name;
        json.raw(r#"","url":"https://"#).raw(host).raw("/@").raw(author.local_name());
        json.raw("/").number(self.number(id)).raw(r#"","replies_count":"#);
        json.number(tally.replies.into()).raw(r#","reblogs_count":"#);
        json.number(tally.reposts.into()).raw(r#","favourites_count":"#);
        json.number(tally.likes.into()).raw(r#","edited_at":null,"account":"#);
        self.entities.write(json, visit.view(), post.author);
        json.raw(r#","media_attachments":[],"tags":[],"emojis":[],"card":null,"poll":null"#);
    }

    /// Content and mentions. A reply names the author of what it answers, as Mastodon's does.
    fn write_content(
        &self,
        json: &mut JsonText,
        visit: &HostRequest<'_>,
        id: PostId,
        post: &PlantedPost,
    ) {
        let named = match post.kind {
            PostKind::Mention(first, second) => [Some(first), second],
            PostKind::Reply(about) => [Some(self.world.post(about).author), None],
            _ => [None, None],
        };
        json.raw(r#","content":"<p>"#);
        for &account in named.iter().flatten() {
            let known = self.world.account(account);
            json.raw(r#"<span class=\"h-card\" translate=\"no\"><a href=\""#);
            json.inner(&known.page()).raw(r#"\" class=\"u-url mention\">@<span>"#);
            json.inner(known.local_name()).raw("</span></a></span> ");
        }
        let mut text = String::with_capacity(96);
        self.prose.write(&self.world, id, &mut text);
        json.inner(&text).raw(r#"</p>","mentions":["#);
        json.join(named.into_iter().flatten(), |json, account| {
            self.write_mention(json, visit, account);
        });
        json.raw("]");
    }

    fn write_mention(&self, json: &mut JsonText, visit: &HostRequest<'_>, account: AccountId) {
        let known = self.world.account(account);
        let name = known.local_name();
        json.raw(r#"{"id":""#).number(account_number(visit.host, account));
        json.raw(r#"","username":"#).text(name).raw(r#","url":"#).text(&known.page());
        json.raw(r#","acct":"#);
        json.text(if known.host == visit.host { name } else { &known.handle }).raw("}");
    }
}

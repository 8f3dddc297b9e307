//! `/api/v1/accounts/{id}/statuses`, paged by Link headers.

use super::accounts::AccountView;
use super::numbers::{account_number, status_number};
use super::relations::{PageSpan, link};
use super::{FediverseAnswer, FediverseSite, HostRequest};
use crate::json::JsonText;
use crate::site::SiteReply;
use crate::world::{AccountId, PostId, PostKind};

/// Posts in a page by default, and at most.
const LIMIT: usize = 20;
const LIMIT_MAX: usize = 40;
const STATUS_BYTES: usize = 4_000;

impl FediverseSite {
    /// A host has the posts of its own accounts only.
    pub(super) fn statuses(&self, visit: &HostRequest<'_>, account: AccountId) -> FediverseAnswer {
        let query = visit.ask.query;
        let shown = self.shown_as(visit, account)? == AccountView::Shown;
        let local = self.world.account(account).host == visit.host;
        if !shown || !local || query.flag("pinned") || query.flag("only_media") {
            return Ok(SiteReply::json(b"[]".to_vec()));
        }
        let limit = query.number("limit").map_or(LIMIT, |limit| limit as usize).min(LIMIT_MAX);
        let mut shown = self.shown(visit, account);
        let page: Vec<PostId> = shown.by_ref().take(limit).collect();
        let more = shown.next().is_some();
        let mut json = JsonText::with_room(STATUS_BYTES * page.len() + 2);
        json.raw("[");
        json.join(&page, |json, &post| self.write_status(json, visit, post));
        json.raw("]");
        let mut reply = SiteReply::json(json.buffer);
        if let (Some(&first), Some(&last)) = (page.first(), page.last()) {
            let path = format!("{}/statuses", account_number(visit.host, account));
            let span = PageSpan { first: self.number(first), last: self.number(last), more };
            reply.link = link(visit, &path, limit, span);
        }
        Ok(reply)
    }

    /// The number of a post.
    pub(super) fn number(&self, post: PostId) -> u64 {
        status_number(post, &self.world.post(post))
    }

    /// The posts between `max_id` and `since_id` that the query does not exclude and whose
    /// subject still exists, newest first.
    fn shown<'v>(
        &'v self,
        visit: &HostRequest<'v>,
        account: AccountId,
    ) -> impl Iterator<Item = PostId> + use<'v> {
        let query = visit.ask.query;
        let (max, since) = (query.number("max_id"), query.number("since_id"));
        let (no_replies, no_reblogs) =
            (query.flag("exclude_replies"), query.flag("exclude_reblogs"));
        let first = self.world.first_post(account).0;
        let posts = (first..first + self.world.posts(account).len() as u32).map(PostId);
        let host = visit.host;
        posts
            .filter(move |&post| max.is_none_or(|max| self.number(post) < max))
            .take_while(move |&post| since.is_none_or(|since| self.number(post) > since))
            .filter(move |&post| match self.world.post(post).kind {
                PostKind::Repost(about) => !no_reblogs && self.is_known(host, about),
                PostKind::Reply(_) => !no_replies,
                _ => true,
            })
    }

    /// Whether a host has a post: those of its own deleted and suspended accounts are removed.
    pub(super) fn is_known(&self, host: u16, post: PostId) -> bool {
        super::entity::is_listed(&self.world, host, self.world.post(post).author)
    }
}

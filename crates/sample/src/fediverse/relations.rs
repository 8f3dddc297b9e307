//! `/api/v1/accounts/{id}/following` and `/followers`, paged by Link headers.

use std::fmt::Write;
use std::ops::Range;

use super::accounts::AccountView;
use super::entity::is_listed;
use super::numbers::{account_number, follow_number};
use super::{FediverseAnswer, FediverseSite, HostRequest};
use crate::json::JsonText;
use crate::site::SiteReply;
use crate::world::{AccountId, AccountState, HostNature};

/// Accounts in a page by default, and at most.
const LIMIT: usize = 40;
const LIMIT_MAX: usize = 80;
const ENTITY_BYTES: usize = 1_600;

impl FediverseSite {
    pub(super) fn following(&self, visit: &HostRequest<'_>, account: AccountId) -> FediverseAnswer {
        self.people(visit, account, self.world.follows(account), "following")
    }

    pub(super) fn followers(&self, visit: &HostRequest<'_>, account: AccountId) -> FediverseAnswer {
        self.people(visit, account, self.world.followers(account), "followers")
    }

    fn people(
        &self,
        visit: &HostRequest<'_>,
        account: AccountId,
        all: &[AccountId],
        name: &str,
    ) -> FediverseAnswer {
        let shown = self.shown_as(visit, account)? == AccountView::Shown;
        let hidden = self.world.account(account).state == AccountState::HiddenLists;
        if !shown || hidden || visit.nature == HostNature::Snac {
            return Ok(SiteReply::json(b"[]".to_vec()));
        }
        let people = self.known(visit, account, all);
        let limit = visit.ask.query.number("limit").map_or(LIMIT, |limit| limit as usize);
        let limit = limit.min(LIMIT_MAX);
        let positions = positions(visit, people.len(), limit);
        let mut json = JsonText::with_room(ENTITY_BYTES * positions.len() + 2);
        json.raw("[");
        json.join(&people[positions.clone()], |json, &other| {
            self.entities.write(json, visit.view(), other);
        });
        json.raw("]");
        let mut reply = SiteReply::json(json.buffer);
        if !positions.is_empty() {
            let path = format!("{}/{name}", account_number(visit.host, account));
            let number = |position| follow_number(people.len(), position);
            let span = PageSpan {
                first: number(positions.start),
                last: number(positions.end - 1),
                more: positions.end < people.len(),
            };
            reply.link = link(visit, &path, limit, span);
        }
        Ok(reply)
    }

    /// The accounts of a list that the host has: of other hosts' accounts it has only the follows
    /// from and to its own accounts.
    fn known(
        &self,
        visit: &HostRequest<'_>,
        account: AccountId,
        all: &[AccountId],
    ) -> Vec<AccountId> {
        let local = self.world.account(account).host == visit.host;
        let known = |&other: &AccountId| {
            is_listed(&self.world, visit.host, other)
                && (local || self.world.account(other).host == visit.host)
        };
        all.iter().copied().filter(known).collect()
    }
}

/// The positions in a list of `len`, newest first, between `max_id` and `since_id`.
fn positions(visit: &HostRequest<'_>, len: usize, limit: usize) -> Range<usize> {
    let query = visit.ask.query;
    let (max, since) = (query.number("max_id"), query.number("since_id"));
    let number = |position: usize| follow_number(len, position);
    let start = (0..len).find(|&at| max.is_none_or(|max| number(at) < max)).unwrap_or(len);
    let most = len.min(start + limit);
    let end = (start..most).find(|&at| since.is_some_and(|since| number(at) <= since));
    start..end.unwrap_or(most)
}

/// The numbers at the ends of a page, and whether more follow.
pub(super) struct PageSpan {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) more: bool,
}

/// The Link header of a page.
pub(super) fn link(
    visit: &HostRequest<'_>,
    path: &str,
    limit: usize,
    PageSpan { first, last, more }: PageSpan,
) -> Option<String> {
    if visit.nature == HostNature::Snac {
        return None;
    }
    let mut base = format!("<https://{}/api/v1/accounts/{path}?limit={limit}", visit.ask.host);
    for flag in ["exclude_replies", "exclude_reblogs"] {
        if visit.ask.query.flag(flag) {
            base.push_str(&format!("&{flag}=true"));
        }
    }
    let mut link = String::with_capacity(2 * base.len() + 80);
    if visit.ask.loops {
        // The same page again.
        let same = visit.ask.query.number("max_id").unwrap_or(first + 1);
        let written = write!(link, "{base}&max_id={same}>; rel=\"next\", ");
        written.ok()?;
    } else if more {
        write!(link, "{base}&max_id={last}>; rel=\"next\", ").ok()?;
    }
    write!(link, "{base}&since_id={first}>; rel=\"prev\"").ok()?;
    Some(link)
}

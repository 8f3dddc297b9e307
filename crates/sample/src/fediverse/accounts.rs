//! `/api/v1/accounts/lookup` and `/api/v1/accounts/{id}`.

use model::Platform;

use super::entity::write_suspended;
use super::numbers::account_of;
use super::refusal::Refusal;
use super::{Answer, Fediverse, Visit};
use crate::json::Json;
use crate::serve::Reply;
use crate::world::{AccountId, Host, State};

impl Fediverse {
    pub(super) fn host(&self, visit: &Visit<'_>) -> &Host {
        &self.world.hosts()[usize::from(visit.host)]
    }

    /// The account that a host knows by a number.
    pub(super) fn account_at(&self, host: u16, number: &str) -> Option<AccountId> {
        let account = account_of(host, number.parse().ok()?)?;
        let known = self.world.accounts().get(account.index())?;
        (known.platform == Platform::FEDIVERSE).then_some(account)
    }

    /// The account of a name, `name` at this host or `name@host`, where `host` may be the domain of
    /// its handles or its own name.
    pub(super) fn named(&self, visit: &Visit<'_>, acct: &str) -> Option<AccountId> {
        let acct = acct.strip_prefix('@').unwrap_or(acct);
        let account = match acct.contains('@') {
            true => self.world.find(acct),
            false => self.world.find(&format!("{acct}@{}", self.host(visit).handle_domain())),
        };
        account.filter(|&account| self.world.account(account).platform == Platform::FEDIVERSE)
    }

    pub(super) fn lookup(&self, visit: &Visit<'_>) -> Answer {
        let acct = visit.ask.query.get("acct").ok_or(Refusal::BadRequest)?;
        let account = self.named(visit, &acct).ok_or(Refusal::NotFound)?;
        self.account(visit, account)
    }

    /// Their own host knows that accounts are deleted or suspended; others still show them.
    pub(super) fn account(&self, visit: &Visit<'_>, account: AccountId) -> Answer {
        let mut json = Json::with_room(1_600);
        match self.standing(visit, account)? {
            Standing::Suspended => write_suspended(&mut json, visit.host, &self.world, account),
            Standing::Shown => self.entities.write(&mut json, (visit.host, visit.nature), account),
        }
        Ok(Reply::json(json.0))
    }

    /// How an account stands in the eyes of the host that is asked.
    pub(super) fn standing(
        &self,
        visit: &Visit<'_>,
        account: AccountId,
    ) -> Result<Standing, Refusal> {
        let known = self.world.account(account);
        match known.state {
            _ if known.host != visit.host => Ok(Standing::Shown),
            State::Deleted if account.0.is_multiple_of(2) => Err(Refusal::Gone),
            State::Deleted => Err(Refusal::NotFound),
            State::Suspended => Ok(Standing::Suspended),
            _ => Ok(Standing::Shown),
        }
    }
}

/// What a host says of an account that it does not deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Shown,
    Suspended,
}

//! `/api/v1/accounts/lookup` and `/api/v1/accounts/{id}`.

use model::Platform;

use super::entity::write_suspended;
use super::numbers::account_of;
use super::refusal::FediverseRefusal;
use super::{FediverseAnswer, FediverseSite, HostRequest};
use crate::json::JsonText;
use crate::site::SiteReply;
use crate::world::{AccountId, AccountState, PlantedHost};

impl FediverseSite {
    pub(super) fn host(&self, visit: &HostRequest<'_>) -> &PlantedHost {
        &self.world.hosts()[usize::from(visit.host)]
    }

    /// The account with this number on a host.
    pub(super) fn account_at(&self, host: u16, number: &str) -> Option<AccountId> {
        let account = account_of(host, number.parse().ok()?)?;
        let known = self.world.accounts().get(account.index())?;
        (known.platform == Platform::FEDIVERSE).then_some(account)
    }

    /// The account of a name, `name` at this host or `name@host`, where `host` may be the domain of
    /// its handles or its own name.
    pub(super) fn named(&self, visit: &HostRequest<'_>, acct: &str) -> Option<AccountId> {
        let acct = acct.strip_prefix('@').unwrap_or(acct);
        let account = match acct.contains('@') {
            true => self.world.find(acct),
            false => self.world.find(&format!("{acct}@{}", self.host(visit).handle_domain())),
        };
        account.filter(|&account| self.world.account(account).platform == Platform::FEDIVERSE)
    }

    pub(super) fn lookup(&self, visit: &HostRequest<'_>) -> FediverseAnswer {
        let acct = visit.ask.query.get("acct").ok_or(FediverseRefusal::BadRequest)?;
        let account = self.named(visit, &acct).ok_or(FediverseRefusal::NotFound)?;
        self.account(visit, account)
    }

    /// Deleted and suspended accounts are shown by other hosts, but not by their own.
    pub(super) fn account(&self, visit: &HostRequest<'_>, account: AccountId) -> FediverseAnswer {
        let mut json = JsonText::with_room(1_600);
        match self.shown_as(visit, account)? {
            AccountView::Suspended => write_suspended(&mut json, visit.host, &self.world, account),
            AccountView::Shown => self.entities.write(&mut json, visit.view(), account),
        }
        Ok(SiteReply::json(json.buffer))
    }

    /// How a host shows an account.
    pub(super) fn shown_as(
        &self,
        visit: &HostRequest<'_>,
        account: AccountId,
    ) -> Result<AccountView, FediverseRefusal> {
        let known = self.world.account(account);
        match known.state {
            _ if known.host != visit.host => Ok(AccountView::Shown),
            AccountState::Deleted if account.0.is_multiple_of(2) => Err(FediverseRefusal::Gone),
            AccountState::Deleted => Err(FediverseRefusal::NotFound),
            AccountState::Suspended => Ok(AccountView::Suspended),
            _ => Ok(AccountView::Shown),
        }
    }
}

/// How a host shows an account that exists there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountView {
    Shown,
    Suspended,
}

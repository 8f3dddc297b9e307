//! Which accounts can be found from the seeds by reading follow lists.

use super::account::{AccountId, AccountState, PlantedAccount};
use super::host::PlantedHost;
use super::rows::RowTable;

/// The follow graph and what decides which lists a crawler can read.
pub(crate) struct CrawlerView<'a> {
    pub(crate) hosts: &'a [PlantedHost],
    pub(crate) accounts: &'a [PlantedAccount],
    pub(crate) follows: &'a RowTable<AccountId>,
    pub(crate) followers: &'a RowTable<AccountId>,
}

impl CrawlerView<'_> {
    fn host(&self, account: AccountId) -> &PlantedHost {
        &self.hosts[usize::from(self.accounts[account.index()].host)]
    }

    /// Whether a crawler may read the account and its host serves it.
    pub(crate) fn is_crawlable(&self, account: AccountId) -> bool {
        let state = self.accounts[account.index()].state;
        state.is_public() && self.host(account).is_readable()
    }

    /// Whether the account's follow lists can be read.
    pub(crate) fn shows_lists(&self, account: AccountId) -> bool {
        let state = self.accounts[account.index()].state;
        self.is_crawlable(account)
            && state != AccountState::HiddenLists
            && self.host(account).shows_lists()
    }

    /// Which crawlable accounts a crawl from `seeds` finds: breadth first over both lists of each
    /// account whose lists can be read. Linear in the arcs.
    pub(crate) fn found_from(&self, seeds: &[AccountId]) -> Vec<bool> {
        let mut found = vec![false; self.accounts.len()];
        let mut queue: Vec<AccountId> = Vec::new();
        self.visit(seeds, &mut found, &mut queue);
        while let Some(account) = queue.pop() {
            if self.shows_lists(account) {
                self.visit(self.follows.row(account.index()), &mut found, &mut queue);
                self.visit(self.followers.row(account.index()), &mut found, &mut queue);
            }
        }
        found
    }

    fn visit(&self, seen: &[AccountId], found: &mut [bool], queue: &mut Vec<AccountId>) {
        for &account in seen {
            if !found[account.index()] && self.is_crawlable(account) {
                found[account.index()] = true;
                queue.push(account);
            }
        }
    }
}

//! Counts of the served web.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::faults::InjectedFault;
use crate::limits::HostStats;

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebStats {
    /// Requests that reached a route, by route.
    pub by_route: BTreeMap<&'static str, u64>,
    /// Injected faults, by [`InjectedFault::slug`].
    pub by_fault: BTreeMap<&'static str, u64>,
    /// Requests and windows, by host.
    pub by_host: BTreeMap<String, HostStats>,
}

impl WebStats {
    /// All requests to known hosts.
    pub fn requests(&self) -> u64 {
        self.by_host.values().map(|host| host.requests).sum()
    }

    /// Requests answered with 429, injected or not.
    pub fn too_many(&self) -> u64 {
        let injected = self.by_fault.iter().filter(|(slug, _)| slug.starts_with("429"));
        self.by_host.values().map(|host| host.refused).sum::<u64>()
            + injected.map(|(_, count)| count).sum::<u64>()
    }

    /// Windows of any host with more requests than the host announced.
    pub fn windows_over_limit(&self) -> u64 {
        self.by_host.values().map(|host| host.windows_over_limit).sum()
    }

    /// The most requests in one window of one host.
    pub fn window_requests_max(&self) -> u32 {
        self.by_host.values().map(|host| host.window_requests_max).max().unwrap_or(0)
    }
}

/// Counts requests and faults; the limiter counts hosts.
#[derive(Debug, Default)]
pub(crate) struct WebCounters(Mutex<WebStats>);

impl WebCounters {
    pub(crate) fn route(&self, route: &'static str) {
        *self.lock().by_route.entry(route).or_default() += 1;
    }

    pub(crate) fn fault(&self, fault: InjectedFault) {
        *self.lock().by_fault.entry(fault.slug()).or_default() += 1;
    }

    pub(crate) fn stats(&self) -> WebStats {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, WebStats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

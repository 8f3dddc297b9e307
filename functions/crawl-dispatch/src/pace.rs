//! How fast hosts are crawled.

use std::collections::BTreeMap;

use model::Platform;
use model::budget::HostLimit;
use platforms::engine::CrawlEngine;

/// About how many requests one round of a profile takes: its page, follows, followers, posts, likes,
/// lists.
const REQUESTS_A_PROFILE: u32 = 6;

/// How a platform's hosts are crawled, as long as they announce nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostPace {
    /// The limit of each host.
    pub limit: HostLimit,
    /// About how many requests one profile's round takes.
    pub requests_a_profile: u32,
}

/// The pace of every platform that has a manifest.
pub fn paces(engine: &CrawlEngine) -> BTreeMap<Platform, HostPace> {
    let pace = |platform| {
        let host = engine.default_host(platform).unwrap_or_default();
        let limit = engine.limit(platform, &host)?;
        Some((platform, HostPace { limit, requests_a_profile: REQUESTS_A_PROFILE }))
    };
    engine.platforms().into_iter().filter_map(pace).collect()
}

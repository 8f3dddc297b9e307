//! The servers of the sample web and their temperaments.

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nature {
    /// The one origin of Bluesky: AppView, PDS and PLC.
    Bluesky,
    /// An ordinary Mastodon server.
    Mastodon,
    /// An old Mastodon: its accounts lack `uri`, `indexable`, `noindex` and `hide_collections`.
    Old,
    /// A Mastodon that takes its time.
    Slow,
    /// A Mastodon that answers 503 for a while after the first request, then recovers.
    Flaky,
    /// Answers nothing but errors, for good.
    Broken,
    /// Like snac: lists are `200 []` although the counts are not 0, and there are no Link headers.
    Snac,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its domain, in lower case.
    pub name: String,
    /// How it behaves.
    pub nature: Nature,
}

impl Host {
    /// Whether its accounts' lists can be read at all.
    pub fn shows_lists(&self) -> bool {
        !matches!(self.nature, Nature::Snac | Nature::Broken)
    }

    /// Whether its accounts can say that they opt out, so that a crawler sees it.
    pub fn tells_consent(&self) -> bool {
        matches!(self.nature, Nature::Bluesky | Nature::Mastodon | Nature::Slow | Nature::Flaky)
    }
}

//! The servers of the sample web and their behaviour.

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HostNature {
    /// The one origin of Bluesky: AppView, PDS and PLC.
    Bluesky,
    /// An ordinary Mastodon server.
    Mastodon,
    /// A Mastodon 3.3: its accounts lack `uri`, `indexable`, `noindex` and `hide_collections`, its
    /// actors' documents `indexable`.
    Old,
    /// A slow Mastodon.
    Slow,
    /// A Mastodon that answers 503 for a while after the first request, then recovers.
    Flaky,
    /// Answers only errors, permanently.
    Broken,
    /// Like snac before 2.50: lists are `200 []` although the counts are not 0, there are no Link
    /// headers, and accounts lack `discoverable`, `indexable` and `hide_collections`; their
    /// consent is in the actors' documents only.
    Snac,
}

/// What a server's robots.txt allows a crawler whose product token is `Borg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RobotsPolicy {
    /// The API is open, as on Mastodon's own servers.
    #[default]
    Open,
    /// `/api/` is closed to all.
    NoApi,
    /// Everything is closed to `borg`, in lower case, and open to others.
    NoBorg,
    /// `/api/` is closed to all but `Borg`, which has a group of its own; another group excludes a
    /// crawler whose name only begins with `Borg`.
    OnlyBorg,
}

impl RobotsPolicy {
    /// Every kind.
    pub const ALL: [RobotsPolicy; 4] =
        [RobotsPolicy::Open, RobotsPolicy::NoApi, RobotsPolicy::NoBorg, RobotsPolicy::OnlyBorg];

    /// Whether the API may be read by `Borg` (RFC 9309).
    pub fn opens_api(self) -> bool {
        matches!(self, RobotsPolicy::Open | RobotsPolicy::OnlyBorg)
    }

    /// The text of robots.txt.
    pub(crate) fn text(self) -> &'static str {
        match self {
            RobotsPolicy::Open => "User-agent: *\nDisallow: /media_proxy/\nDisallow: /interact/\n",
            RobotsPolicy::NoApi => "# People, not programs.\nUser-agent: *\nDisallow: /api/\n",
            RobotsPolicy::NoBorg => {
                "User-agent: *\nDisallow: /media_proxy/\n\nUser-agent: GPTBot\nUser-agent: borg\n\
                 Disallow: /\n"
            }
            RobotsPolicy::OnlyBorg => {
                "User-agent: Borgia\nDisallow: /\n\nUser-agent: *\nDisallow: /api/\n\n\
                 User-Agent: Borg\nAllow: /\n"
            }
        }
    }
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantedHost {
    /// Its name, in lower case.
    pub name: String,
    /// The domain of its accounts' handles, if it is not the name: WebFinger answers at both.
    pub domain: Option<String>,
    /// How it behaves.
    pub nature: HostNature,
    /// What its robots.txt allows.
    pub robots: RobotsPolicy,
}

impl PlantedHost {
    /// A server whose handles are at its own name and whose API is open.
    pub fn new(name: &str, nature: HostNature) -> PlantedHost {
        PlantedHost { name: name.to_owned(), domain: None, nature, robots: RobotsPolicy::Open }
    }

    /// The domain of its accounts' handles.
    pub fn handle_domain(&self) -> &str {
        self.domain.as_deref().unwrap_or(&self.name)
    }

    /// Whether a crawler gets answers and may request them.
    pub fn is_readable(&self) -> bool {
        self.nature != HostNature::Broken && self.robots.opens_api()
    }

    /// Whether its accounts' lists can be read at all.
    pub fn shows_lists(&self) -> bool {
        self.is_readable() && self.nature != HostNature::Snac
    }

    /// Whether a crawler can see that its accounts opt out.
    pub fn shows_consent(&self) -> bool {
        matches!(
            self.nature,
            HostNature::Bluesky | HostNature::Mastodon | HostNature::Slow | HostNature::Flaky
        )
    }
}

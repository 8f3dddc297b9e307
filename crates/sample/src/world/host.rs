//! The servers of the sample web and their temperaments.

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nature {
    /// The one origin of Bluesky: AppView, PDS and PLC.
    Bluesky,
    /// An ordinary Mastodon server.
    Mastodon,
    /// A Mastodon 3.3: its accounts lack `uri`, `indexable`, `noindex` and `hide_collections`, its
    /// actors' documents `indexable`.
    Old,
    /// A Mastodon that takes its time.
    Slow,
    /// A Mastodon that answers 503 for a while after the first request, then recovers.
    Flaky,
    /// Answers nothing but errors, for good.
    Broken,
    /// Like snac before 2.50: lists are `200 []` although the counts are not 0, there are no Link
    /// headers, and accounts lack `discoverable`, `indexable` and `hide_collections`; what their
    /// owners decided is in the actors' documents only.
    Snac,
}

/// What a server's robots.txt says to a crawler whose product token is `Borg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Robots {
    /// The API is open, as on Mastodon's own servers.
    #[default]
    Open,
    /// `/api/` is closed to everybody.
    NoApi,
    /// Everything is closed to `borg`, in lower case, and open to others.
    NoBorg,
    /// `/api/` is closed to everybody but `Borg`, which a group of its own lets in; another group
    /// shuts out a crawler whose name only begins with `Borg`.
    OnlyBorg,
}

impl Robots {
    /// Every kind.
    pub const ALL: [Robots; 4] = [Robots::Open, Robots::NoApi, Robots::NoBorg, Robots::OnlyBorg];

    /// Whether the API may be read by `Borg` (RFC 9309).
    pub fn opens_api(self) -> bool {
        matches!(self, Robots::Open | Robots::OnlyBorg)
    }

    /// The text of robots.txt.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Robots::Open => "User-agent: *\nDisallow: /media_proxy/\nDisallow: /interact/\n",
            Robots::NoApi => "# People, not programs.\nUser-agent: *\nDisallow: /api/\n",
            Robots::NoBorg => {
                "User-agent: *\nDisallow: /media_proxy/\n\nUser-agent: GPTBot\nUser-agent: borg\n\
                 Disallow: /\n"
            }
            Robots::OnlyBorg => {
                "User-agent: Borgia\nDisallow: /\n\nUser-agent: *\nDisallow: /api/\n\n\
                 User-Agent: Borg\nAllow: /\n"
            }
        }
    }
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Where it is served, in lower case.
    pub name: String,
    /// The domain of its accounts' handles, if it is not the name: WebFinger answers at both.
    pub domain: Option<String>,
    /// How it behaves.
    pub nature: Nature,
    /// What its robots.txt says.
    pub robots: Robots,
}

impl Host {
    /// A server whose handles are at its own name and whose API is open.
    pub fn new(name: &str, nature: Nature) -> Host {
        Host { name: name.to_owned(), domain: None, nature, robots: Robots::Open }
    }

    /// The domain of its accounts' handles.
    pub fn handle_domain(&self) -> &str {
        self.domain.as_deref().unwrap_or(&self.name)
    }

    /// Whether a crawler gets answers and may ask for them.
    pub fn is_readable(&self) -> bool {
        self.nature != Nature::Broken && self.robots.opens_api()
    }

    /// Whether its accounts' lists can be read at all.
    pub fn shows_lists(&self) -> bool {
        self.is_readable() && self.nature != Nature::Snac
    }

    /// Whether its accounts can say that they opt out, so that a crawler sees it.
    pub fn tells_consent(&self) -> bool {
        matches!(self.nature, Nature::Bluesky | Nature::Mastodon | Nature::Slow | Nature::Flaky)
    }
}

//! An account of the sample web: what its owner publishes, and what is true of it.

use model::Platform;

/// Names one account of a world; its index in [`World::accounts`](super::World::accounts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The index of the account.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who is really behind an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Kind {
    /// One human.
    #[default]
    Person,
    /// A company, a project or a club; its bio says that it is an official account.
    Organisation,
    /// A program that says so.
    Bot,
    /// One of the sybil farm.
    Fake,
}

/// How an account stands with its host and with the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum State {
    /// Everything is public.
    #[default]
    Public,
    /// Fediverse: `discoverable: false`; public otherwise.
    Unlisted,
    /// Fediverse: has never decided whether to be discoverable; public otherwise.
    Undecided,
    /// Fediverse: the lists of whom it follows and who follows it are empty though counted.
    HiddenLists,
    /// Bluesky: labels itself `!no-unauthenticated`; fediverse: `noindex: true`.
    OptedOut,
    /// Shut by its host.
    Suspended,
    /// Gone.
    Deleted,
}

impl State {
    /// Whether others may know of the account: it exists and has not opted out.
    pub fn is_public(self) -> bool {
        self.is_listed() || matches!(self, State::Unlisted | State::Undecided)
    }

    /// Whether others may be shown the account in lists and searches. In the fediverse that takes
    /// a yes: who never decided has given none.
    pub fn is_listed(self) -> bool {
        matches!(self, State::Public | State::HiddenLists)
    }

    /// Whether its host still answers for it as for any other.
    pub fn is_alive(self) -> bool {
        !matches!(self, State::Suspended | State::Deleted)
    }
}

/// A named row on a fediverse profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The row's title.
    pub name: String,
    /// A URL, or plain text.
    pub value: String,
    /// When the host found the page to link back, in unix seconds.
    pub verified_at: Option<u64>,
}

/// What an account's owner says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// The display name.
    pub name: String,
    /// The bio, plain text.
    pub bio: String,
    /// Bluesky's website row.
    pub website: Option<String>,
    /// The fediverse's rows.
    pub fields: Vec<Field>,
}

/// One account: what is public of it, and the truth behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Where it lives.
    pub platform: Platform,
    /// `did:plc:…`, or the actor URI `https://host/users/name`.
    pub native_id: String,
    /// `name.bsky.sample.test` or a domain of its own; `name@domain`.
    pub handle: String,
    /// Index into [`World::hosts`](super::World::hosts).
    pub host: u16,
    /// Accounts of one human or organisation share it.
    pub person: u32,
    /// The planted community; `None` for fakes.
    pub leaf: Option<u16>,
    /// The planted coarser community; `None` for fakes.
    pub parent: Option<u16>,
    /// Who is behind it.
    pub kind: Kind,
    /// How it stands.
    pub state: State,
    /// Fediverse: whether its own words may be searched; `false` is the default there.
    pub indexable: bool,
    /// What it says of itself.
    pub words: Words,
    /// When it was opened, in unix seconds.
    pub created_at: u64,
}

impl Account {
    /// The handle's first part: the local name on its host.
    pub fn local_name(&self) -> &str {
        let end = if self.platform == Platform::FEDIVERSE { '@' } else { '.' };
        self.handle.split(end).next().unwrap_or(&self.handle)
    }

    /// The page that shows the account to people: in the fediverse, on the server where it lives.
    pub fn page(&self) -> String {
        match self.native_id.split_once("/users/") {
            Some((server, name)) => format!("{server}/@{name}"),
            None => format!("https://bsky.app/profile/{}", self.handle),
        }
    }
}

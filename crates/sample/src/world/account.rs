//! An account of the sample web: what its owner publishes, and the truth about it.

use model::Platform;

/// The id of an account: its index in [`SampleWorld::accounts`](super::SampleWorld::accounts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The index of the account.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What really owns an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AccountKind {
    /// One human.
    #[default]
    Person,
    /// A company, a project or a club; its bio calls it an official account.
    Organisation,
    /// A program that is labelled as one.
    Bot,
    /// One of the sybil farm.
    Fake,
}

/// The state of an account at its host, and the consent of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AccountState {
    /// Everything is public.
    #[default]
    Public,
    /// Fediverse: `discoverable: false`; public otherwise.
    Unlisted,
    /// Fediverse: `discoverable` was never set; public otherwise.
    Undecided,
    /// Fediverse: its lists of follows and followers are empty, but counted.
    HiddenLists,
    /// Bluesky: labels itself `!no-unauthenticated`; fediverse: `noindex: true`.
    OptedOut,
    /// Suspended by its host.
    Suspended,
    /// Deleted.
    Deleted,
}

impl AccountState {
    /// Whether the account may be crawled: it exists and has not opted out.
    pub fn is_public(self) -> bool {
        self.is_listed() || matches!(self, AccountState::Unlisted | AccountState::Undecided)
    }

    /// Whether the account may be shown in lists and searches. In the fediverse that requires
    /// consent, which an undecided account has not given.
    pub fn is_listed(self) -> bool {
        matches!(self, AccountState::Public | AccountState::HiddenLists)
    }

    /// Whether its host serves it as any other.
    pub fn is_alive(self) -> bool {
        !matches!(self, AccountState::Suspended | AccountState::Deleted)
    }
}

/// A named row on a fediverse profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileField {
    /// The row's title.
    pub name: String,
    /// A URL, or plain text.
    pub value: String,
    /// When the host found the page to link back, in unix seconds.
    pub verified_at: Option<u64>,
}

/// The texts that an account's owner writes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileTexts {
    /// The display name.
    pub name: String,
    /// The bio, plain text.
    pub bio: String,
    /// Bluesky's website row.
    pub website: Option<String>,
    /// The fediverse's rows.
    pub fields: Vec<ProfileField>,
}

/// One account: what it publishes, and the truth about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantedAccount {
    /// Its platform.
    pub platform: Platform,
    /// `did:plc:…`, or the actor URI `https://host/users/name`.
    pub native_id: String,
    /// `name.bsky.sample.test` or a domain of its own; `name@domain`.
    pub handle: String,
    /// Index into [`SampleWorld::hosts`](super::SampleWorld::hosts).
    pub host: u16,
    /// The person; accounts of one human or organisation share it.
    pub person: u32,
    /// The planted community; `None` for fakes.
    pub leaf: Option<u16>,
    /// The planted coarser community; `None` for fakes.
    pub parent: Option<u16>,
    /// What owns it.
    pub kind: AccountKind,
    /// Its state.
    pub state: AccountState,
    /// Fediverse: whether its posts may be searched; `false` is the default there.
    pub indexable: bool,
    /// The texts of its profile.
    pub texts: ProfileTexts,
    /// When it was opened, in unix seconds.
    pub created_at: u64,
}

impl PlantedAccount {
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

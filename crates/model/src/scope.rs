//! The permissions of an API key.

/// One permission of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// People and profiles by id, handle and link.
    ProfilesRead,
    /// Communities and who is in them.
    CommunitiesRead,
    /// Ranks, their evidence, and runs.
    RanksRead,
    /// Search.
    SearchRead,
    /// The change log.
    StreamRead,
    /// Whole-dataset exports.
    ExportWrite,
    /// Balances and ledgers.
    BillingRead,
    /// Quotes and spend alerts.
    BillingWrite,
    /// Making and revoking keys.
    KeysWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 9] = [
        Scope::ProfilesRead,
        Scope::CommunitiesRead,
        Scope::RanksRead,
        Scope::SearchRead,
        Scope::StreamRead,
        Scope::ExportWrite,
        Scope::BillingRead,
        Scope::BillingWrite,
        Scope::KeysWrite,
    ];

    /// The scopes that only read what is public: those of a new key for sample data.
    pub const READING: [Scope; 5] = [
        Scope::ProfilesRead,
        Scope::CommunitiesRead,
        Scope::RanksRead,
        Scope::SearchRead,
        Scope::StreamRead,
    ];

    /// The scopes of a new key: reading what is public, and using the money that it is paid with. It makes
    /// no keys and no exports.
    pub const DEFAULT: [Scope; 7] = [
        Scope::ProfilesRead,
        Scope::CommunitiesRead,
        Scope::RanksRead,
        Scope::SearchRead,
        Scope::StreamRead,
        Scope::BillingRead,
        Scope::BillingWrite,
    ];

    /// The name of the scope in stored keys.
    pub const fn slug(self) -> &'static str {
        match self {
            Scope::ProfilesRead => "profiles:read",
            Scope::CommunitiesRead => "communities:read",
            Scope::RanksRead => "ranks:read",
            Scope::SearchRead => "search:read",
            Scope::StreamRead => "stream:read",
            Scope::ExportWrite => "export:write",
            Scope::BillingRead => "billing:read",
            Scope::BillingWrite => "billing:write",
            Scope::KeysWrite => "keys:write",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_names_never_change() {
        let names = Scope::ALL.map(Scope::slug).join(" ");
        let known = "profiles:read communities:read ranks:read search:read stream:read export:write \
                     billing:read billing:write keys:write";
        assert_eq!(names, known);
        assert!(Scope::READING.iter().all(|scope| scope.slug().ends_with(":read")));
        assert_eq!(Scope::DEFAULT[..5], Scope::READING);
    }
}

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
    /// Making and revoking keys.
    KeysWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 8] = [
        Scope::ProfilesRead,
        Scope::CommunitiesRead,
        Scope::RanksRead,
        Scope::SearchRead,
        Scope::StreamRead,
        Scope::ExportWrite,
        Scope::BillingRead,
        Scope::KeysWrite,
    ];

    /// The scopes that only read what is public: those of a new key.
    pub const READING: [Scope; 5] = [
        Scope::ProfilesRead,
        Scope::CommunitiesRead,
        Scope::RanksRead,
        Scope::SearchRead,
        Scope::StreamRead,
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
                     billing:read keys:write";
        assert_eq!(names, known);
        assert!(Scope::READING.iter().all(|scope| scope.slug().ends_with(":read")));
    }
}

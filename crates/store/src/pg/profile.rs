//! Profiles as they are served.

use model::observation::SeenProfile;
use model::profile::Gone;
use model::time::Timestamp;
use model::{Account, Consent, PersonId, PersonKind, Platform, ProfileId};

use super::Pg;
use crate::StoreError;

/// One profile. Of one that was never crawled, only the names are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its id.
    pub id: ProfileId,
    /// The person it belongs to.
    pub person: PersonId,
    /// The platform's stable id; `None` once it is erased.
    pub native_id: Option<String>,
    /// The handle, as last seen.
    pub handle: Option<String>,
    /// The name that its owner chose to show.
    pub display_name: Option<String>,
    /// Its own words about itself. See [`Consent::WORDS_PRIVATE`].
    pub bio: Option<String>,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// Where people see it.
    pub url: Option<String>,
    /// How many attend to it, as the platform counts.
    pub followers: Option<u32>,
    /// To how many it attends, as the platform counts.
    pub following: Option<u32>,
    /// How many posts it has.
    pub posts: Option<u32>,
    /// Who is behind it.
    pub kind: PersonKind,
    /// What its owner allows.
    pub consent: Consent,
    /// Why it is not there any more. A profile with a reason must not be served.
    pub gone: Option<Gone>,
    /// When it came to be.
    pub created_at: Option<Timestamp>,
    /// When its last round of crawling ended.
    pub crawled_at: Option<Timestamp>,
}

/// What an import of profiles did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Profiles that are new or differ from what was stored.
    pub changed: u64,
    /// Profiles whose owners do not want to be indexed; they were erased.
    pub refused: u64,
}

/// The ids of accounts by native id or, failing that, by handle (whatever its case), in their
/// order. Gone profiles are not found.
pub async fn find(pg: &Pg, accounts: &[Account]) -> Result<Vec<Option<ProfileId>>, StoreError> {
    todo!()
}

/// The profiles with these ids, in their order; unknown ones are left out.
pub async fn get(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<Profile>, StoreError> {
    todo!()
}

/// Profiles by id, of every platform, at most `limit` after `after`; gone ones are left out.
pub async fn page(
    pg: &Pg,
    after: Option<ProfileId>,
    limit: u32,
) -> Result<Vec<Profile>, StoreError> {
    todo!()
}

/// Stores profiles of a bulk file, without crawling them.
pub async fn import(
    pg: &Pg,
    platform: Platform,
    profiles: &[SeenProfile],
    now: Timestamp,
) -> Result<Imported, StoreError> {
    todo!()
}

//! Every profile ever seen: (platform, native id) ↔ profile id.

use model::observation::Named;
use model::{Platform, ProfileId};

use super::Pg;
use crate::StoreError;

/// The ids of these names, in their order; unknown ones get a new id. The same name always has
/// the same id, after its erasure too.
pub async fn resolve(
    pg: &Pg,
    platform: Platform,
    names: &[Named],
) -> Result<Vec<ProfileId>, StoreError> {
    todo!()
}

/// The native ids of these profiles, in their order; `None` for erased and unknown ones.
pub async fn names(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<Option<String>>, StoreError> {
    todo!()
}

//! Profiles of bulk files.

use std::collections::BTreeMap;

use model::observation::{NamedProfile, SeenProfile};
use model::profile::GoneReason;
use model::time::Timestamp;
use model::{Consent, Platform, ProfileId};

use super::page::load;
use crate::StoreError;
use crate::pg::connection::retry;
use crate::pg::erase::ErasureReason;
use crate::pg::transaction::PgTransaction;
use crate::pg::{Pg, account_key, change, erase};

/// What an import of profiles did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProfileImport {
    /// Profiles that are new or differ from what was stored.
    pub changed: u64,
    /// Profiles whose owners do not want to be indexed; they were erased.
    pub refused: u64,
}

/// The most profiles of one transaction.
const PROFILES_MAX: usize = 1_000;

/// Stores profiles of a bulk file, without crawling them. Of several with one native id, the last
/// stays.
pub async fn import(
    pg: &Pg,
    platform: Platform,
    profiles: &[SeenProfile],
    now: Timestamp,
) -> Result<ProfileImport, StoreError> {
    change::open_day(pg, now).await?;
    let mut imported = ProfileImport::default();
    for chunk in profiles.chunks(PROFILES_MAX) {
        let names: Vec<NamedProfile> = chunk.iter().map(|profile| profile.named.clone()).collect();
        let ids = account_key::resolve(pg, platform, &names).await?;
        let known: BTreeMap<ProfileId, &SeenProfile> = ids.into_iter().zip(chunk).collect();
        let shown =
            known.iter().flat_map(|(id, page)| page.handles().map(move |handle| (*id, handle)));
        let opted_out = erase::opted_out(pg, platform, shown).await?;
        let refused: Vec<_> = known
            .iter()
            .filter_map(|(id, page)| Some((*id, reason(page, opted_out.contains(id))?)))
            .collect();
        let pages: Vec<_> = known
            .into_iter()
            .filter(|(id, page)| reason(page, opted_out.contains(id)).is_none())
            .collect();
        let changed = retry(|| async {
            let mut client = pg.client().await?;
            let tx = PgTransaction::begin(&mut client, "profile::import").await?;
            let changed = load(&tx, &pages, now).await?;
            erase::erase(&tx, platform, &refused, now).await?;
            tx.commit().await?;
            Ok(changed)
        });
        imported.changed += changed.await?;
        imported.refused += refused.len() as u64;
    }
    Ok(imported)
}

/// Why a page is not taken.
fn reason(page: &SeenProfile, opted_out: bool) -> Option<ErasureReason> {
    if opted_out {
        return Some(ErasureReason::OptedOut);
    }
    page.consent.has(Consent::REFUSED).then_some(ErasureReason::Gone(GoneReason::Refused))
}

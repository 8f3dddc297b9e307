//! What scoring reads: the whole database at one moment, or what changed since a snapshot.

use std::sync::LazyLock;

use deadpool_postgres::{ClientWrapper, Object};
use model::identity::Link;
use model::profile::GoneReason;
use model::{Consent, PersonId, PersonKind, ProfileId, SnapshotId};
use tokio_postgres::Row as PgRow;

use super::adjacency::{self, AdjacencyKey, AdjacencyRow};
use super::failure::failed;
use super::params::{Params, params};
use super::row::{ACCOUNT_KEY, PROFILE, TableRow};
use super::value::stored_id;
use super::{Pg, identity, profile, run};
use crate::StoreError;

mod changes;

pub use changes::{
    ChangePage, ChangeReader, ChangedList, ListCursor, NewProfile, NodeCursor, PersonMember,
};

/// A profile's page, as far as scoring needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeRow {
    /// The profile.
    pub id: ProfileId,
    /// The person it belongs to.
    pub person: PersonId,
    /// Who is behind it.
    pub kind: PersonKind,
    /// What its owner allows.
    pub consent: Consent,
    /// Why it is not there any more: such a profile and its arcs leave the snapshot.
    pub gone: Option<GoneReason>,
    /// The transaction in which it came back after it was gone; 0 if it never did. The lists of
    /// others have named it all along, so a snapshot from before lacks those arcs.
    pub back: u64,
}

/// The words of a profile. Whether they may be searched or label a community is for its consent
/// to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileWords {
    /// The profile.
    pub id: ProfileId,
    /// What its owner allows.
    pub consent: Consent,
    /// The handle.
    pub handle: Option<String>,
    /// The shown name.
    pub display_name: Option<String>,
    /// The bio.
    pub bio: Option<String>,
}

/// One repeatable-read transaction on a connection of its own: every page shows the database as it
/// was when the reader was opened. Dropping it ends the transaction.
pub struct SnapshotReader {
    client: ClientWrapper,
    high_water: u64,
}

const BEGIN: &str = "begin isolation level repeatable read read only";
const HIGH_WATER: &str = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint high_water";
/// The columns of a [`NodeRow`], of the rows `p` of `profile` and `m` of `person_member`.
const NODE_COLUMNS: &str = "p.profile_id, m.person_id, p.kind, p.consent, p.gone,
    coalesce(p.back_xid::text::bigint, 0) back";
static NODES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {NODE_COLUMNS}
        from profile p left join person_member m on m.profile_id = p.profile_id
        where p.profile_id > $1 order by p.profile_id limit $2"
    )
});
const UNREAD: &str = "select i.profile_id from ident i
    where i.platform_id = any($1) and i.profile_id > $2 and not i.imported
        and not exists (select from profile p where p.profile_id = i.profile_id)
    order by i.profile_id limit $3";
const WORDS: &str = "select profile_id, consent, handle, display_name, bio from profile
    where profile_id > $1 and gone = 0 order by profile_id limit $2";

const SIZE: &str = "select (select coalesce(sum(n), 0)::bigint from adjacency) arcs,
        (select count(*) from profile) profiles";

/// How much there is to score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DatabaseSize {
    /// Arcs of all lists.
    pub arcs: u64,
    /// Profiles with a page.
    pub profiles: u64,
}

/// How much there is to score. Reads all rows, without the bodies of lists.
pub async fn size(pg: &Pg) -> Result<DatabaseSize, StoreError> {
    let row = pg.query_opt("snapshot::size", SIZE, &[]).await?;
    let size = |row: PgRow| DatabaseSize {
        arcs: row.get::<_, i64>("arcs") as u64,
        profiles: row.get::<_, i64>("profiles") as u64,
    };
    Ok(row.map(size).unwrap_or_default())
}

/// A new id for a snapshot that is about to be sealed.
pub async fn mint(pg: &Pg) -> Result<SnapshotId, StoreError> {
    run::mint_number(pg, "snapshot", 1).await.map(SnapshotId::new)
}

impl SnapshotReader {
    /// Begins to read. The connection leaves the pool, and is closed with the reader.
    pub async fn open(pg: &Pg) -> Result<SnapshotReader, StoreError> {
        let client = Object::take(pg.client().await?);
        client.batch_execute(BEGIN).await.map_err(|e| failed("snapshot::SnapshotReader", e))?;
        let mut reader = SnapshotReader { client, high_water: 0 };
        let rows = reader.query(HIGH_WATER, &[]).await?;
        reader.high_water = rows.first().map_or(0, |row| row.get::<_, i64>("high_water") as u64);
        Ok(reader)
    }

    /// Everything of transactions below this number is visible here: the next snapshot reads what
    /// changed since.
    pub fn high_water(&self) -> u64 {
        self.high_water
    }

    /// Lists changed since a high-water mark (0: all), by key, at most `limit` after `after`.
    pub async fn lists(
        &self,
        since: u64,
        after: Option<AdjacencyKey>,
        limit: u32,
    ) -> Result<Vec<AdjacencyRow>, StoreError> {
        let (profile, layer, direction) = adjacency::stored_after(after);
        let params = params![
            profile => INT8,
            layer => INT2,
            direction => INT2,
            since.to_string() => TEXT,
            i64::from(limit) => INT8,
        ];
        let rows = self.query(&adjacency::page_sql(), params).await?;
        rows.iter().map(adjacency::from_row).collect()
    }

    /// Profiles that were crawled, imported or erased, by id, at most `limit` after `after`. Any other
    /// profile is its own person, of unknown kind, and allows all unless it is among
    /// [`SnapshotReader::unread`].
    pub async fn nodes(
        &self,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<NodeRow>, StoreError> {
        let params = params![after.map_or(-1, stored_id) => INT8, i64::from(limit) => INT8];
        PROFILE.rows(&self.query(&NODES, params).await?).map(|row| node(&row)).collect()
    }

    /// Profiles without a page whose platform lists only those who consented, without those that were
    /// imported, by id, at most `limit` after `after`: they are unlisted.
    pub async fn unread(
        &self,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<ProfileId>, StoreError> {
        let params = params![
            profile::opt_in() => INT2_ARRAY,
            after.map_or(-1, stored_id) => INT8,
            i64::from(limit) => INT8,
        ];
        let rows = self.query(UNREAD, params).await?;
        ACCOUNT_KEY.rows(&rows).map(|row| row.profile_id("profile_id")).collect()
    }

    /// The words of profiles that are there, by id, at most `limit` after `after`.
    pub async fn words(
        &self,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<ProfileWords>, StoreError> {
        let params = params![after.map_or(-1, stored_id) => INT8, i64::from(limit) => INT8];
        let words = |row: TableRow<'_>| {
            Ok(ProfileWords {
                id: row.profile_id("profile_id")?,
                consent: Consent(row.get::<i16>("consent")? as u8),
                handle: row.get("handle")?,
                display_name: row.get("display_name")?,
                bio: row.get("bio")?,
            })
        };
        PROFILE.rows(&self.query(WORDS, params).await?).map(words).collect()
    }

    /// Every proven link, sorted.
    pub async fn links(&self) -> Result<Vec<Link>, StoreError> {
        identity::links(self.query(&identity::all_sql(), &[]).await?)
    }

    async fn query(&self, sql: &str, params: &Params<'_>) -> Result<Vec<PgRow>, StoreError> {
        self.client
            .query_typed(sql, params)
            .await
            .map_err(|e| failed("snapshot::SnapshotReader", e))
    }
}

/// Reads [`NODE_COLUMNS`].
fn node(row: &TableRow<'_>) -> Result<NodeRow, StoreError> {
    let id = row.profile_id("profile_id")?;
    let person: Option<i64> = row.get("person_id")?;
    Ok(NodeRow {
        id,
        person: person.map_or(id.home_person(), |person| PersonId::new(person as u64)),
        kind: row.number("kind", PersonKind::from_number)?,
        consent: Consent(row.get::<i16>("consent")? as u8),
        gone: profile::gone(row.get("gone")?),
        back: row.unsigned("back")?,
    })
}

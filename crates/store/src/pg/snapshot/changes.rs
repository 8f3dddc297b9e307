//! What changed since a snapshot, by index, in pieces of short transactions.
//!
//! Every change of a transaction below the high-water mark is visible from the first piece on. A row that
//! changes while the pieces are read is returned as it is then, or not at all; either way the change is
//! at or above the mark, so the next snapshot reads it again.

use std::sync::LazyLock;

use model::{Adjacency, PersonId, ProfileId};
use tokio_postgres::Row as PgRow;

use super::{NODE_COLUMNS, NodeRow, node};
use crate::StoreError;
use crate::pg::adjacency::{self, AdjacencyKey};
use crate::pg::params::params;
use crate::pg::row::{ACCOUNT_KEY, ADJACENCY, PERSON_MEMBER, PROFILE, TableRow};
use crate::pg::value::{stored_id, stored_ids};
use crate::pg::{Pg, profile};

/// Below `xmin` every transaction has ended, at or above `xmax` none has begun.
const BOUNDS: &str = "select pg_snapshot_xmin(s)::text::bigint xmin,
        pg_snapshot_xmax(s)::text::bigint xmax
    from pg_current_snapshot() s";
static NODES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {NODE_COLUMNS}, p.changed_xid::text::bigint xid
        from profile p left join person_member m on m.profile_id = p.profile_id
        where (p.changed_xid, p.profile_id) > ($1::text::xid8, $2)
            and p.changed_xid < $3::text::xid8
        order by p.changed_xid, p.profile_id limit $4"
    )
});
const MEMBERS: &str = "select m.profile_id, m.person_id from person_member m
    join profile p on p.profile_id = m.profile_id
    where m.profile_id > $1 order by m.profile_id limit $2";
const LISTS: &str = "select profile_id, layer, direction, complete, body,
        changed_xid::text::bigint xid
    from adjacency
    where (changed_xid, profile_id, layer, direction) > ($1::text::xid8, $2, $3, $4)
        and changed_xid < $5::text::xid8
    order by changed_xid, profile_id, layer, direction limit $6";
const IMPORTED: &str = "select i.profile_id, i.imported_xid::text::bigint xid from ident i
    where (i.imported_xid, i.profile_id) > ($1::text::xid8, $2) and i.imported_xid < $3::text::xid8
        and not exists (select from profile p where p.profile_id = i.profile_id)
    order by i.imported_xid, i.profile_id limit $4";
/// Profiles that a snapshot does not have yet.
static NEW: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select u.id, {NODE_COLUMNS},
            p.profile_id is null and exists (select from ident i
                where i.platform_id = (u.id >> 45)::smallint and i.profile_id = u.id
                    and i.platform_id = any($3) and not i.imported) unread,
            exists (select from adjacency a
                where a.profile_id = u.id and a.changed_xid < $2::text::xid8) older_lists
        from unnest($1::bigint[]) u(id) left join profile p on p.profile_id = u.id
            left join person_member m on m.profile_id = u.id
        order by u.id"
    )
});

/// Reads what changed since a snapshot, in pieces of short transactions.
#[derive(Debug)]
pub struct ChangeReader<'a> {
    pg: &'a Pg,
    /// The parent's mark: changes at or above it are read.
    since: u64,
    high_water: u64,
    /// Changes of later transactions are left to the next snapshot.
    end: u64,
    page_rows: u32,
}

/// How far changed profiles are read: the transaction and the profile of the last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeCursor {
    xid: u64,
    profile: i64,
}

/// How far changed lists are read: the transaction and the key of the last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListCursor {
    xid: u64,
    profile: i64,
    layer: i16,
    direction: i16,
}

/// A list that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedList {
    /// Which list it is.
    pub key: AdjacencyKey,
    /// Whether these are all arcs there are.
    pub complete: bool,
    /// The arcs.
    pub list: Adjacency,
}

/// A profile that a snapshot does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// The profile.
    pub id: ProfileId,
    /// Its page, if it was crawled, imported or erased.
    pub page: Option<NodeRow>,
    /// Whether it is unlisted because it has no page and its platform lists only those who consented.
    pub unread: bool,
    /// Whether it has lists that did not change since.
    pub older_lists: bool,
}

/// A piece of the rows that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePage<T, C> {
    /// The rows.
    pub rows: Vec<T>,
    /// How far they go; `None` after the last piece, which has no rows.
    pub end: Option<C>,
}

/// A profile that has another person than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonMember {
    /// The profile.
    pub profile: ProfileId,
    /// Its person.
    pub person: PersonId,
}

impl<'a> ChangeReader<'a> {
    /// Begins to read what changed since a snapshot's mark.
    pub async fn open(
        pg: &'a Pg,
        since: u64,
        page_rows: u32,
    ) -> Result<ChangeReader<'a>, StoreError> {
        let row = pg.query_opt("snapshot::bounds", BOUNDS, &[]).await?;
        let bound = |name: &str| row.as_ref().map_or(0, |row| row.get::<_, i64>(name) as u64);
        Ok(ChangeReader { pg, since, high_water: bound("xmin"), end: bound("xmax"), page_rows })
    }

    /// Everything of transactions below this number is visible here: the next snapshot reads what
    /// changed since.
    pub fn high_water(&self) -> u64 {
        self.high_water
    }

    /// Whether the parent's mark is still to come: then it is that of another database.
    pub fn is_of_another_database(&self) -> bool {
        self.since > self.high_water
    }

    /// The next profiles that changed, and how far they go.
    pub async fn nodes(
        &self,
        after: Option<NodeCursor>,
    ) -> Result<ChangePage<NodeRow, NodeCursor>, StoreError> {
        let rows = self.by_profile("snapshot::changed_nodes", &NODES, after).await?;
        ChangePage::new(PROFILE.rows(&rows), |row| node(&row), node_cursor)
    }

    /// The next profiles without a page that a bulk file named since, and how far they go: they are
    /// listed now.
    pub async fn imported(
        &self,
        after: Option<NodeCursor>,
    ) -> Result<ChangePage<ProfileId, NodeCursor>, StoreError> {
        let rows = self.by_profile("snapshot::imported", IMPORTED, after).await?;
        ChangePage::new(ACCOUNT_KEY.rows(&rows), |row| row.profile_id("profile_id"), node_cursor)
    }

    async fn by_profile(
        &self,
        what: &'static str,
        sql: &str,
        after: Option<NodeCursor>,
    ) -> Result<Vec<PgRow>, StoreError> {
        let NodeCursor { xid, profile } =
            after.unwrap_or(NodeCursor { xid: self.since, profile: -1 });
        let params = params![
            xid.to_string() => TEXT,
            profile => INT8,
            self.end.to_string() => TEXT,
            i64::from(self.page_rows) => INT8,
        ];
        self.pg.query(what, sql, params).await
    }

    /// Profiles that have a page and another person than their own, by id, after `after`: all of them.
    pub async fn members(&self, after: Option<ProfileId>) -> Result<Vec<PersonMember>, StoreError> {
        let params = params![
            after.map_or(-1, stored_id) => INT8,
            i64::from(self.page_rows) => INT8,
        ];
        let rows = self.pg.query("snapshot::members", MEMBERS, params).await?;
        let member = |row: TableRow<'_>| {
            Ok(PersonMember {
                profile: row.profile_id("profile_id")?,
                person: row.person_id("person_id")?,
            })
        };
        PERSON_MEMBER.rows(&rows).map(member).collect()
    }

    /// The next lists that changed, and how far they go. A list that changes meanwhile may come twice.
    pub async fn lists(
        &self,
        after: Option<ListCursor>,
    ) -> Result<ChangePage<ChangedList, ListCursor>, StoreError> {
        let first = ListCursor { xid: self.since, profile: -1, layer: 0, direction: 0 };
        let ListCursor { xid, profile, layer, direction } = after.unwrap_or(first);
        let params = params![
            xid.to_string() => TEXT,
            profile => INT8,
            layer => INT2,
            direction => INT2,
            self.end.to_string() => TEXT,
            i64::from(self.page_rows) => INT8,
        ];
        let rows = self.pg.query("snapshot::changed_lists", LISTS, params).await?;
        ChangePage::new(ADJACENCY.rows(&rows), changed_list, list_cursor)
    }

    /// Looks up profiles that the snapshot does not have yet.
    pub async fn find_new(&self, ids: &[ProfileId]) -> Result<Vec<NewProfile>, StoreError> {
        let params = params![
            stored_ids(ids) => INT8_ARRAY,
            self.since.to_string() => TEXT,
            profile::opt_in() => INT2_ARRAY,
        ];
        let rows = self.pg.query("snapshot::new_profiles", &NEW, params).await?;
        PROFILE.rows(&rows).map(new_profile).collect()
    }
}

impl<T, C> ChangePage<T, C> {
    fn new<'r>(
        rows: impl Iterator<Item = TableRow<'r>>,
        read: impl Fn(TableRow<'r>) -> Result<T, StoreError>,
        cursor: impl FnOnce(TableRow<'r>) -> Result<C, StoreError>,
    ) -> Result<ChangePage<T, C>, StoreError> {
        let mut last = None;
        let rows = rows.inspect(|row| last = Some(*row)).map(read).collect::<Result<_, _>>()?;
        Ok(ChangePage { rows, end: last.map(cursor).transpose()? })
    }
}

fn node_cursor(row: TableRow<'_>) -> Result<NodeCursor, StoreError> {
    Ok(NodeCursor { xid: row.unsigned("xid")?, profile: row.get("profile_id")? })
}

fn list_cursor(row: TableRow<'_>) -> Result<ListCursor, StoreError> {
    Ok(ListCursor {
        xid: row.unsigned("xid")?,
        profile: row.get("profile_id")?,
        layer: row.get("layer")?,
        direction: row.get("direction")?,
    })
}

fn changed_list(row: TableRow<'_>) -> Result<ChangedList, StoreError> {
    Ok(ChangedList {
        key: AdjacencyKey::from_row(&row)?,
        complete: row.get("complete")?,
        list: adjacency::decoded(&row)?,
    })
}

fn new_profile(row: TableRow<'_>) -> Result<NewProfile, StoreError> {
    let has_page = row.get::<Option<i64>>("profile_id")?.is_some();
    Ok(NewProfile {
        id: row.profile_id("id")?,
        page: if has_page { Some(node(&row)?) } else { None },
        unread: row.get("unread")?,
        older_lists: row.get("older_lists")?,
    })
}

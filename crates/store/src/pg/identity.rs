//! Claims become proof: the law of [`model::identity`] as joins.

use model::ProfileId;
use model::account::HANDLE_BYTES_MAX;
use model::identity::{Claim, Link, Proof};
use model::observation::SeenProfile;
use tokio_postgres::Row;

use super::Pg;
use super::connection::params;
use super::transaction::Tx;
use super::value::{corrupt, platform_number, profile_id, stored_id, stored_ids, whole};
use crate::StoreError;

/// The most claims of one profile that are kept.
const CLAIMS_MAX: usize = 64;

/// What is left of the claims of $1 after those in $2 to $5 is not claimed any more.
const DROP: &str = "delete from identity_claim c where c.profile_id = any($1) and not exists (
    select from unnest($2::bigint[], $3::smallint[], $4::smallint[], $5::text[])
        n(profile_id, kind, platform_id, target)
    where (n.profile_id, n.kind, n.platform_id, n.target)
        = (c.profile_id, c.kind, c.platform_id, c.target))";
const ADD: &str = "insert into identity_claim
    select * from unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::text[]) n
    order by 1, 2, 3, 4 on conflict do nothing";

/// The proven links. Mutual: each names the other, by native id or by a handle that only one
/// profile has, be it that by which others know it or its own server's (claims of kind 3). The two are
/// looked up apart, so that each takes its index. Website: the only one of its platform on a page, and the only one of another.
/// `claims` and `pages` restrict which claims are read (on `c`).
fn proven_sql(claims: &str, pages: &str) -> String {
    format!(
        "with bearer as (
            select c.profile_id a, c.platform_id, c.target, p.profile_id b from identity_claim c
            join profile p on lower(p.handle) = lower(c.target) and p.gone = 0
                and p.profile_id >= c.platform_id::bigint << 45
                and p.profile_id < (c.platform_id::bigint + 1) << 45
            where c.kind = 1 {claims}
            union all
            select c.profile_id, c.platform_id, c.target, s.profile_id from identity_claim c
            join identity_claim s on s.kind = 3 and s.target = lower(c.target)
                and s.profile_id >= c.platform_id::bigint << 45
                and s.profile_id < (c.platform_id::bigint + 1) << 45
            where c.kind = 1 {claims}),
        named as (
            select c.profile_id a, i.profile_id b from identity_claim c
            join ident i on i.platform_id = c.platform_id and i.native_id = c.target
            where c.kind = 1 {claims}
            union
            select a, min(b) from bearer group by a, platform_id, target having min(b) = max(b)),
        sole as (
            select c.target, min(c.profile_id) id from identity_claim c where c.kind = 2 {pages}
            group by c.target, c.profile_id >> 45 having count(*) = 1),
        proof as (
            select x.a, x.b, 1::smallint as kind from named x
            join named y on x.a = y.b and x.b = y.a where x.a < x.b
            union all
            select x.id, y.id, 2::smallint from sole x
            join sole y on x.target = y.target and x.id < y.id)
        select a, b, min(kind) from proof group by a, b order by a, b"
    )
}

/// Every proven link.
pub(super) fn all_sql() -> String {
    proven_sql("", "")
}

/// The links of some profiles, $1; with whomever the pages of theirs prove.
fn among_sql() -> String {
    let page = "and c.target in (
        select target from identity_claim where kind = 2 and profile_id = any($1))";
    proven_sql("and c.profile_id = any($1)", page)
}

/// Every proven link, sorted, one for each pair.
pub async fn proven(pg: &Pg) -> Result<Vec<Link>, StoreError> {
    links(pg.query("identity::proven", &all_sql(), &[]).await?)
}

/// The proven links among these profiles, sorted. Reads only claims that have to do with them.
pub async fn among(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<Link>, StoreError> {
    let params = params![stored_ids(ids) => INT8_ARRAY];
    let mut among = links(pg.read("identity::among", &among_sql(), params).await?)?;
    among.retain(|link| ids.contains(&link.a) && ids.contains(&link.b));
    Ok(among)
}

pub(super) fn links(rows: Vec<Row>) -> Result<Vec<Link>, StoreError> {
    let link = |row: &Row| {
        let (a, b) = (profile_id(row.get(0)), profile_id(row.get(1)));
        let proof = match row.get::<_, i16>(2) {
            1 => Proof::Mutual,
            2 => Proof::Website,
            other => return Err(corrupt(("identity_claim", "kind"), a, other)),
        };
        Ok(Link { a, b, proof })
    };
    rows.iter().map(link).collect()
}

/// Makes these pages' claims the only ones of their profiles; claims that stay are not touched.
pub(super) async fn replace_claims(
    tx: &Tx<'_>,
    pages: &[(ProfileId, &SeenProfile)],
) -> Result<(), StoreError> {
    let owners: Vec<i64> = pages.iter().map(|(id, _)| stored_id(*id)).collect();
    if owners.is_empty() {
        return Ok(());
    }
    let (mut ids, mut kinds, mut platforms) = (Vec::new(), Vec::new(), Vec::new());
    let mut targets = Vec::new();
    for (id, page) in pages {
        let server = page.server_handle.as_ref().map(|handle| (3, 0, handle.to_lowercase()));
        for (kind, platform, target) in
            page.claims.iter().take(CLAIMS_MAX).map(columns).chain(server)
        {
            // Cut, it could be somebody else's.
            let Some(target) = whole(&target, HANDLE_BYTES_MAX) else { continue };
            ids.push(stored_id(*id));
            kinds.push(kind);
            platforms.push(platform);
            targets.push(target.to_owned());
        }
    }
    let new = params![
        owners => INT8_ARRAY,
        ids => INT8_ARRAY,
        kinds => INT2_ARRAY,
        platforms => INT2_ARRAY,
        targets => TEXT_ARRAY,
    ];
    tx.execute(DROP, new).await?;
    if !ids.is_empty() {
        tx.execute(ADD, &new[1..]).await?;
    }
    Ok(())
}

/// The kind of a claim, the number of the platform that it names, and what it names there.
fn columns(claim: &Claim) -> (i16, i16, String) {
    match claim {
        Claim::Account { platform, target } => (1, platform_number(*platform), target.clone()),
        Claim::Website { page } => (2, 0, page.clone()),
    }
}

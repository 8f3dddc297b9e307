//! From claims to proven links: the rules of [`model::identity`] as joins.

use model::ProfileId;
use model::account::HANDLE_BYTES_MAX;
use model::identity::{Claim, Link, Proof};
use model::observation::SeenProfile;
use tokio_postgres::Row;

use super::Pg;
use super::params::{column, params};
use super::row::{IDENTITY_CLAIM, TableRow};
use super::transaction::PgTransaction;
use super::value::{platform_number, stored_id, stored_ids, whole};
use crate::StoreError;

/// The kinds of stored claims; the numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub(super) enum ClaimKind {
    /// Names an account, by native id or handle.
    Account = 1,
    /// Names a web page.
    Website = 2,
    /// The handle at the profile's own server, where others know the profile by another one.
    ServerHandle = 3,
}

/// The most claims of one profile that are stored.
const CLAIMS_MAX: usize = 64;

/// Deletes the claims of $1 that are not among those in $2 to $5.
const DROP: &str = "delete from identity_claim c where c.profile_id = any($1) and not exists (
    select from unnest($2::bigint[], $3::smallint[], $4::smallint[], $5::text[])
        n(profile_id, kind, platform_id, target)
    where (n.profile_id, n.kind, n.platform_id, n.target)
        = (c.profile_id, c.kind, c.platform_id, c.target))";
const ADD: &str = "insert into identity_claim (profile_id, kind, platform_id, target)
    select profile_id, kind, platform_id, target
    from unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::text[])
        n(profile_id, kind, platform_id, target)
    order by profile_id, kind, platform_id, target on conflict do nothing";

const ACCOUNT: i16 = ClaimKind::Account as i16;
const WEBSITE: i16 = ClaimKind::Website as i16;
const SERVER_HANDLE: i16 = ClaimKind::ServerHandle as i16;
const MUTUAL: i16 = 1;
const SAME_WEBSITE: i16 = 2;

/// The proven links. Mutual: each names the other, by native id or by a handle that only one
/// profile has, either the one others know it by or its own server's. The two are looked up separately,
/// so that each uses its index. Website: the only one of its platform on a page, and the only one of
/// another.
/// `claims` and `pages` restrict which claims are read (on `c`).
fn proven_sql(claims: &str, pages: &str) -> String {
    format!(
        "with bearer as (
            select c.profile_id a, c.platform_id, c.target, p.profile_id b from identity_claim c
            join profile p on lower(p.handle) = lower(c.target) and p.gone = 0
                and p.profile_id >= c.platform_id::bigint << 45
                and p.profile_id < (c.platform_id::bigint + 1) << 45
            where c.kind = {ACCOUNT} {claims}
            union all
            select c.profile_id, c.platform_id, c.target, s.profile_id from identity_claim c
            join identity_claim s on s.kind = {SERVER_HANDLE} and s.target = lower(c.target)
                and s.profile_id >= c.platform_id::bigint << 45
                and s.profile_id < (c.platform_id::bigint + 1) << 45
            where c.kind = {ACCOUNT} {claims}),
        named as (
            select c.profile_id a, i.profile_id b from identity_claim c
            join ident i on i.platform_id = c.platform_id and i.native_id = c.target
            where c.kind = {ACCOUNT} {claims}
            union
            select a, min(b) from bearer group by a, platform_id, target having min(b) = max(b)),
        sole as (
            select c.target, min(c.profile_id) id from identity_claim c where c.kind = {WEBSITE} {pages}
            group by c.target, c.profile_id >> 45 having count(*) = 1),
        proof as (
            select x.a, x.b, {MUTUAL}::smallint as kind from named x
            join named y on x.a = y.b and x.b = y.a where x.a < x.b
            union all
            select x.id, y.id, {SAME_WEBSITE}::smallint from sole x
            join sole y on x.target = y.target and x.id < y.id)
        select a, b, min(kind) kind from proof group by a, b order by a, b"
    )
}

/// Every proven link.
pub(super) fn all_sql() -> String {
    proven_sql("", "")
}

/// The links of some profiles, $1, to any that their pages prove.
fn among_sql() -> String {
    let page = format!(
        "and c.target in (select target from identity_claim
            where kind = {WEBSITE} and profile_id = any($1))"
    );
    proven_sql("and c.profile_id = any($1)", &page)
}

/// Every proven link, sorted, one for each pair.
pub async fn proven(pg: &Pg) -> Result<Vec<Link>, StoreError> {
    links(pg.query("identity::proven", &all_sql(), &[]).await?)
}

/// The proven links among these profiles, sorted. Reads only the claims that concern them.
pub async fn among(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<Link>, StoreError> {
    let params = params![stored_ids(ids) => INT8_ARRAY];
    let mut among = links(pg.read("identity::among", &among_sql(), params).await?)?;
    among.retain(|link| ids.contains(&link.a) && ids.contains(&link.b));
    Ok(among)
}

pub(super) fn links(rows: Vec<Row>) -> Result<Vec<Link>, StoreError> {
    let link = |row: TableRow<'_>| {
        let proof = match row.get::<i16>("kind")? {
            MUTUAL => Proof::Mutual,
            SAME_WEBSITE => Proof::Website,
            other => return Err(row.corrupt("kind", other)),
        };
        Ok(Link { a: row.profile_id("a")?, b: row.profile_id("b")?, proof })
    };
    IDENTITY_CLAIM.rows(&rows).map(link).collect()
}

/// Makes these pages' claims the only ones of their profiles; claims that stay are not touched.
pub(super) async fn replace_claims(
    tx: &PgTransaction<'_>,
    pages: &[(ProfileId, &SeenProfile)],
) -> Result<(), StoreError> {
    if pages.is_empty() {
        return Ok(());
    }
    let (owners, claims) = (column(pages, |(id, _)| stored_id(*id)), claims(pages));
    let params = params![
        owners => INT8_ARRAY,
        column(&claims, |claim| claim.profile) => INT8_ARRAY,
        column(&claims, |claim| claim.kind as i16) => INT2_ARRAY,
        column(&claims, |claim| claim.platform) => INT2_ARRAY,
        column(&claims, |claim| claim.target.as_str()) => TEXT_ARRAY,
    ];
    tx.execute(DROP, params).await?;
    add(tx, &claims).await
}

/// Adds the claims of pages whose profiles have none yet.
pub(super) async fn add_claims(
    tx: &PgTransaction<'_>,
    pages: &[(ProfileId, &SeenProfile)],
) -> Result<(), StoreError> {
    add(tx, &claims(pages)).await
}

async fn add(tx: &PgTransaction<'_>, claims: &[StoredClaim]) -> Result<(), StoreError> {
    if claims.is_empty() {
        return Ok(());
    }
    let params = params![
        column(claims, |claim| claim.profile) => INT8_ARRAY,
        column(claims, |claim| claim.kind as i16) => INT2_ARRAY,
        column(claims, |claim| claim.platform) => INT2_ARRAY,
        column(claims, |claim| claim.target.as_str()) => TEXT_ARRAY,
    ];
    tx.execute(ADD, params).await.map(|_| ())
}

/// A row of `identity_claim`.
struct StoredClaim {
    profile: i64,
    kind: ClaimKind,
    /// The number of the platform that it names; 0 if none.
    platform: i16,
    target: String,
}

/// The rows of these pages.
fn claims(pages: &[(ProfileId, &SeenProfile)]) -> Vec<StoredClaim> {
    let of_page = |(id, page): &(ProfileId, &SeenProfile)| {
        let profile = stored_id(*id);
        let own = page.server_handle.as_ref().map(|handle| StoredClaim {
            profile,
            kind: ClaimKind::ServerHandle,
            platform: 0,
            target: handle.to_lowercase(),
        });
        let named = page.claims.iter().take(CLAIMS_MAX);
        named.map(|claim| stored_claim(profile, claim)).chain(own).collect::<Vec<_>>()
    };
    let mut claims: Vec<StoredClaim> = pages.iter().flat_map(of_page).collect();
    // Cut, a name could be that of another account.
    claims.retain(|claim| whole(&claim.target, HANDLE_BYTES_MAX).is_some());
    claims
}

fn stored_claim(profile: i64, claim: &Claim) -> StoredClaim {
    let (kind, platform, target) = match claim {
        Claim::Account { platform, target } => {
            (ClaimKind::Account, platform_number(*platform), target)
        }
        Claim::Website { page } => (ClaimKind::Website, 0, page),
    };
    StoredClaim { profile, kind, platform, target: target.clone() }
}

//! Persons: which profiles are one human, organisation or bot.
//!
//! A person exists by itself for each profile, with the profile's number. Rows are stored only for
//! profiles whose person is not their own: a merge adds rows, and the persons left behind answer
//! with the one they were merged into; an unmerge deletes rows, and they live again. The person of
//! a group is always that of one of its profiles, so no two groups can ever share one.

use std::collections::{BTreeMap, BTreeSet};

use model::time::Timestamp;
use model::{PersonId, ProfileId};

use super::connection::retry;
use super::params::params;
use super::row::{PERSON_MEMBER, PROFILE, TableRow};
use super::transaction::PgTransaction;
use super::value::{stored_id, stored_ids};
use super::withdrawal::{self, Withdrawal};
use super::{Pg, change};
use crate::StoreError;

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// The person that its own profile belongs to now, if that is another.
    pub merged_into: Option<PersonId>,
    /// Its profiles, sorted; none if it was merged.
    pub profiles: Vec<ProfileId>,
}

/// What saving groups changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Saved {
    /// Profiles that joined another person.
    pub joined: u64,
    /// Profiles that went back to being a person of their own.
    pub parted: u64,
}

/// The rows of a person: its own profile with the person that it belongs to, then its members.
const GET: &str = "select u.o, i.profile_id, m.person_id merged_into
    from unnest($1::bigint[]) with ordinality u(id, o)
    join ident i on i.platform_id = (u.id >> 45)::smallint and i.profile_id = u.id
    left join person_member m on m.profile_id = u.id
    union all
    select u.o, m.profile_id, null from unnest($1::bigint[]) with ordinality u(id, o)
    join person_member m on m.person_id = u.id order by 1, 2";
const OF_PROFILES: &str = "select coalesce(m.person_id, u.id) person_id
    from unnest($1::bigint[]) with ordinality u(id, o)
    left join person_member m on m.profile_id = u.id order by u.o";
const JOINED: &str = "select count(*) as profiles from person_member";
const MEMBERS: &str = "select profile_id, person_id from person_member";
/// Groups are saved one after another.
const LOCK: &str = "select pg_advisory_xact_lock(20261125, 0)";
const GONE: &str = "select profile_id from profile where profile_id = any($1) and gone <> 0";
const PART: &str = "delete from person_member where profile_id = any($1)";
const JOIN: &str = "insert into person_member (profile_id, person_id)
    select profile_id, person_id from unnest($1::bigint[], $2::bigint[]) u(profile_id, person_id)
    order by profile_id on conflict (profile_id) do update set person_id = excluded.person_id";

/// The members of persons whose own profile leaves.
const ORPHANS: &str = "select profile_id, person_id from person_member where person_id = any($1)
    and profile_id <> all($1) order by profile_id";

/// The persons with these ids, in their order; unknown ones are left out.
pub async fn get(pg: &Pg, ids: &[PersonId]) -> Result<Vec<Person>, StoreError> {
    let stored: Vec<i64> = ids.iter().map(|id| id.number() as i64).collect();
    let mut people: BTreeMap<usize, Person> = BTreeMap::new();
    let rows = pg.query("person::get", GET, params![stored => INT8_ARRAY]).await?;
    for row in PERSON_MEMBER.rows(&rows) {
        let place = row.ordinal("o")?;
        let person = people.entry(place).or_insert_with(|| Person {
            id: ids[place],
            merged_into: None,
            profiles: Vec::new(),
        });
        match row.get::<Option<i64>>("merged_into")? {
            Some(other) => person.merged_into = Some(PersonId::new(other as u64)),
            None => person.profiles.push(row.profile_id("profile_id")?),
        }
    }
    Ok(people.into_values().collect())
}

/// The person of each of these profiles, in their order.
pub async fn of_profiles(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<PersonId>, StoreError> {
    let params = params![stored_ids(ids) => INT8_ARRAY];
    let rows = pg.read("person::of_profiles", OF_PROFILES, params).await?;
    PERSON_MEMBER.rows(&rows).map(|row| row.person_id("person_id")).collect()
}

/// How many profiles belong to another person than that which was minted for them.
pub async fn joined(pg: &Pg) -> Result<u64, StoreError> {
    let row = pg.read_opt("person::joined", JOINED, params![]).await?;
    row.map_or(Ok(0), |row| PERSON_MEMBER.row(&row).unsigned("profiles"))
}

/// Keeps all others from saving groups, until the transaction's end.
pub(super) async fn lock(tx: &PgTransaction<'_>) -> Result<(), StoreError> {
    tx.query(LOCK, &[]).await.map(|_| ())
}

/// Takes erased profiles out of their persons. A person whose own profile is erased ends: those who
/// are left are the person of the oldest among them, so that nothing names the erased one.
pub(super) async fn leave(
    tx: &PgTransaction<'_>,
    ids: &[ProfileId],
    now: Timestamp,
) -> Result<(), StoreError> {
    let leaving = stored_ids(ids);
    let rows = tx.query(ORPHANS, params![leaving => INT8_ARRAY]).await?;
    let mut groups: BTreeMap<PersonId, Vec<ProfileId>> = BTreeMap::new();
    for row in PERSON_MEMBER.rows(&rows) {
        let profile = row.profile_id("profile_id")?;
        groups.entry(row.person_id("person_id")?).or_default().push(profile);
    }
    let stay: Members = groups
        .values()
        .flat_map(|group| group[1..].iter().map(|id| (*id, group[0].home_person())))
        .collect();
    let left = groups.values().flatten().copied().map(stored_id);
    let left: Vec<i64> = left.chain(leaving).collect();
    tx.execute(PART, params![left => INT8_ARRAY]).await?;
    join(tx, &stay).await?;
    let (joined, _) = moves(&Members::new(), &stay);
    record_moves(tx, &joined, &Moves::new(), now).await
}

/// Records the person of each of these profiles.
async fn join(tx: &PgTransaction<'_>, members: &Members) -> Result<(), StoreError> {
    let members: Vec<(&ProfileId, &PersonId)> = members.iter().collect();
    for chunk in members.chunks(5_000) {
        let (ids, people): (Vec<i64>, Vec<i64>) =
            chunk.iter().map(|(id, person)| (stored_id(**id), person.number() as i64)).unzip();
        tx.execute(JOIN, params![ids => INT8_ARRAY, people => INT8_ARRAY]).await?;
    }
    Ok(())
}

type Members = BTreeMap<ProfileId, PersonId>;

/// Makes these groups (disjoint, of two profiles or more) the only persons of several profiles.
/// A group keeps the person that already has members, else the one with the smallest id.
pub async fn save_groups(
    pg: &Pg,
    groups: &[Vec<ProfileId>],
    now: Timestamp,
) -> Result<Saved, StoreError> {
    change::open_day(pg, now).await?;
    retry(|| save_once(pg, groups, now)).await
}

async fn save_once(
    pg: &Pg,
    groups: &[Vec<ProfileId>],
    now: Timestamp,
) -> Result<Saved, StoreError> {
    let mut client = pg.client().await?;
    let tx = PgTransaction::begin(&mut client, "person::save_groups").await?;
    lock(&tx).await?;
    let rows = tx.query(MEMBERS, &[]).await?;
    let member =
        |row: TableRow<'_>| Ok((row.profile_id("profile_id")?, row.person_id("person_id")?));
    let old: Members = PERSON_MEMBER.rows(&rows).map(member).collect::<Result<_, StoreError>>()?;
    let mut new = members(groups, &old);
    forget_gone(&tx, &old, &mut new).await?;
    let left = |id: &ProfileId| !new.contains_key(id);
    let parted: Vec<i64> = old.keys().filter(|id| left(id)).copied().map(stored_id).collect();
    let joined: Members = new
        .iter()
        .filter(|(id, person)| old.get(id) != Some(person))
        .map(|(a, b)| (*a, *b))
        .collect();
    for chunk in parted.chunks(5_000) {
        tx.execute(PART, params![chunk => INT8_ARRAY]).await?;
    }
    join(&tx, &joined).await?;
    let (came, went) = moves(&old, &new);
    record_moves(&tx, &came, &went, now).await?;
    tx.commit().await?;
    Ok(Saved { joined: joined.len() as u64, parted: parted.len() as u64 })
}

/// Leaves out of the new rows those with a profile that was erased since the groups were found.
async fn forget_gone(
    tx: &PgTransaction<'_>,
    old: &Members,
    new: &mut Members,
) -> Result<(), StoreError> {
    let others = new.iter().filter(|(id, person)| old.get(id) != Some(person));
    let named: Vec<i64> =
        others.flat_map(|(id, person)| [stored_id(*id), person.number() as i64]).collect();
    let mut gone = BTreeSet::new();
    for chunk in named.chunks(5_000) {
        let rows = tx.query(GONE, params![chunk => INT8_ARRAY]).await?;
        for row in PROFILE.rows(&rows) {
            gone.insert(row.profile_id("profile_id")?);
        }
    }
    new.retain(|id, person| !gone.contains(id) && !gone.contains(&ProfileId::new(person.number())));
    Ok(())
}

/// The rows that groups need, given those that are stored.
fn members(groups: &[Vec<ProfileId>], old: &Members) -> Members {
    let mut has_members: BTreeSet<PersonId> = old.values().copied().collect();
    // A person whose own profile left it has no claim to it any more.
    has_members.retain(|person| !old.contains_key(&ProfileId::new(person.number())));
    let mut new = Members::new();
    for group in groups {
        let homes = group.iter().map(|id| id.home_person());
        let Some(kept) = homes.min_by_key(|home| (!has_members.contains(home), *home)) else {
            continue;
        };
        let others = group.iter().filter(|id| id.home_person() != kept);
        new.extend(others.map(|id| (*id, kept)));
    }
    new
}

type Moves = BTreeMap<PersonId, Vec<ProfileId>>;

/// Records who joined and who parted, and notes it for files: a person may not be named by a profile that parted.
async fn record_moves(
    tx: &PgTransaction<'_>,
    joined: &Moves,
    parted: &Moves,
    now: Timestamp,
) -> Result<(), StoreError> {
    change::record_members(tx, joined, parted, now).await?;
    let moved: BTreeSet<ProfileId> =
        joined.values().chain(parted.values()).flatten().copied().collect();
    let moved: Vec<ProfileId> = moved.into_iter().collect();
    withdrawal::note(tx, &moved, Withdrawal::Listing, now).await
}

/// Who joined and who parted from each person.
fn moves(old: &Members, new: &Members) -> (Moves, Moves) {
    let only_in = |one: &Members, other: &Members| {
        let mut moves = Moves::new();
        for (id, person) in one.iter().filter(|(id, person)| other.get(id) != Some(person)) {
            moves.entry(*person).or_default().push(*id);
        }
        moves
    };
    (only_in(new, old), only_in(old, new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u64]) -> Vec<ProfileId> {
        numbers.iter().copied().map(ProfileId::new).collect()
    }

    fn pairs(members: &Members) -> Vec<(u64, u64)> {
        members.iter().map(|(profile, person)| (profile.number(), person.number())).collect()
    }

    #[test]
    fn a_new_group_takes_the_smallest_id() {
        let new = members(&[ids(&[7, 3, 5])], &Members::new());
        assert_eq!(pairs(&new), [(5, 3), (7, 3)]);
    }

    #[test]
    fn a_person_with_members_is_kept_although_a_smaller_one_joins() {
        let old = members(&[ids(&[5, 7])], &Members::new());
        assert_eq!(pairs(&members(&[ids(&[2, 5, 7])], &old)), [(2, 5), (7, 5)]);
    }

    #[test]
    fn a_split_leaves_the_person_to_the_group_with_its_own_profile() {
        let old = members(&[ids(&[1, 2, 3])], &Members::new());
        assert_eq!(pairs(&members(&[ids(&[2, 3])], &old)), [(3, 2)]);
        assert_eq!(pairs(&members(&[ids(&[1, 3])], &old)), [(3, 1)]);
    }
}

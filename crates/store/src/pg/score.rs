//! The people of a run: numbered from the most trusted on, with their global scores.
//!
//! Scores lie in blocks of 1,024 people, 24 bytes each, of which a lookup reads only its slice.
//! The way back, from a person to its number, is blocks of 256 people sorted by id, as varint
//! differences of ids followed by the numbers: 5.7 bytes a person, where a row costs 101.

use std::num::NonZeroU32;
use std::sync::LazyLock;

use model::community::STRANGER_TRUST;
use model::index::RunPerson;
use model::{PersonId, PersonKind, RunId};

use super::params::params;
use super::row::{RUN_NUMBER, RUN_PERSON, TableRow};
use super::{Pg, run};
use crate::StoreError;

mod packed;

use packed::PERSON_BYTES;
pub(super) use packed::{NUMBERS_BLOCK, PEOPLE_BLOCK, pack_numbers, pack_people};

/// One person of a run. Its number is its place in the order of trust, 0 the most trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PersonScore {
    /// The person.
    pub person: PersonId,
    /// Who it is.
    pub kind: PersonKind,
    /// None of its profiles was listed when the run was made: it holds no rank.
    pub unlisted: bool,
    /// Share of all attention; shares sum to 1.
    pub attention: f32,
    /// Attention on the scale 0 to 1000.
    pub score: u16,
    /// Trust.
    pub trust: f32,
    /// Global rank; `None` under the noise level.
    pub rank: Option<NonZeroU32>,
}

impl PersonScore {
    /// Trust, if it is above the noise level: below it there is no rank, and a person who is trusted no
    /// more than a stranger is not known.
    pub fn known_trust(&self) -> Option<f32> {
        self.rank.map(|_| self.trust).filter(|&trust| trust > STRANGER_TRUST)
    }
}

/// These read the tables of one run, whose number stands for `{run}`.
static GET: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select u.o, p.block, substring(p.body
            from u.number % {PEOPLE_BLOCK} * {PERSON_BYTES} + 1 for {PERSON_BYTES}) body
        from unnest($2::int[]) with ordinality u(number, o)
        join run_person_{{run}} p on p.run_id = $1 and p.block = u.number / {PEOPLE_BLOCK}"
    )
});
static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select p.block, substring(p.body
            from greatest($2 - p.block * {PEOPLE_BLOCK}, 0) * {PERSON_BYTES} + 1
            for (least($3 - p.block * {PEOPLE_BLOCK}, {PEOPLE_BLOCK})
                - greatest($2 - p.block * {PEOPLE_BLOCK}, 0)) * {PERSON_BYTES}) body
        from run_person_{{run}} p where p.run_id = $1
            and p.block between $2 / {PEOPLE_BLOCK} and ($3 - 1) / {PEOPLE_BLOCK}
        order by p.block"
    )
});
static COUNT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select block, block::bigint * {PEOPLE_BLOCK} + octet_length(body) / {PERSON_BYTES} as people
        from run_person_{{run}} where run_id = $1 order by block desc limit 1"
    )
});
const NUMBERS: &str = "select u.o, n.first, n.body
    from unnest($2::bigint[]) with ordinality u(person, o) cross join lateral (
        select first, body from run_number_{run} n where n.run_id = $1 and n.first <= u.person
        order by n.first desc limit 1) n";

/// The people with these numbers, in their order; unknown ones are `None`.
pub async fn get(
    pg: &Pg,
    run: RunId,
    numbers: &[RunPerson],
) -> Result<Vec<Option<PersonScore>>, StoreError> {
    let stored: Vec<i32> = numbers.iter().map(|person| person.number() as i32).collect();
    let params = params![run::stored(run) => INT8, stored => INT4_ARRAY];
    let mut people = vec![None; numbers.len()];
    for row in RUN_PERSON.rows(&pg.read_run("score::get", run, &GET, params).await?) {
        people[row.ordinal("o")?] = unpack(&row)?.first().copied();
    }
    Ok(people)
}

/// The people from number `first` on, at most `limit`.
pub async fn page(
    pg: &Pg,
    run: RunId,
    first: u32,
    limit: u32,
) -> Result<Vec<PersonScore>, StoreError> {
    let end = first.saturating_add(limit).min(i32::MAX as u32);
    if first >= end {
        return Ok(Vec::new());
    }
    let params = params![run::stored(run) => INT8, first as i32 => INT4, end as i32 => INT4];
    let mut people = Vec::new();
    for row in RUN_PERSON.rows(&pg.read_run("score::page", run, &PAGE, params).await?) {
        people.extend(unpack(&row)?);
    }
    Ok(people)
}

/// How many people the run has.
pub async fn count(pg: &Pg, run: RunId) -> Result<u64, StoreError> {
    let params = params![run::stored(run) => INT8];
    let rows = pg.read_run("score::count", run, &COUNT, params).await?;
    RUN_PERSON.rows(&rows).next().map_or(Ok(0), |row| row.unsigned("people"))
}

/// The numbers of these persons in the run, in their order; `None` for those not in it.
pub async fn numbers(
    pg: &Pg,
    run: RunId,
    people: &[PersonId],
) -> Result<Vec<Option<RunPerson>>, StoreError> {
    let stored: Vec<i64> = people.iter().map(|person| person.number() as i64).collect();
    let params = params![run::stored(run) => INT8, stored => INT8_ARRAY];
    let mut numbers = vec![None; people.len()];
    for row in RUN_NUMBER.rows(&pg.read_run("score::numbers", run, NUMBERS, params).await?) {
        let place = row.ordinal("o")?;
        let found = packed::find_number(row.get("body")?, people[place]);
        let found = found.ok_or_else(|| row.corrupt("body", "broken block"))?;
        numbers[place] = found.map(RunPerson::new);
    }
    Ok(numbers)
}

fn unpack(row: &TableRow<'_>) -> Result<Vec<PersonScore>, StoreError> {
    packed::unpack_people(row.get("body")?)
        .ok_or_else(|| row.corrupt("body", "no whole number of people"))
}

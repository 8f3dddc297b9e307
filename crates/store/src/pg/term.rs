//! The search index of a run: for each term, the numbers of the people that have it.
//!
//! A body is what `search` made of the numbers; they ascend, and the smallest are the most
//! trusted.

use model::RunId;

use super::params::params;
use super::row::{TERM, TableRow};
use super::{Pg, run};
use crate::StoreError;

/// A term and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The term.
    pub term: String,
    /// How many people have it.
    pub count: u32,
    /// Their numbers, packed.
    pub body: Vec<u8>,
}

/// These read the table of one run, whose number stands for `{run}`.
const GET: &str =
    "select term, n, body from term_{run} where run_id = $1 and term = any($2) order by 1";
const RANGES: &str = "select distinct t.term, t.n, t.body
    from unnest($2::text[], $3::text[]) u(first, past) cross join lateral (
        select term, n, body from term_{run}
        where run_id = $1 and term >= u.first collate \"C\" and term < u.past collate \"C\"
        order by term limit $4) t order by 1";

/// These terms, sorted; those that no person has are left out.
pub async fn get(pg: &Pg, run: RunId, terms: &[&str]) -> Result<Vec<Term>, StoreError> {
    let params = params![run::stored(run) => INT8, terms => TEXT_ARRAY];
    TERM.rows(&pg.read_run("term::get", run, GET, params).await?).map(from_row).collect()
}

/// The terms in these ranges of bytes (from the first to before the second), sorted, at most
/// `limit` of each range, in the order of their bytes.
pub async fn ranges(
    pg: &Pg,
    run: RunId,
    ranges: &[(&str, &str)],
    limit: u32,
) -> Result<Vec<Term>, StoreError> {
    let (firsts, pasts): (Vec<&str>, Vec<&str>) = ranges.iter().copied().unzip();
    let params = params![
        run::stored(run) => INT8,
        firsts => TEXT_ARRAY,
        pasts => TEXT_ARRAY,
        i64::from(limit) => INT8,
    ];
    TERM.rows(&pg.read_run("term::ranges", run, RANGES, params).await?).map(from_row).collect()
}

fn from_row(row: TableRow<'_>) -> Result<Term, StoreError> {
    Ok(Term { term: row.get("term")?, count: row.count("n")?, body: row.get("body")? })
}

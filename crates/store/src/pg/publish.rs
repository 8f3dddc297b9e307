//! Loading the results of a run for serving.
//!
//! Everything goes into tables that stand alone until [`Loader::finish`] attaches them: readers
//! see a run as a whole or not at all, and a loader that died is simply begun again. The loader
//! keeps 16 bytes for each person and 16 for each membership, to build the ways back. Rows of small
//! communities wait for each other, so that a statement is worth its round trip, and while a few
//! statements are under way the next rows are packed.

use std::future::Future;

use super::evidence::PackedEvidence;
use model::{Community, CommunityId, Membership, PersonId, RunId};
use rayon::prelude::*;
use tokio::task::JoinSet;

use super::connection::params;
use super::membership::{PERSONS_BLOCK, insider_order, marks, pack, pack_persons};
use super::score::{NUMBERS_BLOCK, PEOPLE_BLOCK, PersonScore, pack_numbers, pack_people};
use super::term::Term;
use super::value::stored_count;
use super::{Pg, run};
use crate::StoreError;

/// Fills the tables of one run.
#[derive(Debug)]
pub struct Loader<'a> {
    pg: &'a Pg,
    run: RunId,
    /// People of the block that is not full yet.
    block: Vec<PersonScore>,
    numbers: Vec<(PersonId, u32)>,
    /// (person, community, place) of every membership.
    places: Vec<(u32, CommunityId, u32)>,
    memberships: Waiting<PackedMemberships>,
    sources: Waiting<Body>,
    evidence: Waiting<(i64, i32, Vec<u8>)>,
    /// Statements that are under way.
    sent: JoinSet<Result<u64, StoreError>>,
}

/// A row of a key and a body.
type Body = (i64, Vec<u8>);

/// The memberships of one community as they are stored. Packing many of them is work for all cores, so
/// it is not the loader's.
#[derive(Debug)]
pub struct PackedMemberships {
    community: CommunityId,
    count: i32,
    persons: Vec<u32>,
    memberships: Vec<u8>,
    marks: Vec<u8>,
    insiders: Vec<u8>,
}

impl PackedMemberships {
    /// Packs the memberships of a community, which come by falling attention.
    pub fn pack(community: CommunityId, memberships: &[Membership]) -> PackedMemberships {
        PackedMemberships {
            community,
            count: memberships.len() as i32,
            persons: memberships.iter().map(|one| one.person.number()).collect(),
            memberships: pack(memberships),
            marks: marks(memberships),
            insiders: insider_order(memberships),
        }
    }
}

/// Rows of one table that are not sent yet.
#[derive(Debug)]
struct Waiting<T> {
    rows: Vec<T>,
    bytes: usize,
}

/// The most rows of one statement.
const ROWS_MAX: usize = 500;

/// Rows are sent as soon as they have so many bytes.
const BYTES_MAX: usize = 1 << 20;

/// The most statements under way, each on a connection of its own.
const SENT_MAX: usize = 2;

/// In one statement, so that a run never says of its terms what an earlier loader wrote.
const FINISH: &str = "with told as (update run set folding = $2 where run_id = $1)
    select attach_run($1)";

const RUNNING: &str = "select from run where run_id = $1 and state = 1";

impl<'a> Loader<'a> {
    /// Creates empty tables for the run; what an earlier loader left is dropped. Only a run that
    /// is still running can be loaded.
    pub async fn begin(pg: &'a Pg, run: RunId) -> Result<Loader<'a>, StoreError> {
        let params = params![run::stored(run) => INT8];
        if pg.query("publish::begin", RUNNING, params).await?.is_empty() {
            let why = "it is not running";
            return Err(StoreError::Conflict(format!("load the results of {run}: {why}")));
        }
        pg.query("publish::begin", "select open_run($1)", params).await?;
        Ok(Loader {
            pg,
            run,
            block: Vec::new(),
            numbers: Vec::new(),
            places: Vec::new(),
            memberships: Waiting::none(),
            sources: Waiting::none(),
            evidence: Waiting::none(),
            sent: JoinSet::new(),
        })
    }

    /// Adds people, continuing with the next number. The most trusted come first.
    pub async fn people(&mut self, people: &[PersonScore]) -> Result<(), StoreError> {
        for &person in people {
            let number = self.numbers.len() as u32;
            self.numbers.push((person.person, number));
            self.block.push(person);
            if self.block.len() == PEOPLE_BLOCK {
                self.put_block().await?;
            }
        }
        Ok(())
    }

    async fn put_block(&mut self) -> Result<(), StoreError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = ((self.numbers.len() - 1) / PEOPLE_BLOCK) as i64;
        let body = pack_people(&self.block);
        self.block.clear();
        self.put_bodies("run_person", "int", vec![(block, body)]).await
    }

    /// Adds communities, each with the words of its labels, folded as the terms are.
    pub async fn communities(
        &mut self,
        communities: &[(Community, Vec<String>)],
    ) -> Result<(), StoreError> {
        let sql = self.insert(
            "community",
            "$2::bigint[], $3::bigint[], $4::smallint[], $5::int[], $6::real[], $7::boolean[],
             $8::text[], $9::text[]",
            "u.a, u.b, u.c, u.d, u.e, u.f, string_to_array(u.g, E'\\n'),
             string_to_array(u.h, E'\\n')",
        );
        for chunk in communities.chunks(ROWS_MAX) {
            let id = |id: CommunityId| id.number() as i64;
            let (chunk, words): (Vec<&Community>, Vec<&Vec<String>>) =
                chunk.iter().map(|(community, words)| (community, words)).unzip();
            let params = params![
                run::stored(self.run) => INT8,
                chunk.iter().map(|c| id(c.id)).collect::<Vec<_>>() => INT8_ARRAY,
                chunk.iter().map(|c| c.parent.map(id)).collect::<Vec<_>>() => INT8_ARRAY,
                chunk.iter().map(|c| i16::from(c.level)).collect::<Vec<_>>() => INT2_ARRAY,
                chunk.iter().map(|c| stored_count(c.members)).collect::<Vec<_>>() => INT4_ARRAY,
                chunk.iter().map(|c| c.trust).collect::<Vec<_>>() => FLOAT4_ARRAY,
                chunk.iter().map(|c| c.low_trust).collect::<Vec<_>>() => BOOL_ARRAY,
                chunk.iter().map(|c| lines(&c.labels)).collect::<Vec<_>>() => TEXT_ARRAY,
                words.iter().map(|words| lines(words)).collect::<Vec<_>>() => TEXT_ARRAY,
            ];
            self.pg.execute("publish::communities", &sql, params).await?;
        }
        Ok(())
    }

    /// Adds the memberships of one community.
    pub async fn memberships(&mut self, packed: PackedMemberships) -> Result<(), StoreError> {
        let places = packed.persons.iter().zip(0..);
        self.places.extend(places.map(|(&person, place)| (person, packed.community, place)));
        let bytes = packed.memberships.len() + packed.marks.len() + packed.insiders.len();
        if self.memberships.add(packed, bytes) { self.put_memberships().await } else { Ok(()) }
    }

    async fn put_memberships(&mut self) -> Result<(), StoreError> {
        let arrays = "$2::bigint[], $3::int[], $4::bytea[], $5::bytea[], $6::bytea[]";
        let (sql, rows) = (self.insert("standing", arrays, "u.*"), self.memberships.take());
        let (pg, run) = (self.pg.clone(), run::stored(self.run));
        self.send(async move {
            let params = params![
                run => INT8,
                rows.iter().map(|row| row.community.number() as i64).collect::<Vec<_>>() => INT8_ARRAY,
                rows.iter().map(|row| row.count).collect::<Vec<_>>() => INT4_ARRAY,
                rows.iter().map(|row| row.memberships.as_slice()).collect::<Vec<_>>() => BYTEA_ARRAY,
                rows.iter().map(|row| row.marks.as_slice()).collect::<Vec<_>>() => BYTEA_ARRAY,
                rows.iter().map(|row| row.insiders.as_slice()).collect::<Vec<_>>() => BYTEA_ARRAY,
            ];
            pg.execute("publish::memberships", &sql, params).await
        })
        .await
    }

    /// Adds the evidence of one community, whose memberships it goes by.
    pub async fn evidence(
        &mut self,
        community: CommunityId,
        evidence: PackedEvidence,
    ) -> Result<(), StoreError> {
        let id = community.number() as i64;
        let bytes = evidence.sources.len();
        if self.sources.add((id, evidence.sources), bytes) {
            self.put_givers().await?;
        }
        for (block, body) in evidence.blocks {
            let bytes = body.len();
            if self.evidence.add((id, block as i32, body), bytes) {
                self.put_evidence().await?;
            }
        }
        Ok(())
    }

    async fn put_givers(&mut self) -> Result<(), StoreError> {
        let rows = self.sources.take();
        self.put_bodies("evidence_giver", "bigint", rows).await
    }

    async fn put_evidence(&mut self) -> Result<(), StoreError> {
        let arrays = "$2::bigint[], $3::int[], $4::bytea[]";
        let (sql, rows) = (self.insert("evidence_block", arrays, "u.*"), self.evidence.take());
        let (pg, run) = (self.pg.clone(), run::stored(self.run));
        self.send(async move {
            let params = params![
                run => INT8,
                rows.iter().map(|row| row.0).collect::<Vec<_>>() => INT8_ARRAY,
                rows.iter().map(|row| row.1).collect::<Vec<_>>() => INT4_ARRAY,
                rows.iter().map(|row| row.2.as_slice()).collect::<Vec<_>>() => BYTEA_ARRAY,
            ];
            pg.execute("publish::evidence", &sql, params).await
        })
        .await
    }

    /// Adds terms, each once.
    pub async fn terms(&mut self, terms: &[Term]) -> Result<(), StoreError> {
        let sql = self.insert("term", "$2::text[], $3::int[], $4::bytea[]", "u.*");
        for chunk in terms.chunks(ROWS_MAX) {
            let params = params![
                run::stored(self.run) => INT8,
                chunk.iter().map(|term| term.term.as_str()).collect::<Vec<_>>() => TEXT_ARRAY,
                chunk.iter().map(|term| stored_count(term.count)).collect::<Vec<_>>() => INT4_ARRAY,
                chunk.iter().map(|term| term.body.as_slice()).collect::<Vec<_>>() => BYTEA_ARRAY,
            ];
            self.pg.execute("publish::terms", &sql, params).await?;
        }
        Ok(())
    }

    /// Attaches the tables: the run can be read, and be made the active one. Its terms are folded by
    /// this version.
    pub async fn finish(mut self, folding: u8) -> Result<(), StoreError> {
        self.put_block().await?;
        self.put_memberships().await?;
        self.put_givers().await?;
        self.put_evidence().await?;
        self.numbers.sort_unstable();
        let numbers = self.numbers.chunks(NUMBERS_BLOCK);
        let numbers = numbers.map(|block| (block[0].0.number() as i64, pack_numbers(block)));
        self.put_bodies("run_number", "bigint", numbers.collect()).await?;
        let persons = self.person_blocks();
        self.put_bodies("person_standing", "int", persons).await?;
        self.arrive(0).await?;
        let params = params![run::stored(self.run) => INT8, i16::from(folding) => INT2];
        self.pg.query("publish::finish", FINISH, params).await.map(|_| ())
    }

    fn person_blocks(&mut self) -> Vec<Body> {
        let block_of = |person: u32| person / PERSONS_BLOCK as u32;
        self.places.par_sort_unstable();
        let blocks = self.places.par_chunk_by(|a, b| block_of(a.0) == block_of(b.0));
        let pack = |places: &[(u32, CommunityId, u32)]| {
            let block = block_of(places[0].0);
            let first = block * PERSONS_BLOCK as u32;
            let within: Vec<_> = places.iter().map(|(p, c, at)| (p - first, *c, *at)).collect();
            (i64::from(block), pack_persons(&within))
        };
        blocks.map(pack).collect()
    }

    /// Inserts rows into a table whose key is of the type `key`.
    async fn put_bodies(
        &mut self,
        table: &str,
        key: &str,
        rows: Vec<Body>,
    ) -> Result<(), StoreError> {
        let (mut rows, columns) = (rows.into_iter(), format!("u.a::{key}, u.b"));
        loop {
            let chunk: Vec<Body> = rows.by_ref().take(ROWS_MAX).collect();
            if chunk.is_empty() {
                return Ok(());
            }
            let sql = self.insert(table, "$2::bigint[], $3::bytea[]", &columns);
            let (pg, run) = (self.pg.clone(), run::stored(self.run));
            self.send(async move {
                let params = params![
                    run => INT8,
                    chunk.iter().map(|row| row.0).collect::<Vec<_>>() => INT8_ARRAY,
                    chunk.iter().map(|row| row.1.as_slice()).collect::<Vec<_>>() => BYTEA_ARRAY,
                ];
                pg.execute("publish", &sql, params).await
            })
            .await?;
        }
    }

    /// Sends a statement as soon as fewer than [`SENT_MAX`] are under way.
    async fn send(
        &mut self,
        statement: impl Future<Output = Result<u64, StoreError>> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.arrive(SENT_MAX - 1).await?;
        self.sent.spawn(statement);
        Ok(())
    }

    /// Waits until at most so many statements are under way; says which failed.
    async fn arrive(&mut self, under_way: usize) -> Result<(), StoreError> {
        while self.sent.len() > under_way {
            match self.sent.join_next().await {
                Some(Ok(done)) => done.map(drop)?,
                // A statement is stopped with its loader only.
                Some(Err(error)) => return Err(StoreError::Unavailable(error.to_string())),
                None => {}
            }
        }
        Ok(())
    }

    /// A statement that inserts `columns` of the arrays, named u(a, b, …), into a table of the
    /// run. It may run twice: whether it did is not known when a connection breaks.
    fn insert(&self, table: &str, arrays: &str, columns: &str) -> String {
        let names: Vec<String> =
            ('a'..).take(arrays.matches('$').count()).map(String::from).collect();
        format!(
            "insert into {table}_{} select $1, {columns} from unnest({arrays}) u({})
             on conflict do nothing",
            self.number(),
            names.join(", ")
        )
    }

    fn number(&self) -> u64 {
        self.run.number()
    }
}

impl<T> Waiting<T> {
    fn none() -> Waiting<T> {
        Waiting { rows: Vec::new(), bytes: 0 }
    }

    /// Adds a row of so many bytes; says whether it is time to send all.
    fn add(&mut self, row: T, bytes: usize) -> bool {
        self.rows.push(row);
        self.bytes += bytes;
        self.bytes >= BYTES_MAX || self.rows.len() >= ROWS_MAX
    }

    fn take(&mut self) -> Vec<T> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }
}

/// Texts as one; an array of arrays cannot be ragged.
fn lines(texts: &[String]) -> String {
    let clean: Vec<String> = texts.iter().map(|text| text.replace(['\n', '\0'], " ")).collect();
    clean.join("\n")
}

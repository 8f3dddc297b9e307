//! The rows of a run's tables, as they are copied.

use model::{Community, CommunityId, Membership};
use tokio_postgres::types::{ToSql, Type};

use crate::pg::copy::{CopyRow, CopyTarget};
use crate::pg::membership::{insider_order, marks, pack};
use crate::pg::term::Term;
use crate::pg::value::stored_count;

/// A table of which each run has one.
pub(super) struct RunTable {
    pub(super) name: &'static str,
    /// After `run_id`.
    pub(super) columns: &'static [(&'static str, Type)],
}

pub(super) const RUN_PERSON: RunTable =
    RunTable { name: "run_person", columns: &[("block", Type::INT4), ("body", Type::BYTEA)] };
pub(super) const RUN_NUMBER: RunTable =
    RunTable { name: "run_number", columns: &[("first", Type::INT8), ("body", Type::BYTEA)] };
pub(super) const PERSON_STANDING: RunTable =
    RunTable { name: "person_standing", columns: &[("block", Type::INT4), ("body", Type::BYTEA)] };
pub(super) const EVIDENCE_GIVER: RunTable = RunTable {
    name: "evidence_giver",
    columns: &[("community_id", Type::INT8), ("body", Type::BYTEA)],
};
pub(super) const EVIDENCE_BLOCK: RunTable = RunTable {
    name: "evidence_block",
    columns: &[("community_id", Type::INT8), ("block", Type::INT4), ("body", Type::BYTEA)],
};
pub(super) const COMMUNITY: RunTable = RunTable {
    name: "community",
    columns: &[
        ("community_id", Type::INT8),
        ("parent", Type::INT8),
        ("level", Type::INT2),
        ("members", Type::INT4),
        ("trust", Type::FLOAT4),
        ("low_trust", Type::BOOL),
        ("labels", Type::TEXT_ARRAY),
        ("label_words", Type::TEXT_ARRAY),
        ("last_level", Type::INT2),
        ("same_as", Type::INT8),
        ("sensitive", Type::INT8),
    ],
};
pub(super) const STANDING: RunTable = RunTable {
    name: "standing",
    columns: &[
        ("community_id", Type::INT8),
        ("n", Type::INT4),
        ("body", Type::BYTEA),
        ("marks", Type::BYTEA),
        ("insider", Type::BYTEA),
    ],
};
pub(super) const TERM: RunTable = RunTable {
    name: "term",
    columns: &[("term", Type::TEXT), ("n", Type::INT4), ("body", Type::BYTEA)],
};

impl RunTable {
    /// The table of the run with this number.
    pub(super) fn of_run(&self, run: i64) -> CopyTarget {
        let columns = [("run_id", Type::INT8)].into_iter().chain(self.columns.iter().cloned());
        CopyTarget { table: format!("{}_{run}", self.name), columns: columns.collect() }
    }
}

/// A row with the number of its run in front.
pub(super) struct RunRow<R> {
    pub(super) run: i64,
    pub(super) row: R,
}

impl<R: CopyRow> CopyRow for RunRow<R> {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&self.run];
        values.extend(self.row.values());
        values
    }
}

/// A key and a packed body.
pub(super) struct KeyedBody<K> {
    pub(super) key: K,
    pub(super) body: Vec<u8>,
}

impl<K: ToSql + Sync> CopyRow for KeyedBody<K> {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.key, &self.body]
    }
}

/// A block of a community's evidence.
pub(super) struct EvidenceRow {
    pub(super) community: i64,
    pub(super) block: i32,
    pub(super) body: Vec<u8>,
}

impl CopyRow for EvidenceRow {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.community, &self.block, &self.body]
    }
}

/// The memberships of one community as they are stored. Packing many of them is work for all cores, so
/// it is not the loader's.
#[derive(Debug)]
pub struct PackedMemberships {
    pub(super) community: CommunityId,
    /// The people, by falling attention.
    pub(super) persons: Vec<u32>,
    id: i64,
    count: i32,
    memberships: Vec<u8>,
    rank_counts: Vec<u8>,
    insiders: Vec<u8>,
}

impl PackedMemberships {
    /// Packs the memberships of a community, which are ordered by falling attention.
    pub fn pack(community: CommunityId, memberships: &[Membership]) -> PackedMemberships {
        PackedMemberships {
            community,
            persons: memberships.iter().map(|one| one.person.number()).collect(),
            id: community.number() as i64,
            count: memberships.len() as i32,
            memberships: pack(memberships),
            rank_counts: marks(memberships),
            insiders: insider_order(memberships),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.memberships.len() + self.rank_counts.len() + self.insiders.len()
    }
}

impl CopyRow for PackedMemberships {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.id, &self.count, &self.memberships, &self.rank_counts, &self.insiders]
    }
}

/// A community, with the words of its labels.
pub(super) struct CommunityRow {
    id: i64,
    parent: Option<i64>,
    level: i16,
    members: i32,
    trust: f32,
    low_trust: bool,
    labels: Vec<String>,
    label_words: Vec<String>,
    last_level: i16,
    same_as: Option<i64>,
    sensitive: i64,
}

impl CommunityRow {
    pub(super) fn new(community: &Community, label_words: &[String]) -> CommunityRow {
        CommunityRow {
            id: community.id.number() as i64,
            parent: community.parent.map(|id| id.number() as i64),
            level: i16::from(community.level),
            members: stored_count(community.members),
            trust: community.trust,
            low_trust: community.low_trust,
            labels: stored_texts(&community.labels),
            label_words: stored_texts(label_words),
            last_level: i16::from(community.last_level),
            same_as: community.same_as.map(|id| id.number() as i64),
            sensitive: community.sensitive.number() as i64,
        }
    }
}

impl CopyRow for CommunityRow {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![
            &self.id,
            &self.parent,
            &self.level,
            &self.members,
            &self.trust,
            &self.low_trust,
            &self.labels,
            &self.label_words,
            &self.last_level,
            &self.same_as,
            &self.sensitive,
        ]
    }
}

/// A term with its packed people.
pub(super) struct TermRow {
    term: String,
    count: i32,
    body: Vec<u8>,
}

impl TermRow {
    pub(super) fn new(term: &Term) -> TermRow {
        TermRow {
            term: term.term.clone(),
            count: stored_count(term.count),
            body: term.body.clone(),
        }
    }
}

impl CopyRow for TermRow {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.term, &self.count, &self.body]
    }
}

/// Texts as PostgreSQL takes them, each on one line.
fn stored_texts(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.replace(['\n', '\0'], " ")).collect()
}

//! Person rows: the attention between the people of a run in *blocks*, for searches that read a few of them.
//!
//! Two kinds of artifacts: parts, `person-rows-<n>`, are blocks one after another; the index, `person-rows`,
//! is sealed last and says where each block is, with its hash. Blocks belong to sections ([`RowSection`]):
//!
//! | section | of each person | people of a block |
//! |---|---|---|
//! | given | those that it attends to, with the shares | as many as give 16,384 arcs, at most 4,096 |
//! | received | who attends to it: of more than 1,000 those with the largest shares | the same |
//! | facts | number of arcs, residue share, whether it is listed | 4,096 |
//! | ids | its stored id | 4,096 |
//! | places | by number of the served tables: its number here | 4,096 |
//!
//! People are numbered by community, so a search around a few of them reads few blocks. A share takes one byte
//! ([`ShareCode`](graph::nearby::ShareCode)). Each block is one zstd frame of postcard. Decoding is pure: for any
//! bytes it gives a block of exactly the people that the index says, or an error, and allocates no more than
//! the index justifies. Figures: `docs/decisions/0034-personal-views.md`.

mod block;
mod columns;
mod index;
mod row_block;
mod section;
mod write;

use model::RunId;

use crate::ObjectStore;
use crate::artifact::{self, ArtifactError};

pub use block::PersonBlock;
pub use index::{BlockId, RowIndex, SectionSize};
pub use row_block::{BlockError, RowBlock};
pub use section::RowSection;
pub use write::{PersonRowsInput, RECEIVED_MAX, RowPart, RowWriter};

/// The format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;

/// The name of the index.
pub const INDEX: &str = "person-rows";

/// The name of a part.
pub fn part_name(number: u32) -> String {
    format!("{INDEX}-{number}")
}

/// Opens the index of a run.
///
/// # Errors
/// `Missing` if the run has no person rows, `Format` if another version sealed them.
pub async fn open(objects: ObjectStore<'_>, run: RunId) -> Result<RowIndex, ArtifactError> {
    let key = artifact::key(run, INDEX);
    let index: RowIndex = artifact::open(objects, &key).await?;
    if index.format() != FORMAT {
        return Err(ArtifactError::Format(key));
    }
    index.check().map_err(|why| ArtifactError::corrupt(&key, why))?;
    Ok(index)
}

/// Reads one block.
///
/// # Errors
/// `Missing` if its part is gone, `Corrupt` if the bytes are not those that the index names.
pub async fn read(
    objects: ObjectStore<'_>,
    run: RunId,
    index: &RowIndex,
    block: BlockId,
) -> Result<PersonBlock, ArtifactError> {
    let place = index.place(block);
    let key = artifact::key(run, &part_name(place.part));
    let found = objects.get_range(&key, place.offset.into(), place.bytes.into()).await;
    let found = found.map_err(|source| ArtifactError::Port { key: key.clone(), source })?;
    let bytes = found.ok_or_else(|| ArtifactError::Missing(key.clone()))?;
    index.decode(block, &bytes).map_err(|why| ArtifactError::corrupt(&key, why))
}

#[cfg(test)]
mod tests;

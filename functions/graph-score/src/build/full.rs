//! A snapshot of the whole database, in one transaction: every list is read twice, first to give
//! numbers, then for its arcs.

use model::ProfileId;
use model::snapshot::SnapshotManifest;
use snapshot::Section;
use snapshot::build::{
    BuildTarget, CommunityOrder, ListedArcs, ProfileNumbers, SnapshotMoment, SnapshotNumbering,
};
use store::pg::adjacency::{AdjacencyKey, AdjacencyRow};
use store::pg::snapshot::SnapshotReader;

use super::to_page;
use crate::{ScoreDependencies, ScoreError};

/// Seals a snapshot of the whole database.
pub(super) async fn seal(
    dependencies: ScoreDependencies<'_>,
    target: BuildTarget<'_>,
    order: Option<&CommunityOrder>,
) -> Result<SnapshotManifest, ScoreError> {
    let at = dependencies.clock.now();
    let reader = SnapshotReader::open(dependencies.pg).await?;
    let pages = DatabasePages { reader: &reader, page_rows: target.limits.page_rows };
    let mut numbering = SnapshotNumbering::default();
    pages.add_profiles(numbering.numbers_mut()).await?;
    let mut after = None;
    while let Some(lists) = pages.lists(&mut after).await? {
        for row in &lists {
            numbering.count_list(&listed(row, &row.list()?));
        }
    }
    let mut build = numbering.order(target, order);
    let mut after = None;
    while let Some(lists) = pages.lists(&mut after).await? {
        for row in &lists {
            build.add_list(&listed(row, &row.list()?)).await?;
        }
    }
    pages.add_unread(build.numbers_mut()).await?;
    let moment = SnapshotMoment { high_water: reader.high_water(), at };
    Ok(build.finish(moment).await?)
}

fn listed<'a>(row: &AdjacencyRow, arcs: &'a model::Adjacency) -> ListedArcs<'a> {
    let section = Section { layer: row.key.layer, direction: row.key.direction };
    ListedArcs { owner: row.key.profile, section, complete: row.complete, arcs }
}

/// The database, page by page.
struct DatabasePages<'a> {
    reader: &'a SnapshotReader,
    page_rows: u32,
}

impl DatabasePages<'_> {
    /// The next lists; `None` after the last.
    async fn lists(
        &self,
        after: &mut Option<AdjacencyKey>,
    ) -> Result<Option<Vec<AdjacencyRow>>, ScoreError> {
        let page = self.reader.lists(0, *after, self.page_rows).await?;
        let Some(last) = page.last() else { return Ok(None) };
        *after = Some(last.key);
        Ok(Some(page))
    }

    /// Adds every profile that has a page.
    async fn add_profiles(&self, numbers: &mut ProfileNumbers) -> Result<(), ScoreError> {
        let mut after = None;
        loop {
            let page = self.reader.nodes(after, self.page_rows).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for row in &page {
                match to_page(row) {
                    Some(page) => numbers.add_page(&page),
                    None => numbers.remove(row.id),
                }
            }
        }
    }

    /// Adds which profiles are unlisted because they have no page. After the lists: only profiles that
    /// a list names have a number.
    async fn add_unread(&self, numbers: &mut ProfileNumbers) -> Result<(), ScoreError> {
        let mut after: Option<ProfileId> = None;
        loop {
            let page = self.reader.unread(after, self.page_rows).await?;
            let Some(&last) = page.last() else { return Ok(()) };
            after = Some(last);
            page.into_iter().for_each(|id| numbers.set_unlisted(id, true));
        }
    }
}

//! A snapshot of a parent and what changed since: only changed rows are read, in short transactions.
//!
//! Each row is taken as it is when its piece is read. What changes meanwhile is at or above the
//! high-water mark, so the next snapshot reads it again. A profile that the parent does not have is looked
//! up when a list or a changed page first names it.

use model::ProfileId;
use model::snapshot::SnapshotManifest;
use snapshot::Section;
use snapshot::build::{BuildTarget, FullBuildReason, ListedArcs, SnapshotBuilder, SnapshotMoment};
use store::pg::snapshot::{ChangeReader, ChangedList, NewProfile};

use super::{MergeOutcome, to_page};
use crate::{ScoreDependencies, ScoreError};

/// Ids looked up at a time.
const IDS_MAX: usize = 10_000;

/// Seals a snapshot of a parent and what changed since.
pub(super) async fn seal(
    dependencies: ScoreDependencies<'_>,
    target: BuildTarget<'_>,
    parent: &SnapshotManifest,
) -> Result<MergeOutcome, ScoreError> {
    let at = dependencies.clock.now();
    let page_rows = target.limits.page_rows;
    let reader = ChangeReader::open(dependencies.pg, parent.high_water, page_rows).await?;
    if reader.is_of_another_database() {
        return Ok(MergeOutcome::NeedsFullBuild(FullBuildReason::OtherDatabase));
    }
    let build = SnapshotBuilder::from_parent(target, parent).await?;
    let mut merge = Merge { reader: &reader, since: parent.high_water, build, reason: None };
    merge.read().await?;
    let Merge { build, reason, .. } = merge;
    if let Some(reason) = reason {
        build.abandon().await;
        return Ok(MergeOutcome::NeedsFullBuild(reason));
    }
    let moment = SnapshotMoment { high_water: reader.high_water(), at };
    Ok(MergeOutcome::Sealed(build.finish(moment).await?))
}

/// A merge in progress.
struct Merge<'a> {
    reader: &'a ChangeReader<'a>,
    since: u64,
    build: SnapshotBuilder<'a>,
    /// Why the whole database must be read, once that is known.
    reason: Option<FullBuildReason>,
}

impl Merge<'_> {
    /// Reads all that changed, or up to the first reason for a full build.
    async fn read(&mut self) -> Result<(), ScoreError> {
        self.read_profiles().await?;
        self.read_imported().await?;
        self.read_members().await?;
        self.read_lists().await?;
        if self.reason.is_none() && self.build.numbers().lost_a_complete_list() {
            self.reason = Some(FullBuildReason::CompleteListLost);
        }
        Ok(())
    }

    async fn read_profiles(&mut self) -> Result<(), ScoreError> {
        let mut after = None;
        while self.reason.is_none() {
            let page = self.reader.nodes(after).await?;
            if page.end.is_none() {
                return Ok(());
            }
            after = page.end;
            self.look_up(page.rows.iter().map(|row| row.id).collect()).await?;
            for row in &page.rows {
                if row.back >= self.since {
                    self.reason = Some(FullBuildReason::ProfileReturned);
                }
                match to_page(row) {
                    Some(page) => self.build.numbers_mut().add_page(&page),
                    None => self.build.numbers_mut().remove(row.id),
                }
            }
        }
        Ok(())
    }

    /// Profiles that a bulk file named since are listed, though they have no page.
    async fn read_imported(&mut self) -> Result<(), ScoreError> {
        let mut after = None;
        while self.reason.is_none() {
            let page = self.reader.imported(after).await?;
            if page.end.is_none() {
                return Ok(());
            }
            after = page.end;
            for id in page.rows {
                self.build.numbers_mut().set_unlisted(id, false);
            }
        }
        Ok(())
    }

    /// Reads all that are joined: few are, and a part of the links says nothing.
    async fn read_members(&mut self) -> Result<(), ScoreError> {
        let mut after = None;
        while self.reason.is_none() {
            let page = self.reader.members(after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.profile);
            for member in &page {
                self.build.numbers_mut().set_person(member.profile, member.person);
            }
        }
        Ok(())
    }

    async fn read_lists(&mut self) -> Result<(), ScoreError> {
        let mut after = None;
        while self.reason.is_none() {
            let page = self.reader.lists(after).await?;
            if page.end.is_none() {
                return Ok(());
            }
            after = page.end;
            let owners = page.rows.iter().map(|row| row.key.profile);
            let others = page.rows.iter().flat_map(|row| row.list.entries());
            self.look_up(owners.chain(others.map(|entry| entry.other)).collect()).await?;
            if self.reason.is_some() {
                return Ok(());
            }
            for list in &page.rows {
                self.build.add_list(&listed(list)).await?;
            }
        }
        Ok(())
    }

    /// Adds what the database has of those profiles that the snapshot does not have yet.
    async fn look_up(&mut self, mut ids: Vec<ProfileId>) -> Result<(), ScoreError> {
        ids.retain(|&id| self.build.numbers().is_new(id));
        ids.sort_unstable();
        ids.dedup();
        for ids in ids.chunks(IDS_MAX) {
            for found in self.reader.find_new(ids).await? {
                self.add_new(&found);
            }
        }
        Ok(())
    }

    fn add_new(&mut self, found: &NewProfile) {
        let returned = found.page.as_ref().is_some_and(|page| page.back >= self.since);
        if returned {
            self.reason = Some(FullBuildReason::ProfileReturned);
        } else if found.older_lists {
            self.reason = Some(FullBuildReason::OlderLists);
        }
        let numbers = self.build.numbers_mut();
        match found.page.as_ref().map(to_page) {
            Some(Some(page)) => numbers.add_page(&page),
            Some(None) => numbers.remove(found.id),
            None => numbers.add_without_page(found.id, found.unread),
        }
    }
}

fn listed(list: &ChangedList) -> ListedArcs<'_> {
    let section = Section { layer: list.key.layer, direction: list.key.direction };
    let (owner, complete) = (list.key.profile, list.complete);
    ListedArcs { owner, section, complete, arcs: &list.list }
}

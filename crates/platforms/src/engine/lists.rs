//! Follow lists and the like: the accounts on every page, until the cursor ends.
//!
//! An account that a complete list lacks is removed from the stored list, so a list is complete only if
//! the host says where it ends. A list that lost much since the last round, without a fall of the
//! profile's own count, is read a second time; see [`ListScope::is_doubtful`].

use model::observation::{ListCoverage, Observation, SeenArc, SeenList};
use model::{Day, Direction, Layer};

use super::CrawlEngine;
use super::checkpoint::StreamCheckpoint;
use super::context::FetchContext;
use super::list_page::{ListedAccount, read_list_page};
use super::names::{NameResolver, NameState, PageName};
use super::page_request::PageAnswer;
use super::paging::NextPage;
use super::run::{StreamOutcome, StreamRun, VisitResult};
use super::stop_reason::StopReason;
use super::stream_scope::StreamScope;
use super::visit_pages::VisitPages;
use crate::manifest::{CountField, ListRules};

/// A list that lost more than one in this many accounts is doubted.
const DOUBTED_LOSS: u32 = 4;

/// The profile's own count may exceed the list by one in this many, for accounts that a host leaves out.
const COUNT_SLACK: u32 = 20;

/// What a visit to a list stream works on.
#[derive(Debug, Clone, Copy)]
struct ListScope<'a> {
    stream: StreamScope<'a>,
    rules: &'a ListRules,
}

/// A visit to a list stream in progress.
#[derive(Debug, Default)]
struct ListVisit {
    pages: VisitPages,
    arcs: Vec<SeenArc>,
    left_out: u32,
}

/// A visit and how it ended.
struct EndedVisit {
    visit: ListVisit,
    end: Result<(), StopReason>,
}

impl CrawlEngine {
    /// One visit to a list stream.
    pub(super) async fn list(
        &self,
        fetch: &mut FetchContext<'_>,
        scope: StreamScope<'_>,
        rules: &ListRules,
    ) -> StreamRun {
        let began = scope.began();
        let before = fetch.requests;
        let list = ListScope { stream: scope, rules };
        let checkpoint = StreamCheckpoint::parse(began.as_deref());
        let EndedVisit { mut visit, end } = self.visit_list(fetch, list, checkpoint).await;
        if began.is_none() && end.is_ok() && list.is_doubtful(&visit) {
            let again = self.visit_list(fetch, list, StreamCheckpoint::default()).await;
            match again.end {
                Ok(()) if again.visit.accounts() >= visit.accounts() => visit = again.visit,
                Ok(()) => {}
                // What the first reading saw is kept, but proves no end.
                Err(_) => visit.pages.checkpoint.is_open = true,
            }
        }
        let left_out = visit.left_out;
        let VisitResult { observations, outcome } = list.finish(visit, end, began.is_none());
        StreamRun {
            stream: scope.stream.name.clone(),
            began,
            observations,
            outcome,
            requests: fetch.requests - before,
            left_out,
        }
    }

    /// Reads the list from a checkpoint on, as far as one visit may.
    async fn visit_list(
        &self,
        fetch: &mut FetchContext<'_>,
        list: ListScope<'_>,
        checkpoint: StreamCheckpoint,
    ) -> EndedVisit {
        let pages = VisitPages::at(checkpoint);
        let mut visit = ListVisit { pages, ..ListVisit::default() };
        let end = match &list.rules.for_each {
            None => self.pages(fetch, list, &mut visit).await,
            Some(for_each) => match self.items(fetch, list.stream, for_each).await {
                Ok(items) => {
                    visit.pages.checkpoint.is_open |= !items.are_all;
                    self.each(fetch, list, &items.items, &mut visit).await
                }
                Err(stop) => Err(stop),
            },
        };
        EndedVisit { visit, end }
    }

    /// Reads every page of every item, from that of the checkpoint on.
    async fn each(
        &self,
        fetch: &mut FetchContext<'_>,
        list: ListScope<'_>,
        items: &[String],
        visit: &mut ListVisit,
    ) -> Result<(), StopReason> {
        let current = visit.pages.checkpoint.item.take();
        let start = current.and_then(|item| items.iter().position(|known| *known == item));
        for item in &items[start.unwrap_or(0)..] {
            visit.pages.checkpoint.item = Some(item.clone());
            match self.pages(fetch, list, visit).await {
                Ok(()) | Err(StopReason::Empty | StopReason::Hidden) => {
                    visit.pages.checkpoint.cursor = None;
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// Reads pages of one list until its end or the visit's cap.
    async fn pages(
        &self,
        fetch: &mut FetchContext<'_>,
        list: ListScope<'_>,
        visit: &mut ListVisit,
    ) -> Result<(), StopReason> {
        loop {
            let answer = self.request_next(fetch, list.stream, &mut visit.pages).await?;
            let next = self.page_of_accounts(fetch, list, &answer, visit).await?;
            visit.pages.checkpoint.is_open |= next == NextPage::Unknown;
            visit.pages.advance(next.cursor());
            if visit.pages.checkpoint.cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Takes in one page. Nothing of it is kept if there is trouble with it.
    async fn page_of_accounts(
        &self,
        fetch: &mut FetchContext<'_>,
        list: ListScope<'_>,
        answer: &PageAnswer,
        visit: &mut ListVisit,
    ) -> Result<NextPage, StopReason> {
        let (scope, memory) = (list.stream, fetch.memory);
        let resolver = NameResolver { manifest: scope.manifest, memory, host: &answer.host };
        let cursor = visit.pages.checkpoint.cursor.as_deref();
        let mut page = read_list_page(scope, list.rules, resolver, answer, cursor)?;
        if let NextPage::Page(next) = &page.next {
            visit.pages.refuse_loop(Some(next), &answer.host)?;
        }
        let mut names: Vec<&mut PageName<'_>> =
            page.accounts.iter_mut().map(|one| &mut one.name).collect();
        self.resolve_names(fetch, scope, &answer.host, &mut names).await?;
        visit.keep(&scope.subject.named.native_id, page.accounts);
        Ok(page.next)
    }
}

impl ListVisit {
    /// How many accounts the list named in this round.
    fn accounts(&self) -> u32 {
        self.pages.checkpoint.accounts
    }

    fn keep(&mut self, own: &str, accounts: Vec<ListedAccount<'_>>) {
        self.arcs.reserve(accounts.len());
        let listed = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
        self.pages.checkpoint.accounts = self.accounts().saturating_add(listed);
        for ListedAccount { name, weight } in accounts {
            match name.state {
                NameState::Known(other) if other.native_id == own => {}
                NameState::Known(other) => {
                    self.arcs.push(SeenArc { other, count: 0, last_day: Day(0), weight });
                }
                NameState::Open(_) | NameState::Unresolvable | NameState::Absent => {
                    self.left_out += 1;
                }
            }
        }
    }

    /// Whether a count says that there are more accounts than the list shows.
    fn is_exceeded_by(&self, count: u32) -> bool {
        let accounts = self.accounts();
        count > accounts.saturating_add(accounts / COUNT_SLACK)
    }

    /// The coverage of an unfinished list; none where no page was read.
    fn part(&self, cursor: Option<&str>) -> Option<ListCoverage> {
        let cursor = cursor.unwrap_or_default().to_owned();
        (self.pages.read > 0).then_some(ListCoverage::Part { cursor })
    }
}

fn has_lost_much(accounts: u32, before: u32) -> bool {
    let (accounts, before) = (u64::from(accounts), u64::from(before));
    accounts * u64::from(DOUBTED_LOSS) < before * u64::from(DOUBTED_LOSS - 1)
}

impl ListScope<'_> {
    /// Whether a list lost more than one in [`DOUBTED_LOSS`] accounts since the last round, while the
    /// profile's own count has not fallen with it. It is then read again before any account is removed.
    fn is_doubtful(self, visit: &ListVisit) -> bool {
        let ListRules { layer, direction, .. } = *self.rules;
        let subject = self.stream.subject;
        let before = subject.list_length(layer, direction);
        let count = match (layer, direction) {
            (Layer::Follow, Direction::Out) => subject.following,
            (Layer::Follow, Direction::In) => subject.followers,
            _ => None,
        };
        has_lost_much(visit.accounts(), before)
            && count.is_none_or(|count| visit.is_exceeded_by(count))
    }

    /// Whether the end of what was read is the end of the list. Where the host did not say so, a count in
    /// step with the list must; where it did, such a count must not say that much is missing.
    fn is_whole(self, visit: &ListVisit) -> bool {
        match (self.trusted_count(), visit.pages.checkpoint.is_open) {
            (None, is_open) => !is_open,
            (Some(count), true) => !visit.is_exceeded_by(count),
            (Some(count), false) => !has_lost_much(visit.accounts(), count),
        }
    }

    /// The profile's own count of the list, where its platform keeps the two in step, so that an empty
    /// list with a count is a hidden one.
    fn trusted_count(self) -> Option<u32> {
        match self.rules.hidden_if? {
            CountField::Followers => self.stream.subject.followers,
            CountField::Following => self.stream.subject.following,
        }
    }

    /// The coverage of a list that was read to its end.
    fn coverage(self, visit: &ListVisit, from_start: bool) -> Option<ListCoverage> {
        let is_empty = visit.arcs.is_empty() && visit.left_out == 0 && from_start;
        if is_empty && self.trusted_count().is_some_and(|count| count > 0) {
            return Some(ListCoverage::Hidden);
        }
        match self.is_whole(visit) {
            true => Some(ListCoverage::Complete),
            false => visit.part(visit.pages.checkpoint.cursor().as_deref()),
        }
    }

    /// What a visit saw, and how it ended. `from_start`: whether it began at the list's beginning.
    fn finish(
        self,
        visit: ListVisit,
        end: Result<(), StopReason>,
        from_start: bool,
    ) -> VisitResult {
        let cursor = visit.pages.checkpoint.cursor();
        let is_capped = visit.pages.is_capped(&self.stream.stream.paging);
        let (coverage, outcome) = match end {
            Err(StopReason::Gone(gone)) => {
                let observations = vec![Observation::Gone(gone)];
                return VisitResult { observations, outcome: StreamOutcome::Done };
            }
            Ok(()) | Err(StopReason::Empty) => {
                (self.coverage(&visit, from_start), StreamOutcome::Done)
            }
            Err(StopReason::Hidden) => (Some(ListCoverage::Hidden), StreamOutcome::Done),
            Err(StopReason::Cut) if is_capped => {
                (visit.part(cursor.as_deref()), StreamOutcome::Done)
            }
            Err(stop) => (visit.part(cursor.as_deref()), stop.outcome(cursor)),
        };
        let ListRules { layer, direction, .. } = *self.rules;
        let list =
            |coverage| Observation::List(SeenList { layer, direction, arcs: visit.arcs, coverage });
        VisitResult { observations: coverage.map(list).into_iter().collect(), outcome }
    }
}

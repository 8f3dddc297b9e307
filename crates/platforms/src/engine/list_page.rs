//! Reads pages of lists: the accounts on them.

use super::names::{NameResolver, PageName};
use super::page_request::PageAnswer;
use super::paging::{NextPage, PagingInput, for_each_record, next_page};
use super::partial_name::PartialName;
use super::stop_reason::StopReason;
use super::stream_scope::{StreamScope, well_formed};
use crate::manifest::ListRules;
use crate::path::{PageNode, SelectorContext};

/// An account on a page.
#[derive(Debug)]
pub(super) struct ListedAccount<'r> {
    pub(super) name: PageName<'r>,
    pub(super) weight: f32,
}

/// A page of a list.
#[derive(Debug)]
pub(super) struct ListPage<'r> {
    pub(super) accounts: Vec<ListedAccount<'r>>,
    pub(super) next: NextPage,
}

/// Reads the accounts on a page.
pub(super) fn read_list_page<'r>(
    scope: StreamScope<'_>,
    rules: &'r ListRules,
    resolver: NameResolver<'_>,
    answer: &PageAnswer,
    cursor: Option<&str>,
) -> Result<ListPage<'r>, StopReason> {
    let paging = &scope.stream.paging;
    let page = answer.page(&paging.shape)?;
    let context = SelectorContext { host: &answer.host };
    well_formed(paging, &page, context)?;
    let input = PagingInput { response: &answer.response, context, cursor };
    let next = next_page(paging, &page, input)?;
    let mut accounts = Vec::new();
    for_each_record(paging, &page, &mut |record| {
        accounts.push(account(rules, resolver, record, context));
    });
    Ok(ListPage { accounts, next })
}

fn account<'r>(
    rules: &'r ListRules,
    resolver: NameResolver<'_>,
    record: &PageNode<'_>,
    context: SelectorContext<'_>,
) -> ListedAccount<'r> {
    let find = rules.other.find.as_slice();
    let state = resolver.state(find, PartialName::read(&rules.other, record, context));
    let weight = rules.weight.as_ref().and_then(|weight| weight.text(record, context));
    let weight = weight.and_then(|weight| weight.parse::<f32>().ok());
    let weight = weight.filter(|weight| weight.is_finite() && *weight > 0.0);
    ListedAccount { name: PageName { state, find }, weight: weight.unwrap_or(1.0) }
}

//! The lists whose members a stream reads: the first step of a stream of lists.

use super::CrawlEngine;
use super::checkpoint::StreamCheckpoint;
use super::clean;
use super::context::FetchContext;
use super::paging::{NextPage, PagingInput, for_each_record, next_page};
use super::stop_reason::StopReason;
use super::stream_scope::{StreamScope, well_formed};
use super::values::TemplateValues;
use super::visit_pages::VisitPages;
use crate::manifest::ForEach;
use crate::path::SelectorContext;

/// Items in the platform's order.
#[derive(Debug, Default)]
pub(super) struct StreamItems {
    pub(super) items: Vec<String>,
    /// Whether these are all.
    pub(super) are_all: bool,
}

impl CrawlEngine {
    /// The items of a stream, at most `items_max`.
    pub(super) async fn items(
        &self,
        fetch: &mut FetchContext<'_>,
        scope: StreamScope<'_>,
        for_each: &ForEach,
    ) -> Result<StreamItems, StopReason> {
        let paging = &for_each.paging;
        let size = paging.page_size.to_string();
        let mut pages = VisitPages::at(StreamCheckpoint::default());
        let mut items = Vec::new();
        while !pages.is_capped(paging) {
            let cursor = pages.next_cursor(paging)?;
            let values = TemplateValues {
                page_size: Some(&size),
                cursor: cursor.as_deref(),
                ..scope.values()
            };
            let request = scope.page_request(std::slice::from_ref(&for_each.request), values);
            let answer = self.request_page(fetch, request).await?;
            let next = {
                let page = answer.page(&paging.shape)?;
                let context = SelectorContext { host: &answer.host };
                well_formed(paging, &page, context)?;
                for_each_record(paging, &page, &mut |record| {
                    items.extend(for_each.item.text(record, context).and_then(clean::name));
                });
                let cursor = cursor.as_deref();
                next_page(
                    paging,
                    &page,
                    PagingInput { response: &answer.response, context, cursor },
                )?
            };
            if items.len() > for_each.items_max {
                items.truncate(for_each.items_max);
                return Ok(StreamItems { items, are_all: false });
            }
            match next {
                NextPage::Page(next) => {
                    pages.refuse_loop(Some(&next), &answer.host)?;
                    pages.advance(Some(next));
                }
                NextPage::End => return Ok(StreamItems { items, are_all: true }),
                NextPage::Unknown => break,
            }
        }
        Ok(StreamItems { items, are_all: false })
    }
}

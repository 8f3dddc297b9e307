//! The lists whose members a stream reads: whatever comes first in a stream of lists.

use std::collections::HashSet;

use model::port::{Clock, Web};

use super::Engine;
use super::ask::Stop;
use super::clean;
use super::mark::{Next, Turn, next_page, visit};
use super::scene::{Scene, well_formed};
use super::values::Values;
use super::via::{Gate, Via};
use crate::manifest::ForEach;
use crate::path::Context;

impl Engine {
    /// The items, in the platform's order, at most `items_max`, and whether these are all.
    pub(super) async fn items<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        for_each: &ForEach,
    ) -> Result<(Vec<String>, bool), Stop> {
        let paging = &for_each.paging;
        let size = paging.page_size.to_string();
        let (mut items, mut cursor, mut used) = (Vec::new(), None::<String>, HashSet::new());
        for _ in 0..paging.pages_max {
            let values =
                Values { page_size: Some(&size), cursor: cursor.as_deref(), ..scene.values() };
            let requests = std::slice::from_ref(&for_each.request);
            let answer = self.ask(via, scene.ask(requests, values)).await?;
            let next = {
                let page = answer.page(&paging.shape)?;
                let context = Context { host: &answer.host };
                well_formed(paging, &page, context)?;
                visit(paging, &page, &mut |record| {
                    items.extend(for_each.item.text(record, context).and_then(clean::name));
                });
                let turn = Turn { response: &answer.response, context, cursor: cursor.as_deref() };
                next_page(paging, &page, turn)?
            };
            if items.len() > for_each.items_max {
                items.truncate(for_each.items_max);
                return Ok((items, false));
            }
            match next {
                Next::Page(next) => {
                    if !used.insert(next.clone()) {
                        let why = format!("{} sends the same cursor twice", answer.host);
                        return Err(Stop::Unreadable(why));
                    }
                    cursor = Some(next);
                }
                Next::End => return Ok((items, true)),
                Next::Unknown => break,
            }
        }
        Ok((items, false))
    }
}

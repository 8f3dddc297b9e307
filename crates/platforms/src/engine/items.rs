//! The lists whose members a stream reads: whatever comes first in a stream of lists.

use std::collections::HashSet;

use model::port::{Clock, Web};

use super::Engine;
use super::ask::Stop;
use super::clean;
use super::mark::{Turn, next_cursor, visit};
use super::scene::{Scene, well_formed};
use super::values::Values;
use super::via::{Gate, Via};
use crate::manifest::ForEach;
use crate::path::Context;

impl Engine {
    /// Every item, in the platform's order, at most `items_max`.
    pub(super) async fn items<W: Web, C: Clock, G: Gate>(
        &self,
        via: &mut Via<'_, W, C, G>,
        scene: Scene<'_>,
        for_each: &ForEach,
    ) -> Result<Vec<String>, Stop> {
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
                next_cursor(paging, &page, turn)
            };
            items.truncate(for_each.items_max);
            match next {
                Some(next) if items.len() < for_each.items_max => {
                    if !used.insert(next.clone()) {
                        let why = format!("{} sends the same cursor twice", answer.host);
                        return Err(Stop::retry(why));
                    }
                    cursor = Some(next);
                }
                _ => break,
            }
        }
        Ok(items)
    }
}

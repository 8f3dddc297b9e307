//! Which routes cost something, and what their answers are counted as: one table.

use graph::nearby::PathSettings;
use model::{PriceClass, PriceItem, PriceUnit, Usage};
use pricing::UsageBounds;
use serde::Deserialize;
use serde_json::Value;

use crate::query::{LIMIT_MAX, PageLimit};

/// The most rows of an answer that a request can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowsMost {
    /// One.
    One,
    /// This many.
    Few(u32),
    /// As many as its `limit`.
    Limit,
    /// As many as there are `ids` or `accounts` in its body; one without.
    Ids,
}

/// What a route's answers are counted as, besides one `call.read`, unless rows are calls themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoutePrice {
    /// The route, as in the OpenAPI document.
    pub(crate) path: &'static str,
    /// Whose index applies.
    pub(crate) class: PriceClass,
    /// What each row is.
    pub(crate) row: PriceItem,
    /// The most rows.
    pub(crate) most: RowsMost,
}

const fn priced(
    path: &'static str,
    class: PriceClass,
    row: PriceItem,
    most: RowsMost,
) -> RoutePrice {
    RoutePrice { path, class, row, most }
}

/// The most proofs of one person that are charged.
const LINKS_CHARGED: u32 = 100;
/// The most contributors of one score that are charged: a run keeps no more.
const CONTRIBUTORS_CHARGED: u32 = 500;
/// The most megabytes of one page of the archive that are charged: five for each of ten segments, which mostly have
/// less.
const ARCHIVED_MEGABYTES_CHARGED: u32 = 50;

/// Every route that costs something. All others are free.
pub(crate) const PRICE_LIST: &[RoutePrice] = &{
    use PriceClass::{Export, Graph, Search, Stream};
    use PriceItem::{ChangeEvent, ExportMegabyte, PersonRow, RankRow, SuggestCall};
    use RowsMost::{Few, Ids, Limit, One};
    [
        priced("/v1/search", Search, PersonRow, Limit),
        priced("/v1/suggest", Search, SuggestCall, One),
        priced("/v1/communities", Search, PersonRow, Limit),
        priced("/v1/communities/{id}", Graph, PersonRow, One),
        priced("/v1/communities:batch", Graph, PersonRow, Ids),
        priced("/v1/communities/{id}/lineage", Graph, RankRow, Limit),
        priced("/v1/communities/{id}/people", Graph, RankRow, Limit),
        priced("/v1/communities/{id}/map", Graph, PersonRow, Limit),
        priced("/v1/map/tiles/{z}/{x}/{y}", Graph, PersonRow, One),
        priced("/v1/people/{id}", Graph, PersonRow, One),
        priced("/v1/people", Graph, RankRow, Limit),
        priced("/v1/people/{id}/path", Graph, RankRow, Few(PathSettings::HOPS_MAX as u32)),
        priced("/v1/people:resolve", Graph, PersonRow, Ids),
        priced("/v1/people:batch", Graph, PersonRow, Ids),
        priced("/v1/people/{id}/ranks", Graph, RankRow, Limit),
        priced("/v1/people/{id}/history", Graph, RankRow, Limit),
        priced("/v1/people/{id}/evidence", Graph, RankRow, Few(CONTRIBUTORS_CHARGED)),
        priced("/v1/people/{id}/links", Graph, RankRow, Few(LINKS_CHARGED)),
        priced("/v1/profiles/{id}", Graph, PersonRow, One),
        priced("/v1/profiles:batch", Graph, PersonRow, Ids),
        priced("/v1/profiles/{id}/neighbors", Graph, RankRow, Limit),
        priced("/v1/changes", Stream, ChangeEvent, Limit),
        priced("/v1/changes/archive", Export, ExportMegabyte, Few(ARCHIVED_MEGABYTES_CHARGED)),
        priced("/v1/consumers/{name}/changes", Stream, ChangeEvent, Limit),
    ]
};

/// What a route is priced as; `None` if it is free.
pub(crate) fn route_price(path: &str) -> Option<&'static RoutePrice> {
    PRICE_LIST.iter().find(|price| price.path == path)
}

impl RoutePrice {
    /// What an answer of `rows` rows is charged as. No row, no charge; never more than `most`.
    pub(crate) fn usage(&self, rows: u64, most: &Usage) -> Usage {
        match rows.min(most.count(self.row)) {
            0 => Usage::of(self.class),
            rows => self.counted(rows),
        }
    }

    fn counted(&self, rows: u64) -> Usage {
        let usage = Usage::of(self.class).with(self.row, rows);
        if self.row.unit() == PriceUnit::Call { usage } else { usage.with(PriceItem::ReadCall, 1) }
    }

    /// What the answer to a request may consist of. Pages are mostly full, so the most is expected.
    pub(crate) fn bounds(&self, query: &[(String, String)], body: &[u8]) -> UsageBounds {
        let most = match self.most {
            RowsMost::One => 1,
            RowsMost::Few(rows) => rows,
            RowsMost::Limit => limit(query),
            RowsMost::Ids => ids(body),
        };
        let expected = if let RowsMost::Few(_) = self.most { 1 } else { most };
        let (expected, most) = (self.counted(expected.into()), self.counted(most.into()));
        UsageBounds { least: Usage::of(self.class), expected, most }
    }
}

/// The `limit` of a query. One that is wrong is refused by the handler.
fn limit(query: &[(String, String)]) -> u32 {
    let given = query.iter().find(|(name, _)| name == "limit");
    let given = given.and_then(|(_, value)| <PageLimit>::try_from(value.clone()).ok());
    given.unwrap_or_default().rows()
}

/// How many ids a body has. One that is wrong is refused by the handler.
fn ids(body: &[u8]) -> u32 {
    #[derive(Deserialize)]
    struct Ids {
        #[serde(alias = "accounts")]
        ids: Vec<Value>,
    }
    let given: Option<Ids> = serde_json::from_slice(body).ok();
    let count = given.map_or(1, |given| given.ids.len());
    u32::try_from(count).unwrap_or(LIMIT_MAX).clamp(1, LIMIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most(path: &str, query: &str, body: &str) -> u64 {
        let price = route_price(path).unwrap();
        let pairs = crate::query::pairs(query).unwrap();
        let bounds = price.bounds(&pairs, body.as_bytes());
        assert!(
            bounds.least.is_within(&bounds.expected) && bounds.expected.is_within(&bounds.most)
        );
        bounds.most.count(price.row)
    }

    #[test]
    fn an_answer_is_bounded_by_its_request() {
        assert_eq!(most("/v1/people/{id}", "", ""), 1);
        assert_eq!((most("/v1/search", "q=a", ""), most("/v1/search", "limit=7", "")), (50, 7));
        assert_eq!(most("/v1/people:batch", "", r#"{"ids":["per_1","per_2"]}"#), 2);
        assert_eq!(most("/v1/people:batch", "", "no JSON"), 1);
        assert_eq!(most("/v1/people:resolve", "account=a:b", ""), 1);
        assert_eq!(most("/v1/people:resolve", "", r#"{"accounts":["a:b","a:c","a:d"]}"#), 3);
        assert_eq!(route_price("/v1/prices"), None);
    }

    #[test]
    fn a_suggestion_is_one_call_whatever_it_has() {
        let price = route_price("/v1/suggest").unwrap();
        let bounds = price.bounds(&[], b"");
        let one = Usage::of(PriceClass::Search).with(PriceItem::SuggestCall, 1);
        assert_eq!((price.usage(20, &bounds.most), bounds.most), (one, one));
        assert!(price.usage(0, &bounds.most).is_empty());
    }

    #[test]
    fn rows_beyond_the_most_are_not_charged_and_none_costs_nothing() {
        let price = route_price("/v1/people/{id}/links").unwrap();
        let most = price.bounds(&[], b"").most;
        assert_eq!(price.usage(1_000, &most), most);
        assert!(price.usage(0, &most).is_empty());
    }
}

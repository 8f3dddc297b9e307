//! Compiles pagers.

use super::error::ManifestError;
use super::nouns::Pager;
use super::raw;
use super::scope::Scope;
use crate::path::{Selector, Shape};

/// The selector of the last record's id, relative to records.
pub(super) fn last_record(
    at: &Scope,
    raw: &raw::Pager,
    record: &mut Shape,
) -> Result<Option<Selector>, ManifestError> {
    at.maybe("until", raw.until.as_ref(), record)
}

/// Compiles a pager; `until` is what [`last_record`] gave.
pub(super) fn pager(
    at: &Scope,
    raw: &raw::Pager,
    until: Option<Selector>,
    shape: &mut Shape,
) -> Result<Pager, ManifestError> {
    let beside_link = raw.link.is_some() && until.is_some();
    at.under("param").require(
        raw.param.is_some() == beside_link,
        "it names the query's field for `until` where that stands beside `link`",
    )?;
    let ways = (&raw.cursor, raw.link.as_deref(), raw.offset, raw.page, until);
    match ways {
        (None, None, false, false, None) => Ok(Pager::None),
        (Some(cursor), None, false, false, None) => {
            Ok(Pager::Cursor(at.under("cursor").selector(cursor, shape)?))
        }
        (None, Some("next"), false, false, until) => {
            Ok(Pager::Link { until: until.zip(raw.param.clone()) })
        }
        (None, None, true, false, None) => Ok(Pager::Offset),
        (None, None, false, true, None) => Ok(Pager::Page),
        (None, None, false, false, Some(last)) => Ok(Pager::Until { last }),
        _ => Err(at.fail(
            "take one of `cursor: SELECTOR`, `link: next`, `offset: true`, `page: true` and \
             `until: SELECTOR` (`until` may also stand beside `link`)",
        )),
    }
}

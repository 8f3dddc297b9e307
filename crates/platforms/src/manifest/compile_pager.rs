//! Compiles pagers.

use super::compiled_stream::{PagerKind, UntilParam};
use super::error::ManifestError;
use super::field_place::FieldPlace;
use super::raw_stream::RawPager;
use crate::path::{PageShape, ValueSelector};

/// The selector of the last record's id, relative to records.
pub(super) fn last_record(
    at: &FieldPlace,
    raw: &RawPager,
    record: &mut PageShape,
) -> Result<Option<ValueSelector>, ManifestError> {
    at.maybe("until", raw.until.as_ref(), record)
}

/// Compiles a pager; `until` is what [`last_record`] gave.
pub(super) fn pager(
    at: &FieldPlace,
    raw: &RawPager,
    until: Option<ValueSelector>,
    shape: &mut PageShape,
) -> Result<PagerKind, ManifestError> {
    let beside_link = raw.link.is_some() && until.is_some();
    at.under("param").require(
        raw.param.is_some() == beside_link,
        "it names the query's field for `until` where it is given beside `link`",
    )?;
    let ways = (&raw.cursor, raw.link.as_deref(), raw.offset, raw.page, until);
    match ways {
        (None, None, false, false, None) => Ok(PagerKind::None),
        (Some(cursor), None, false, false, None) => {
            Ok(PagerKind::Cursor(at.under("cursor").selector(cursor, shape)?))
        }
        (None, Some("next"), false, false, until) => {
            let until = until.zip(raw.param.clone());
            Ok(PagerKind::Link { until: until.map(|(last, param)| UntilParam { last, param }) })
        }
        (None, None, true, false, None) => Ok(PagerKind::Offset),
        (None, None, false, true, None) => Ok(PagerKind::Page),
        (None, None, false, false, Some(last)) => Ok(PagerKind::Until { last }),
        _ => Err(at.fail(
            "take one of `cursor: SELECTOR`, `link: next`, `offset: true`, `page: true` and \
             `until: SELECTOR` (`until` may also be given beside `link`)",
        )),
    }
}

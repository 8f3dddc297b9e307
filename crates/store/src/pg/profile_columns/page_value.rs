//! The value that a column has in a profile's page, in its stored forms.

use std::borrow::Cow;

use PageValue::{Count, Number, Text, Time, Whole};
use model::ProfileId;
use model::observation::SeenProfile;
use model::profile_text::{ProfileText, TextForm, URL_BYTES_MAX};
use model::time::Timestamp;
use tokio_postgres::types::{ToSql, Type};

use crate::pg::value::{clean, stored_count, stored_ms, whole};

/// The columns of one page, or one column of many pages.
pub(in crate::pg) type StoredValue<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// A profile with its page.
pub(in crate::pg) type ProfilePage<'a> = (ProfileId, &'a SeenProfile);

/// Where a column's value is in a page, and how it is stored.
pub(super) enum PageValue {
    /// A name: `text`, stored whole or not at all.
    Whole { bytes_max: usize, of: fn(&SeenProfile) -> Option<&str> },
    /// A text of the table: `text`; words are cut to a length, addresses stored whole or not at all.
    Text(ProfileText),
    /// `int`.
    Count(fn(&SeenProfile) -> Option<u32>),
    /// The number of an enum, or bits: `smallint not null`.
    Number(fn(&SeenProfile) -> u8),
    /// `bigint`, in milliseconds.
    Time(fn(&SeenProfile) -> Option<Timestamp>),
}

impl PageValue {
    pub(super) fn sql_type(&self) -> &'static str {
        match self {
            Whole { .. } | Text(_) => "text",
            Count(_) => "int",
            Number(_) => "smallint",
            Time(_) => "bigint",
        }
    }

    pub(super) fn element_type(&self) -> Type {
        match self {
            Whole { .. } | Text(_) => Type::TEXT,
            Count(_) => Type::INT4,
            Number(_) => Type::INT2,
            Time(_) => Type::INT8,
        }
    }

    pub(super) fn of_page<'a>(&self, page: &'a SeenProfile) -> StoredValue<'a> {
        match self {
            Whole { bytes_max, of } => Box::new(of(page).and_then(|text| whole(text, *bytes_max))),
            Text(text) => Box::new(stored_text(*text, page)),
            Count(of) => Box::new(of(page).map(stored_count)),
            Number(of) => Box::new(i16::from(of(page))),
            Time(of) => Box::new(of(page).map(stored_ms)),
        }
    }

    pub(super) fn of_pages<'a>(&self, pages: &[ProfilePage<'a>]) -> (StoredValue<'a>, Type) {
        let pages = pages.iter().map(|(_, page)| *page);
        match self {
            Whole { bytes_max, of } => {
                let texts = pages.map(|page| whole(of(page)?, *bytes_max));
                (Box::new(texts.collect::<Vec<Option<&str>>>()), Type::TEXT_ARRAY)
            }
            Text(text) => {
                let texts = pages.map(|page| stored_text(*text, page));
                (Box::new(texts.collect::<Vec<Option<Cow<'a, str>>>>()), Type::TEXT_ARRAY)
            }
            Count(of) => {
                let counts = pages.map(|page| of(page).map(stored_count));
                (Box::new(counts.collect::<Vec<Option<i32>>>()), Type::INT4_ARRAY)
            }
            Number(of) => {
                let numbers = pages.map(|page| i16::from(of(page)));
                (Box::new(numbers.collect::<Vec<i16>>()), Type::INT2_ARRAY)
            }
            Time(of) => {
                let times = pages.map(|page| of(page).map(stored_ms));
                (Box::new(times.collect::<Vec<Option<i64>>>()), Type::INT8_ARRAY)
            }
        }
    }

    /// Hands the bytes of a page's value, `None` if it has none, to `put`.
    pub(super) fn put_bytes(&self, page: &SeenProfile, put: &mut impl FnMut(Option<&[u8]>)) {
        match self {
            Whole { of, .. } => put(of(page).map(str::as_bytes)),
            Text(text) => put(page.texts.get(*text).map(String::as_bytes)),
            Count(of) => put(of(page).map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice)),
            Number(of) => put(Some(&[of(page)])),
            Time(of) => {
                let time = of(page).map(|at| stored_ms(at).to_le_bytes());
                put(time.as_ref().map(<[u8; 8]>::as_slice));
            }
        }
    }
}

fn stored_text(text: ProfileText, page: &SeenProfile) -> Option<Cow<'_, str>> {
    let value = page.texts.get(text)?;
    match text.form() {
        TextForm::Words { chars_max } => Some(clean(value, chars_max)),
        TextForm::Url => whole(value, URL_BYTES_MAX).map(Cow::Borrowed),
    }
}

//! A report's fields in their order, as read back from its JSON.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value whose objects keep the order of their fields.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ReportField {
    Null,
    Flag(bool),
    Whole(u64),
    Real(f64),
    Text(String),
    List(Vec<ReportField>),
    Object(Vec<(String, ReportField)>),
}

impl ReportField {
    /// The fields of an object.
    pub(super) fn fields(&self) -> Option<&[(String, ReportField)]> {
        match self {
            ReportField::Object(fields) => Some(fields),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for ReportField {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<ReportField, D::Error> {
        json.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = ReportField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<ReportField, E> {
        Ok(ReportField::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<ReportField, E> {
        Ok(ReportField::Flag(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<ReportField, E> {
        Ok(ReportField::Whole(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<ReportField, E> {
        Ok(ReportField::Real(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<ReportField, E> {
        Ok(ReportField::Real(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<ReportField, E> {
        Ok(ReportField::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ReportField, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(ReportField::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<ReportField, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(ReportField::Object(fields))
    }
}

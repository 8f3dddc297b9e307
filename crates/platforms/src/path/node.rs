//! A page as far as its shape wants it, borrowed from the page's bytes.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::shape::Shape;

/// The most values that one page may hold; bounds memory to about 40 times this many bytes.
const VALUES_MAX: u32 = 1_000_000;

/// A value of a page. Objects hold one slot for each key of their shape, `Null` where it is not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<Node<'a>>),
}

/// A body that is no usable JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer is no usable JSON ({0})")]
pub(crate) struct PageError(String);

/// Reads what `shape` wants of `body`. Linear in the body; nesting is limited to 128.
pub(crate) fn read<'a>(shape: &Shape, body: &'a [u8]) -> Result<Node<'a>, PageError> {
    let left = Cell::new(VALUES_MAX);
    // Checked as a whole: bytes that are no text might hide in a key or in what is skipped.
    let body = std::str::from_utf8(body).map_err(|error| PageError(error.to_string()))?;
    let mut json = serde_json::Deserializer::from_str(body);
    let seed = Seed { shape, left: &left };
    let node = seed.deserialize(&mut json).map_err(|error| PageError(error.to_string()))?;
    json.end().map_err(|error| PageError(error.to_string()))?;
    Ok(node)
}

#[derive(Clone, Copy)]
struct Seed<'s> {
    shape: &'s Shape,
    left: &'s Cell<u32>,
}

impl Seed<'_> {
    fn spend<E: de::Error>(self, values: usize) -> Result<(), E> {
        let values = u32::try_from(values).unwrap_or(u32::MAX);
        let left = self.left.get().checked_sub(values);
        self.left.set(left.ok_or_else(|| E::custom("too many values"))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Node<'de>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element_seed(self)? {
            self.spend(1)?;
            nodes.push(node);
        }
        Ok(Node::Array(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node<'de>, A::Error> {
        self.spend(self.shape.width())?;
        let mut slots = vec![Node::Null; self.shape.width()];
        while let Some(slot) = entries.next_key_seed(KeySeed(self.shape))? {
            match slot {
                Some(slot) => {
                    let seed = Seed { shape: self.shape.under(slot), left: self.left };
                    slots[slot] = entries.next_value_seed(seed)?;
                }
                None => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Node::Object(slots))
    }
}

/// Reads a key as its slot, without a copy.
struct KeySeed<'s>(&'s Shape);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<usize>, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.0.slot(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(keys: &[&str]) -> Shape {
        let mut shape = Shape::default();
        for key in keys {
            shape.want(key);
        }
        shape
    }

    #[test]
    fn only_wanted_keys_are_read() {
        let node = read(&shape(&["b", "d"]), br#"{"a":{"x":[1,2]},"b":"yes","c":0}"#).unwrap();
        assert_eq!(node, Node::Object(vec![Node::Text("yes".into()), Node::Null]));
    }

    #[test]
    fn hostile_bodies_are_errors() {
        let deep = "[".repeat(100_000);
        let wide = format!("[{}0]", "0,".repeat(VALUES_MAX as usize));
        let bodies: [&[u8]; 7] = [
            b"",
            b"{\"b\":",
            b"{\"b\":\"\xff\"}",
            b"{\"a\":\"\xff\"}",
            b"{} x",
            deep.as_bytes(),
            wide.as_bytes(),
        ];
        for body in bodies {
            assert!(read(&shape(&["b"]), body).is_err());
        }
    }

    #[test]
    fn depth_under_an_unwanted_key_is_skipped_without_recursion() {
        let body = format!(r#"{{"a":{}{},"b":1}}"#, "[".repeat(100_000), "]".repeat(100_000));
        let node = read(&shape(&["b"]), body.as_bytes()).unwrap();
        assert_eq!(node, Node::Object(vec![Node::Number(1.into())]));
    }
}

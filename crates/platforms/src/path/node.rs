//! A page as far as its shape wants it, borrowed from the page's text.

use std::borrow::Cow;

use serde_json::Number;

use super::scan::{PageError, Scan};
use super::shape::Shape;

/// The most values that one page may hold; at 32 bytes each this bounds memory.
const VALUES_MAX: usize = 1_000_000;
/// How deep wanted values nest at most.
const DEPTH_MAX: u32 = 64;

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

/// Reads what `shape` wants of `body`. Linear in the body.
///
/// What is wanted is checked as JSON. What is not is skipped: only its brackets and quotes are
/// counted, so that nothing after it can be mistaken.
pub(crate) fn read<'a>(shape: &Shape, body: &'a [u8]) -> Result<Node<'a>, PageError> {
    // Checked as a whole: bytes that are no text might hide in a key or in what is skipped.
    let text = std::str::from_utf8(body).map_err(PageError::no_text)?;
    let mut reader = Reader { scan: Scan::new(text), left: VALUES_MAX };
    let node = reader.value(shape, 0)?;
    match reader.scan.peek() {
        None => Ok(node),
        Some(_) => Err(reader.scan.fail("more than one value")),
    }
}

struct Reader<'a> {
    scan: Scan<'a>,
    left: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, shape: &Shape, depth: u32) -> Result<Node<'a>, PageError> {
        if depth > DEPTH_MAX {
            return Err(self.scan.fail("it nests too deeply"));
        }
        match self.scan.peek() {
            Some(b'{') => self.object(shape, depth),
            Some(b'[') => self.array(shape, depth),
            Some(b'"') => self.scan.string().map(Node::Text),
            Some(b't') => self.scan.word("true").map(|()| Node::Bool(true)),
            Some(b'f') => self.scan.word("false").map(|()| Node::Bool(false)),
            Some(b'n') => self.scan.word("null").map(|()| Node::Null),
            Some(_) => self.scan.number().map(Node::Number),
            None => Err(self.scan.fail("it ends too early")),
        }
    }

    fn object(&mut self, shape: &Shape, depth: u32) -> Result<Node<'a>, PageError> {
        self.spend(shape.width())?;
        let mut slots = vec![Node::Null; shape.width()];
        self.scan.expect(b'{')?;
        if self.scan.take(b'}') {
            return Ok(Node::Object(slots));
        }
        loop {
            let slot = shape.slot(&self.scan.string()?);
            self.scan.expect(b':')?;
            match slot {
                Some(slot) => slots[slot] = self.value(shape.under(slot), depth + 1)?,
                None => self.scan.skip()?,
            }
            if !self.scan.take(b',') {
                self.scan.expect(b'}')?;
                return Ok(Node::Object(slots));
            }
        }
    }

    fn array(&mut self, shape: &Shape, depth: u32) -> Result<Node<'a>, PageError> {
        let mut nodes = Vec::new();
        self.scan.expect(b'[')?;
        if self.scan.take(b']') {
            return Ok(Node::Array(nodes));
        }
        loop {
            self.spend(1)?;
            nodes.push(self.value(shape, depth + 1)?);
            if !self.scan.take(b',') {
                self.scan.expect(b']')?;
                return Ok(Node::Array(nodes));
            }
        }
    }

    fn spend(&mut self, values: usize) -> Result<(), PageError> {
        let left = self.left.checked_sub(values);
        self.left = left.ok_or_else(|| self.scan.fail("it holds too many values"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    fn shape(keys: &[&str]) -> Shape {
        let mut shape = Shape::default();
        for key in keys {
            shape.want(key);
        }
        shape
    }

    #[test]
    fn only_wanted_keys_are_read() {
        let body = br#" { "a" : {"x":[1,"]}\""]} , "b":"y\u00e9s","c":-0.5e3}  "#;
        let node = read(&shape(&["b", "d"]), body).unwrap();
        assert_eq!(node, Node::Object(vec![Node::Text("yés".into()), Node::Null]));
    }

    #[test]
    fn hostile_bodies_are_errors() {
        let deep = "[".repeat(100_000);
        let wide = format!("[{}0]", "0,".repeat(VALUES_MAX));
        let bodies: [&[u8]; 14] = [
            b"",
            b"{\"b\":",
            b"{\"b\":\"\xff\"}",
            b"{\"a\":\"\xff\"}",
            b"{} x",
            b"{\"a\":{\"b\":1}",
            b"{\"a\":\"x}",
            b"{\"b\":01}",
            b"{\"b\":tru}",
            b"{\"b\":\"\\u12\"}",
            b"{\"b\" 1}",
            b"[1,]",
            deep.as_bytes(),
            wide.as_bytes(),
        ];
        for body in bodies {
            let shown = String::from_utf8_lossy(&body[..body.len().min(20)]);
            assert!(read(&shape(&["b"]), body).is_err(), "{shown}");
        }
    }

    #[test]
    fn depth_under_an_unwanted_key_is_skipped_without_recursion() {
        let body = format!(r#"{{"a":{}{},"b":1}}"#, "[".repeat(100_000), "]".repeat(100_000));
        let node = read(&shape(&["b"]), body.as_bytes()).unwrap();
        assert_eq!(node, Node::Object(vec![Node::Number(1.into())]));
    }

    /// What a shape of these keys at every level wants of a value.
    fn wanted(value: &Value, keys: &[&str], depth: u32) -> Node<'static> {
        match value {
            Value::Null => Node::Null,
            Value::Bool(value) => Node::Bool(*value),
            Value::Number(value) => Node::Number(value.clone()),
            Value::String(text) => Node::Text(text.clone().into()),
            Value::Array(items) => {
                Node::Array(items.iter().map(|item| wanted(item, keys, depth)).collect())
            }
            Value::Object(_) if depth == 0 => Node::Object(Vec::new()),
            Value::Object(map) => {
                let under = |key: &&str| map.get(*key).map(|value| wanted(value, keys, depth - 1));
                Node::Object(keys.iter().map(|key| under(key).unwrap_or(Node::Null)).collect())
            }
        }
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<i32>().prop_map(|n| Value::from(f64::from(n) / 4.0)),
            "[a-c\"\\\\/\n\u{1}é🎷{}\\[\\]]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            let key = "[a-d\"é]{1,2}";
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(key, inner, 0..6)
                    .prop_map(|map| Value::Object(Map::from_iter(map))),
            ]
        })
    }

    proptest! {
        /// Another reader of JSON, which reads everything, is the judge.
        #[test]
        fn it_reads_what_is_written(value in tree(), pretty in any::<bool>()) {
            let mut shape = Shape::default();
            for first in ["a", "b"] {
                for second in ["a", "b"] {
                    shape.want(first).1.want(second);
                }
            }
            let text = match pretty {
                true => serde_json::to_string_pretty(&value).unwrap(),
                false => value.to_string(),
            };
            prop_assert_eq!(read(&shape, text.as_bytes()).unwrap(), wanted(&value, &["a", "b"], 2));
        }

        #[test]
        fn a_truncated_object_is_an_error(value in tree(), cut in 0.0..1.0f64) {
            let text = serde_json::json!({"a": value, "b": [value]}).to_string();
            let cut = text.floor_char_boundary((text.len() as f64 * cut) as usize);
            prop_assert!(read(&shape(&["a"]), &text.as_bytes()[..cut]).is_err());
        }
    }
}

//! A page as far as its shape wants it, borrowed from the page's text.

use std::borrow::Cow;

use serde_json::Number;

use super::scan::{PageError, Scan};
use super::shape::Shape;

/// The most values that one page may hold; at 32 bytes each this bounds memory.
const VALUES_MAX: usize = 1_000_000;
/// How deep wanted values nest at most.
const DEPTH_MAX: u32 = 64;

/// A value of a page. Objects hold one slot for each key of their shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node<'a> {
    /// The object does not have this key.
    Absent,
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<Node<'a>>),
}

impl Node<'_> {
    /// Whether there is no value: `null`, or no such key.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Node::Absent | Node::Null)
    }
}

/// The text of a body. Checked as a whole: bytes that are no text might hide in a key or in what is
/// skipped.
pub(crate) fn text_of(body: &[u8]) -> Result<&str, PageError> {
    std::str::from_utf8(body).map_err(PageError::no_text)
}

/// Reads what `shape` wants of a page. Linear in the page.
///
/// A value that cannot be kept (half an emoji, a number out of range, one that nests too deeply) is
/// `Null` or loses a character; an error is only what makes it unclear where the next value begins.
/// What is not wanted is skipped: only its brackets and quotes are counted.
pub(crate) fn read<'a>(shape: &Shape, text: &'a str) -> Result<Node<'a>, PageError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
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
        match self.scan.peek() {
            Some(b'{' | b'[') if depth > DEPTH_MAX => self.scan.skip().map(|()| Node::Null),
            Some(b'{') => self.object(shape, depth),
            Some(b'[') => self.array(shape, depth),
            Some(b'"') => self.scan.string().map(Node::Text),
            Some(b't' | b'f' | b'n') => Ok(match self.scan.word()? {
                "true" => Node::Bool(true),
                "false" => Node::Bool(false),
                _ => Node::Null,
            }),
            Some(_) => Ok(self.scan.number()?.map_or(Node::Null, Node::Number)),
            None => Err(self.scan.fail("it ends too early")),
        }
    }

    fn object(&mut self, shape: &Shape, depth: u32) -> Result<Node<'a>, PageError> {
        self.spend(shape.width())?;
        let mut slots = vec![Node::Absent; shape.width()];
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
        let body = r#" { "a" : {"x":[1,"]}\""]} , "b":"y\u00e9s","c":-0.5e3}  "#;
        let node = read(&shape(&["b", "d"]), body).unwrap();
        assert_eq!(node, Node::Object(vec![Node::Text("yés".into()), Node::Absent]));
    }

    #[test]
    fn hostile_bodies_are_errors() {
        let deep = "[".repeat(100_000);
        let wide = format!("[{}0]", "0,".repeat(VALUES_MAX));
        let bodies = [
            "",
            "<!doctype html><p>Log in</p>",
            r#"{"b":"#,
            "{} x",
            r#"{"a":{"b":1}"#,
            r#"{"a":"x}"#,
            r#"{"b" 1}"#,
            "[1,]",
            &deep,
            &wide,
        ];
        for body in bodies {
            let shown = &body[..body.len().min(20)];
            assert!(read(&shape(&["b"]), body).is_err(), "{shown}");
        }
        assert!(text_of(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_bad_value_costs_itself_and_not_its_page() {
        let nested = format!("{}1{}", r#"{"b":["#.repeat(500), "]}".repeat(500));
        let values = [
            (r#""\ud83d""#, Node::Text("\u{fffd}".into())),
            (r#""\ud83dx\udc1fy""#, Node::Text("\u{fffd}x\u{fffd}y".into())),
            (r#""\ud83d\ud83d\udc18""#, Node::Text("\u{fffd}🐘".into())),
            (r#""\u12""#, Node::Text("\u{fffd}12".into())),
            (r#""\q\u""#, Node::Text("\u{fffd}\u{fffd}".into())),
            ("\"a\u{1}b\n\"", Node::Text("a\u{1}b\n".into())),
            ("1e999", Node::Null),
            ("-", Node::Null),
            ("01", Node::Null),
            ("NaN", Node::Null),
            ("tru", Node::Null),
        ];
        for (value, wanted) in values {
            let page = format!(r#"{{"b":{value},"c":2}}"#);
            let read = read(&shape(&["b", "c"]), &page);
            assert_eq!(read, Ok(Node::Object(vec![wanted, Node::Number(2.into())])), "{value}");
        }
        let mut deep = shape(&["c"]);
        let mut under = &mut deep;
        for _ in 0..500 {
            under = under.want("b").1;
        }
        let page = format!(r#"[{nested},{{"c":2}}]"#);
        let Ok(Node::Array(records)) = read(&deep, &page) else { panic!("{nested}") };
        assert_eq!(records[1], Node::Object(vec![Node::Number(2.into()), Node::Absent]));
        assert_eq!(read(&shape(&["b"]), "\u{feff}{}"), Ok(Node::Object(vec![Node::Absent])));
    }

    #[test]
    fn depth_under_an_unwanted_key_is_skipped_without_recursion() {
        let body = format!(r#"{{"a":{}{},"b":1}}"#, "[".repeat(100_000), "]".repeat(100_000));
        let node = read(&shape(&["b"]), &body).unwrap();
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
                Node::Object(keys.iter().map(|key| under(key).unwrap_or(Node::Absent)).collect())
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
            prop_assert_eq!(read(&shape, &text).unwrap(), wanted(&value, &["a", "b"], 2));
        }

        #[test]
        fn a_truncated_object_is_an_error(value in tree(), cut in 0.0..1.0f64) {
            let text = serde_json::json!({"a": value, "b": [value]}).to_string();
            let cut = text.floor_char_boundary((text.len() as f64 * cut) as usize);
            prop_assert!(read(&shape(&["a"]), &text[..cut]).is_err());
        }

        /// Another reader of JSON knows what escapes stand for.
        #[test]
        fn escaped_text_reads_back(text in any::<String>()) {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            for page in [serde_json::to_string(&text).unwrap(), format!("\"{}\"", units.collect::<String>())] {
                prop_assert_eq!(read(&Shape::default(), &page).unwrap(), Node::Text(text.as_str().into()));
            }
        }
    }
}

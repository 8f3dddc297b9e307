//! The values of a page that its shape selects, borrowed from the page's text.

use std::borrow::Cow;

use serde_json::Number;

use super::scan::{JsonScanner, PageError};
use super::shape::PageShape;

/// The most values that one page may hold; at 32 bytes each this bounds memory.
const VALUES_MAX: usize = 1_000_000;
/// How deep selected values nest at most.
const DEPTH_MAX: u32 = 64;

/// A value of a page. Objects hold one slot for each key of their shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PageNode<'a> {
    /// The object does not have this key.
    Absent,
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Array(Vec<PageNode<'a>>),
    Object(Vec<PageNode<'a>>),
}

impl PageNode<'_> {
    /// Whether there is no value: `null`, or no such key.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, PageNode::Absent | PageNode::Null)
    }
}

/// The text of a body. Checked as a whole: bytes that are no text might be in a key or in what is
/// skipped.
pub(crate) fn text_of(body: &[u8]) -> Result<&str, PageError> {
    std::str::from_utf8(body).map_err(PageError::no_text)
}

/// Reads what `shape` selects of a page. Linear in the page.
///
/// A value that cannot be kept (half an emoji, a number out of range, one that nests too deeply) is
/// `Null` or loses a character; an error is only what makes it unclear where the next value begins.
/// The rest is skipped: only its brackets and quotes are counted.
pub(crate) fn read<'a>(shape: &PageShape, text: &'a str) -> Result<PageNode<'a>, PageError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = NodeReader { scan: JsonScanner::new(text), left: VALUES_MAX };
    let node = reader.value(shape, 0)?;
    match reader.scan.peek() {
        None => Ok(node),
        Some(_) => Err(reader.scan.fail("more than one value")),
    }
}

struct NodeReader<'a> {
    scan: JsonScanner<'a>,
    left: usize,
}

impl<'a> NodeReader<'a> {
    fn value(&mut self, shape: &PageShape, depth: u32) -> Result<PageNode<'a>, PageError> {
        match self.scan.peek() {
            Some(b'{' | b'[') if depth > DEPTH_MAX => self.scan.skip().map(|()| PageNode::Null),
            Some(b'{') => self.object(shape, depth),
            Some(b'[') => self.array(shape, depth),
            Some(b'"') => self.scan.string().map(PageNode::Text),
            Some(b't' | b'f' | b'n') => Ok(match self.scan.word()? {
                "true" => PageNode::Bool(true),
                "false" => PageNode::Bool(false),
                _ => PageNode::Null,
            }),
            Some(_) => Ok(self.scan.number()?.map_or(PageNode::Null, PageNode::Number)),
            None => Err(self.scan.fail("it ends too early")),
        }
    }

    fn object(&mut self, shape: &PageShape, depth: u32) -> Result<PageNode<'a>, PageError> {
        self.spend(shape.width())?;
        let mut slots = vec![PageNode::Absent; shape.width()];
        self.scan.expect(b'{')?;
        if self.scan.take(b'}') {
            return Ok(PageNode::Object(slots));
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
                return Ok(PageNode::Object(slots));
            }
        }
    }

    fn array(&mut self, shape: &PageShape, depth: u32) -> Result<PageNode<'a>, PageError> {
        let mut nodes = Vec::new();
        self.scan.expect(b'[')?;
        if self.scan.take(b']') {
            return Ok(PageNode::Array(nodes));
        }
        loop {
            self.spend(1)?;
            nodes.push(self.value(shape, depth + 1)?);
            if !self.scan.take(b',') {
                self.scan.expect(b']')?;
                return Ok(PageNode::Array(nodes));
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

    fn shape(keys: &[&str]) -> PageShape {
        let mut shape = PageShape::default();
        for key in keys {
            shape.select(key);
        }
        shape
    }

    #[test]
    fn only_wanted_keys_are_read() {
        let body = r#" { "a" : {"x":[1,"]}\""]} , "b":"y\u00e9s","c":-0.5e3}  "#;
        let node = read(&shape(&["b", "d"]), body).unwrap();
        assert_eq!(node, PageNode::Object(vec![PageNode::Text("yés".into()), PageNode::Absent]));
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
            (r#""\ud83d""#, PageNode::Text("\u{fffd}".into())),
            (r#""\ud83dx\udc1fy""#, PageNode::Text("\u{fffd}x\u{fffd}y".into())),
            (r#""\ud83d\ud83d\udc18""#, PageNode::Text("\u{fffd}🐘".into())),
            (r#""\u12""#, PageNode::Text("\u{fffd}12".into())),
            (r#""\q\u""#, PageNode::Text("\u{fffd}\u{fffd}".into())),
            ("\"a\u{1}b\n\"", PageNode::Text("a\u{1}b\n".into())),
            ("1e999", PageNode::Null),
            ("-", PageNode::Null),
            ("01", PageNode::Null),
            ("NaN", PageNode::Null),
            ("tru", PageNode::Null),
        ];
        for (value, wanted) in values {
            let page = format!(r#"{{"b":{value},"c":2}}"#);
            let read = read(&shape(&["b", "c"]), &page);
            assert_eq!(
                read,
                Ok(PageNode::Object(vec![wanted, PageNode::Number(2.into())])),
                "{value}"
            );
        }
        let mut deep = shape(&["c"]);
        let mut under = &mut deep;
        for _ in 0..500 {
            under = under.select("b").under;
        }
        let page = format!(r#"[{nested},{{"c":2}}]"#);
        let Ok(PageNode::Array(records)) = read(&deep, &page) else { panic!("{nested}") };
        assert_eq!(
            records[1],
            PageNode::Object(vec![PageNode::Number(2.into()), PageNode::Absent])
        );
        assert_eq!(
            read(&shape(&["b"]), "\u{feff}{}"),
            Ok(PageNode::Object(vec![PageNode::Absent]))
        );
    }

    #[test]
    fn depth_under_an_unwanted_key_is_skipped_without_recursion() {
        let body = format!(r#"{{"a":{}{},"b":1}}"#, "[".repeat(100_000), "]".repeat(100_000));
        let node = read(&shape(&["b"]), &body).unwrap();
        assert_eq!(node, PageNode::Object(vec![PageNode::Number(1.into())]));
    }

    /// What a shape of these keys at every level selects of a value.
    fn wanted(value: &Value, keys: &[&str], depth: u32) -> PageNode<'static> {
        match value {
            Value::Null => PageNode::Null,
            Value::Bool(value) => PageNode::Bool(*value),
            Value::Number(value) => PageNode::Number(value.clone()),
            Value::String(text) => PageNode::Text(text.clone().into()),
            Value::Array(items) => {
                PageNode::Array(items.iter().map(|item| wanted(item, keys, depth)).collect())
            }
            Value::Object(_) if depth == 0 => PageNode::Object(Vec::new()),
            Value::Object(map) => {
                let under = |key: &&str| map.get(*key).map(|value| wanted(value, keys, depth - 1));
                PageNode::Object(
                    keys.iter().map(|key| under(key).unwrap_or(PageNode::Absent)).collect(),
                )
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
        /// The oracle is another reader of JSON, which reads everything.
        #[test]
        fn it_reads_what_is_written(value in tree(), pretty in any::<bool>()) {
            let mut shape = PageShape::default();
            for first in ["a", "b"] {
                for second in ["a", "b"] {
                    shape.select(first).under.select(second);
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

        /// Another reader of JSON resolves the escapes.
        #[test]
        fn escaped_text_reads_back(text in any::<String>()) {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            for page in [serde_json::to_string(&text).unwrap(), format!("\"{}\"", units.collect::<String>())] {
                prop_assert_eq!(read(&PageShape::default(), &page).unwrap(), PageNode::Text(text.as_str().into()));
            }
        }
    }
}

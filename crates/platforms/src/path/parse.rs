//! The grammar of the extraction language.
//!
//! ```text
//! selector  = path { "|" function }
//! path      = "." [ filter ] | key [ filter ] { "." key [ filter ] }
//! filter    = "[" condition "]"
//! condition = path { "|" function } [ ( "==" | "!=" ) literal ]
//! key       = letters, digits, "_", "$", "-"  |  text in quotes
//! literal   = text in quotes | whole number | true | false | null | absent
//! function  = name [ text in quotes ]
//! ```

use super::condition::{ConditionLiteral, ConditionTest, RecordCondition};
use super::function::TextFunction;
use super::selector::{PathStep, RecordPath, SelectorWay, ValueSelector};
use super::shape::{PageShape, ShapeSlot};

/// How deep filters nest at most.
const DEPTH_MAX: u32 = 4;

/// A selector or condition that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {why}")]
pub(crate) struct SyntaxError {
    text: String,
    why: String,
}

/// A compiled path.
pub(crate) struct PathEnd<'s> {
    pub(crate) path: RecordPath,
    /// The shape at its end.
    pub(crate) shape: &'s mut PageShape,
}

impl ValueSelector {
    /// Compiles alternatives, and notes in `shape` what they need.
    pub(crate) fn parse(
        ways: &[&str],
        shape: &mut PageShape,
    ) -> Result<ValueSelector, SyntaxError> {
        let parse = |way: &&str| whole(way, |reader| reader.way(shape));
        Ok(ValueSelector { ways: ways.iter().map(parse).collect::<Result<_, _>>()? })
    }
}

impl RecordPath {
    /// Compiles a path, and notes in `shape` what it needs; also returns the shape at its end.
    pub(crate) fn parse<'s>(
        text: &str,
        shape: &'s mut PageShape,
    ) -> Result<PathEnd<'s>, SyntaxError> {
        whole(text, |reader| reader.path(shape, 0))
    }
}

impl RecordCondition {
    /// Compiles a condition, and notes in `shape` what it needs.
    pub(crate) fn parse(text: &str, shape: &mut PageShape) -> Result<RecordCondition, SyntaxError> {
        whole(text, |reader| reader.condition(shape, 0))
    }
}

/// Reads all of `text` with one rule.
fn whole<'t, T>(
    text: &'t str,
    rule: impl FnOnce(&mut SyntaxReader<'t>) -> Result<T, String>,
) -> Result<T, SyntaxError> {
    let mut reader = SyntaxReader { rest: text.trim() };
    let done = rule(&mut reader).and_then(|read| match reader.rest.trim_start() {
        "" => Ok(read),
        rest => Err(format!("`{rest}` is too much")),
    });
    done.map_err(|why| SyntaxError { text: text.to_owned(), why })
}

struct SyntaxReader<'t> {
    rest: &'t str,
}

impl SyntaxReader<'_> {
    /// Whether `token` comes next; it is then taken.
    fn take(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn way(&mut self, shape: &mut PageShape) -> Result<SelectorWay, String> {
        let PathEnd { path, .. } = self.path(shape, 0)?;
        Ok(SelectorWay { path, functions: self.functions()? })
    }

    fn functions(&mut self) -> Result<Vec<TextFunction>, String> {
        let mut functions = Vec::new();
        while self.take("|") {
            let name = self.word()?;
            let argument = self.quoted()?;
            functions.push(TextFunction::named(&name, argument.as_deref())?);
        }
        Ok(functions)
    }

    fn path<'s>(&mut self, shape: &'s mut PageShape, depth: u32) -> Result<PathEnd<'s>, String> {
        let mut path = RecordPath::default();
        if self.take(".") {
            path.root = self.filter(shape, depth)?.map(Box::new);
            return Ok(PathEnd { path, shape });
        }
        let mut at = shape;
        loop {
            let key = match self.quoted()? {
                Some(key) => key,
                None => self.word()?,
            };
            let ShapeSlot { slot, under } = at.select(&key);
            path.steps.push(PathStep { slot, filter: self.filter(under, depth)? });
            at = under;
            if !self.take(".") {
                return Ok(PathEnd { path, shape: at });
            }
        }
    }

    fn filter(
        &mut self,
        shape: &mut PageShape,
        depth: u32,
    ) -> Result<Option<RecordCondition>, String> {
        if !self.take("[") {
            return Ok(None);
        }
        if depth >= DEPTH_MAX {
            return Err("filters nest too deeply".to_owned());
        }
        let condition = self.condition(shape, depth + 1)?;
        match self.take("]") {
            true => Ok(Some(condition)),
            false => Err(format!("`]` is missing before `{}`", self.rest)),
        }
    }

    fn condition(&mut self, shape: &mut PageShape, depth: u32) -> Result<RecordCondition, String> {
        let PathEnd { path, .. } = self.path(shape, depth)?;
        let functions = self.functions()?;
        let test = match (self.take("=="), self.take("!=")) {
            (true, _) => ConditionTest::Is(self.literal()?),
            (_, true) => ConditionTest::IsNot(self.literal()?),
            _ => ConditionTest::There,
        };
        Ok(RecordCondition { path, functions, test })
    }

    fn literal(&mut self) -> Result<ConditionLiteral, String> {
        if let Some(text) = self.quoted()? {
            return Ok(ConditionLiteral::Text(text.into()));
        }
        let word = self.word()?;
        match word.as_str() {
            "true" => Ok(ConditionLiteral::Bool(true)),
            "false" => Ok(ConditionLiteral::Bool(false)),
            "null" => Ok(ConditionLiteral::Null),
            "absent" => Ok(ConditionLiteral::Absent),
            _ => word.parse().map(ConditionLiteral::Whole).map_err(|_| {
                format!("`{word}` is neither a quoted text, a whole number, true, false, null nor absent")
            }),
        }
    }

    fn word(&mut self) -> Result<String, String> {
        let text = self.rest.trim_start();
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '-');
        let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
        if length == 0 {
            return Err(format!("a key or name is missing before `{text}`"));
        }
        self.rest = &text[length..];
        Ok(text[..length].to_owned())
    }

    fn quoted(&mut self) -> Result<Option<String>, String> {
        if !self.take("\"") {
            return Ok(None);
        }
        let (text, rest) = self.rest.split_once('"').ok_or("a closing quote is missing")?;
        self.rest = rest;
        Ok(Some(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SelectorContext, read};
    use super::*;
    use proptest::prelude::*;

    fn texts(selector: &str, json: &str) -> Vec<String> {
        let mut shape = PageShape::default();
        let selector = ValueSelector::parse(&[selector], &mut shape).unwrap();
        let node = read(&shape, json).unwrap();
        let mut texts = Vec::new();
        let context = SelectorContext { host: "h.test" };
        selector.texts(&node, context, &mut |text| texts.push(text.into_owned()));
        texts
    }

    #[test]
    fn arrays_are_looked_through() {
        assert_eq!(texts("a.b", r#"{"a":[{"b":"x"},{"b":["y",3]},{"c":0}]}"#), ["x", "y", "3"]);
        assert_eq!(texts("a.b", r#"{"a":{"b":"x"}}"#), ["x"]);
        assert_eq!(texts(".", r#"["x","y"]"#), ["x", "y"]);
    }

    #[test]
    fn filters_choose_among_values() {
        let json = r#"{"l":[{"$t":"m","v":"x"},{"$t":"n","v":"y"},{"v":"z","neg":true}]}"#;
        assert_eq!(texts(r#"l["$t" == "m"].v"#, json), ["x"]);
        assert_eq!(texts("l[neg != true].v", json), ["x", "y"]);
        assert_eq!(texts("l[neg].v", json), ["z"]);
        assert_eq!(texts("l[$t == null].v", json), ["z"]);
        let json = r#"{"l":[{"v":"x","neg":null},{"v":"y","neg":false},{"v":"z"}]}"#;
        assert_eq!(texts("l[neg == absent].v", json), ["z"]);
        assert_eq!(texts("l[neg != absent].v", json), ["x", "y"]);
    }

    #[test]
    fn functions_follow_each_other() {
        let json = r#"{"u":"at://did:a/app.post/1","n":"<a href='https://A.org/x/'>","h":"ada"}"#;
        assert_eq!(texts(r#"u | capture "^at://([^/]+)/app[.]post/""#, json), ["did:a"]);
        assert_eq!(texts("n | html_links | page", json), ["a.org/x"]);
        assert_eq!(texts("h | at_host", json), ["ada@h.test"]);
        assert_eq!(texts("h | not \"ada\"", json), Vec::<String>::new());
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = [
            "",
            "a.",
            "a[b",
            "a[b == ]",
            "a[b == yes]",
            "a b",
            "a | upper",
            "a | not",
            "a | capture \"x\"",
            "a | capture \"(\"",
            "\"a",
            "a[b[c[d[e[f]]]]]",
            "a | lower \"x\"",
        ];
        for text in wrong {
            let error = ValueSelector::parse(&[text], &mut PageShape::default()).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "[a-c.|\\[\\]=!\" $]{0,24}") {
            let mut shape = PageShape::default();
            if let Ok(selector) = ValueSelector::parse(&[&text], &mut shape) {
                let node = read(&shape, r#"{"a":[{"b":"c"}],"b":{"c":null}}"#).unwrap();
                selector.texts(&node, SelectorContext::default(), &mut |_| {});
            }
        }
    }
}

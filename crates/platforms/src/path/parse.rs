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

use super::condition::{Condition, Literal, Test};
use super::function::Function;
use super::selector::{Path, Selector, Step};
use super::shape::Shape;

/// How deep filters nest at most.
const DEPTH_MAX: u32 = 4;

/// A selector or condition that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {why}")]
pub(crate) struct SyntaxError {
    text: String,
    why: String,
}

impl Selector {
    /// Compiles alternatives, and notes in `shape` what they need.
    pub(crate) fn parse(ways: &[&str], shape: &mut Shape) -> Result<Selector, SyntaxError> {
        let parse = |way: &&str| whole(way, |reader| reader.way(shape));
        Ok(Selector { ways: ways.iter().map(parse).collect::<Result<_, _>>()? })
    }
}

impl Path {
    /// Compiles a path, and notes in `shape` what it needs; also gives the shape at its end.
    pub(crate) fn parse<'s>(
        text: &str,
        shape: &'s mut Shape,
    ) -> Result<(Path, &'s mut Shape), SyntaxError> {
        whole(text, |reader| reader.path(shape, 0))
    }
}

impl Condition {
    /// Compiles a condition, and notes in `shape` what it needs.
    pub(crate) fn parse(text: &str, shape: &mut Shape) -> Result<Condition, SyntaxError> {
        whole(text, |reader| reader.condition(shape, 0))
    }
}

/// Reads all of `text` with one rule.
fn whole<'t, T>(
    text: &'t str,
    rule: impl FnOnce(&mut Reader<'t>) -> Result<T, String>,
) -> Result<T, SyntaxError> {
    let mut reader = Reader { rest: text.trim() };
    let done = rule(&mut reader).and_then(|read| match reader.rest.trim_start() {
        "" => Ok(read),
        rest => Err(format!("`{rest}` is too much")),
    });
    done.map_err(|why| SyntaxError { text: text.to_owned(), why })
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
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

    fn way(&mut self, shape: &mut Shape) -> Result<(Path, Vec<Function>), String> {
        let (path, _) = self.path(shape, 0)?;
        Ok((path, self.functions()?))
    }

    fn functions(&mut self) -> Result<Vec<Function>, String> {
        let mut functions = Vec::new();
        while self.take("|") {
            let name = self.word()?;
            let argument = self.quoted()?;
            functions.push(Function::named(&name, argument.as_deref())?);
        }
        Ok(functions)
    }

    fn path<'s>(
        &mut self,
        shape: &'s mut Shape,
        depth: u32,
    ) -> Result<(Path, &'s mut Shape), String> {
        let mut path = Path::default();
        if self.take(".") {
            path.root = self.filter(shape, depth)?.map(Box::new);
            return Ok((path, shape));
        }
        let mut at = shape;
        loop {
            let key = match self.quoted()? {
                Some(key) => key,
                None => self.word()?,
            };
            let (slot, under) = at.want(&key);
            path.steps.push(Step { slot, filter: self.filter(under, depth)? });
            at = under;
            if !self.take(".") {
                return Ok((path, at));
            }
        }
    }

    fn filter(&mut self, shape: &mut Shape, depth: u32) -> Result<Option<Condition>, String> {
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

    fn condition(&mut self, shape: &mut Shape, depth: u32) -> Result<Condition, String> {
        let (path, _) = self.path(shape, depth)?;
        let functions = self.functions()?;
        let test = match (self.take("=="), self.take("!=")) {
            (true, _) => Test::Is(self.literal()?),
            (_, true) => Test::IsNot(self.literal()?),
            _ => Test::There,
        };
        Ok(Condition { path, functions, test })
    }

    fn literal(&mut self) -> Result<Literal, String> {
        if let Some(text) = self.quoted()? {
            return Ok(Literal::Text(text.into()));
        }
        let word = self.word()?;
        match word.as_str() {
            "true" => Ok(Literal::Bool(true)),
            "false" => Ok(Literal::Bool(false)),
            "null" => Ok(Literal::Null),
            "absent" => Ok(Literal::Absent),
            _ => word.parse().map(Literal::Whole).map_err(|_| {
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
    use super::super::{Context, read};
    use super::*;
    use proptest::prelude::*;

    fn texts(selector: &str, json: &str) -> Vec<String> {
        let mut shape = Shape::default();
        let selector = Selector::parse(&[selector], &mut shape).unwrap();
        let node = read(&shape, json).unwrap();
        let mut texts = Vec::new();
        let context = Context { host: "h.test" };
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
            let error = Selector::parse(&[text], &mut Shape::default()).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "[a-c.|\\[\\]=!\" $]{0,24}") {
            let mut shape = Shape::default();
            if let Ok(selector) = Selector::parse(&[&text], &mut shape) {
                let node = read(&shape, r#"{"a":[{"b":"c"}],"b":{"c":null}}"#).unwrap();
                selector.texts(&node, Context::default(), &mut |_| {});
            }
        }
    }
}

//! Request templates: text with `{names}` in it. No logic, so nothing to bound but the names.

use std::fmt;

/// What a request may be filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TemplateName {
    NativeId,
    NativeIds,
    NativeHost,
    NativePath,
    Handle,
    AcctUser,
    AcctHost,
    Host,
    LocalId,
    PageSize,
    Cursor,
    Item,
}

const NAMES: [(&str, TemplateName); 12] = [
    ("native_id", TemplateName::NativeId),
    ("native_ids", TemplateName::NativeIds),
    ("native_host", TemplateName::NativeHost),
    ("native_path", TemplateName::NativePath),
    ("handle", TemplateName::Handle),
    ("handle_name", TemplateName::AcctUser),
    ("handle_host", TemplateName::AcctHost),
    ("host", TemplateName::Host),
    ("local_id", TemplateName::LocalId),
    ("page_size", TemplateName::PageSize),
    ("cursor", TemplateName::Cursor),
    ("item", TemplateName::Item),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplatePart {
    Literal(Box<str>),
    Name(TemplateName),
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextTemplate {
    parts: Vec<TemplatePart>,
}

/// A template with an unknown name or a missing brace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {why}")]
pub(crate) struct TemplateError {
    text: String,
    why: String,
}

impl TextTemplate {
    /// Reads a template; unknown names are errors.
    pub(crate) fn parse(text: &str) -> Result<TextTemplate, TemplateError> {
        let fail = |why: String| TemplateError { text: text.to_owned(), why };
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| fail("a `}` is missing".to_owned()))?;
            let known = NAMES.iter().find(|(known, _)| *known == name);
            let (_, name) = known.ok_or_else(|| fail(unknown(name)))?;
            if !before.is_empty() {
                parts.push(TemplatePart::Literal(before.into()));
            }
            parts.push(TemplatePart::Name(*name));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(TemplatePart::Literal(rest.into()));
        }
        Ok(TextTemplate { parts })
    }

    /// Whether it holds this name.
    pub(crate) fn has(&self, name: TemplateName) -> bool {
        self.parts.contains(&TemplatePart::Name(name))
    }

    /// Every name in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = TemplateName> + '_ {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Name(name) => Some(*name),
            TemplatePart::Literal(_) => None,
        })
    }

    /// The filled template, each value passed through `escape`; the missing name otherwise.
    pub(crate) fn fill<'v>(
        &self,
        value: &dyn Fn(TemplateName) -> Option<&'v str>,
        escape: &dyn Fn(&str, &mut String),
    ) -> Result<String, TemplateName> {
        let mut out = String::with_capacity(64);
        for part in &self.parts {
            match part {
                TemplatePart::Literal(text) => out.push_str(text),
                TemplatePart::Name(name) => escape(value(*name).ok_or(*name)?, &mut out),
            }
        }
        Ok(out)
    }
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    format!("unknown name `{name}`: take one of {}", known.join(", "))
}

impl fmt::Display for TemplateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = NAMES.iter().find(|(_, name)| name == self);
        f.write_str(known.map_or("?", |(text, _)| text))
    }
}

/// Appends `text` with everything percent-encoded but RFC 3986's unreserved characters and `:`.
pub(crate) fn escape_url(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// Appends `text` escaped for a JSON string.
pub(crate) fn escape_json(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
}

/// Appends `text` as it is.
pub(crate) fn plain(text: &str, out: &mut String) {
    out.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_and_escaped() {
        let template = TextTemplate::parse("/x/{native_id}?h={handle}").unwrap();
        let value = |name| match name {
            TemplateName::NativeId => Some("did:plc:a/b"),
            TemplateName::Handle => Some("é &"),
            _ => None,
        };
        let filled = template.fill(&value, &escape_url).unwrap();
        assert_eq!(filled, "/x/did:plc:a%2Fb?h=%C3%A9%20%26");
        assert_eq!(template.fill(&|_| None, &escape_url), Err(TemplateName::NativeId));
    }

    #[test]
    fn text_stays_inside_its_json_string() {
        let mut out = String::new();
        escape_json("a\"b\\c\n", &mut out);
        assert_eq!(out, "a\\\"b\\\\c\\u000a");
    }

    #[test]
    fn mistakes_name_what_is_known() {
        let unknown = TextTemplate::parse("{nativeid}").unwrap_err().to_string();
        assert!(unknown.contains("nativeid") && unknown.contains("native_id,"));
        assert!(TextTemplate::parse("{host").is_err());
    }
}

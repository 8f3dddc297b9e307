//! The few functions that a selector may apply to its texts. Each takes one text and returns
//! none, one or several; none of them can fail or take more than linear time.

use std::borrow::Cow;

use model::identity::normalise_page;
use regex::Regex;

use crate::html;

/// The most texts that one function makes of one.
const TEXTS_MAX: usize = 64;

/// One step behind a `|`.
#[derive(Debug, Clone)]
pub(crate) enum TextFunction {
    /// `at_host`: appends `@` and the answering host, unless the text has an `@`.
    AtHost,
    /// `capture "regex"`: the first group; nothing where it does not match.
    Capture(Box<Regex>),
    /// `html_links`: the targets of the text's links.
    HtmlLinks,
    /// `html_text`: the text without its tags.
    HtmlText,
    /// `lower`: in lower case.
    Lower,
    /// `not "text"`: nothing where it is this text, or ends with it if that begins with a dot.
    Not(Box<str>),
    /// `prefix "text"`: the text behind this one.
    Prefix(Box<str>),
    /// `page`: a URL, or a bare domain, in the form in which pages are compared.
    Page,
}

impl TextFunction {
    /// The function of a name and its argument; says what is wrong with them otherwise.
    pub(super) fn named(name: &str, argument: Option<&str>) -> Result<TextFunction, String> {
        match (name, argument) {
            ("at_host", None) => Ok(TextFunction::AtHost),
            ("html_links", None) => Ok(TextFunction::HtmlLinks),
            ("html_text", None) => Ok(TextFunction::HtmlText),
            ("lower", None) => Ok(TextFunction::Lower),
            ("page", None) => Ok(TextFunction::Page),
            ("prefix", Some(text)) => Ok(TextFunction::Prefix(text.into())),
            ("not", Some(text)) => Ok(TextFunction::Not(text.into())),
            ("capture", Some(pattern)) => match Regex::new(pattern) {
                Ok(regex) if regex.captures_len() > 1 => Ok(TextFunction::Capture(Box::new(regex))),
                Ok(_) => Err(format!("capture \"{pattern}\" has no group to capture")),
                Err(error) => Err(format!("capture \"{pattern}\": {error}")),
            },
            ("not" | "capture" | "prefix", None) => Err(format!("`{name}` needs a text in quotes")),
            (_, Some(_)) => Err(format!("`{name}` takes no text, or is unknown")),
            _ => Err(format!(
                "unknown function `{name}`: take at_host, capture, html_links, html_text, lower, \
                 not, page or prefix"
            )),
        }
    }

    /// Applies it; `give` is called with each result.
    pub(super) fn apply<'t>(
        &self,
        text: Cow<'t, str>,
        host: &str,
        give: &mut dyn FnMut(Cow<'t, str>),
    ) {
        match self {
            TextFunction::AtHost if text.contains('@') => give(text),
            TextFunction::AtHost => give(Cow::Owned(format!("{text}@{host}"))),
            TextFunction::Capture(regex) => capture(regex, text).into_iter().for_each(give),
            TextFunction::HtmlLinks => {
                let links = html::links(&text).into_iter().take(TEXTS_MAX);
                links.for_each(|link| give(Cow::Owned(link)));
            }
            TextFunction::HtmlText => give(Cow::Owned(html::text(&text))),
            TextFunction::Lower => give(Cow::Owned(text.to_lowercase())),
            TextFunction::Not(bad) if is_refused(&text, bad) => {}
            TextFunction::Not(_) => give(text),
            TextFunction::Prefix(prefix) => give(Cow::Owned(format!("{prefix}{text}"))),
            TextFunction::Page => page(&text).map(Cow::Owned).into_iter().for_each(give),
        }
    }
}

fn capture<'t>(regex: &Regex, text: Cow<'t, str>) -> Option<Cow<'t, str>> {
    let range = regex.captures(&text)?.get(1)?.range();
    Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
        Cow::Owned(text) => Cow::Owned(text[range].to_owned()),
    })
}

fn is_refused(text: &str, bad: &str) -> bool {
    text == bad || (bad.starts_with('.') && text.ends_with(bad))
}

fn page(text: &str) -> Option<String> {
    match text.contains("://") {
        true => normalise_page(text),
        false => normalise_page(&format!("https://{text}")),
    }
}

//! The forms of texts. A text whose example in the document is an id, a cursor or an amount gets the pattern of what
//! the server takes, so that no annotation has to repeat it.

use std::borrow::Cow;

use model::platform::HandleForm;
use model::{Account, Platform};
use serde_json::{Map, Value, json};

use crate::cursor::CURSOR_LENGTH_MAX;

/// Digits of Crockford base32, and the letters that are read as such.
macro_rules! digits {
    () => {
        "[0-9A-TV-Za-tv-z]"
    };
}

/// An id of 53 bits.
macro_rules! short_id {
    ($prefix:literal) => {
        (concat!($prefix, "_"), concat!("^", $prefix, "_0{0,2}[0-7]?", digits!(), "{1,10}$"))
    };
}

/// An id of 64 bits.
macro_rules! long_id {
    ($prefix:literal) => {
        (concat!($prefix, "_"), concat!("^", $prefix, "_[0-9A-Fa-f]?", digits!(), "{1,12}$"))
    };
}

/// What an example begins with, and the pattern of all such texts.
const FORMS: [(&str, &str); 14] = [
    short_id!("per"),
    short_id!("prf"),
    long_id!("com"),
    long_id!("run"),
    long_id!("snp"),
    long_id!("key"),
    long_id!("qt"),
    long_id!("alr"),
    long_id!("dlv"),
    long_id!("prq"),
    long_id!("exp"),
    ("chg_", "^chg_[0-9a-hjkmnp-tv-z]{32}$"),
    ("2026-11-", DAY),
    ("2026-11", "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$"),
];

/// A day from 1970 to 2148. The 29th of February is taken, too, where there is one.
const DAY: &str = "^(19[7-9][0-9]|20[0-9]{2}|21[0-3][0-9]|214[0-8])-\
    ((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)$";

/// Gives patterns to all texts of a document that have an example of a known form.
pub(super) fn give_patterns(value: &mut Value) {
    match value {
        Value::Object(object) => {
            give_pattern(object);
            object.values_mut().for_each(give_patterns);
        }
        Value::Array(items) => items.iter_mut().for_each(give_patterns),
        _ => {}
    }
}

/// Gives the parameters of these names their forms. A parameter is left out, and never `null`.
pub(super) fn give_names_forms(parameters: &mut Value) {
    for parameter in parameters.as_array_mut().into_iter().flatten() {
        if let Some(kinds) = parameter.pointer_mut("/schema/type")
            && let Some([kind]) = kinds.as_array().map(|kinds| without_null(kinds)).as_deref()
        {
            *kinds = kind.clone();
        }
        let form = match parameter["name"].as_str() {
            Some("cursor") => cursor_form(),
            Some("account") => account_form(),
            Some("seeds") => seeds_form(),
            Some("name") => json!({"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"}),
            _ => continue,
        };
        if parameter["schema"]["type"] == "string" {
            parameter["schema"] = form;
        }
    }
}

fn without_null(kinds: &[Value]) -> Vec<Value> {
    kinds.iter().filter(|kind| **kind != "null").cloned().collect()
}

fn cursor_form() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": CURSOR_LENGTH_MAX})
}

fn account_form() -> Value {
    json!({"type": "string", "pattern": account_pattern(), "maxLength": 256})
}

/// Up to 50 people, each by id or by account.
fn seeds_form() -> Value {
    let bare = |pattern: &str| pattern.trim_matches(['^', '$']).to_owned();
    let id = pattern_of("per_1").map(bare).unwrap_or_default();
    let one = format!("({id}|{})", bare(&account_pattern()));
    json!({"type": "string", "pattern": format!("^{one}(,{one}){{0,49}}$")})
}

/// Accounts as most are named: the server takes more, such as names in other scripts. No comma is in one.
pub(crate) fn account_pattern() -> String {
    let word = "[A-Za-z0-9_]{1,30}([.-][A-Za-z0-9_]{1,30}){0,5}";
    let handles = [
        (HandleForm::Address, format!("{word}(@{word})?")),
        (HandleForm::Domain, format!("(did:[a-z]{{1,16}}:)?{word}")),
        (HandleForm::Word, r"[!-+\--?A-~]{1,64}".to_owned()),
        (HandleForm::Native, r"[!-+\--~]{1,128}".to_owned()),
    ];
    let accounts = handles.map(|(form, handle)| {
        let platforms = Platform::all().filter(|platform| platform.handles() == form);
        let names: Vec<&str> = platforms.map(Platform::slug).collect();
        format!("({}):{handle}", names.join("|"))
    });
    format!("^({})$", accounts.join("|"))
}

/// The pattern of an example of any form.
fn form_of(example: &str) -> Option<Cow<'static, str>> {
    if example.parse::<Account>().is_ok() {
        return Some(account_pattern().into());
    }
    pattern_of(example).map(Cow::Borrowed)
}

/// A parameter has its schema beside the example; the example of a list is a list.
fn give_pattern(object: &mut Map<String, Value>) {
    let Some(example) = object.get("example") else { return };
    let (example, is_list) = match example {
        Value::Array(items) => (items.first(), true),
        one => (Some(one), false),
    };
    let Some(pattern) = example.and_then(Value::as_str).and_then(form_of) else { return };
    let schema = match object.get_mut("schema") {
        Some(Value::Object(schema)) => schema,
        Some(_) => return,
        None => object,
    };
    let schema = match schema.get_mut("items") {
        Some(Value::Object(items)) if is_list => items,
        _ if is_list => return,
        _ => schema,
    };
    if is_text(schema) {
        schema.entry("pattern").or_insert_with(|| Value::from(pattern.into_owned()));
    }
}

/// The pattern of all texts that have the form of an example.
pub(crate) fn pattern_of(example: &str) -> Option<&'static str> {
    FORMS.iter().find(|(prefix, _)| example.starts_with(prefix)).map(|(_, pattern)| *pattern)
}

fn is_text(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_has_the_pattern_of_its_example() {
        let mut document = json!({
            "parameter": {"name": "id", "schema": {"type": "string"}, "example": "per_2000000001"},
            "property": {"type": ["string", "null"], "example": "run_1"},
            "list": {"type": "array", "items": {"type": "string"}, "example": ["prf_1"]},
            "other": {"type": "string", "example": "person"},
            "number": {"type": "integer", "example": 3},
        });
        give_patterns(&mut document);
        let at = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
        let person = "^per_0{0,2}[0-7]?[0-9A-TV-Za-tv-z]{1,10}$";
        assert_eq!(at("/parameter/schema/pattern"), Some(person));
        assert!(at("/property/pattern").is_some_and(|pattern| pattern.starts_with("^run_")));
        assert!(at("/list/items/pattern").is_some_and(|pattern| pattern.starts_with("^prf_")));
        assert_eq!((at("/other/pattern"), at("/number/pattern")), (None, None));
    }
}

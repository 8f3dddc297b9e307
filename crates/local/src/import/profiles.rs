//! Profiles from a file of one JSON object a line.

use anyhow::Result;
use model::account::{HANDLE_BYTES_MAX, check_native_id};
use model::observation::{NamedProfile, SeenProfile};
use model::profile_text::{ProfileTexts, TextForm, URL_BYTES_MAX};
use model::{Consent, PersonKind};
use serde::Deserialize;

use crate::import::lines::{BadLines, NumberedLine, TextLines};

/// One line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonProfile {
    id: String,
    handle: Option<String>,
    #[serde(flatten)]
    texts: ProfileTexts,
    followers: Option<u32>,
    following: Option<u32>,
    posts: Option<u32>,
    #[serde(default)]
    kind: PersonKind,
    /// Whether it may be served; `false` makes it unlisted.
    listed: Option<bool>,
}

/// The profiles of a file.
#[derive(Debug, Default)]
pub(crate) struct ProfilesFile {
    /// In the order of their lines.
    pub(crate) profiles: Vec<SeenProfile>,
    /// Lines that could not be read.
    pub(crate) bad: BadLines,
}

/// Reads a file; bad lines are only noted.
pub(crate) fn read(mut lines: TextLines) -> Result<ProfilesFile> {
    let mut file = ProfilesFile::default();
    while let Some(NumberedLine { number, text }) = lines.next()? {
        match text.map_err(str::to_owned).and_then(parse) {
            Ok(Some(profile)) => file.profiles.push(profile),
            Ok(None) => {}
            Err(error) => file.bad.add(number, &error),
        }
    }
    Ok(file)
}

fn parse(line: &str) -> Result<Option<SeenProfile>, String> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let line: JsonProfile =
        serde_json::from_str(line).map_err(|error| format!("is no profile: {error}"))?;
    check(&line)?;
    Ok(Some(SeenProfile {
        named: NamedProfile { native_id: line.id, handle: line.handle, host: None },
        texts: line.texts,
        followers: line.followers,
        following: line.following,
        posts: line.posts,
        kind: line.kind,
        consent: if line.listed == Some(false) { Consent::UNLISTED } else { Consent::default() },
        ..SeenProfile::default()
    }))
}

/// Checks that a line can be stored as it is.
fn check(line: &JsonProfile) -> Result<(), String> {
    check_native_id(&line.id).map_err(|error| format!("has an id that {error}"))?;
    if let Some(handle) = &line.handle {
        check_text("handle", handle, Some(HANDLE_BYTES_MAX))?;
    }
    for (text, value) in line.texts.iter() {
        let bytes_max = (text.form() == TextForm::Url).then_some(URL_BYTES_MAX);
        check_text(text.slug(), value, bytes_max)?;
    }
    Ok(())
}

fn check_text(field: &str, text: &str, bytes_max: Option<usize>) -> Result<(), String> {
    if text.contains('\0') {
        return Err(format!("has a {field} with a NUL character in it"));
    }
    match bytes_max.filter(|max| text.len() > *max) {
        Some(max) => Err(format!("has a {field} of more than {max} bytes")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_profile_or_an_error() {
        let ada = parse(r#"{"id":"1","handle":"ada","kind":"person"}"#).unwrap().unwrap();
        assert_eq!(ada.named.handle.as_deref(), Some("ada"));
        assert_eq!(ada.kind, PersonKind::Person);
        assert!(ada.consent.is_listed());
        let shy = parse(r#"{"id":"1","listed":false}"#).unwrap().unwrap();
        assert_eq!(shy.consent, Consent::UNLISTED);
        assert!(parse("").unwrap().is_none());
        assert!(parse(r#"{"handle":"ada"}"#).unwrap_err().contains("id"));
        assert!(parse(r#"{"id":""}"#).unwrap_err().contains("empty"));
        assert!(parse(r#"{"id":"a\u0000"}"#).unwrap_err().contains("id that has a NUL"));
        assert!(parse(r#"{"id":"a","bio":"\u0000"}"#).unwrap_err().contains("bio with a NUL"));
        let long = |field: &str| format!(r#"{{"{field}":"{}","id":"1"}}"#, "x".repeat(2_049));
        assert!(parse(&long("handle")).unwrap_err().contains("handle of more than 2048"));
        assert!(parse(&long("bio")).is_ok());
        assert!(parse(r#"{"id":"1","shoe_size":44}"#).unwrap_err().contains("shoe_size"));
    }
}

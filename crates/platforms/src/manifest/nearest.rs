//! The known word that a wrong one was probably meant to be.

/// Below this likeness, from 0 to 1, a word is not meant.
const LIKE_MIN: f64 = 0.75;

/// The known word most like `word`, if one is like it. Time O(words × length²).
pub(super) fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let like = |known: &'w str| (strsim::jaro_winkler(word, known), known);
    let likes = known.into_iter().map(like).filter(|(likeness, _)| *likeness >= LIKE_MIN);
    likes.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// What to take instead of a word: the nearest first, then all there are.
pub(super) fn instead<'w>(word: &str, known: impl IntoIterator<Item = &'w str> + Clone) -> String {
    let all: Vec<&str> = known.clone().into_iter().collect();
    match nearest(word, known) {
        Some(meant) => format!("did you mean `{meant}`? There are {}", all.join(", ")),
        None if all.is_empty() => "there are none".to_owned(),
        None => format!("take one of {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_another_word_is_not() {
        let known = ["records", "request", "pager"];
        assert_eq!(nearest("recrods", known), Some("records"));
        assert_eq!(nearest("requests", known), Some("request"));
        assert_eq!(nearest("colour", known), None);
        let hint = instead("pgaer", known);
        assert_eq!(hint, "did you mean `pager`? There are records, request, pager");
        assert_eq!(instead("x", ["a", "b"]), "take one of a, b");
        assert_eq!(instead("x", []), "there are none");
    }
}

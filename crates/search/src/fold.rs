//! One form for texts that people take for the same: compatibility forms, case and diacritics of
//! alphabetic scripts are folded (`Ångström`, `ångström` and `ＡＮＧＳＴＲＯＭ` are `angstrom`).

use unicode_normalization::UnicodeNormalization as _;

/// The folded form: NFKD, without combining diacritics (U+0300 to U+036F), in lower case, NFC.
///
/// Marks of other scripts stay, because there they make words; folding twice changes nothing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let bare = text.nfkd().filter(|&c| !is_diacritic(c)).flat_map(char::to_lowercase);
    bare.map(|c| if c == 'ς' { 'σ' } else { c }).nfc().collect()
}

const fn is_diacritic(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_width_and_diacritics_are_folded() {
        for (text, folded) in [
            ("Ångström", "angstrom"),
            ("ＡＢＣ１２", "abc12"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδοσ"),
            ("οδός", "οδοσ"),
            ("ガギグ", "ガギグ"),
            ("한국", "한국"),
            ("हिन्दी", "हिन्दी"),
            ("ﬁn", "fin"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    #[test]
    fn folding_any_character_twice_changes_nothing() {
        for c in '\0'..=char::MAX {
            let once = fold(&c.to_string());
            assert_eq!(fold(&once), once, "{c} U+{:x}", c as u32);
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text: String) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}

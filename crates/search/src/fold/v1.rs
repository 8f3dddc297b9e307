//! The folding of runs that were published before there were versions.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::CharClass;

/// NFKD, without combining diacritics (U+0300 to U+036F), in lower case, NFC.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let bare = text.nfkd().filter(|&c| !is_diacritic(c)).flat_map(char::to_lowercase);
    bare.map(|c| if c == 'ς' { 'σ' } else { c }).nfc().collect()
}

const fn is_diacritic(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

pub(super) fn class(c: char) -> CharClass {
    match c {
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' => {
            CharClass::Unspaced
        }
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => {
            CharClass::Unspaced
        }
        '\u{20000}'..='\u{3ffff}' => CharClass::Unspaced,
        _ if c.is_alphanumeric() || is_combining_mark(c) => CharClass::Letter,
        _ => CharClass::Between,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_width_and_diacritics_are_folded() {
        for (text, folded) in [
            ("Ångström", "angstrom"),
            ("ＡＢＣ１２", "abc12"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδοσ"),
            ("ガギグ", "ガギグ"),
            ("한국", "한국"),
            ("हिन्दी", "हिन्दी"),
            ("Łódź", "łodz"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }
}

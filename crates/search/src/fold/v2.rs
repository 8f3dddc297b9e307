//! The folding of new runs.
//!
//! | what | folded | library |
//! |---|---|---|
//! | forms of one character: width, ligatures, fonts, presentation | NFKD, at last NFC | `unicode-normalization` |
//! | case, `ß`, `ς` | full case folding | `icu_casemap` |
//! | marks that people leave out: accents, vowel points, nukta | dropped | `icu_properties` |
//! | invisible characters | dropped | `icu_properties` |
//! | Latin letters that have no decomposition (`ł`, `ø`, `æ`, `ı`), digits | ASCII | `any_ascii` |
//! | Arabic letters that are typed one for another | one of them | here |
//!
//! Marks that make words stay: vowels of Indic scripts and Thai, voicing of kana. No script is
//! written in another: Cyrillic stays Cyrillic.

use any_ascii::any_ascii_char;
use icu_casemap::CaseMapper;
use icu_properties::props::{
    BinaryProperty as _, DefaultIgnorableCodePoint, EnumeratedProperty as _, ExtendedPictographic,
    GeneralCategory, RegionalIndicator, Script,
};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::CharClass;

/// Holds words apart that belong together, unseen: in Persian, and where a line may end.
const UNSEEN_JOINERS: [char; 2] = ['\u{200b}', '\u{200c}'];

pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let seen: String = text.chars().map(apostrophe).nfkd().filter(|&c| is_typed(c)).collect();
    let folded = CaseMapper::new().fold_string(&seen);
    let mut plain = String::with_capacity(folded.len());
    folded.chars().for_each(|c| push_plain(&mut plain, c));
    plain.nfc().collect()
}

/// Its decomposition begins with a space, but people type it within names.
fn apostrophe(c: char) -> char {
    if c == '´' { '\'' } else { c }
}

/// Whether a decomposed character is typed in queries for its word.
fn is_typed(c: char) -> bool {
    match c {
        // The voicing of kana, which makes another syllable.
        '\u{3099}' | '\u{309a}' => true,
        // Nukta of Devanagari; kashida, which only stretches a word; hamza without a seat.
        '\u{93c}' | '\u{640}' | '\u{621}' => false,
        _ if c.is_ascii() || UNSEEN_JOINERS.contains(&c) => true,
        _ => !is_left_out(c) && !DefaultIgnorableCodePoint::for_char(c),
    }
}

/// Marks that people leave out: accents of any script, and points of scripts that are mostly
/// written without.
fn is_left_out(c: char) -> bool {
    const SCRIPTS: [Script; 8] = [
        Script::Inherited,
        Script::Common,
        Script::Latin,
        Script::Greek,
        Script::Cyrillic,
        Script::Arabic,
        Script::Hebrew,
        Script::Syriac,
    ];
    let mark = matches!(
        GeneralCategory::for_char(c),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    );
    mark && SCRIPTS.contains(&Script::for_char(c))
}

/// The letter as it is typed where its own key is missing.
fn push_plain(plain: &mut String, c: char) {
    match c {
        _ if c.is_ascii() => plain.push(c),
        'ٱ' => plain.push('ا'),
        'ى' | 'ی' => plain.push('ي'),
        'ک' => plain.push('ك'),
        'ة' | 'ہ' | 'ھ' | 'ە' | 'ۃ' => plain.push('ه'),
        'ґ' => plain.push('г'),
        // Candrabindu as anusvara.
        '\u{901}' => plain.push('\u{902}'),
        _ if is_latin_or_digit(c) => push_ascii(plain, c),
        _ => plain.push(c),
    }
}

fn is_latin_or_digit(c: char) -> bool {
    Script::for_char(c) == Script::Latin
        || GeneralCategory::for_char(c) == GeneralCategory::DecimalNumber
}

fn push_ascii(plain: &mut String, c: char) {
    match any_ascii_char(c) {
        "" => plain.push(c),
        ascii => plain.extend(ascii.chars().map(|c| c.to_ascii_lowercase())),
    }
}

/// The text with letters spelled out; `None` if it has none of them.
pub(super) fn spell_out(text: &str) -> Option<String> {
    let spelled = |c: char| match c {
        'ä' | 'Ä' => Some("ae"),
        'ö' | 'Ö' | 'ø' | 'Ø' => Some("oe"),
        'ü' | 'Ü' => Some("ue"),
        'å' | 'Å' => Some("aa"),
        'đ' | 'Đ' => Some("dj"),
        _ => None,
    };
    if text.is_ascii() || !text.nfc().any(|c| spelled(c).is_some()) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.nfc() {
        match spelled(c) {
            Some(two) => out.push_str(two),
            None => out.push(c),
        }
    }
    Some(out)
}

pub(super) fn class(c: char) -> CharClass {
    match c {
        '0'..='9' | 'a'..='z' => CharClass::Letter,
        '\'' | '-' | '_' | '·' | '・' | '’' | '‘' | '`' | '\u{2bb}'..='\u{2bf}' => {
            CharClass::Joiner
        }
        '\u{2b9}' | '\u{2010}'..='\u{2015}' | '\u{58a}' | '\u{5be}' => CharClass::Joiner,
        // Geresh and gershayim.
        '\u{5f3}' | '\u{5f4}' => CharClass::Joiner,
        _ if c.is_ascii() => CharClass::Between,
        _ if UNSEEN_JOINERS.contains(&c) => CharClass::Joiner,
        _ if RegionalIndicator::for_char(c) => CharClass::Regional,
        _ if ExtendedPictographic::for_char(c) => CharClass::Emblem,
        _ if !c.is_alphanumeric() && !is_combining_mark(c) => CharClass::Between,
        _ if is_unspaced(c) => CharClass::Unspaced,
        _ => CharClass::Letter,
    }
}

/// Whether words of its script stand side by side, or carry endings as in Korean.
fn is_unspaced(c: char) -> bool {
    const SCRIPTS: [Script; 14] = [
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Hangul,
        Script::Bopomofo,
        Script::Yi,
        Script::Thai,
        Script::Lao,
        Script::Khmer,
        Script::Myanmar,
        Script::TaiTham,
        Script::NewTaiLue,
        Script::Javanese,
        Script::Balinese,
    ];
    // The mark of a long vowel is common to both kana.
    c == 'ー' || matches!(c, '\u{3099}' | '\u{309a}') || SCRIPTS.contains(&Script::for_char(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that people take for the same, each with its folded form.
    #[test]
    fn what_people_take_for_the_same_is_one() {
        for (folded, texts) in [
            ("lukasz", &["Łukasz", "LUKASZ", "lukasz"][..]),
            ("weiss", &["Weiß", "WEISS", "WEIẞ", "Weiſs"]),
            ("aesir", &["Æsir", "æsir", "Ǽsir"]),
            ("oystein", &["Øystein", "ØYSTEIN", "o\u{338}ystein"]),
            ("isik", &["ışık", "IŞIK", "Işık", "isik", "IS\u{327}IK"]),
            ("istanbul", &["İstanbul", "ISTANBUL", "istanbul", "ıstanbul", "I\u{307}stanbul"]),
            ("angstrom", &["Ångström", "Ａｎｇｓｔｒｏｍ", "𝓐𝓷𝓰𝓼𝓽𝓻𝓸𝓶", "ᴀɴɢsᴛʀᴏᴍ"]),
            ("dorde thorn", &["Đorđe Þorn", "ÐORÐE þorn"]),
            ("nguyen duc", &["Nguyễn Đức", "NGUYỄN ĐỨC", "nguyê\u{303}n d\u{304}uc"]),
            ("hausa kdb", &["Hausa ƙɗɓ"]),
            ("oeuvre", &["Œuvre", "œuvre"]),
            ("fiancee", &["ﬁancée", "fiance\u{301}e", "FIANCÉE"]),
            ("οδοσ", &["ΟΔΟΣ", "οδός", "Οδος", "ὁδὸς"]),
            ("алексеи елкин", &["Алексей Ёлкин", "АЛЕКСЕИ\u{306} елкин", "алексеи ЕЛКИН"]),
            ("гатунок", &["Ґатунок", "гатунок"]),
            ("12 30", &["१२ ३०", "١٢ ٣٠", "۱۲ ۳۰", "１２ ３０", "¹² ³⁰"]),
        ] {
            for text in texts {
                assert_eq!(fold(text), folded, "{text}");
            }
        }
    }

    #[test]
    fn points_and_seats_of_letters_are_left_out() {
        for (bare, texts) in [
            ("محمد", &["مُحَمَّد", "محـــمد", "ﻣﺤﻤﺪ"][..]),
            ("احمد", &["أحمد", "أَحْمَد", "ٱحمد", "آحمد", "إحمد"]),
            ("مومن", &["مؤمن", "مُؤْمِن"]),
            ("شي", &["شيء", "شئ", "شى", "شی"]),
            ("فاطمه", &["فاطمة", "فَاطِمَة", "فاطمه", "فاطمۀ"]),
            ("كتاب", &["کتاب", "كِتَاب"]),
            ("שלום", &["שָׁלוֹם", "שלום", "שׁלום"]),
            ("फोन", &["फ़ोन", "फोन"]),
            ("मां", &["माँ", "मां"]),
        ] {
            for text in texts {
                assert_eq!(fold(text), bare, "{text}");
            }
        }
    }

    #[test]
    fn what_makes_words_stays() {
        for text in ["ガギグ", "한국", "हिन्दी", "สวัสดี", "မြန်မာ", "ខ្មែរ", "தமிழ்", "мир", "მშვიდობა"]
        {
            let whole: String = text.nfkd().nfc().collect();
            assert_eq!(fold(text), whole);
        }
        assert_ne!(fold("カ"), fold("ガ"));
        assert_ne!(fold("мир"), "mir");
    }

    #[test]
    fn what_nobody_sees_is_dropped() {
        assert_eq!(fold("a\u{ad}b\u{200d}c\u{202e}d\u{fe0f}é\u{feff}"), "abcde");
        assert_eq!(fold("👩🏽\u{200d}💻"), "👩🏽💻");
    }

    #[test]
    fn letters_of_some_languages_can_be_spelled_out() {
        assert_eq!(spell_out("Jürgen Größe").as_deref(), Some("Juergen Groeße"));
        assert_eq!(spell_out("Ju\u{308}rgen Ångaard").as_deref(), Some("Juergen aangaard"));
        assert_eq!(spell_out("Đorđe").as_deref(), Some("djordje"));
        assert_eq!(spell_out("Émile"), None);
    }
}

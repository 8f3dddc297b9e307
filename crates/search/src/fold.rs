//! One form for texts that people take for the same, so that what is typed meets what was written.
//!
//! The index keeps folded words, and a query is folded before it is looked up. Both must be folded
//! in one way, so each run says in which its words were: see [`Folding`].

mod v1;
mod v2;

/// How the words of a run are folded. The numbers are stored with runs.
///
/// A version stays as long as a run that is kept may have been indexed with it: so a run that was
/// published before Borg was updated is asked in its own way. See
/// [decision 21](../../../docs/decisions/0021-folding.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Folding {
    /// NFKD without the diacritics U+0300 to U+036F, in lower case; only Chinese and Japanese are
    /// cut into pairs of characters.
    V1 = 1,
    /// Full case folding; letters as they are typed without their marks, in Latin, Greek, Cyrillic,
    /// Arabic, Hebrew and Devanagari; all scripts without spaces, and Hangul, in pairs; emoji;
    /// compounds also in one; `ü` also as `ue`.
    V2 = 2,
}

/// Words of a run were folded in a way that this version of Borg does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("words folded by version {0}, which this version of Borg does not know")]
pub struct UnknownFolding(pub u8);

impl TryFrom<u8> for Folding {
    type Error = UnknownFolding;

    fn try_from(number: u8) -> Result<Folding, UnknownFolding> {
        let mut known = [Folding::V1, Folding::V2].into_iter();
        known.find(|folding| folding.number() == number).ok_or(UnknownFolding(number))
    }
}

impl Folding {
    /// What new runs are indexed with.
    pub const NEWEST: Folding = Folding::V2;

    /// The stored number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The folded form; folding twice changes nothing. O(length).
    pub fn fold(self, text: &str) -> String {
        match self {
            Folding::V1 => v1::fold(text),
            Folding::V2 => v2::fold(text),
        }
    }

    /// The folded form with `ä`, `ö`, `ü`, `å`, `ø` and `đ` spelled out as `ae`, `oe`, `ue`, `aa`,
    /// `oe` and `dj`; `None` if that is no other.
    pub(crate) fn fold_spelled_out(self, text: &str) -> Option<String> {
        match self {
            Folding::V1 => None,
            Folding::V2 => v2::spell_out(text).map(|text| v2::fold(&text)),
        }
    }

    /// What a folded character is to words.
    pub(crate) fn class(self, c: char) -> CharClass {
        match self {
            Folding::V1 => v1::class(c),
            Folding::V2 => v2::class(c),
        }
    }
}

/// What a character is to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CharClass {
    /// Words of it stand between spaces and signs.
    Letter,
    /// Its words stand side by side, or carry endings: pairs are looked for.
    Unspaced,
    /// A word by itself.
    Emblem,
    /// Half of a flag.
    Regional,
    /// Holds the parts of a compound together, where it stands between them.
    Joiner,
    /// No part of a word.
    Between,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn versions_are_known_by_their_numbers() {
        for folding in [Folding::V1, Folding::V2] {
            assert_eq!(Folding::try_from(folding.number()), Ok(folding));
        }
        assert_eq!(Folding::try_from(3), Err(UnknownFolding(3)));
    }

    #[test]
    fn folding_any_character_twice_changes_nothing() {
        for folding in [Folding::V1, Folding::V2] {
            for c in '\0'..=char::MAX {
                let once = folding.fold(&c.to_string());
                assert_eq!(folding.fold(&once), once, "{folding:?} {c} U+{:x}", c as u32);
            }
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text: String) {
            for folding in [Folding::V1, Folding::V2] {
                let once = folding.fold(&text);
                prop_assert_eq!(folding.fold(&once), once);
            }
        }
    }
}

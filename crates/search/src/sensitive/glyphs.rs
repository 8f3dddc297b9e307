//! A text as characters, and where its words begin and end.

use crate::fold::{CharClass, Folding};

/// Endings of Korean words, which are written without a space.
const KOREAN_ENDINGS: [&str; 24] = [
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "와",
    "과",
    "도",
    "로",
    "으로",
    "만",
    "인",
    "들",
    "님",
    "이다",
    "입니다",
    "이에요",
    "예요",
    "에서",
    "하는",
    "분들",
];

/// Articles, prepositions and conjunctions that Arabic writes without a space.
const ARABIC_BEGINNINGS: [&str; 12] =
    ["ال", "و", "ب", "ل", "ف", "ك", "وال", "بال", "لل", "فال", "كال", "ولل"];

/// Where words may begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Between words.
    Space,
    /// Words between spaces.
    Spaced,
    /// The same, with endings.
    Hangul,
    /// Words that stand side by side with those of other scripts.
    Katakana,
    /// Words may begin and end anywhere.
    Unspaced,
}

/// A folded text: words of its characters, with one space between them.
#[derive(Debug)]
pub(super) struct Glyphs {
    chars: Vec<char>,
    scripts: Vec<Script>,
}

impl Glyphs {
    pub(super) fn of(folded: &[char], folding: Folding) -> Glyphs {
        let mut glyphs = Glyphs { chars: Vec::new(), scripts: Vec::new() };
        for &c in folded {
            let script = Script::of(c, folding.class(c));
            if script != Script::Space {
                glyphs.push(c, script);
            } else if glyphs.scripts.last().is_some_and(|&last| last != Script::Space) {
                glyphs.push(' ', script);
            }
        }
        if glyphs.scripts.last() == Some(&Script::Space) {
            glyphs.chars.pop();
            glyphs.scripts.pop();
        }
        glyphs
    }

    fn push(&mut self, c: char, script: Script) {
        self.chars.push(c);
        self.scripts.push(script);
    }

    /// Its characters.
    pub(super) fn chars(&self) -> &[char] {
        &self.chars
    }

    /// Where the characters without a space begin that this one is among.
    pub(super) fn word_start(&self, at: usize) -> usize {
        let before = self.scripts[..at].iter().rposition(|&one| one == Script::Space);
        before.map_or(0, |space| space + 1)
    }

    /// Whether a word begins at a character, or did so with an article in front.
    pub(super) fn is_start(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return self.scripts[at] != Script::Space };
        if self.scripts[at] == Script::Space {
            return false;
        }
        self.is_boundary(before, at) || self.is_after_article(at)
    }

    fn is_after_article(&self, at: usize) -> bool {
        let is_arabic = |c: char| ('\u{621}'..='\u{64a}').contains(&c);
        if !is_arabic(self.chars[at]) {
            return false;
        }
        let letters = self.chars[..at].iter().rev().take_while(|&&c| c != ' ').take(4).count();
        let before = &self.chars[at - letters..at];
        ARABIC_BEGINNINGS.iter().any(|article| article.chars().eq(before.iter().copied()))
    }

    /// Whether a word ends before this place, or would without its ending.
    pub(super) fn is_end(&self, end: usize) -> bool {
        if end == self.chars.len() || self.is_boundary(end - 1, end) {
            return true;
        }
        if self.scripts[end] != Script::Hangul {
            return false;
        }
        let rest = self.scripts[end..].iter().take_while(|&&one| one == Script::Hangul).count();
        let rest = &self.chars[end..end + rest];
        KOREAN_ENDINGS.iter().any(|ending| ending.chars().eq(rest.iter().copied()))
    }

    /// Whether words meet between two neighbours.
    fn is_boundary(&self, before: usize, after: usize) -> bool {
        let (before, after) = (self.scripts[before], self.scripts[after]);
        before != after || before == Script::Unspaced
    }
}

impl Script {
    fn of(c: char, class: CharClass) -> Script {
        match class {
            CharClass::Between | CharClass::Joiner | CharClass::Regional => Script::Space,
            CharClass::Letter => Script::Spaced,
            CharClass::Emblem => Script::Unspaced,
            CharClass::Unspaced => match c {
                '\u{ac00}'..='\u{d7a3}' | '\u{1100}'..='\u{11ff}' => Script::Hangul,
                '\u{30a1}'..='\u{30fa}' | 'ー' => Script::Katakana,
                _ => Script::Unspaced,
            },
        }
    }
}

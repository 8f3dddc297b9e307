//! A text as characters, and where its words and clauses begin and end.

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

/// The longest of the endings, in characters.
const KOREAN_ENDING_CHARS_MAX: usize = 3;

/// Characters that run without a space or a change of script; where words stand side by side, one of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) range: (usize, usize),
    /// The number of the clause that it is in.
    pub(super) clause: u32,
    pub(super) is_emoji: bool,
}

impl Word {
    /// How many characters it has.
    pub(super) fn len(self) -> usize {
        self.range.1 - self.range.0
    }
}

/// A folded text: words of its characters, with one space between them.
#[derive(Debug)]
pub(super) struct Glyphs {
    chars: Vec<char>,
    scripts: Vec<Script>,
    words: Vec<Word>,
    /// The word of each character; of a space, that before it.
    word_of: Vec<usize>,
}

impl Glyphs {
    /// O(length).
    pub(super) fn of(folded: &[char], folding: Folding) -> Glyphs {
        let (chars, scripts, words, word_of) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut glyphs = Glyphs { chars, scripts, words, word_of };
        let mut clause = 0;
        for (at, &c) in folded.iter().enumerate() {
            let class = folding.class(c);
            let script = Script::of(c, class);
            if script != Script::Space {
                glyphs.push(c, script, clause, class == CharClass::Emblem);
                continue;
            }
            clause += u32::from(!links_words(c, folded.get(at + 1).copied()));
            if glyphs.scripts.last().is_some_and(|&last| last != Script::Space) {
                glyphs.push_space();
            }
        }
        if glyphs.scripts.last() == Some(&Script::Space) {
            glyphs.chars.pop();
            glyphs.scripts.pop();
            glyphs.word_of.pop();
        }
        glyphs
    }

    fn push(&mut self, c: char, script: Script, clause: u32, is_emoji: bool) {
        let at = self.chars.len();
        self.chars.push(c);
        self.scripts.push(script);
        match self.words.last_mut() {
            Some(word) if !is_boundary(self.scripts[at - 1], script) => word.range.1 = at + 1,
            _ => self.words.push(Word { range: (at, at + 1), clause, is_emoji }),
        }
        self.word_of.push(self.words.len() - 1);
    }

    fn push_space(&mut self) {
        self.chars.push(' ');
        self.scripts.push(Script::Space);
        self.word_of.push(self.words.len() - 1);
    }

    /// Its words.
    pub(super) fn words(&self) -> &[Word] {
        &self.words
    }

    /// The number of the word that a character is in.
    pub(super) fn word_of(&self, at: usize) -> usize {
        self.word_of[at]
    }

    /// Its characters.
    pub(super) fn chars(&self) -> &[char] {
        &self.chars
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
        let rest = self.scripts[end..].iter().take(KOREAN_ENDING_CHARS_MAX + 1);
        let rest = rest.take_while(|&&one| one == Script::Hangul).count();
        let rest = &self.chars[end..end + rest];
        KOREAN_ENDINGS.iter().any(|ending| ending.chars().eq(rest.iter().copied()))
    }

    /// Whether words meet between two neighbours.
    fn is_boundary(&self, before: usize, after: usize) -> bool {
        is_boundary(self.scripts[before], self.scripts[after])
    }
}

fn is_boundary(before: Script, after: Script) -> bool {
    before != after || before == Script::Unspaced
}

/// Whether a sign between words leaves them in one clause: "not (a) Muslim", "no #politics". All that is not
/// known to do so ends the clause, as commas, lines between columns, ends of lines and flags do.
fn links_words(c: char, next: Option<char>) -> bool {
    match c {
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => false,
        // Within a name (`ver.di`), and not at the end of a sentence.
        '.' => next.is_some_and(|next| !next.is_whitespace() && next != '.'),
        '\'' | '’' | '‘' | '`' | '-' | '_' | '・' | '\u{2010}'..='\u{2012}' => true,
        '#' | '&' | '+' | '=' | ':' | '*' | '%' | '@' | '~' | '<' | '>' => true,
        '(' | ')' | '[' | ']' | '{' | '}' | '"' | '“' | '”' | '„' | '«' | '»' => true,
        '「' | '」' | '『' | '』' | '【' | '】' | '《' | '》' => true,
        '\u{200b}' | '\u{200c}' | '\u{2b9}' | '\u{2bb}'..='\u{2bf}' => true,
        _ => c.is_whitespace(),
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

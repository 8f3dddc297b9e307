//! Bios: words of the community, of its parent, and general ones.

use crate::random::SeededRandom;
use crate::world::topics::{TopicList, TopicWords};

/// Greetings in scripts other than Latin, each put before some words of the community.
const FOREIGN: [&str; 8] = [
    "日本語と英語で書きます。",
    "Пишу о том, что люблю.",
    "أكتب عما أحب.",
    "Γράφω για ό,τι αγαπώ.",
    "저는 매일 글을 씁니다.",
    "मैं हर दिन लिखता हूँ।",
    "כותבת על מה שמעניין אותי.",
    "ฉันเขียนทุกวัน 🌱",
];

/// How often a person's bio begins in another script.
const FOREIGN_SHARE: f64 = 0.06;

fn some<'t>(dice: &mut SeededRandom, words: &[&'t str], count: usize) -> Vec<&'t str> {
    let mut chosen: Vec<&str> = words.to_vec();
    dice.shuffle(&mut chosen);
    chosen.truncate(count);
    chosen
}

/// Words of a member of a community, in random order.
fn words(dice: &mut SeededRandom, topic: &TopicWords, topics: &TopicList) -> Vec<&'static str> {
    let own = 3 + dice.below(3);
    let mut words = some(dice, &topic.words, own);
    let shared = 1 + dice.below(2);
    words.extend(some(dice, &topic.shared, shared));
    let plain = 2 + dice.below(4);
    words.extend(some(dice, &topics.plain, plain));
    dice.shuffle(&mut words);
    words
}

/// A person's bio.
pub(super) fn person(dice: &mut SeededRandom, topic: &TopicWords, topics: &TopicList) -> String {
    let words = words(dice, topic, topics);
    let (first, rest) = words.split_at(words.len() / 2);
    let text = format!("{}, {}.", first.join(" "), rest.join(", "));
    if dice.chance(FOREIGN_SHARE) { format!("{} {text}", dice.pick(&FOREIGN)) } else { text }
}

/// An organisation's bio: it calls the account official.
pub(super) fn organisation(
    dice: &mut SeededRandom,
    name: &str,
    topic: &TopicWords,
    topics: &TopicList,
) -> String {
    let words = words(dice, topic, topics).join(", ");
    match dice.below(3) {
        0 => format!("Official account of {name}. News and events: {words}."),
        1 => format!("The official account of the {name}: {words}. Press: press office."),
        _ => format!("{name} is a non-profit organisation. Official account. {words}."),
    }
}

/// A bot's bio.
pub(super) fn bot(dice: &mut SeededRandom, topic: &TopicWords, topics: &TopicList) -> String {
    format!("Automated account, I am a bot: {}.", words(dice, topic, topics).join(" "))
}

/// A fake's bio: copied interests and a lure.
pub(super) fn fake(dice: &mut SeededRandom, topic: &TopicWords) -> String {
    let words = some(dice, &topic.words, 2).join(" & ");
    format!("{words} lover. Follow me and I follow back! DM for promo deals")
}

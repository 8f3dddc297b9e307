//! Labels of communities from the words of their people.

use super::super::vocabulary::TermVocabulary;
use super::*;

/// A counter of people with these words, by community.
fn counted(communities: u32, people: &[(u32, &str)]) -> LabelCounter {
    let mut counter = LabelCounter::new(communities);
    people
        .iter()
        .for_each(|&(community, words)| counter.add(CommunityIndex::new(community), words));
    counter
}

fn labels(communities: u32, people: &[(u32, &str)]) -> Vec<Vec<String>> {
    counted(communities, people).labels(9)
}

/// The same words of ten people of a community.
fn ten(community: u32, words: &str) -> Vec<(u32, &str)> {
    vec![(community, words); 10]
}

#[test]
fn labels_are_the_words_that_set_a_community_apart() {
    let people = [
        ten(0, "Rust, developer, coffee. https://ada.example.org @ada@example.org"),
        ten(1, "Gardening and coffee, bob@example.org"),
    ];
    let labels = labels(2, &people.concat());
    assert_eq!(labels[0], ["Rust", "developer"].map(String::from));
    assert_eq!(labels[1], ["Gardening"].map(String::from));
}

#[test]
fn a_few_are_no_label_where_many_are() {
    let mut people = [ten(0, "chess"), ten(0, "chess"), ten(1, "go")].concat();
    people.extend([(0, "casino club chess"), (0, "casino club chess")]);
    assert_eq!(labels(2, &people)[0][0], "chess");
    // A word of three in a hundred there and two elsewhere may be chance.
    let mut people = vec![(0, "chess"); 97];
    people.extend([(0, "weather"); 3]);
    people.extend([(1, "weather"); 2]);
    people.extend([(1, "music"); 98]);
    assert_eq!(labels(2, &people)[0], ["chess"]);
}

#[test]
fn repetition_makes_no_label() {
    let repeated = "casino ".repeat(500);
    assert_eq!(labels(1, &[(0, repeated.as_str()), (0, "chess"), (0, "chess")]), [["chess"]]);
}

#[test]
fn a_label_has_the_most_frequent_spelling() {
    let people = [(0, "RUST"), (0, "Rust"), (0, "Rust"), (0, "rust"), (0, "Ru\u{ad}st")];
    assert_eq!(labels(1, &people)[0][0], "Rust");
}

#[test]
fn a_phrase_replaces_words_that_are_mostly_used_in_it() {
    let mut people = vec![(0, "machine learning"); 90];
    people.extend(ten(1, "chess games"));
    people.extend(ten(1, "games and puzzles"));
    let labels = labels(2, &people);
    assert_eq!(labels[0], ["machine learning"]);
    assert_eq!(labels[1], ["games", "chess games", "puzzles"]);
}

#[test]
fn stop_words_are_dropped_where_their_language_is_written() {
    let people = [
        ten(0, "ich liebe die Musik und die Berge, aber nicht das Meer"),
        ten(1, "cat, dog, and photos with some of my friends"),
        ten(2, "#about #cats"),
    ];
    let labels = labels(3, &people.concat());
    assert_eq!(labels[0], ["Berge", "Meer", "Musik", "liebe"]);
    assert!(["cat", "dog", "photos"].iter().all(|word| labels[1].contains(&word.to_string())));
    assert_eq!(labels[2], ["about", "cats"], "a hashtag is meant");
}

#[test]
fn the_level_above_counts_what_its_parts_do() {
    let people = [
        ten(0, "jazz music"),
        ten(1, "choral music"),
        ten(2, "bread baking"),
        ten(2, "cheese baking"),
    ]
    .concat();
    let joined: Vec<_> = people.iter().map(|&(at, words)| (at / 2, words)).collect();
    let parents: TiVec<CommunityIndex, CommunityIndex> =
        [0, 0, 1].map(CommunityIndex::new).to_vec().into();
    let above = counted(3, &people).above(&parents, 2);
    assert_eq!(above.labels(9), labels(2, &joined));
    assert_eq!(above.labels(9)[0][0], "music");
}

#[test]
fn equal_input_in_any_order_gives_equal_labels() {
    let people =
        [(0, "alpha beta"), (0, "beta alpha gamma"), (1, "gamma delta"), (1, "delta gamma")];
    let mut reversed = people;
    reversed.reverse();
    assert_eq!(labels(2, &people), labels(2, &reversed));
}

#[test]
fn the_rarest_pairs_are_dropped_at_the_limit() {
    let words: Vec<String> = (0..2_000).map(|n| format!("word{n} jazz music")).collect();
    let mut counter = LabelCounter { pairs_max: 100, ..LabelCounter::new(2) };
    words.iter().for_each(|words| counter.add(CommunityIndex::new(0), words));
    assert!(counter.uses.len() <= 100 && counter.vocabulary.terms.len() <= 200);
    let TermVocabulary { words, phrases, terms, .. } = &counter.vocabulary;
    assert_eq!(words.len() + phrases.len(), terms.len());
    assert_eq!(counter.labels(9)[0], ["jazz music"]);
}

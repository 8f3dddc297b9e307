//! What is stored, or was: numbers of topics.

use super::*;

/// The number, the name and the kind of each topic. They are stored: rows may be added, and none changed.
const TOPICS: [(u8, &str, &str); 40] = [
    (0, "illness", "health"),
    (1, "mind", "health"),
    (2, "addiction", "health"),
    (3, "hiv", "health"),
    (4, "cancer", "health"),
    (5, "disability", "health"),
    (6, "neurodiversity", "health"),
    (7, "reproduction", "health"),
    (10, "queer", "sexuality"),
    (11, "homosexuality", "sexuality"),
    (12, "bisexuality", "sexuality"),
    (13, "transgender", "sexuality"),
    (14, "asexuality", "sexuality"),
    (15, "practice", "sexuality"),
    (20, "religion", "faith"),
    (21, "christianity", "faith"),
    (22, "islam", "faith"),
    (23, "judaism", "faith"),
    (24, "hinduism", "faith"),
    (25, "buddhism", "faith"),
    (26, "sikhism", "faith"),
    (27, "other-faith", "faith"),
    (28, "unbelief", "faith"),
    (30, "politics", "politics"),
    (31, "left", "politics"),
    (32, "right", "politics"),
    (33, "green", "politics"),
    (34, "liberal", "politics"),
    (35, "nation", "politics"),
    (36, "feminism", "politics"),
    (40, "descent", "ethnicity"),
    (41, "black", "ethnicity"),
    (42, "latino", "ethnicity"),
    (43, "asian", "ethnicity"),
    (44, "indigenous", "ethnicity"),
    (45, "roma", "ethnicity"),
    (46, "jewish", "ethnicity"),
    (47, "near-east", "ethnicity"),
    (48, "migration", "ethnicity"),
    (50, "unions", "unions"),
];

#[test]
fn every_topic_keeps_its_number_name_and_kind() {
    let now = SensitiveTopic::ALL.map(|topic| (topic as u8, topic.slug(), topic.kind().slug()));
    assert_eq!(now, TOPICS);
}

#[test]
fn topics_of_a_text_keep_their_stored_form() {
    for (text, number) in [
        ("jazz", 0),
        ("epilepsy", 1),
        ("queer", 1 << 10),
        ("Baptist", 0x20_0000),
        ("Jewish trade unionist", 0x4_4000_0080_0000),
        ("all: lesbian, Muslim, refugee", 0x1_0000_0040_0800),
    ] {
        assert_eq!(topics(text).number(), number, "{text}");
        assert_eq!(SensitiveTopics::from_number(number), topics(text));
    }
}

//! What the list finds, and what it must not find.

use std::collections::{BTreeMap, BTreeSet};

use model::sensitive::{SensitiveKind, SensitiveTopic};
use proptest::prelude::*;
use proptest::sample::select;

use super::lexicon::{LexiconRow, TermMeaning, WrittenTerm, rows};
use super::*;

mod denials;
mod false_friends;
mod golden;
mod work;

/// The languages that labels come in.
const LANGUAGES: [&str; 16] = [
    "ar", "de", "en", "es", "fa", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "zh",
];

fn kinds(topics: SensitiveTopics) -> Vec<&'static str> {
    topics.kinds().map(SensitiveKind::slug).collect()
}

fn slugs(topics: SensitiveTopics) -> String {
    topics.iter().map(SensitiveTopic::slug).collect::<Vec<_>>().join(" ")
}

/// The terms of the list that name topics.
fn naming_terms() -> Vec<(LexiconRow, WrittenTerm<'static>, SensitiveTopics)> {
    let of_row = |row: LexiconRow| match row.meaning() {
        Some(TermMeaning::Topics(topics)) => {
            row.terms().map(|term| (row, term, topics)).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    rows().flat_map(of_row).collect()
}

#[test]
fn every_row_of_the_list_is_read() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        assert!(row.meaning().is_some(), "{row:?} has no topic");
        let known = LANGUAGES.contains(&row.language) || row.language == "emoji";
        assert!(known, "{row:?} has no language");
        for term in row.terms() {
            assert!(
                seen.insert((row.topic, row.language, term.text)),
                "{row:?}: {term:?} is twice"
            );
            let denies = !row.meaning().is_some_and(TermMeaning::is_term);
            assert!(!(denies && term.is_weak), "{row:?}: {term:?} cannot be weak");
            for spelling in term.spellings() {
                let words = spelling.split(|&c| c == ' ').count();
                assert!((1..=5).contains(&words), "{row:?}: {term:?} has {words} words");
                let shortest = if spelling.iter().all(char::is_ascii) { 2 } else { 1 };
                assert!(spelling.len() >= shortest, "{row:?}: {term:?} is short");
                let open = term.open_start || term.open_end;
                let stem = if spelling.iter().all(char::is_ascii) { 3 } else { 2 };
                assert!(!open || spelling.len() >= stem, "{row:?}: {term:?} is a short stem");
            }
        }
    }
}

#[test]
fn every_kind_is_named_in_every_language() {
    let mut terms: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (row, _, topics) in naming_terms() {
        for kind in topics.kinds() {
            *terms.entry((row.language, kind.slug())).or_default() += 1;
        }
    }
    for language in LANGUAGES {
        for kind in SensitiveKind::ALL {
            let count = terms.get(&(language, kind.slug())).copied().unwrap_or(0);
            assert!(count >= 3, "{language} has {count} terms for {}", kind.slug());
        }
    }
    let named: SensitiveTopics = naming_terms().into_iter().map(|(.., topics)| topics).collect();
    assert_eq!(named.iter().count(), SensitiveTopic::ALL.len());
}

#[test]
fn every_term_names_its_topics() {
    for (row, term, of_row) in naming_terms() {
        let found = topics(term.text);
        assert_eq!(found.shared(of_row), of_row, "{row:?}: {term:?}");
        let own = named(term.text);
        assert!(term.is_weak || own.shared(of_row) == of_row, "{row:?}: {term:?} is not named");
    }
}

/// Texts in many languages, and the kind that each names.
const NAMING: &[(&str, &str)] = &[
    ("Queer, they/them", "sexuality"),
    ("lgbtqia+ | books", "sexuality"),
    ("LESBIAN moms", "sexuality"),
    ("🏳️‍🌈 baker", "sexuality"),
    ("🏳️‍⚧️", "sexuality"),
    ("non-binary", "sexuality"),
    ("NonBinary", "sexuality"),
    ("schwuler Chor", "sexuality"),
    ("同性婚を応援", "sexuality"),
    ("게이입니다", "sexuality"),
    ("퀴어퍼레이드", "sexuality"),
    ("跨性別者", "sexuality"),
    ("eşcinseller", "sexuality"),
    ("ESCINSEL", "sexuality"),
    ("лгбтк", "sexuality"),
    ("همجنس‌گرا", "sexuality"),
    ("المثليين", "sexuality"),
    ("living with HIV", "health"),
    ("Brustkrebs-Selbsthilfe", "health"),
    ("Suchterkrankungen", "health"),
    ("autistische Person", "health"),
    ("ADHD brain", "health"),
    ("embarazada", "health"),
    ("がん患者会", "health"),
    ("우울증을 앓는", "health"),
    ("抑鬱", "health"),
    ("depresyondayım", "health"),
    ("niepełnosprawność", "health"),
    ("मधुमेह", "health"),
    ("سرطان الثدي", "health"),
    ("chronisch kranke Menschen", "health"),
    ("muslimische Frauen", "faith"),
    ("Muslimah", "faith"),
    ("المسلمين", "faith"),
    ("والمسيحية", "faith"),
    ("Église catholique", "faith"),
    ("igreja batista", "faith"),
    ("исламская", "faith"),
    ("православный", "faith"),
    ("キリスト教会", "faith"),
    ("仏教徒", "faith"),
    ("佛教", "faith"),
    ("교회에서", "faith"),
    ("हिंदू धर्म", "faith"),
    ("ateístas", "faith"),
    ("ex-Muslim", "faith"),
    ("✝️", "faith"),
    ("#BlackLivesMatter", "ethnicity"),
    ("in der SPD", "politics"),
    ("antifaschistisch", "politics"),
    ("écologistes", "politics"),
    ("eleições 2026", "politics"),
    ("бывший депутат", "politics"),
    ("共産党員", "politics"),
    ("민주당원", "politics"),
    ("siyasetçi", "politics"),
    ("दलित", "ethnicity"),
    ("Kurdish", "ethnicity"),
    ("geflüchtete", "ethnicity"),
    ("Fluechtlinge", "ethnicity"),
    ("アイヌ民族", "ethnicity"),
    ("調布の難民支援", "ethnicity"),
    ("trade unionist", "unions"),
    ("ver.di", "unions"),
    ("Bildungsgewerkschaft", "unions"),
    ("syndicaliste", "unions"),
    ("労組の役員", "unions"),
    ("工會", "unions"),
    ("금속노조", "unions"),
    ("نقابي", "unions"),
    ("związkowcy", "unions"),
];

#[test]
fn what_names_a_topic_in_any_language_is_found() {
    for (text, wanted) in NAMING {
        assert!(kinds(topics(text)).contains(wanted), "{text} does not name {wanted}");
    }
}

#[test]
fn what_only_looks_like_a_topic_is_not_found() {
    for text in [
        "race car driver",
        "data race",
        "European Union law",
        "Union Jack",
        "credit union",
        "1. FC Union Berlin",
        "Alonzo Church",
        "lambda calculus, Church encoding",
        "labor of love",
        "party people, house party",
        "The Kinks",
        "hearing aids",
        "great depression era history",
        "cancer rising",
        "Sternzeichen Krebs",
        "liberal arts",
        "progressive rock",
        "New England Patriots",
        "Hans Christian Andersen",
        "God of War",
        "developer evangelist",
        "Neon Genesis Evangelion",
        "framework-agnostic",
        "Islamabad",
        "shiatsu",
        "suficiente",
        "library, библиотека",
        "консерватория",
        "syndicated columnist",
        "ecologist",
        "nazionale italiana",
        "stazione",
        "Paganini",
        "Democritus",
        "trans-siberian railway",
        "transport planner, transit",
        "gaming, Gaye",
        "ゲイン",
        "게이머",
        "게이트",
        "モスクワ",
        "がんばる",
        "うつくしい",
        "アスペクト比",
        "보수공사",
        "システム保守運用",
        "民族音楽",
        "AS Roma, Rome",
        "din norm",
        "Elton John, Hey Jude",
        "nurse, doctor, clinic",
        "yoga, meditation, vegan",
        "football, soccer, match",
        "Rust, compilers, databases",
        "bird migration",
        "database migrations",
        "native speaker",
        "Vancouver Canucks",
        "kitap incelemesi",
        "terfi",
        "deutsch, français, türkçe",
        "",
        "🦀",
    ] {
        assert_eq!(kinds(topics(text)), [""; 0], "{text}");
    }
}

#[test]
fn a_person_names_what_it_says_of_itself_and_no_more() {
    for (bio, wanted) in [
        ("Catholic. Baker.", vec!["faith"]),
        ("Christian, Hamburg", vec![]),
        ("I'm a Christian and a father", vec!["faith"]),
        ("Gewerkschafterin und Läuferin", vec!["unions"]),
        ("queer · autistic · they/them", vec!["health", "sexuality"]),
        ("#muslim #rust", vec!["faith"]),
        ("ex-muslim", vec!["faith"]),
        ("nonbinary", vec!["sexuality"]),
        ("no politics please", vec![]),
        ("Not religious, not political", vec![]),
        ("keine Politik", vec![]),
        ("sin política", vec![]),
        ("anti-union", vec![]),
        ("follow @queer_arts and @muslim@mosque.example", vec![]),
        ("https://catholic.example/parish catholic.example", vec![]),
        ("mail: jewish@museum.example", vec![]),
        ("Faith Jones, born at Union Square; Church street", vec![]),
        ("trade @news union", vec![]),
        ("bipolar transistors", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(kinds(named(bio)), wanted, "{bio}");
    }
    let left = named("ex-muslim");
    assert_eq!(left.iter().collect::<Vec<_>>(), [SensitiveTopic::Unbelief]);
}

#[test]
fn a_membership_is_shown_for_those_who_name_its_topic() {
    let mosque = topics("mosque");
    for (bios, shown) in [
        (vec![], false),
        (vec!["baker"], false),
        (vec!["baptist, baker"], false),
        (vec!["religious"], false),
        (vec!["baker", "Müslüman"], true),
    ] {
        assert_eq!(may_be_shown(mosque, bios.iter().copied()), shown, "{bios:?}");
    }
    assert!(may_be_shown(topics("baking"), []));
    assert!(may_be_shown(topics("religion"), ["baptist"]));
}

#[test]
fn of_the_demos_communities_the_one_about_sleep_is_sensitive() {
    let table = include_str!("../../../sample/src/world/topics.tsv");
    let words = table.lines().flat_map(|line| line.split(['\t', ' ']));
    let found: Vec<&str> = words.filter(|word| !topics(word).is_empty()).collect();
    assert_eq!(found, ["insomnia", "apnoea"]);
}

fn term() -> impl Strategy<Value = (WrittenTerm<'static>, SensitiveTopics)> {
    let all: Vec<_> = naming_terms().into_iter().map(|(_, term, topics)| (term, topics)).collect();
    select(all)
}

proptest! {
    #[test]
    fn any_text_can_be_asked(text: String) {
        let (label, own) = (topics(&text), named(&text));
        prop_assert!(label.iter().count() >= label.kinds().count());
        prop_assert!(own.iter().count() >= own.kinds().count());
    }

    #[test]
    fn a_term_is_found_among_other_words((term, of_row) in term(), before in "[xq]{3,8}", after in "[xq]{3,8}") {
        let text = format!("{before}, {} / {after}", term.text);
        prop_assert_eq!(topics(&text).shared(of_row), of_row, "{}", text);
    }

    #[test]
    fn case_and_accents_do_not_matter((term, _) in term()) {
        let upper = term.text.to_uppercase();
        prop_assert_eq!(topics(&upper), topics(term.text), "{}", upper);
        prop_assert_eq!(named(&Folding::NEWEST.fold(term.text)), named(term.text));
    }

    #[test]
    fn the_name_of_an_account_or_a_page_names_nothing((term, _) in term()) {
        let name: String = term.text.split_whitespace().collect();
        for bio in [format!("see @{name}"), format!("{name}@example.org"), format!("https://{name}.example")] {
            prop_assert_eq!(named(&bio), SensitiveTopics::NONE, "{}", bio);
        }
    }

    #[test]
    fn what_is_denied_is_not_named((term, _) in term(), no in select(vec!["no", "kein", "sans", "не"])) {
        let bio = format!("{no} {}", term.text);
        let denied = named(&bio);
        // A word in the middle of the term may name something by itself.
        let rest: String = term.text.split(' ').skip(1).collect::<Vec<_>>().join(" ");
        prop_assert_eq!(denied.shared(named(&rest)), denied, "{}", bio);
    }
}

//! Search.

use model::port::Clock as _;
use serde_json::Value;
use store::pg::run;
use store::pg::term::Term;

use crate::world::{ALANS, Api, bluesky};

async fn handles(api: &Api, query: &str) -> Vec<String> {
    let hits = api.get(&format!("/v1/search?q={query}&limit=1000")).await.data();
    let handle = |hit: &Value| hit["person"]["handle"].as_str().map(str::to_owned);
    hits.as_array().expect("a list").iter().filter_map(handle).collect()
}

#[tokio::test]
async fn words_find_people_by_trust() {
    let api = Api::new().await;
    assert_eq!(handles(&api, "engines").await, ["ada.example.org", "grace.example.org"]);
    assert_eq!(handles(&api, "comp+engines").await, [] as [&str; 0]);
    assert_eq!(handles(&api, "engines+comp").await, ["grace.example.org"]);
    assert_eq!(handles(&api, "LOVE").await, ["ada.example.org"]);
    assert_eq!(handles(&api, "compilers").await, ["grace.example.org", "acme.example.com"]);
    assert_eq!(handles(&api, "ala").await.len(), ALANS as usize);
}

/// Names, and what people type who look for them. The last of each line finds no one.
const TYPED: [(&str, &[&str], &str); 21] = [
    ("Łukasz Wójcik", &["lukasz", "ŁUKASZ wojcik", "wójcik"], "lucas"),
    ("Hans Weiß", &["weiss", "weiß", "WEISS", "hans weis"], "weix"),
    ("Æsir Þór", &["aesir", "æsir", "thor", "þór"], "asir"),
    ("Øystein Đorđe", &["oystein", "oeystein", "dorde", "djordje", "ØYSTEIN"], "oustein"),
    ("Işık Irmak", &["ışık", "IŞIK", "isik", "ırmak", "irmak"], "asik"),
    ("İbrahim İnan", &["ibrahim", "İBRAHİM", "ıbrahım"], "ebrahim"),
    ("أَحْمَد الشَّيْخ", &["احمد", "الشيخ", "أحمد", "احـــمد"], "حمدا"),
    ("שָׁלוֹם כֹּהֵן", &["שלום", "כהן"], "שלומי"),
    ("สมชาย ใจดี", &["สมชาย", "ชาย", "ใจ", "ดี"], "หญิง"),
    ("김민수의서울이야기", &["김민수", "서울", "이야기", "김"], "부산"),
    ("気候変動東京支部", &["東京", "変動", "支部", "京"], "大阪"),
    ("ラーメン・ジロー", &["ラーメン", "ジロー", "ラーメンジロー", "ﾗｰﾒﾝ"], "カレー"),
    ("Алексей Ёлкин", &["алексей", "елкин", "ёлкин", "АЛЕКСЕИ\u{306}"], "aleksey"),
    ("Γιώργος Παπάς", &["γιωργος", "παπας", "ΠΑΠΑΣ", "παπάς"], "giorgos"),
    ("Nguyễn Văn Đức", &["nguyen van duc", "nguyê\u{303}n đức"], "nguyon"),
    ("Jürgen Müller", &["jurgen", "juergen", "mueller", "Ju\u{308}rgen"], "miller"),
    ("Seán O’Brien", &["obrien", "o'brien", "o brien", "sean"], "orien"),
    ("Jean-Pierre", &["jean pierre", "jeanpierre", "jean‐pierre", "pierre"], "jeanpaul"),
    ("𝓥𝓮𝓻𝓪 Ｗｉｄｅ ﬁne", &["vera", "wide", "fine", "ＶＥＲＡ"], "very"),
    ("Crab 🦀 Flag 🇺🇦", &["🦀", "crab 🦀", "🇺🇦"], "🦞"),
    ("ខ្មែរ ພາສາລາວ မြန်မာစာ", &["ខ្មែរ", "ລາວ", "မြန်မာ"], "ไทย"),
];

#[tokio::test]
async fn names_are_found_as_they_are_typed() {
    let api = Api::new().await;
    let mut pages = bluesky();
    let people = pages.iter_mut().rev().take(TYPED.len());
    let named: Vec<String> = people
        .zip(TYPED)
        .map(|(page, (name, ..))| {
            page.texts.display_name = Some(name.to_owned());
            page.named.handle.clone().expect("it has a handle")
        })
        .collect();
    api.world.publish(api.database.pg(), &pages, api.clock.now()).await;
    for (handle, (name, typed, other)) in named.iter().zip(TYPED) {
        for query in typed {
            let found = handles(&api, &encoded(query)).await;
            assert!(found.contains(handle), "{query} finds {found:?} instead of {name}");
        }
        let found = handles(&api, &encoded(other)).await;
        assert!(!found.contains(handle), "{other} finds {name}");
    }
    // What is there only once finds one.
    assert_eq!(handles(&api, &encoded("lukasz")).await, [named[0].as_str()]);
}

fn encoded(query: &str) -> String {
    query.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A run that was published by an older version of Borg, asked by this one; and one that was published
/// by a newer version, which was taken back.
#[tokio::test]
async fn each_run_is_asked_in_the_way_in_which_it_was_folded() {
    let api = Api::new().await;
    let (pg, now) = (api.database.pg(), api.clock.now());
    let term = |term: &str| Term { term: term.to_owned(), count: 1, body: vec![0] };
    let terms = ["łodz", "한국어"].map(term);
    let old = api.world.load_terms(pg, (&terms, 1), now).await;
    run::activate(pg, old, now).await.expect("the run is served");
    api.clock.advance_seconds(1);
    for query in ["Łódź", "ŁODZ", "한국어", "한"] {
        assert_eq!(handles(&api, &encoded(query)).await, ["ada.example.org"], "{query}");
    }
    let new = api.world.load_terms(pg, (&terms, 99), now).await;
    run::activate(pg, new, now).await.expect("the run is served");
    api.clock.advance_seconds(1);
    for path in ["/v1/search?q=ada", "/v1/communities?q=ada"] {
        let reply = api.get(path).await;
        assert_eq!((reply.status, reply.code().as_str()), (503, "unavailable"), "{path}");
        assert!(reply.text.contains("folded by version 99"), "{}", reply.text);
    }
    assert_eq!(api.get("/v1/communities").await.status, 200);
    let path = format!("/v1/search?q=%C5%81%C3%B3d%C5%BA&run={old}");
    assert_eq!(api.get(&path).await.data()[0]["person"]["handle"], "ada.example.org");
}

#[tokio::test]
async fn a_search_is_for_people_of_a_kind_or_for_communities() {
    let api = Api::new().await;
    for (kind, wanted) in [
        ("person", vec!["grace.example.org"]),
        ("organisation", vec!["acme.example.com"]),
        ("bot", vec![]),
        ("all", vec!["grace.example.org", "acme.example.com"]),
    ] {
        assert_eq!(handles(&api, &format!("compilers&type={kind}")).await, wanted, "{kind}");
    }
    assert_eq!(handles(&api, "beep&type=bot").await, ["bot.example.org"]);
    assert_eq!(handles(&api, "acme.example.com&type=person").await, [] as [&str; 0]);
    let found = api.get("/v1/search?q=peop&type=community").await.data();
    let rust = api.world.rust.to_string();
    assert_eq!(found[0]["type"], "community");
    assert_eq!(
        (&found[0]["community"]["id"], found.as_array().unwrap().len()),
        (&Value::from(rust), 2)
    );
    let person = api.get("/v1/search?q=ada").await.data();
    assert_eq!(
        (&person[0]["type"], &person[0]["exact"]),
        (&Value::from("person"), &Value::from(false))
    );
    let odd = api.get("/v1/search?q=a&type=robot").await;
    assert_eq!((odd.status, odd.code().as_str()), (400, "bad_parameter"));
}

#[tokio::test]
async fn a_walk_through_people_and_communities_finds_each_once() {
    let api = Api::new().await;
    let mut pages = bluesky();
    pages[0].texts.display_name = Some("People Art".to_owned());
    pages[2].named.handle = Some("people".to_owned());
    api.world.publish(api.database.pg(), &pages, api.clock.now()).await;
    api.clock.advance_seconds(1);
    let whole = api.get("/v1/search?q=people&type=all").await.data();
    let kinds: Vec<&str> =
        whole.as_array().unwrap().iter().filter_map(|row| row["type"].as_str()).collect();
    assert_eq!(kinds.iter().filter(|&&kind| kind == "community").count(), 2, "{whole}");
    assert!(kinds.len() > 2, "{whole}");
    for limit in 1..=4 {
        let walked = api.walk(&format!("/v1/search?q=people&type=all&limit={limit}")).await;
        assert_eq!(Value::from(walked), whole, "by {limit}");
    }
    let communities = api.walk("/v1/search?q=people&type=community&limit=1").await;
    assert_eq!(communities.len(), 2);
}

#[tokio::test]
async fn people_are_looked_for_in_a_community() {
    let api = Api::new().await;
    let (rust, art) = (api.world.rust, api.world.art);
    let inside = handles(&api, &format!("engines&community={rust}")).await;
    assert_eq!(inside, ["ada.example.org", "grace.example.org"]);
    let exact = handles(&api, &format!("alan7.example.org&community={art}")).await;
    assert_eq!(exact, ["alan7.example.org"]);
    let all = handles(&api, &format!("alan&community={rust}")).await;
    assert_eq!(all.len(), ALANS as usize);
    let unknown = api.get("/v1/search?q=ada&community=com_zzz").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "community_unknown"));
    let odd = api.get(&format!("/v1/search?q=ada&type=community&community={rust}")).await;
    assert_eq!(odd.data(), serde_json::json!([]), "no part of it has the word in its labels");
}

#[tokio::test]
async fn an_exact_handle_comes_first_and_only_once() {
    let api = Api::new().await;
    let exact = handles(&api, "alan7.example.org").await;
    assert_eq!(exact, ["alan7.example.org"]);
    let hits = api.get("/v1/search?q=fediverse:ada@example.org").await.data();
    assert_eq!((hits[0]["exact"].as_bool(), hits[0]["rank"].as_u64()), (Some(true), Some(1)));
    assert_eq!(handles(&api, "@ala").await.len(), ALANS as usize);
}

#[tokio::test]
async fn the_unlisted_are_found_by_nothing() {
    let api = Api::new().await;
    assert_eq!(handles(&api, "hermit").await, [] as [&str; 0]);
    assert_eq!(handles(&api, "secret").await, [] as [&str; 0]);
    for query in ["hermit.example.org", "@hermit.example.org", "bluesky:hermit.example.org"] {
        assert_eq!(handles(&api, query).await, [] as [&str; 0], "{query}");
    }
    for query in ["phantom@hidden.example", "phantom", "ectoplasm", "wraith@hidden.example"] {
        assert_eq!(handles(&api, query).await, [] as [&str; 0], "{query}");
    }
}

#[tokio::test]
async fn a_walk_through_results_with_an_exact_hit_finds_each_once() {
    let api = Api::new().await;
    let whole = handles(&api, "alan1.example.org").await;
    let hits = api.walk("/v1/search?q=alan1.example.org&limit=1").await;
    let walked: Vec<&str> =
        hits.iter().filter_map(|hit| hit["person"]["handle"].as_str()).collect();
    assert_eq!(walked, whole);
    assert_eq!(api.walk("/v1/search?q=alan&limit=4").await.len(), ALANS as usize);
}

#[tokio::test]
async fn what_is_no_query_says_why() {
    let api = Api::new().await;
    for query in ["", "q=", "q=bluesky:a%20b"] {
        let reply = api.get(&format!("/v1/search?{query}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "bad_parameter"), "{query}");
    }
}

#[tokio::test]
async fn what_has_no_word_in_it_finds_no_one_and_many_words_must_all_be_there() {
    let api = Api::new().await;
    for query in ["%20!", "a+b+c+d+e+f+g+h+i"] {
        for route in ["/v1/search", "/v1/communities"] {
            let reply = api.get(&format!("{route}?q={query}")).await;
            assert_eq!((reply.status, reply.header("borg-cost")), (200, "0"), "{route} {query}");
            assert_eq!(reply.data().as_array().unwrap().len(), 0, "{route} {query}");
        }
    }
}

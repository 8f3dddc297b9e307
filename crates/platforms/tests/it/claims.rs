//! Accounts in free text, whatever stands beside them.

use model::identity::Claim;
use platforms::{CrawlEngine, EngineSettings};
use proptest::prelude::*;

fn claims(text: &str) -> Vec<String> {
    let engine = CrawlEngine::new(EngineSettings::default()).unwrap();
    let shown = engine.recognise_claims(text).into_iter().map(|claim| match claim {
        Claim::Account { platform, target } => format!("{platform}:{target}"),
        Claim::Website { page } => page,
    });
    shown.collect()
}

fn assert_found(text: &str, wanted: &str) {
    let found = claims(text);
    assert!(found.iter().any(|claim| claim == wanted), "{wanted} is not in {text:?}: {found:?}");
}

const ADA: &str = "fediverse:ada@one.example";

#[test]
fn a_handle_is_found_beside_any_sign() {
    for text in [
        "🐘@ada@one.example",
        "@ada@one.example🐘",
        "👩\u{200D}💻@ada@one.example\u{FE0F}",
        "Mastodon:@ada@one.example",
        "Mastodon：@ada@one.example",
        "masto→@ada@one.example←",
        "（@ada@one.example）",
        "「@ada@one.example」",
        "【@ada@one.example】、",
        "«@ada@one.example»",
        "“@ada@one.example”",
        "⟨@ada@one.example⟩",
        "私は@ada@one.exampleです。",
        "フォロー@ada@one.example。次",
        "Я @ada@one.exampleи",
        "see @ada@one.example's toots",
        "see @ada@one.example’s toots",
        "•@ada@one.example•",
        "·@ada@one.example·x",
        "me/@ada@one.example/them",
        "a|@ada@one.example|b",
        "—@ada@one.example—",
        "one–@ada@one.example–two",
        "--@ada@one.example--and more",
        "@ada@one.example-",
        "*@ada@one.example*, _@ada@one.example_",
        "@ada@one.example…",
        "@ada@one.example...and so on",
        "@ada@one.example.She writes",
        "@ada@one.example:hello",
        "@ada@one.example;x,@x",
        "=@ada@one.example&",
        "#@ada@one.example#",
        "~@ada@one.example~",
        "Mastodon@ada@one.example",
        "＠ada＠one.example",
        "＠ａｄａ＠ｏｎｅ．ｅｘａｍｐｌｅ",
        "@Ada@One.Example.",
        "@a\u{200B}da@one.\u{2060}exam\u{AD}ple",
        "\u{202A}@ada@one.example\u{202C}",
        "acct:ada@one.example",
        "(ACCT:ada@one.example)",
        "Mastodon: ada@one.example",
        "fediverse :ada@one.example",
        "[@ada](https://one.example/@ada)",
        "[me](one.example/@ada),",
        "https://one.example/@adaさん",
        "見てhttps://one.example/@ada、",
        "見てone.example/@ada",
        "🐘one.example/@ada🐘",
        "HTTPS://WWW.One.Example/@ada/?x=1#y",
        "https://one.example/@ada:https://two.example/@bo",
        "https://one.example/@ada's page",
        "link:one.example/users/ada",
        "@bo@two.example@ada@one.example",
    ] {
        assert_found(text, ADA);
    }
}

#[test]
fn domains_may_be_internationalised() {
    let wanted = "fediverse:ada@xn--bcher-kva.test";
    for text in [
        "@ada@bücher.test",
        "🐘@ada@BÜCHER.test!",
        "@ada@bücher.testさん",
        "@ada@xn--bcher-kva.test",
        "https://bücher.test/@ada",
        "見てbücher.test/@ada。",
    ] {
        assert_found(text, wanted);
    }
    assert_found("@ada@例え.テスト", "fediverse:ada@xn--r8jz45g.xn--zckzah");
    assert_eq!(claims("@ada@bücher.test"), [wanted], "no other way to read it");
}

#[test]
fn handles_of_bluesky_too() {
    for text in [
        "🦋ada.bsky.social",
        "🦋@ada.bsky.social🦋",
        "Bluesky:ada.bsky.social",
        "bsky:@ada.bsky.social",
        "私はada.bsky.socialです",
        "x/ada.bsky.social/y",
        "(ada.bsky.social)",
        "_ada.bsky.social_",
        "ada.bsky.social.",
        "https://ada.bsky.social",
        "🦋bsky.app/profile/ada.bsky.social🦋",
        "https://bsky.app/profile/ada.bsky.socialです",
    ] {
        assert_found(text, "bluesky:ada.bsky.social");
    }
    assert_found("→bsky.app/profile/Bücher.Example", "bluesky:xn--bcher-kva.example");
    let did = "did:web:one.example%3A8080";
    assert_found(&format!("bsky.app/profile/{did}"), &format!("bluesky:{did}"));
}

#[test]
fn an_address_without_a_sign_is_no_handle() {
    for text in [
        "ada@one.example",
        "mail: ada@one.example",
        "E-mail:ada@one.example",
        "<ada@one.example>",
        "mailto:ada@one.example",
        "📧ada@one.example",
        "X: ada@one.example",
        "Bluesky: ada@one.example",
        "ada.bsky.social@one.example",
        "ada@foo.bsky.social",
        "@ada",
        "@ada@one",
        "@ada@3.14",
        "https://one.example/@ada/123",
        "https://medium.com/@ada",
        "https://ada@one.example/",
    ] {
        assert_eq!(claims(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn long_texts_are_read_in_bounds() {
    for part in ["@a@", "a.", "a-", "ж.a", "é_", "/a.bc", "@a@b.cd/", "--", ":1"] {
        let text = part.repeat(200_000 / part.len());
        assert!(claims(&text).len() <= 32, "{part}");
    }
}

/// A character that no name has.
fn beside() -> impl Strategy<Value = char> {
    any::<char>().prop_filter("names", |&c| {
        !(c.is_alphanumeric() || "._-@".contains(c) || ('\u{FF00}'..='\u{FFEF}').contains(&c))
    })
}

proptest! {
    #[test]
    fn a_handle_between_two_signs_is_found(
        before in beside(), after in beside(), name in "[a-z0-9_]{1,9}", host in "[a-z]{1,5}(\\.[a-z]{2,5}){1,3}",
    ) {
        let wanted = format!("fediverse:{name}@{host}");
        let text = format!("x{before}@{name}@{host}{after}y");
        let found = claims(&text);
        prop_assert!(found.contains(&wanted), "{text:?}: {found:?}");
    }

    #[test]
    fn no_text_breaks_it(text in "[@a.é世_\\-/:🐘 ]{0,80}") {
        prop_assert!(claims(&text).len() <= 32);
    }
}

//! The list of columns against the table and the first release.

use model::identity::Claim;
use model::observation::NamedProfile;
use testkit::database;

use super::*;

/// The hash as the first release made it, field by field.
fn first_hash(page: &SeenProfile) -> i64 {
    let mut hasher = blake3::Hasher::new();
    let mut put = |bytes: Option<&[u8]>| {
        hasher.update(&bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
        hasher.update(bytes.unwrap_or_default());
    };
    let handle = &page.named.handle;
    let texts = &page.texts;
    let names = [handle, &texts.display_name, &texts.bio, &texts.avatar_url, &texts.url];
    let texts = names.into_iter().chain([&page.local_id]);
    texts.for_each(|text| put(text.as_deref().map(str::as_bytes)));
    for count in [page.followers, page.following, page.posts] {
        put(count.map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice));
    }
    put(Some(&[page.kind as u8, page.consent.0]));
    let created = page.created_at.map(|at| at.as_millisecond().to_le_bytes());
    put(created.as_ref().map(<[u8; 8]>::as_slice));
    page.claims.iter().for_each(|claim| put(Some(format!("{claim:?}").as_bytes())));
    content_hash(&hasher)
}

#[test]
fn a_page_has_the_hash_that_it_had_in_the_first_release() {
    let empty = SeenProfile::default();
    let full = SeenProfile {
        named: NamedProfile { handle: Some("ada".into()), ..NamedProfile::default() },
        texts: ProfileTexts {
            display_name: Some("Ada".into()),
            bio: Some("x".repeat(10_001)),
            avatar_url: Some("https://example.org/ada.png".into()),
            ..ProfileTexts::default()
        },
        followers: Some(u32::MAX),
        posts: Some(7),
        kind: PersonKind::Bot,
        consent: Consent::UNLISTED,
        created_at: Timestamp::from_second(1_000).ok(),
        local_id: Some("17".into()),
        claims: vec![Claim::Website { page: "ada.org".into() }],
        ..SeenProfile::default()
    };
    for page in [empty, full] {
        assert_eq!(hash(&page), first_hash(&page));
    }
}

#[test]
fn statements_name_each_column_as_often_as_its_value() {
    assert_eq!(STORE.matches("created_ms").count(), 5, "{}", *STORE);
    assert_eq!(ERASE.matches("created_ms").count(), 3, "{}", *ERASE);
}

#[tokio::test]
async fn the_list_has_every_column_of_the_table() {
    let sql = "select array_agg(column_name::text order by column_name)
        from information_schema.columns where table_schema = 'public' and table_name = 'profile'
        and column_name not in ('profile_id', 'gone', 'content_hash', 'back_xid',
            'changed_xid')";
    let row = database().await.client().await.query_one(sql, &[]).await.unwrap();
    let mut names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    names.sort_unstable();
    assert_eq!(row.get::<_, Vec<&str>>(0), names);
}

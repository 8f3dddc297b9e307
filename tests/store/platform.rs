//! Platforms that an installation adds: each has one number, for ever.

use model::Platform;
use model::platform::{HandleForm, Listing, PlatformDeclaration};
use store::StoreError;
use store::pg::platform::{learn_all, of_declaration};
use testkit::database;

use crate::web::at;

fn declared(slug: &str) -> PlatformDeclaration {
    PlatformDeclaration {
        slug: slug.parse().unwrap(),
        listing: Listing::OptOut,
        handles: HandleForm::Word,
    }
}

#[tokio::test]
async fn numbers_are_minted_once_and_platforms_that_come_with_borg_keep_theirs() {
    let db = database().await;
    let platform = async |slug: &str| of_declaration(db.pg(), &declared(slug), at(0)).await;
    let first = platform("store-orchard").await.unwrap();
    assert!(first.number() >= Platform::ADDED_MIN);
    assert_eq!(platform("store-orchard").await.unwrap(), first);
    assert_eq!(platform("github").await.unwrap().number(), 6);
    learn_all(db.pg()).await.unwrap();
    let opt_in = PlatformDeclaration { listing: Listing::OptIn, ..declared("store-orchard") };
    let refused = of_declaration(db.pg(), &opt_in, at(0)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    let refused = platform("lemmy").await.unwrap_err();
    assert!(refused.to_string().contains("is `fediverse`"), "{refused}");
}

#[tokio::test]
async fn a_row_cannot_be_changed_or_deleted() {
    let db = database().await;
    // Not by its function: this process knows platforms of one database only.
    let client = db.client().await;
    let insert = "insert into added_platform values (200, 'store-grove', 2, 3, 0)";
    client.batch_execute(insert).await.unwrap();
    for sql in [
        "update added_platform set slug = 'other'",
        "delete from added_platform",
        "truncate added_platform",
    ] {
        let refused = client.batch_execute(sql).await.unwrap_err();
        assert!(refused.as_db_error().unwrap().message().contains("part of ids"), "{refused}");
    }
}

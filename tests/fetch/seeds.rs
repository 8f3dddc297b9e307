//! Where crawls begin: accounts by name.

use model::{Account, Platform};
use platform_fetch::{SeedError, seed};
use platforms::engine::ResolveError;

use crate::world::World;

fn account(handle: &str) -> Account {
    Account::new(Platform::BLUESKY, handle).unwrap()
}

#[tokio::test]
async fn seeds_are_looked_up_and_due() {
    let world = World::new().await;
    world.web.answer("resolveHandle", 200, r#"{"did":"did:plc:ada"}"#);
    seed(world.dependencies(), &[account("ada.test")], 2).await.unwrap();
    assert_eq!(world.counts().await.due, 1);
    assert!(world.find("did:plc:ada").await.is_some());
}

#[tokio::test]
async fn no_seed_is_due_unless_all_are_found() {
    let world = World::new().await;
    world.web.answer("ada.test", 200, r#"{"did":"did:plc:ada"}"#);
    world.web.answer("bo.test", 400, r#"{"error":"InvalidRequest"}"#);
    let failed = seed(world.dependencies(), &[account("ada.test"), account("bo.test")], 2).await;
    let is_missing = matches!(failed, Err(SeedError::Resolve(ResolveError::NotFound(_))));
    assert!(is_missing, "{failed:?}");
    assert_eq!(world.counts().await.known, 0);
}

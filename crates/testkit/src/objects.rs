//! What every implementation of [`Objects`] must do.

use model::port::{Objects, PortError, PutOutcome};

/// Runs the suite on an empty store of objects.
///
/// # Panics
/// If the implementation breaks a promise of the port.
pub async fn objects_suite(objects: &impl Objects) {
    an_object_is_sealed_once(objects).await;
    ranges_end_with_the_object(objects).await;
    keys_are_listed_by_prefix_in_order(objects).await;
    what_is_deleted_is_gone(objects).await;
    bad_keys_are_refused(objects).await;
    of_many_writers_one_wins(objects).await;
}

async fn put(objects: &impl Objects, key: &str, body: &[u8]) -> PutOutcome {
    objects.put(key, body.to_vec()).await.expect("a good key can be put")
}

async fn get(objects: &impl Objects, key: &str) -> Option<Vec<u8>> {
    objects.get(key).await.expect("a good key can be got")
}

async fn an_object_is_sealed_once(objects: &impl Objects) {
    assert_eq!(get(objects, "sealed/one").await, None);
    assert_eq!(put(objects, "sealed/one", b"first").await, PutOutcome::Created);
    assert_eq!(put(objects, "sealed/one", b"second").await, PutOutcome::AlreadyThere);
    assert_eq!(get(objects, "sealed/one").await.as_deref(), Some(&b"first"[..]));
    assert_eq!(put(objects, "sealed/empty", b"").await, PutOutcome::Created);
    assert_eq!(get(objects, "sealed/empty").await.as_deref(), Some(&b""[..]));
}

async fn ranges_end_with_the_object(objects: &impl Objects) {
    put(objects, "range/digits", b"0123456789").await;
    for (start, length, wanted) in [(0, 3, "012"), (7, 3, "789"), (8, 100, "89"), (10, 5, "")] {
        let range = objects.get_range("range/digits", start, length).await;
        let range = range.expect("a range can be got");
        assert_eq!(range.as_deref(), Some(wanted.as_bytes()), "{start}+{length}");
    }
    assert_eq!(objects.get_range("range/none", 0, 1).await, Ok(None));
}

async fn keys_are_listed_by_prefix_in_order(objects: &impl Objects) {
    for key in ["list/b/2", "list/a", "list/b/1", "list/ab", "lister"] {
        put(objects, key, b"x").await;
    }
    let list = async |prefix| objects.list(prefix).await.expect("keys can be listed");
    assert_eq!(list("list/").await, ["list/a", "list/ab", "list/b/1", "list/b/2"]);
    assert_eq!(list("list/a").await, ["list/a", "list/ab"]);
    assert_eq!(list("list/b/").await, ["list/b/1", "list/b/2"]);
    assert_eq!(list("list/none/").await, [""; 0]);
    let all = list("").await;
    assert!(all.is_sorted() && all.contains(&"lister".to_owned()), "{all:?}");
}

async fn what_is_deleted_is_gone(objects: &impl Objects) {
    put(objects, "delete/me", b"x").await;
    assert_eq!(objects.delete("delete/me").await, Ok(()));
    assert_eq!(objects.delete("delete/me").await, Ok(()));
    assert_eq!(get(objects, "delete/me").await, None);
    assert_eq!(put(objects, "delete/me", b"y").await, PutOutcome::Created);
}

async fn bad_keys_are_refused(objects: &impl Objects) {
    for key in ["", "/x", "a//b", "../x", "a/./b", "a b", "a/~aside", "ä", "a/"] {
        let put = objects.put(key, b"x".to_vec()).await;
        assert!(matches!(put, Err(PortError::Refused(_))), "{key:?}: {put:?}");
        assert!(objects.get(key).await.is_err(), "{key:?}");
    }
}

async fn of_many_writers_one_wins(objects: &impl Objects) {
    let bodies: Vec<Vec<u8>> = (0..4u8).map(|n| vec![n; 100_000]).collect();
    let write = async |body: &Vec<u8>| objects.put("race/one", body.clone()).await;
    let puts =
        tokio::join!(write(&bodies[0]), write(&bodies[1]), write(&bodies[2]), write(&bodies[3]));
    let puts = [puts.0, puts.1, puts.2, puts.3];
    let created: Vec<usize> = (0..4).filter(|&n| puts[n] == Ok(PutOutcome::Created)).collect();
    assert_eq!(created.len(), 1, "{puts:?}");
    assert_eq!(get(objects, "race/one").await.as_ref(), Some(&bodies[created[0]]));
}

//! Lists of bulk files.

use model::{ChangePosition, Layer, ProfileId};
use store::Pg;
use store::pg::adjacency::{self, AdjacencyImport, ImportMode};
use store::pg::change;
use testkit::database;

use crate::web::{at, ids, own_list, plain};

async fn import(pg: &Pg, mode: ImportMode, lists: &[(ProfileId, &[ProfileId])]) -> AdjacencyImport {
    let lists: Vec<_> = lists.iter().map(|(src, dst)| (*src, plain(dst))).collect();
    adjacency::import(pg, Layer::Follow, &lists, mode, at(0)).await.unwrap()
}

#[tokio::test]
async fn an_import_replaces_each_list_and_repeats_for_free() {
    let db = database().await;
    let [a, b, c] = ids(db.pg(), ["a", "b", "c"]).await;
    let first = import(db.pg(), ImportMode::Replace, &[(a, &[b, c]), (b, &[a])]).await;
    assert_eq!(first, AdjacencyImport { changed_lists: 2, arcs_added: 3, arcs_removed: 0 });
    let again = import(db.pg(), ImportMode::Replace, &[(a, &[b, c]), (b, &[a])]).await;
    assert_eq!(again, AdjacencyImport::default());
    let other = import(db.pg(), ImportMode::Replace, &[(a, &[c])]).await;
    assert_eq!(other, AdjacencyImport { changed_lists: 1, arcs_added: 0, arcs_removed: 1 });
    assert_eq!(own_list(db.pg(), a, Layer::Follow).await.1, plain(&[c]));
    assert_eq!(change::page(db.pg(), ChangePosition::default(), 1).await.unwrap(), []);
}

#[tokio::test]
async fn a_merge_adds_and_takes_nothing_away() {
    let db = database().await;
    let [a, b, c] = ids(db.pg(), ["a", "b", "c"]).await;
    import(db.pg(), ImportMode::Merge, &[(a, &[b])]).await;
    let more = import(db.pg(), ImportMode::Merge, &[(a, &[c])]).await;
    assert_eq!(more, AdjacencyImport { changed_lists: 1, arcs_added: 1, arcs_removed: 0 });
    assert_eq!(import(db.pg(), ImportMode::Merge, &[(a, &[b])]).await, AdjacencyImport::default());
    assert_eq!(own_list(db.pg(), a, Layer::Follow).await.1, plain(&[b, c]));
}

#[tokio::test]
async fn merges_at_once_lose_no_arc() {
    let db = database().await;
    let [a, b, c, d] = ids(db.pg(), ["a", "b", "c", "d"]).await;
    let (b_only, c_only, d_only) = ([b], [c], [d]);
    let merge = |dst| import(db.pg(), ImportMode::Merge, dst);
    let (one, two, three) = ([(a, &b_only[..])], [(a, &c_only[..])], [(a, &d_only[..])]);
    tokio::join!(merge(&one), merge(&two), merge(&three));
    assert_eq!(own_list(db.pg(), a, Layer::Follow).await.1, plain(&[b, c, d]));
}

#[tokio::test]
async fn pages_walk_all_lists_in_order() {
    let db = database().await;
    let all = ids(db.pg(), ["a", "b", "c", "d", "e", "f", "g"]).await;
    let lists: Vec<(ProfileId, &[ProfileId])> = all.iter().map(|id| (*id, &all[..2])).collect();
    import(db.pg(), ImportMode::Replace, &lists).await;
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let page = adjacency::page(db.pg(), after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key);
        keys.extend(page.iter().map(|row| row.key));
    }
    assert_eq!(keys.len(), 7);
    assert!(keys.is_sorted());
}

//! Reading what changed since a snapshot.

use model::ProfileId;
use model::profile::GoneReason;
use store::Pg;
use store::pg::erase;
use store::pg::snapshot::{ChangeReader, ChangedList, NodeRow};
use testkit::database;

use crate::web::{at, claimed, commit_all, crawled, follows, ids, mark, page, round, stream};

/// Every list that changed since a mark, in pages of one.
async fn changed_lists(pg: &Pg, since: u64) -> Vec<ChangedList> {
    let reader = ChangeReader::open(pg, since, 1).await.unwrap();
    let (mut lists, mut after) = (Vec::new(), None);
    loop {
        let page = reader.lists(after).await.unwrap();
        lists.extend(page.rows);
        after = page.end;
        if after.is_none() {
            return lists;
        }
    }
}

/// Every page that changed since a mark, in pages of one.
async fn changed_nodes(pg: &Pg, since: u64) -> Vec<NodeRow> {
    let reader = ChangeReader::open(pg, since, 1).await.unwrap();
    let (mut nodes, mut after) = (Vec::new(), None);
    loop {
        let page = reader.nodes(after).await.unwrap();
        nodes.extend(page.rows);
        after = page.end;
        if after.is_none() {
            return nodes;
        }
    }
}

fn owners(lists: &[ChangedList]) -> Vec<ProfileId> {
    lists.iter().map(|list| list.key.profile).collect()
}

#[tokio::test]
async fn only_changed_lists_and_pages_are_read() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let bob = crawled(db.pg(), page("bob"), &["ada"], at(0)).await;
    let mark = mark(db.pg()).await;
    assert_eq!(owners(&changed_lists(db.pg(), 0).await), [ada, bob]);
    assert_eq!(changed_nodes(db.pg(), 0).await.len(), 2);
    assert_eq!(changed_lists(db.pg(), mark).await, []);
    assert_eq!(changed_nodes(db.pg(), mark).await, []);
    claimed(db.pg(), &["ada", "bob"], at(5)).await;
    let same = round(ada, vec![stream("f", vec![follows(&["bob"])])]);
    let other = round(bob, vec![stream("f", vec![follows(&["ada", "eve"])])]);
    commit_all(db.pg(), at(5), vec![same, other]).await;
    let lists = changed_lists(db.pg(), mark).await;
    assert_eq!((owners(&lists), lists[0].list.len(), lists[0].complete), (vec![bob], 2, true));
    erase::profile(db.pg(), ada, GoneReason::Deleted, at(6)).await.unwrap();
    let nodes = changed_nodes(db.pg(), mark).await;
    assert_eq!(nodes.iter().map(|node| node.id).collect::<Vec<_>>(), [ada]);
    assert!(nodes[0].gone.is_some());
}

/// A row that a transaction wrote which was open at the first piece belongs to the next snapshot, however
/// many transactions ended since.
#[tokio::test]
async fn an_open_transaction_holds_the_mark_back() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let before = mark(db.pg()).await;
    let slow = db.client().await;
    let update =
        "begin; update adjacency set complete = complete, changed_xid = pg_current_xact_id()";
    slow.batch_execute(update).await.unwrap();
    let eve = crawled(db.pg(), page("eve"), &["bob"], at(1)).await;
    let reader = ChangeReader::open(db.pg(), before, 100).await.unwrap();
    let held = reader.high_water();
    let lists = reader.lists(None).await.unwrap().rows;
    assert_eq!(owners(&lists), [eve], "what is committed is read");
    slow.batch_execute("commit").await.unwrap();
    let later = ChangeReader::open(db.pg(), held, 100).await.unwrap();
    let lists = later.lists(None).await.unwrap().rows;
    assert_eq!(owners(&lists), [ada, eve], "and read again with what was not");
}

/// A row that moves between two pieces is read in one of the two snapshots that follow.
#[tokio::test]
async fn a_writer_between_pieces_loses_nothing() {
    let db = database().await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let bob = crawled(db.pg(), page("bob"), &["ada"], at(1)).await;
    let reader = ChangeReader::open(db.pg(), 0, 1).await.unwrap();
    let first = reader.lists(None).await.unwrap();
    assert_eq!(owners(&first.rows), [ada]);
    claimed(db.pg(), &["ada", "bob"], at(5)).await;
    let rounds = [ada, bob].map(|id| round(id, vec![stream("f", vec![follows(&["eve"])])]));
    commit_all(db.pg(), at(5), rounds.into()).await;
    let second = reader.lists(first.end).await.unwrap();
    assert_eq!(second.rows, [], "both are of a later transaction now");
    assert_eq!(owners(&changed_lists(db.pg(), reader.high_water()).await), [ada, bob]);
}

#[tokio::test]
async fn new_profiles_are_looked_up() {
    let db = database().await;
    let [unread] = ids(db.pg(), ["unread"]).await;
    let ada = crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let mark = mark(db.pg()).await;
    let reader = ChangeReader::open(db.pg(), mark, 100).await.unwrap();
    let found = reader.find_new(&[unread, ada]).await.unwrap();
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [unread, ada]);
    assert!(found[0].page.is_none() && !found[0].older_lists && !found[0].unread);
    assert!(found[1].page.is_some() && found[1].older_lists);
}

/// The plan of a statement.
async fn plan(client: &tokio_postgres::Client, sql: &str) -> String {
    let rows = client.query(&format!("explain {sql}"), &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
}

#[tokio::test]
async fn changes_are_found_by_an_index() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["bob"], at(0)).await;
    let client = db.client().await;
    let grow =
        "insert into adjacency (profile_id, layer, direction, complete, hidden, observed_at, n,
            hash, changed_xid, body)
        select (select max(profile_id) from adjacency) + g, 0, 0, true, false, 0, 0, 0,
            (g / 100)::text::xid8, '' from generate_series(1, 50000) g;
        insert into profile (profile_id, kind, consent, gone, content_hash, changed_xid)
        select (select max(profile_id) from profile) + g, 0, 0, 0, 0, (g / 100)::text::xid8
        from generate_series(1, 50000) g; analyze adjacency; analyze profile";
    client.batch_execute(grow).await.unwrap();
    let lists = "select profile_id, body from adjacency
        where (changed_xid, profile_id, layer, direction) > ('490', -1, 0, 0) and changed_xid < '600'
        order by changed_xid, profile_id, layer, direction limit 2000";
    let nodes = "select profile_id from profile
        where (changed_xid, profile_id) > ('490', -1) and changed_xid < '600'
        order by changed_xid, profile_id limit 2000";
    for sql in [lists, nodes] {
        let plan = plan(&client, sql).await;
        assert!(plan.contains("changed") && !plan.contains("Seq Scan"), "{plan}");
    }
}

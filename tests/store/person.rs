//! Persons: merged, answering, and parted again.

use model::{ChangePosition, PersonId, ProfileId};
use store::Pg;
use store::pg::change::Change;
use store::pg::person::{self, Person, Saved};
use testkit::database;

use crate::web::{at, events, ids};

async fn save(pg: &Pg, groups: &[&[ProfileId]]) -> Saved {
    let groups: Vec<Vec<ProfileId>> = groups.iter().map(|group| group.to_vec()).collect();
    person::save_groups(pg, &groups, at(0)).await.unwrap()
}

async fn get(pg: &Pg, id: PersonId) -> Person {
    person::get(pg, &[id]).await.unwrap().remove(0)
}

#[tokio::test]
async fn everyone_is_a_person_until_proof_joins_them() {
    let db = database().await;
    let [ada, bob] = ids(db.pg(), ["ada", "bob"]).await;
    let own = get(db.pg(), ada.home_person()).await;
    assert_eq!((own.profiles, own.merged_into), (vec![ada], None));
    assert_eq!(save(db.pg(), &[&[ada, bob]]).await, Saved { joined: 1, parted: 0 });
    let both = person::get(db.pg(), &[bob.home_person(), ada.home_person()]).await.unwrap();
    assert_eq!(both[0].merged_into, Some(ada.home_person()));
    assert_eq!((&both[0].profiles, &both[1].profiles), (&vec![], &vec![ada, bob]));
    let of = person::of_profiles(db.pg(), &[bob, ada]).await.unwrap();
    assert_eq!(of, [ada.home_person(), ada.home_person()]);
    assert_eq!(person::get(db.pg(), &[PersonId::new(77)]).await.unwrap(), []);
}

#[tokio::test]
async fn an_unmerge_revives_the_person_that_was() {
    let db = database().await;
    let [ada, bob, eve] = ids(db.pg(), ["ada", "bob", "eve"]).await;
    save(db.pg(), &[&[ada, bob, eve]]).await;
    assert_eq!(save(db.pg(), &[&[bob, eve]]).await, Saved { joined: 1, parted: 1 });
    let revived = get(db.pg(), bob.home_person()).await;
    assert_eq!((revived.profiles, revived.merged_into), (vec![bob, eve], None));
    assert_eq!(save(db.pg(), &[]).await, Saved { joined: 0, parted: 1 });
    assert_eq!(get(db.pg(), eve.home_person()).await.profiles, [eve]);
}

#[tokio::test]
async fn saving_the_same_groups_changes_nothing() {
    let db = database().await;
    let [ada, bob, eve] = ids(db.pg(), ["ada", "bob", "eve"]).await;
    save(db.pg(), &[&[eve, bob]]).await;
    assert_eq!(save(db.pg(), &[&[eve, bob]]).await, Saved::default());
    assert_eq!(save(db.pg(), &[&[ada, bob, eve]]).await, Saved { joined: 1, parted: 0 });
    assert_eq!(get(db.pg(), ada.home_person()).await.merged_into, Some(bob.home_person()));
}

#[tokio::test]
async fn the_log_tells_who_joined_and_who_parted() {
    let db = database().await;
    let [ada, bob] = ids(db.pg(), ["ada", "bob"]).await;
    save(db.pg(), &[&[ada, bob]]).await;
    save(db.pg(), &[]).await;
    let events = events(db.pg(), ChangePosition::default()).await;
    let changes: Vec<_> =
        events.into_iter().map(|placed| (placed.event.subject, placed.event.change)).collect();
    let wanted = [(Some(ada), Change::Joined(vec![bob])), (Some(ada), Change::Parted(vec![bob]))];
    assert_eq!(changes, wanted);
}

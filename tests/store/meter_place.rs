//! Where the meter's work is continued.

use store::pg::meter_place::{self, PlacedWork};
use testkit::database;

use crate::web::at;

#[tokio::test]
async fn each_work_has_its_own_place_until_it_begins_again() {
    let db = database().await;
    let get = async |work| meter_place::get(db.pg(), work).await.unwrap();
    let set = async |work, place| meter_place::set(db.pg(), work, place, at(0)).await.unwrap();
    assert_eq!(get(PlacedWork::Alerts).await, None);
    for place in ["7 8", "9 1"] {
        set(PlacedWork::Alerts, Some(place)).await;
        assert_eq!(get(PlacedWork::Alerts).await.as_deref(), Some(place));
    }
    set(PlacedWork::Audit, Some("3")).await;
    set(PlacedWork::Alerts, None).await;
    assert_eq!(get(PlacedWork::Alerts).await, None);
    assert_eq!(get(PlacedWork::Audit).await.as_deref(), Some("3"));
}

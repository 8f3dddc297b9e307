//! Prices, minute by minute.

use billing_meter::{PriceReport, publish_prices};
use model::{Epoch, PriceClass, PriceIndex, PublishedEpoch, Timestamp};
use pricing::history::recompute;
use store::pg::price::{self, RefusedRequest};

use crate::world::MeteredWorld;

const CLASSES: u64 = PriceClass::ALL.len() as u64;

impl MeteredWorld {
    async fn history(&self, class: PriceClass) -> Vec<PublishedEpoch> {
        price::history(self.db.pg(), class, Epoch::new(0), 10_000).await.unwrap()
    }

    fn epoch(&self) -> Epoch {
        Epoch::of(self.now())
    }

    async fn publish(&self) -> PriceReport {
        publish_prices(self.deps()).await.unwrap()
    }

    /// Rows that a payer pays in this minute.
    async fn pay(&self, payer: model::PayerId, rows: u64) {
        let charge = self.serve(payer, self.epoch().number(), rows).await;
        self.post_all(&[charge]).await;
    }
}

fn excess(time: Timestamp) -> u64 {
    // Half an hour of rush, half an hour of nothing: what is paid in this minute.
    if time.as_second() / 60 % 60 < 30 { 180 } else { 0 }
}

#[tokio::test]
async fn an_hour_of_prices_is_computed_again_by_anyone() {
    let world = MeteredWorld::new("graph=100").await;
    let payer = world.payer(1, 1_000_000).await;
    assert_eq!(world.publish().await, PriceReport { published: 2 * CLASSES, missed: 0 });
    assert_eq!(world.publish().await, PriceReport::default(), "twice is once");
    for _ in 0..60 {
        let rows = excess(world.now());
        if rows > 0 {
            world.pay(payer, rows).await;
        }
        world.clock.advance_seconds(60);
        assert_eq!(world.publish().await, PriceReport { published: CLASSES, missed: 0 });
        assert_eq!(world.publish().await, PriceReport::default(), "twice is once");
    }
    for class in PriceClass::ALL {
        let history = world.history(class).await;
        let found = recompute(&[], &history).unwrap();
        assert_eq!((found.epochs, found.gaps), (62, 0), "{class}");
        // The next minute's price is known.
        assert_eq!(history.last().unwrap().epoch, world.epoch().after(1));
        if class != PriceClass::Graph {
            assert!(history.iter().all(|epoch| epoch.index == PriceIndex::ONE), "{class}");
        }
    }
    let graph = world.history(PriceClass::Graph).await;
    let highest = graph.iter().max_by_key(|epoch| epoch.index).unwrap();
    // 0.8 of a target too much for thirty minutes: 2^(24/60). What is used counts two minutes later.
    assert_eq!(highest.index.to_string(), "1.3195");
    assert_eq!(graph[2].used, 180);
    assert_eq!(graph.last().unwrap().index, PriceIndex::ONE);
}

#[tokio::test]
async fn who_pays_nothing_moves_no_price() {
    let world = MeteredWorld::new("graph=100").await;
    let (payer, idler) = (world.payer(1, 1_000).await, world.payer(2, 1_000).await);
    world.publish().await;
    world.pay(payer, 30).await;
    for (payer, request) in [(idler, 1), (idler, 2), (payer, 3), (payer, 3), (payer, 4)] {
        let (class, epoch, request) = (PriceClass::Graph, world.epoch(), [request; 32]);
        let refused = RefusedRequest { class, epoch, payer, request, units: 20 };
        price::note_refused(world.db.pg(), &refused).await.unwrap();
    }
    world.clock.advance_seconds(60);
    world.publish().await;
    // Of the payer's refused 40 units as many count as it paid; of the idler's none.
    assert_eq!(world.history(PriceClass::Graph).await.last().unwrap().used, 60);
}

#[tokio::test]
async fn a_late_meter_leaves_a_gap() {
    let world = MeteredWorld::new("graph=100,live=1").await;
    let payer = world.payer(1, 1_000).await;
    world.publish().await;
    world.pay(payer, 150).await;
    world.clock.advance_seconds(5 * 60);
    assert_eq!(world.publish().await, PriceReport { published: CLASSES, missed: 4 });
    world.clock.advance_seconds(60);
    assert_eq!(world.publish().await, PriceReport { published: CLASSES, missed: 0 });
    for class in PriceClass::ALL {
        let history = world.history(class).await;
        assert_eq!(recompute(&[], &history).unwrap().gaps, 4, "{class}");
        // What was used in the gap is lost for the price.
        assert!(history.iter().all(|epoch| epoch.used == 0), "{class}");
    }
}

#[tokio::test]
async fn many_meters_publish_one_price() {
    let world = MeteredWorld::new("").await;
    world.publish().await;
    world.clock.advance_seconds(60);
    let meters = [0; 4].map(|_| publish_prices(world.deps()));
    let [a, b, c, d] = meters;
    let reports = tokio::join!(a, b, c, d);
    let reports = [reports.0, reports.1, reports.2, reports.3];
    let published: u64 = reports.into_iter().map(|report| report.unwrap().published).sum();
    assert_eq!(published, CLASSES);
    for class in PriceClass::ALL {
        assert_eq!(recompute(&[], &world.history(class).await).unwrap().epochs, 3);
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_publishes_nothing() {
    let world = MeteredWorld::new("").await;
    world.publish().await;
    let behind = testkit::Frozen::at(world.epoch().before(3).start());
    let deps = billing_meter::MeterDependencies { clock: &behind, ..world.deps() };
    assert_eq!(publish_prices(deps).await.unwrap(), PriceReport::default());
}

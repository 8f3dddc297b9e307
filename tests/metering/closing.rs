//! Months are sealed, and what is old is deleted.

use billing::merkle;
use billing_meter::{close, publish_prices};
use model::port::{Ledger as _, TransferPeriod};
use model::{Month, Statement, Timestamp};
use store::pg::price;

use crate::world::{MeteredWorld, micros};

impl MeteredWorld {
    fn advance_to(&self, time: &str) {
        let time: Timestamp = time.parse().expect("this is a time");
        let seconds = time.as_second() - self.now().as_second();
        self.clock.advance_seconds(u32::try_from(seconds).expect("time goes on"));
    }

    /// The root of a statement, computed from the lines of its month.
    async fn computed_root(&self, payer: model::PayerId, sealed: &Statement) -> [u8; 32] {
        let (from, until) = (sealed.month.start(), sealed.month.next().start());
        let period = TransferPeriod { payer, from, until };
        let lines = self.ledger().transfers_of(&period, None).await.unwrap().items;
        let leaves: Vec<[u8; 32]> =
            lines.iter().map(|line| merkle::leaf(&billing::line_bytes(line).unwrap())).collect();
        let Statement { month, lines, opening, credited, debited, .. } = sealed;
        let amounts = [opening, credited, debited].map(|amount| amount.micros().to_string());
        let head = format!("{payer} {month} {lines} {}", amounts.join(" "));
        merkle::chained(&sealed.previous_root, head.as_bytes(), &merkle::root(&leaves))
    }

    async fn statement(&self, payer: model::PayerId, month: &str) -> Option<Statement> {
        let month: Month = month.parse().expect("this is a month");
        let last = self.ledger().last_statement(payer, month).await.unwrap();
        last.filter(|last| last.month == month)
    }
}

#[tokio::test]
async fn statements_of_two_months_are_chained() {
    let world = MeteredWorld::new("").await;
    let (ada, bob) = (world.payer(1, 100).await, world.payer(2, 100).await);
    let first = world.serve(ada, 1, 1).await;
    world.post_all(&[first]).await;
    world.advance_to("2026-12-01T00:30:00Z");
    close(world.deps()).await.unwrap();
    assert_eq!(world.statement(ada, "2026-11").await, None, "its last batch may still be written");
    world.advance_to("2026-12-01T01:30:00Z");
    assert_eq!(close(world.deps()).await.unwrap().sealed, 2);
    let second = world.serve(ada, 2, 1).await;
    world.post_all(&[second]).await;
    world.advance_to("2027-01-02T01:30:00Z");
    for _ in 0..2 {
        assert_eq!(close(world.deps()).await.unwrap().sealed, 2);
    }
    let november = world.statement(ada, "2026-11").await.unwrap();
    let december = world.statement(ada, "2026-12").await.unwrap();
    assert_eq!((november.lines, november.opening, november.closing), (2, micros(0), micros(90)));
    assert_eq!((december.lines, december.opening, december.closing), (1, micros(90), micros(80)));
    assert_eq!((november.previous_root, december.previous_root), ([0; 32], november.root));
    assert_eq!(december.root, world.computed_root(ada, &december).await);
    let idle = world.statement(bob, "2026-12").await.unwrap();
    assert_eq!((idle.lines, idle.closing), (0, micros(100)));
    assert_eq!(idle.previous_root, world.statement(bob, "2026-11").await.unwrap().root);
}

#[tokio::test]
async fn months_that_were_missed_are_sealed_one_by_one() {
    let world = MeteredWorld::new("").await;
    let payer = world.payer(1, 100).await;
    world.advance_to("2026-12-02T00:00:00Z");
    close(world.deps()).await.unwrap();
    let charge = world.serve(payer, 1, 1).await;
    world.post_all(&[charge]).await;
    world.advance_to("2027-03-05T00:00:00Z");
    close(world.deps()).await.unwrap();
    let months = ["2026-11", "2026-12", "2027-01", "2027-02"];
    let mut lines = Vec::new();
    for month in months {
        lines.push(world.statement(payer, month).await.map(|sealed| sealed.lines));
    }
    assert_eq!(lines, [Some(1), Some(1), Some(0), Some(0)]);
}

#[tokio::test]
async fn use_is_forgotten_after_two_hours_and_prices_never() {
    let world = MeteredWorld::new("").await;
    let payer = world.payer(1, 1_000).await;
    publish_prices(world.deps()).await.unwrap();
    let old = world.serve(payer, 1, 5).await;
    world.clock.advance_seconds(7_200);
    let kept = world.serve(payer, 2, 5).await;
    world.post_all(&[old, kept]).await;
    assert_eq!(close(world.deps()).await.unwrap().deleted, 0);
    world.clock.advance_seconds(60);
    assert_eq!(close(world.deps()).await.unwrap().deleted, 1);
    let history = price::recent(world.db.pg(), model::PriceClass::Graph, 10).await.unwrap();
    assert_eq!(history.len(), 2);
}

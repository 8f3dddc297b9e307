//! What is known of where things were.

use super::point::Point;

/// The people of a community who were on the map before, as sums.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    people: usize,
    /// Where they were, in units of this layout.
    were: Point,
    /// Where they are, around the middle of the community.
    are: Point,
}

impl Known {
    /// Adds a person, or the known people of a part that lies at `at`.
    pub(super) fn add_person(&mut self, was: Point, at: Point) {
        self.people += 1;
        self.were += was;
        self.are += at;
    }

    /// Adds the known people of a part whose middle lies at `at`.
    pub(super) fn add_part(&mut self, part: &Known, at: Point) {
        self.people += part.people;
        self.were += part.were;
        self.are += part.are + at * part.people as f64;
    }

    /// Where the middle of the community should lie so that its people are where they were.
    pub(super) fn middle(&self) -> Option<Point> {
        let people = self.people as f64;
        (self.people > 0).then(|| (self.were - self.are) * people.recip())
    }

    /// How many people are known.
    pub(super) fn people(&self) -> usize {
        self.people
    }
}

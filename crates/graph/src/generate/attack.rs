//! Attacks on trust: fakes beside an honest graph, in the forms that are seen in practice.
//!
//! Arcs between fakes and from fakes to the honest cost nothing, so each form has as many as it
//! likes. What costs is an arc *from* an honest person: bought, begged or tricked. Every form takes
//! the same number of those, so that prices can be compared. Sources of the forms: Viswanath et al.
//! 2010; Cao et al. 2012; Yang et al. 2014 on farms as they are found. Time and memory O(arcs drawn).

use super::arcs::DrawnArcs;
use super::farm::{SybilFarm, add_farm};
use crate::seed::RandomSeed;

/// How fakes attend to each other, and which of them get the arcs of honest people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttackForm {
    /// Fakes that follow each other, half of them by popularity; arcs go to random fakes.
    Dense,
    /// Each fake follows 30 honest people; arcs come from a gullible tenth of the honest, evenly to
    /// all fakes, which follow them too. Fakes do not know each other.
    FollowBack,
    /// All fakes follow the first one, and so do the arcs.
    Star,
    /// Each fake follows the next; arcs go to the first one.
    Chain,
    /// Each fake lives among the friends of one honest person: follows 15 of them and the last three
    /// fakes who came before to the same place, and arcs come evenly from those it follows.
    Infiltration,
    /// Dense villages of 40 whose people also follow random fakes of other villages, so that each
    /// looks like one community among many; arcs go to random fakes.
    Villages,
    /// Ten of the fakes get all arcs and follow all the others, who follow honest people only:
    /// what few have received is passed to many.
    Relay,
}

impl AttackForm {
    /// Every form.
    pub const ALL: [AttackForm; 7] = [
        AttackForm::Dense,
        AttackForm::FollowBack,
        AttackForm::Star,
        AttackForm::Chain,
        AttackForm::Infiltration,
        AttackForm::Villages,
        AttackForm::Relay,
    ];
}

/// An attack and its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SybilAttack {
    /// Its form.
    pub form: AttackForm,
    /// Number of fakes.
    pub fakes: usize,
    /// Arcs from honest people to fakes; an arc that is drawn twice counts once.
    pub bought: usize,
}

/// Honest people that a fake follows, if it follows any.
const FOLLOWS: usize = 30;

/// Honest friends that an infiltrator follows.
const FRIENDS: usize = 15;

/// Infiltrators that share the friends of one person.
const TEAM: usize = 10;

/// Fakes of a village.
const VILLAGE: usize = 40;

/// Fakes who pass on the attention that they received.
const RELAYS: usize = 10;

/// Adds the attack to `arcs` over people `0..honest`; fakes are `honest..honest + fakes`.
pub fn add_attack(arcs: &mut DrawnArcs, honest: usize, attack: &SybilAttack, random: RandomSeed) {
    let mut scene = AttackScene { arcs, honest, attack: *attack, random };
    match attack.form {
        AttackForm::Dense => scene.dense(),
        AttackForm::FollowBack => scene.follow_back(),
        AttackForm::Star => scene.star(),
        AttackForm::Chain => scene.chain(),
        AttackForm::Infiltration => scene.infiltration(),
        AttackForm::Villages => scene.villages(),
        AttackForm::Relay => scene.relay(),
    }
}

struct AttackScene<'a> {
    arcs: &'a mut DrawnArcs,
    honest: usize,
    attack: SybilAttack,
    random: RandomSeed,
}

impl AttackScene<'_> {
    fn fakes(&self) -> std::ops::Range<u32> {
        self.honest as u32..(self.honest + self.attack.fakes) as u32
    }

    fn any_fake(&mut self) -> u32 {
        self.honest as u32 + self.random.below(self.attack.fakes as u64) as u32
    }

    /// The fake that the next of evenly spread arcs goes to.
    fn next_fake(&self, arc: usize) -> u32 {
        (self.honest + arc % self.attack.fakes) as u32
    }

    fn any_honest(&mut self) -> u32 {
        self.random.below(self.honest as u64) as u32
    }

    /// Arcs from anyone to random fakes.
    fn buy_anywhere(&mut self) {
        for _ in 0..self.attack.bought {
            let (from, to) = (self.any_honest(), self.any_fake());
            self.arcs.push(from, to);
        }
    }

    fn dense(&mut self) {
        let SybilAttack { fakes, bought, .. } = self.attack;
        let farm = SybilFarm { fakes, follows: 20, attack_arcs: bought, outward_arcs: 2 * fakes };
        add_farm(self.arcs, self.honest, &farm, self.random);
    }

    fn follow_back(&mut self) {
        let gullible = (self.honest / 10).max(1) as u64;
        let names = self.random.fork(1).order(self.honest);
        for fake in self.fakes() {
            for _ in 0..FOLLOWS {
                let to = self.any_honest();
                self.arcs.push(fake, to);
            }
        }
        for arc in 0..self.attack.bought {
            let from = names[self.random.below(gullible) as usize];
            let to = self.next_fake(arc);
            self.arcs.push(from, to);
            self.arcs.push(to, from);
        }
    }

    fn star(&mut self) {
        let hub = self.honest as u32;
        for fake in self.fakes().skip(1) {
            self.arcs.push(fake, hub);
        }
        self.buy_for(hub);
    }

    fn chain(&mut self) {
        for fake in self.fakes().skip(1) {
            self.arcs.push(fake - 1, fake);
        }
        self.buy_for(self.honest as u32);
    }

    /// Arcs from anyone to one fake.
    fn buy_for(&mut self, fake: u32) {
        for _ in 0..self.attack.bought {
            let from = self.any_honest();
            self.arcs.push(from, fake);
        }
    }

    fn infiltration(&mut self) {
        let friends_of = self.friends();
        let teams = self.attack.fakes.div_ceil(TEAM) as u32;
        let places: Vec<u32> = (0..teams).map(|_| self.any_honest()).collect();
        let mut friends: Vec<Vec<u32>> = Vec::new();
        for (at, fake) in (0..).zip(self.fakes()) {
            let place = places[(at % teams) as usize];
            let near = self.around(&friends_of, place);
            near.iter().for_each(|&to| self.arcs.push(fake, to));
            let comrades = (1..=3).filter_map(|back| fake.checked_sub(back * teams));
            for comrade in comrades.filter(|&comrade| comrade >= self.honest as u32) {
                self.arcs.push(fake, comrade);
                self.arcs.push(comrade, fake);
            }
            friends.push(near);
        }
        for arc in 0..self.attack.bought {
            let fake = self.next_fake(arc);
            let near = &friends[fake as usize - self.honest];
            let from = near[self.random.below(near.len() as u64) as usize];
            self.arcs.push(from, fake);
        }
    }

    /// The people that each honest person attends to.
    fn friends(&self) -> Vec<Vec<u32>> {
        let mut friends = vec![Vec::new(); self.honest];
        for (&source, &target) in self.arcs.sources.iter().zip(&self.arcs.targets) {
            friends[source as usize].push(target);
        }
        friends
    }

    /// People met on walks of two steps from one, and that one.
    fn around(&mut self, friends_of: &[Vec<u32>], place: u32) -> Vec<u32> {
        let mut near = vec![place];
        for _ in 1..FRIENDS {
            let mut at = place;
            for _ in 0..2 {
                let friends = &friends_of[at as usize];
                let pick = self.random.below(friends.len() as u64) as usize;
                at = friends.get(pick).copied().unwrap_or(place);
            }
            near.push(at);
        }
        near
    }

    fn villages(&mut self) {
        for fake in self.fakes() {
            let first = fake - (fake - self.honest as u32) % VILLAGE as u32;
            let size = VILLAGE.min(self.honest + self.attack.fakes - first as usize) as u64;
            for _ in 0..15 {
                let neighbour = first + self.random.below(size) as u32;
                self.arcs.push(fake, neighbour);
            }
            for _ in 0..5 {
                let stranger = self.any_fake();
                self.arcs.push(fake, stranger);
            }
        }
        self.buy_anywhere();
    }
    fn relay(&mut self) {
        let relays = self.fakes().take(RELAYS);
        for fake in self.fakes() {
            let followed = (0..FOLLOWS).map(|_| self.any_honest()).collect::<Vec<u32>>();
            followed.into_iter().for_each(|to| self.arcs.push(fake, to));
            relays.clone().for_each(|relay| self.arcs.push(relay, fake));
        }
        for arc in 0..self.attack.bought {
            let from = self.any_honest();
            let to = self.next_fake(arc % RELAYS.min(self.attack.fakes));
            self.arcs.push(from, to);
        }
    }
}

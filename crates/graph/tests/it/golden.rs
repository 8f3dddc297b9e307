//! The bytes of every type that is sealed: a run must read what the one before has written.

use std::fmt::{Debug, Write as _};

use graph::{
    CommunityPeople, CommunitySettings, GlobalRank, Hierarchy, Layout, Level, OptionalCommunity,
    Overlap, PackedPeople, PeopleSettings, RankSettings, ScoredPerson, Trust, TrustSettings,
};
use model::EventKind;
use model::index::{CommunityIndex, PersonIndex};
use model::map::MapDisc;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Checks the bytes, in base 16, and that they are read as the same value.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, expected: &str) {
    let bytes = postcard::to_allocvec(value).unwrap();
    assert_eq!(hex(&bytes), expected);
    assert_eq!(&postcard::from_bytes::<T>(&bytes).unwrap(), value);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn level(communities: u32, parents: &[u32]) -> Level {
    let own = [Some(0), Some(communities - 1), None];
    let own = own.map(|own| own.map(CommunityIndex::new));
    Level {
        resolution: 0.5,
        community_of: own.into_iter().map(OptionalCommunity::from).collect(),
        communities,
        parents: parents.iter().copied().map(CommunityIndex::new).collect(),
    }
}

#[test]
fn a_hierarchy_keeps_its_bytes() {
    let hierarchy = Hierarchy {
        levels: vec![level(1, &[]), level(300, &[0])],
        leaf: 1,
        bits: 2.0,
        fewest: 1.0,
        insides: vec![0.25].into(),
        overlap: Overlap {
            offsets: vec![0, 2, 3],
            communities: [1, 0, 299].map(CommunityIndex::new).to_vec(),
            shares: vec![0.5, 0.25, 1.0],
        },
    };
    check(&hierarchy, HIERARCHY);
}

#[test]
fn trust_keeps_its_bytes() {
    let trust = Trust {
        values: vec![0.5, 0.25].into(),
        prior: vec![1.0, 0.0].into(),
        noise: 0.25,
        seeds: vec![[0, 200].map(PersonIndex::new).to_vec(), Vec::new()],
    };
    check(&trust, TRUST);
}

#[test]
fn a_layout_keeps_its_bytes() {
    let disc = |x, y, radius| MapDisc { x, y, radius };
    let layout = Layout {
        unit: 0.125,
        people: vec![disc(0.5, -0.25, 0.125)].into(),
        regions: vec![vec![disc(0.5, -0.25, 0.5)].into(), Vec::new().into()],
    };
    let disc = "0000003f000080be";
    check(&layout, &format!("0000003e01{disc}0000003e0201{disc}0000003f00"));
}

#[test]
fn a_global_rank_keeps_its_bytes() {
    let global = GlobalRank {
        shares: vec![0.75, 0.25].into(),
        scores: vec![1000.0, 500.0].into(),
        ranks: vec![1.try_into().ok(), None].into(),
        iterations: 300,
        error: 0.5,
    };
    check(&global, GLOBAL_RANK);
}

#[test]
fn the_people_of_a_community_keep_their_bytes() {
    let member = ScoredPerson {
        person: PersonIndex::new(200),
        member: true,
        share: 0.75,
        mass: 0.5,
        insider: 0.25,
        support: 2.0,
        rank: 1.try_into().ok(),
        rank_person: None,
        rank_organisation: 1.try_into().ok(),
    };
    let outsider = ScoredPerson {
        person: PersonIndex::new(1),
        member: false,
        mass: 0.0,
        rank_person: 1.try_into().ok(),
        rank: 2.try_into().ok(),
        rank_organisation: None,
        ..member
    };
    let table = CommunityPeople {
        community: CommunityIndex::new(7),
        trust: 0.5,
        low_trust: false,
        noise: 0.125,
        flow: 2.0,
        people: vec![member, outsider],
    };
    let bytes = postcard::to_allocvec(&table).unwrap();
    assert_eq!(hex(&bytes), COMMUNITY_PEOPLE);
    let packed: PackedPeople = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(CommunityPeople::from(packed), table);
}

#[test]
fn settings_and_events_keep_their_bytes() {
    check(&CommunitySettings { strongest: 32, seed: 0x5eed }, "20edbd01");
    check(&TrustSettings { sets: 5 }, "05");
    let walk = RankSettings { damping: 0.5, tolerance: 0.25, iterations_max: 200 };
    check(&walk, "000000000000e03f000000000000d03fc801");
    let people = PeopleSettings { walk, outsiders_max: 10_000 };
    check(&people, "000000000000e03f000000000000d03fc801904e");
    let kinds = [
        EventKind::Born,
        EventKind::Grown,
        EventKind::Shrunk,
        EventKind::Split,
        EventKind::Merged,
        EventKind::Died,
    ];
    check(&kinds, "000102030405");
}

const HIERARCHY: &str = "02000000000000e03f030000ffffffff0f0100000000000000e03f0300ab02ffffffff0fac02010001000000\
    0000000040000000000000f03f01000000000000d03f03000203030100ab02030000003f0000803e0000803f";
const TRUST: &str = "020000003f0000803e020000803f000000000000803e020200c80100";
const GLOBAL_RANK: &str = "020000403f0000803e0200007a440000fa4302010100ac02000000000000e03f";
const COMMUNITY_PEOPLE: &str = "070000003f000000003e000000000000004002c80101020b06020000403f0000403f020000803e0000803e02\
    0000004000000040010000003f";

//! What is sold: units of a few kinds, each with a floor, in classes that share one capacity.
//!
//! ```
//! use model::{MicroCredits, PriceClass, PriceItem, Usage};
//!
//! let page = Usage::of(PriceClass::Graph).with(PriceItem::ReadCall, 1).with(PriceItem::PersonRow, 20);
//! assert_eq!(page.count(PriceItem::PersonRow), 20);
//! assert_eq!(PriceItem::PersonRow.floor(), MicroCredits::new(200_000));
//! assert_eq!(page.capacity_units(), Some(20)); // the class `graph` is measured in rows
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::MicroCredits;
use crate::whole_number::WholeNumber;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceUnit {
    /// A request that was answered with data.
    Call,
    /// A row of data.
    Row,
    /// A megabyte of a file: 10^6 bytes, begun ones included.
    Megabyte,
    /// An event of a stream.
    Event,
}

impl PriceUnit {
    /// The name in prices, usage and quotes.
    pub const fn slug(self) -> &'static str {
        match self {
            PriceUnit::Call => "call",
            PriceUnit::Row => "row",
            PriceUnit::Megabyte => "mb",
            PriceUnit::Event => "event",
        }
    }

    /// The megabytes that a file of this size is charged as.
    pub const fn megabytes(bytes: u64) -> u64 {
        bytes.div_ceil(1_000_000)
    }
}

/// The text names none of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{name}`: take {known}")]
pub struct UnknownPriceName {
    what: &'static str,
    name: String,
    known: String,
}

/// The value with this name.
fn named<T: Copy>(
    what: &'static str,
    name: &str,
    all: &[T],
    slug: impl Fn(T) -> &'static str,
) -> Result<T, UnknownPriceName> {
    let unknown = || {
        let known: Vec<&str> = all.iter().map(|&value| slug(value)).collect();
        let name = name.chars().take(80).collect();
        UnknownPriceName { what, name, known: known.join(", ") }
    };
    all.iter().copied().find(|&value| slug(value) == name).ok_or_else(unknown)
}

/// Makes an enum of named values from a table: numbers and names never change.
macro_rules! named_values {
    ($(#[$doc:meta])* $type:ident $what:literal
     $($name:ident = $number:literal $slug:literal { $meaning:literal })*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[repr(u8)]
        pub enum $type {
            $(#[doc = $meaning] $name = $number,)*
        }

        impl $type {
            /// Every value, by number.
            pub const ALL: [$type; [$($number),*].len()] = [$($type::$name),*];

            /// The value with this stored number.
            pub fn from_number(number: u8) -> Option<$type> {
                $type::ALL.into_iter().find(|&value| value as u8 == number)
            }

            /// The name in prices, usage and quotes.
            pub const fn slug(self) -> &'static str {
                match self { $($type::$name => $slug,)* }
            }

            /// What it is, in words for a customer.
            pub const fn meaning(self) -> &'static str {
                match self { $($type::$name => $meaning.trim_ascii(),)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.slug())
            }
        }

        impl FromStr for $type {
            type Err = UnknownPriceName;

            fn from_str(name: &str) -> Result<$type, UnknownPriceName> {
                named($what, name, &$type::ALL, $type::slug)
            }
        }

        impl TryFrom<String> for $type {
            type Error = UnknownPriceName;

            fn try_from(name: String) -> Result<$type, UnknownPriceName> {
                name.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.slug().to_owned()
            }
        }
    };
}

named_values! {
    /// What shares one capacity, and so one index.
    PriceClass "price class"
    Search = 1 "search" { "Words to people and communities" }
    Graph = 2 "graph" { "People, profiles, communities and ranks by id" }
    Export = 3 "export" { "Files" }
    Stream = 4 "stream" { "The change log" }
    Live = 5 "live" { "Answers that are computed when asked for, with `fresh=live`" }
}

named_values! {
    /// One line of the price list: a unit and its kind, as `unit.kind`.
    PriceItem "price item"
    ReadCall = 1 "call.read" { "A request that is answered with data" }
    SuggestCall = 2 "call.suggest" { "A suggestion while a word is typed" }
    LiveCall = 3 "call.live" { "A request with `fresh=live`, in place of `call.read`" }
    PersonRow = 4 "row.person" { "A person, profile or community" }
    RankRow = 5 "row.rank" { "A rank, a membership, an arc or a contributor" }
    ExportRow = 6 "row.export" { "A row of a file" }
    ExportMegabyte = 7 "mb.export" { "A megabyte (10^6 bytes, or a part of it) of a file" }
    ChangeEvent = 8 "event.change" { "An event of the change log" }
}

impl PriceClass {
    /// The unit in which the class's target and use are counted.
    pub const fn capacity_unit(self) -> PriceUnit {
        match self {
            PriceClass::Search | PriceClass::Live => PriceUnit::Call,
            PriceClass::Graph => PriceUnit::Row,
            PriceClass::Export => PriceUnit::Megabyte,
            PriceClass::Stream => PriceUnit::Event,
        }
    }
}

impl PriceItem {
    /// What is counted.
    pub const fn unit(self) -> PriceUnit {
        match self {
            PriceItem::ReadCall | PriceItem::SuggestCall | PriceItem::LiveCall => PriceUnit::Call,
            PriceItem::PersonRow | PriceItem::RankRow | PriceItem::ExportRow => PriceUnit::Row,
            PriceItem::ExportMegabyte => PriceUnit::Megabyte,
            PriceItem::ChangeEvent => PriceUnit::Event,
        }
    }

    /// The floor: what one costs while its class is not congested. It is the same for everyone, and a
    /// change is announced 30 days before and raises [`FLOORS_VERSION`].
    pub const fn floor(self) -> MicroCredits {
        MicroCredits::new(match self {
            PriceItem::ReadCall => 50_000,
            PriceItem::SuggestCall => 10_000,
            PriceItem::LiveCall => 250_000,
            PriceItem::PersonRow => 200_000,
            PriceItem::RankRow => 20_000,
            PriceItem::ExportRow => 2_000,
            PriceItem::ExportMegabyte => 500_000,
            PriceItem::ChangeEvent => 10_000,
        })
    }
}

/// The version of the floors, a part of every price version.
pub const FLOORS_VERSION: u16 = 1;

/// How many lines the price list has.
const ITEMS: usize = PriceItem::ALL.len();

/// What an answer consisted of, or may consist of: units of one class.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "UsageForm", into = "UsageForm")]
pub struct Usage {
    class: PriceClass,
    counts: [u64; ITEMS],
}

/// The stored form of a usage: what is zero is left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageForm {
    class: PriceClass,
    units: BTreeMap<PriceItem, WholeNumber<u64>>,
}

impl Usage {
    /// Nothing yet, of this class.
    pub const fn of(class: PriceClass) -> Usage {
        Usage { class, counts: [0; ITEMS] }
    }

    /// The same with `count` of an item in place of what there was.
    #[must_use]
    pub const fn with(mut self, item: PriceItem, count: u64) -> Usage {
        self.counts[item as usize - 1] = count;
        self
    }

    /// The class, by whose index all of it is priced.
    pub const fn class(&self) -> PriceClass {
        self.class
    }

    /// How many there are of an item.
    pub const fn count(&self, item: PriceItem) -> u64 {
        self.counts[item as usize - 1]
    }

    /// The items that there are any of, with their counts.
    pub fn items(&self) -> impl Iterator<Item = (PriceItem, u64)> {
        PriceItem::ALL.into_iter().zip(self.counts).filter(|&(_, count)| count > 0)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    /// Both together; `None` if the classes differ, or if there is more than 64 bits hold.
    #[must_use]
    pub fn checked_add(&self, other: &Usage) -> Option<Usage> {
        let mut sum = *self;
        for (count, more) in sum.counts.iter_mut().zip(other.counts) {
            *count = count.checked_add(more)?;
        }
        (self.class == other.class).then_some(sum)
    }

    /// Whether it is of the class of `most`, and has no more of any item.
    pub fn is_within(&self, most: &Usage) -> bool {
        let pairs = self.counts.iter().zip(&most.counts);
        self.class == most.class && pairs.into_iter().all(|(count, most)| count <= most)
    }

    /// The units of the class's capacity that it takes; `None` where they are more than 64 bits hold.
    pub fn capacity_units(&self) -> Option<u64> {
        let unit = self.class.capacity_unit();
        let mut taken = self.items().filter(|(item, _)| item.unit() == unit);
        taken.try_fold(0u64, |sum, (_, count)| sum.checked_add(count))
    }
}

/// The class and the items, such as `graph: 1 call.read, 20 row.person`.
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.class)?;
        if self.is_empty() {
            return f.write_str("nothing");
        }
        for (at, (item, count)) in self.items().enumerate() {
            write!(f, "{}{count} {item}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<UsageForm> for Usage {
    fn from(form: UsageForm) -> Usage {
        let units = form.units.into_iter();
        units.fold(Usage::of(form.class), |usage, (item, WholeNumber(count))| {
            usage.with(item, count)
        })
    }
}

impl From<Usage> for UsageForm {
    fn from(usage: Usage) -> UsageForm {
        let counted = |(item, count)| (item, WholeNumber(count));
        UsageForm { class: usage.class, units: usage.items().map(counted).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_of_classes_and_items_never_change() {
        let classes = PriceClass::ALL.map(|class| (class as u8, class.slug()));
        let known = [(1, "search"), (2, "graph"), (3, "export"), (4, "stream"), (5, "live")];
        assert_eq!(classes, known);
        let items = PriceItem::ALL.map(|item| format!("{}={item}", item as u8)).join(" ");
        assert_eq!(
            items,
            "1=call.read 2=call.suggest 3=call.live 4=row.person 5=row.rank 6=row.export \
             7=mb.export 8=event.change"
        );
        for class in PriceClass::ALL {
            assert_eq!(PriceClass::from_number(class as u8), Some(class));
            assert_eq!(class.slug().parse(), Ok(class));
        }
        assert_eq!((PriceClass::from_number(0), PriceItem::from_number(9)), (None, None));
    }

    #[test]
    fn the_name_of_an_item_begins_with_its_unit() {
        for item in PriceItem::ALL {
            assert_eq!(item.slug().split('.').next(), Some(item.unit().slug()));
            assert!(item.floor() > MicroCredits::ZERO && !item.meaning().is_empty());
        }
        let units = PriceClass::ALL.map(|class| class.capacity_unit().slug());
        assert_eq!(units, ["call", "row", "mb", "event", "call"]);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = "graphs".parse::<PriceClass>().unwrap_err().to_string();
        assert_eq!(error, "unknown price class `graphs`: take search, graph, export, stream, live");
        assert!(serde_json::from_str::<PriceItem>("\"row\"").is_err());
    }

    #[test]
    fn a_usage_has_one_stored_form() {
        let usage = Usage::of(PriceClass::Graph)
            .with(PriceItem::PersonRow, 20)
            .with(PriceItem::ReadCall, 1);
        let json = r#"{"class":"graph","units":{"call.read":1,"row.person":20}}"#;
        assert_eq!(serde_json::to_string(&usage).unwrap(), json);
        assert_eq!(serde_json::from_str::<Usage>(json).unwrap(), usage);
        assert_eq!(usage.to_string(), "graph: 1 call.read, 20 row.person");
        assert_eq!(format!("{:?}", Usage::of(PriceClass::Live)), "live: nothing");
    }

    #[test]
    fn usages_of_one_class_add_up_until_they_do_not_fit() {
        let rows = |count| Usage::of(PriceClass::Graph).with(PriceItem::RankRow, count);
        assert_eq!(rows(1).checked_add(&rows(2)), Some(rows(3)));
        assert_eq!(rows(1).checked_add(&rows(u64::MAX)), None);
        assert_eq!(rows(1).checked_add(&Usage::of(PriceClass::Search)), None);
        assert!(rows(0).is_empty() && !rows(1).is_empty());
        assert!(rows(2).is_within(&rows(2)) && !rows(3).is_within(&rows(2)));
        assert!(!Usage::of(PriceClass::Search).is_within(&rows(2)));
    }

    #[test]
    fn only_the_unit_of_the_class_takes_its_capacity() {
        let usage = Usage::of(PriceClass::Graph)
            .with(PriceItem::ReadCall, 9)
            .with(PriceItem::RankRow, 3)
            .with(PriceItem::PersonRow, 2);
        assert_eq!(usage.capacity_units(), Some(5));
        assert_eq!(usage.with(PriceItem::RankRow, u64::MAX).capacity_units(), None);
        assert_eq!([0, 1, 1_000_000, 1_000_001].map(PriceUnit::megabytes), [0, 1, 1, 2]);
    }
}

//! Topics of which a membership tells more than people may want to say: who belongs to a community
//! about one is shown only for those who name it themselves.
//!
//! A *kind* is what the law knows (GDPR, Art. 9); a *topic* is what a community is about. Who says that
//! it is a pastor has named a faith, but not that of a mosque's community, so topics are what is
//! compared. The first topic of each kind is the kind in general.

use serde::{Deserialize, Serialize};

/// Topics of one kind have numbers of one ten.
const TOPICS_PER_KIND: u8 = 10;

/// What the law protects. The numbers are stored, as the tens of topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum SensitiveKind {
    /// Illness, disability, reproduction.
    Health = 0,
    /// Love, sex and gender.
    Sexuality = 1,
    /// Religion and its absence.
    Faith = 2,
    /// Parties, opinions, movements.
    Politics = 3,
    /// Descent and migration.
    Ethnicity = 4,
    /// Membership in a trade union.
    Unions = 5,
}

impl SensitiveKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [SensitiveKind; 6] = [
        SensitiveKind::Health,
        SensitiveKind::Sexuality,
        SensitiveKind::Faith,
        SensitiveKind::Politics,
        SensitiveKind::Ethnicity,
        SensitiveKind::Unions,
    ];

    /// The lower-case name used in the API.
    pub const fn slug(self) -> &'static str {
        match self {
            SensitiveKind::Health => "health",
            SensitiveKind::Sexuality => "sexuality",
            SensitiveKind::Faith => "faith",
            SensitiveKind::Politics => "politics",
            SensitiveKind::Ethnicity => "ethnicity",
            SensitiveKind::Unions => "unions",
        }
    }

    /// The topic that stands for all of the kind.
    const fn in_general(self) -> SensitiveTopics {
        SensitiveTopics(1 << (self as u8 * TOPICS_PER_KIND))
    }

    /// All topics that the kind has or may get.
    const fn all_of_it(self) -> SensitiveTopics {
        SensitiveTopics(((1 << TOPICS_PER_KIND) - 1) << (self as u8 * TOPICS_PER_KIND))
    }
}

/// Defines the topics. Everything else about them is made from this one table.
macro_rules! sensitive_topics {
    ($(#[doc = $meaning:literal] $name:ident $slug:literal $number:literal)*) => {
        /// What a community may be about. The numbers are stored.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum SensitiveTopic {
            $(#[doc = $meaning] $name = $number,)*
        }

        impl SensitiveTopic {
            /// Every topic, by number.
            pub const ALL: [SensitiveTopic; [$($number),*].len()] = [$(SensitiveTopic::$name),*];

            /// The name in the list of words.
            pub const fn slug(self) -> &'static str {
                match self {
                    $(SensitiveTopic::$name => $slug,)*
                }
            }
        }
    };
}

sensitive_topics! {
    /// Illness in general, and what has no topic of its own.
    Illness "illness" 0
    /// Illness of the mind.
    Mind "mind" 1
    /// Addiction and recovery from it.
    Addiction "addiction" 2
    /// HIV.
    Hiv "hiv" 3
    /// Cancer.
    Cancer "cancer" 4
    /// Disability of body and senses.
    Disability "disability" 5
    /// Autism, ADHD and the like.
    Neurodiversity "neurodiversity" 6
    /// Pregnancy, abortion, infertility.
    Reproduction "reproduction" 7
    /// Sexual and gender minorities in general.
    Queer "queer" 10
    /// Gay and lesbian people.
    Homosexuality "homosexuality" 11
    /// Bisexual and pansexual people.
    Bisexuality "bisexuality" 12
    /// Trans, non-binary and intersex people.
    Transgender "transgender" 13
    /// Asexual and aromantic people.
    Asexuality "asexuality" 14
    /// Sexual practice: kink, polyamory, sex work.
    Practice "practice" 15
    /// Religion in general.
    Religion "religion" 20
    /// Christianity.
    Christianity "christianity" 21
    /// Islam.
    Islam "islam" 22
    /// Judaism.
    Judaism "judaism" 23
    /// Hinduism.
    Hinduism "hinduism" 24
    /// Buddhism.
    Buddhism "buddhism" 25
    /// Sikhism and Jainism.
    Sikhism "sikhism" 26
    /// Other religions, old and new.
    OtherFaith "other-faith" 27
    /// Atheism, and having left a religion.
    Unbelief "unbelief" 28
    /// Politics in general.
    Politics "politics" 30
    /// The left.
    Left "left" 31
    /// The right.
    Right "right" 32
    /// Green parties and climate activism.
    Green "green" 33
    /// Liberals.
    Liberal "liberal" 34
    /// Nations: nationalism, independence, wars.
    Nation "nation" 35
    /// Women and gender as a matter of politics.
    Feminism "feminism" 36
    /// Descent and race in general.
    Descent "descent" 40
    /// Black people.
    Black "black" 41
    /// Latin American descent.
    Latino "latino" 42
    /// Asian descent.
    Asian "asian" 43
    /// Indigenous peoples.
    Indigenous "indigenous" 44
    /// Roma, Sinti and Travellers.
    Roma "roma" 45
    /// Jewish descent.
    Jewish "jewish" 46
    /// Arabs, Kurds, Armenians and their neighbours.
    NearEast "near-east" 47
    /// Migrants and refugees.
    Migration "migration" 48
    /// Trade unions.
    Unions "unions" 50
}

impl SensitiveTopic {
    /// The topic of this name in the list of words.
    pub fn from_slug(slug: &str) -> Option<SensitiveTopic> {
        SensitiveTopic::ALL.into_iter().find(|topic| topic.slug() == slug)
    }

    /// The kind that it belongs to.
    pub const fn kind(self) -> SensitiveKind {
        SensitiveKind::ALL[(self as u8 / TOPICS_PER_KIND) as usize]
    }
}

/// A set of topics, stored as a number with a bit for each.
///
/// ```
/// use model::sensitive::{SensitiveTopic, SensitiveTopics};
///
/// let mosque = SensitiveTopics::from(SensitiveTopic::Islam);
/// let (muslim, pastor) = (mosque, SensitiveTopics::from(SensitiveTopic::Christianity));
/// assert!(mosque.are_named_by(muslim) && !mosque.are_named_by(pastor));
/// let interfaith = SensitiveTopics::from(SensitiveTopic::Religion);
/// assert!(interfaith.are_named_by(pastor));
/// assert!(SensitiveTopics::NONE.are_named_by(SensitiveTopics::NONE));
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SensitiveTopics(u64);

impl SensitiveTopics {
    /// No topic: a community about nothing sensitive.
    pub const NONE: SensitiveTopics = SensitiveTopics(0);

    /// The set with this stored number; bits of topics that this version does not know stay.
    pub const fn from_number(number: u64) -> SensitiveTopics {
        SensitiveTopics(number)
    }

    /// The stored number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Whether there is no topic.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The topics in either.
    #[must_use]
    pub const fn union(self, other: SensitiveTopics) -> SensitiveTopics {
        SensitiveTopics(self.0 | other.0)
    }

    /// The topics in both.
    #[must_use]
    pub const fn shared(self, other: SensitiveTopics) -> SensitiveTopics {
        SensitiveTopics(self.0 & other.0)
    }

    /// The topics, by number.
    pub fn iter(self) -> impl Iterator<Item = SensitiveTopic> {
        let has = move |topic: &SensitiveTopic| !self.shared((*topic).into()).is_empty();
        SensitiveTopic::ALL.into_iter().filter(has)
    }

    /// The kinds of which it has a topic, known or not.
    pub fn kinds(self) -> impl Iterator<Item = SensitiveKind> {
        let has = move |kind: &SensitiveKind| !self.shared(kind.all_of_it()).is_empty();
        SensitiveKind::ALL.into_iter().filter(has)
    }

    /// Whether these topics of a community are named by a person who names `named`: of each kind one of
    /// the community's topics, or any topic, where the community is about the kind in general.
    pub fn are_named_by(self, named: SensitiveTopics) -> bool {
        let is_named = |kind: SensitiveKind| {
            let mine = self.shared(kind.all_of_it());
            let general = !mine.shared(kind.in_general()).is_empty();
            let wanted = if general { kind.all_of_it() } else { mine };
            !named.shared(wanted).is_empty()
        };
        let beyond =
            SensitiveKind::ALL.iter().fold(self.0, |bits, kind| bits & !kind.all_of_it().0);
        beyond == 0 && self.kinds().all(is_named)
    }
}

impl From<SensitiveTopic> for SensitiveTopics {
    fn from(topic: SensitiveTopic) -> SensitiveTopics {
        SensitiveTopics(1 << topic as u8)
    }
}

impl FromIterator<SensitiveTopics> for SensitiveTopics {
    fn from_iter<I: IntoIterator<Item = SensitiveTopics>>(sets: I) -> SensitiveTopics {
        sets.into_iter().fold(SensitiveTopics::NONE, SensitiveTopics::union)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(topics: &[SensitiveTopic]) -> SensitiveTopics {
        topics.iter().map(|&topic| SensitiveTopics::from(topic)).collect()
    }

    #[test]
    fn stored_numbers_never_change() {
        let kinds = ["health", "sexuality", "faith", "politics", "ethnicity", "unions"];
        for (number, (kind, slug)) in (0u8..).zip(SensitiveKind::ALL.into_iter().zip(kinds)) {
            assert_eq!((kind as u8, kind.slug()), (number, slug));
            assert_eq!(serde_json::to_value(kind).unwrap(), slug);
        }
        let numbers: Vec<u8> = SensitiveTopic::ALL.map(|topic| topic as u8).to_vec();
        let ranges = [0..8, 10..16, 20..29, 30..37, 40..49, 50..51];
        assert_eq!(numbers, ranges.into_iter().flatten().collect::<Vec<u8>>());
        assert_eq!(SensitiveTopic::Islam.slug(), "islam");
        assert_eq!(set(&[SensitiveTopic::Mind, SensitiveTopic::Unions]).number(), 2 | 1 << 50);
    }

    #[test]
    fn every_topic_has_a_kind_and_a_name_of_its_own() {
        for topic in SensitiveTopic::ALL {
            assert_eq!(SensitiveTopic::from_slug(topic.slug()), Some(topic));
            assert_eq!(set(&[topic]).kinds().collect::<Vec<_>>(), [topic.kind()]);
        }
        for kind in SensitiveKind::ALL {
            let first = SensitiveTopic::ALL.into_iter().find(|topic| topic.kind() == kind);
            assert_eq!(first.map(SensitiveTopics::from), Some(kind.in_general()));
        }
        assert_eq!(SensitiveTopic::from_slug("weather"), None);
    }

    #[test]
    fn each_kind_of_a_community_has_to_be_named() {
        use SensitiveTopic::{Cancer, Islam, Judaism, Mind, Queer, Religion, Transgender};
        let community = set(&[Transgender, Islam]);
        for (named, is_named) in [
            (set(&[]), false),
            (set(&[Transgender]), false),
            (set(&[Islam]), false),
            (set(&[Queer, Religion]), false),
            (set(&[Queer, Islam, Mind]), false),
            (set(&[Transgender, Islam]), true),
        ] {
            assert_eq!(community.are_named_by(named), is_named, "{named:?}");
        }
        assert!(set(&[Islam, Judaism]).are_named_by(set(&[Judaism])), "one of a kind is enough");
        assert!(set(&[Queer, Cancer]).are_named_by(set(&[Transgender, Cancer])));
        assert!(!set(&[Queer]).are_named_by(SensitiveTopics::NONE));
    }

    #[test]
    fn what_a_newer_version_knows_is_named_by_the_kind_or_not_at_all() {
        let new_topic = SensitiveTopics::from_number(1 << 19);
        assert_eq!(new_topic.kinds().collect::<Vec<_>>(), [SensitiveKind::Sexuality]);
        assert!(!new_topic.are_named_by(set(&SensitiveTopic::ALL)));
        let new_kind = SensitiveTopics::from_number(1 << 62);
        assert!(!new_kind.is_empty() && !new_kind.are_named_by(set(&SensitiveTopic::ALL)));
    }
}

//! What a person denies, or left, it does not name.

use super::*;

/// Bios that name nothing.
const DENIALS: &[&str] = &[
    // English
    "not a Muslim",
    "I'm not gay",
    "I am not a practicing Catholic",
    "FCK AFD",
    "fck the AfD",
    "fuck Trump",
    "fuck MAGA",
    "anti-communist",
    "anti communist",
    "never Trump",
    "Never a Republican",
    "no longer Catholic",
    "no longer a Catholic",
    "isn't gay",
    "I don't support the Democrats",
    "was never really a socialist",
    "former Baptist",
    "ex-Democrat",
    "ex member of the AfD",
    "against communism",
    "contra socialism",
    "#NoMAGA #NoAfD",
    "no #politics",
    "No (party) politics",
    "no politics or religion",
    "neither Catholic nor Protestant",
    "no gays or lesbians",
    "not autistic",
    "Not a gay Christian woman",
    "Zionists DNI",
    "republicans can fuck off",
    "🚫 MAGA republicans",
    "no ✝️",
    "🚫🏳️‍🌈",
    "no 🏳️‍⚧️",
    "lapsed Catholic",
    "without religion",
    // German and Dutch
    "nicht schwul",
    "ich bin nicht mehr katholisch",
    "kein Muslim",
    "bin kein Mitglied der SPD",
    "gegen Kommunismus",
    "Contra Gewerkschaft",
    "Antigewerkschaft",
    "Anti-Gewerkschaft",
    "nie wieder CDU",
    "weder schwul noch lesbisch",
    "ehemaliger Katholik",
    "ex-SPD",
    "AfD-Gegner",
    "Islamkritiker",
    "ik ben geen moslim",
    "niet gelovig",
    "tegen communisme",
    // French, Spanish, Portuguese, Italian
    "pas musulman",
    "je ne suis pas musulman",
    "ni catholique ni protestant",
    "contre le communisme",
    "ancien catholique",
    "no soy católico",
    "nunca fui socialista",
    "contra el comunismo",
    "ex comunista",
    "não sou católico",
    "nem comunista nem socialista",
    "não sou mais católico",
    "non sono musulmano",
    "mai stata cattolica",
    "contro il comunismo",
    // Polish and Russian
    "nie jestem katolikiem",
    "nigdy nie był komunistą",
    "przeciwko aborcji",
    "не мусульманин",
    "я не являюсь мусульманином",
    "никогда не был коммунистом",
    "против коммунизма",
    "бывший коммунист",
    // Turkish, Arabic, Persian, Hindi: the denial may follow
    "müslüman değilim",
    "eşcinsel biri değilim",
    "komünizme karşı",
    "AKP karşıtı",
    "لست مسلم",
    "ليس مسيحي",
    "ضد الشيوعية",
    "شيوعي سابق",
    "مسلمان نیستم",
    "من یک مسلمان نیستم",
    "ضد کمونیست",
    "मैं मुस्लिम नहीं हूँ",
    "कम्युनिस्ट विरोधी",
    // Chinese, Japanese, Korean
    "我不是基督徒",
    "不是一个穆斯林",
    "反共产主义",
    "同性恋勿扰",
    "不谈政治",
    "ゲイではない",
    "クリスチャンではありません",
    "ムスリムじゃないです",
    "政治の話はしません",
    "元クリスチャン",
    "反フェミ",
    "宗教勧誘お断り",
    "게이가 아니에요",
    "무슬림이 아닙니다",
    "정치 얘기 안 해요",
    "동성애 반대",
    "안티 페미",
];

#[test]
fn what_is_denied_in_any_language_is_not_named() {
    let named = DENIALS.iter().map(|bio| (bio, slugs(named(bio))));
    let wrong: Vec<_> = named.filter(|(_, named)| !named.is_empty()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_label_names_what_others_deny() {
    for label in ["FCK AFD", "not religious", "anti-communist", "müslüman değilim", "ゲイではない"]
    {
        assert!(!topics(label).is_empty(), "{label}");
    }
}

/// Bios with a denial, and what they name in spite of it.
const NAMED: &[(&str, &str)] = &[
    // A denial ends with its clause.
    ("not religious. Queer", "queer"),
    ("no kids, Catholic", "christianity"),
    ("no politics | trans", "transgender"),
    ("no politics / trans", "transgender"),
    ("no politics · trans", "transgender"),
    ("no DMs 🏳️‍🌈", "queer"),
    ("no DMs 🦀 gay", "homosexuality"),
    ("no DMs 🇩🇪 gay", "homosexuality"),
    ("no DMs\ngay", "homosexuality"),
    ("no DMs; gay", "homosexuality"),
    ("no way! gay", "homosexuality"),
    ("why not? gay", "homosexuality"),
    ("no dms… gay", "homosexuality"),
    ("не мусульманин, православный", "christianity"),
    ("müslüman değilim, ateistim", "unbelief"),
    ("ゲイではない。クリスチャン", "christianity"),
    ("게이가 아닙니다. 불교", "buddhism"),
    // And before a word that turns.
    ("not Catholic but Muslim", "islam"),
    ("nicht katholisch sondern evangelisch", "christianity"),
    ("не мусульманин а христианин", "christianity"),
    // It leaps over small words, and only three.
    ("no cat pics just nice gay stuff", "homosexuality"),
    ("no nonsense gay dad", "homosexuality"),
    ("no spoilers gay", "homosexuality"),
    ("not into small talk with gay men", "homosexuality"),
    // It is part of a term or of a saying.
    ("non-binary lesbian", "homosexuality transgender"),
    ("anti-fascist lesbian", "homosexuality left"),
    ("anti-fascist", "left"),
    ("not only gay", "homosexuality"),
    ("nicht nur schwul", "homosexuality"),
    ("non-profit Catholic", "christianity"),
    ("no filter gay", "homosexuality"),
    ("sans-papiers", "migration"),
    ("recovering alcoholic", "addiction"),
    ("مدمن سابق", "addiction"),
    ("反核", "green"),
    ("لا اله الا الله محمد رسول الله", "islam"),
    // Who left a religion names that.
    ("ex-Muslim", "unbelief"),
    ("exmuslim", "unbelief"),
    ("ex-Muslim lesbian", "homosexuality unbelief"),
    ("exvangelical", "unbelief"),
    ("Ex-Muslimin", "unbelief"),
    ("前基督徒", "unbelief"),
    // A word that begins like a denial.
    ("antique dealer, Catholic", "christianity"),
    ("antifa", "left"),
    ("fucking gay", "homosexuality"),
    ("Northern Catholic", "christianity"),
    ("noted socialist", "left"),
    ("Nichtraucher, schwul", "homosexuality"),
];

#[test]
fn what_is_not_denied_is_named() {
    let named = NAMED.iter().map(|(bio, wanted)| (bio, wanted, slugs(named(bio))));
    let wrong: Vec<_> = named.filter(|(_, wanted, named)| *wanted != named).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn stop() -> impl Strategy<Value = &'static str> {
    select(vec![". ", ", ", " | ", " / ", " · ", " 🦀 ", "\n", "; ", " – ", "! ", "。", "、"])
}

proptest! {
    #[test]
    fn a_denial_leaps_over_no_end_of_a_clause((term, of_row) in term(), stop in stop(), no in select(vec!["no", "kein", "pas", "не", "不是"])) {
        let bio = format!("{no}{stop}{}", term.text);
        let wanted = if term.is_weak { SensitiveTopics::NONE } else { of_row };
        prop_assert_eq!(named(&bio).shared(wanted), wanted, "{}", bio);
    }

    #[test]
    fn a_denial_leaps_over_small_words((term, _) in term(), between in "([b-y]{1,4} ){0,3}", no in select(vec!["never", "kein", "niemals", "никогда"])) {
        // It leaps to no emoji.
        prop_assume!(between.is_empty() || term.text.starts_with(char::is_alphanumeric));
        let bio = format!("{no} {between}{}", term.text);
        let rest: String = term.text.split(' ').skip(1).collect::<Vec<_>>().join(" ");
        let denied = named(&bio);
        let others = named(&rest).union(named(&between));
        prop_assert_eq!(denied.shared(others), denied, "{}", bio);
    }
}

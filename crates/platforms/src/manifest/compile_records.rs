//! Compiles the rules for records: profiles, lists, interactions, and the accounts in them.

use model::profile::{Consent, GoneReason, PersonKind};
use model::profile_text::ProfileTexts;

use super::compile_request::{RoleNames, request};
use super::compiled_stream::{
    ArcRule, ConsentElsewhere, InteractionRules, ListRules, NameSelectors, ProfileRules, RecordRule,
};
use super::error::ManifestError;
use super::field_place::FieldPlace;
use super::raw_request::OneOrMany;
use super::raw_stream::{
    ConsentWord, FindBy, GoneWord, KindWord, RawArcRule, RawConsentElsewhere, RawInteractions,
    RawList, RawNameSelectors, RawProfile, RawRecordRule,
};
use crate::path::{PageShape, PathEnd, RecordCondition, RecordPath};

fn names(
    at: &FieldPlace,
    raw: &RawNameSelectors,
    shape: &mut PageShape,
) -> Result<NameSelectors, ManifestError> {
    let finds = |by| raw.find.contains(&by);
    at.require(
        raw.native_id.is_some() || !raw.find.is_empty(),
        "it names no account: `native_id`",
    )?;
    at.under("find").require(
        (!finds(FindBy::Handle) || raw.handle.is_some() || raw.local_id.is_some())
            && (!finds(FindBy::LocalId) || raw.local_id.is_some()),
        "it looks an account up by what the record does not select",
    )?;
    Ok(NameSelectors {
        native_id: at.maybe("native_id", raw.native_id.as_ref(), shape)?,
        handle: at.maybe("handle", raw.handle.as_ref(), shape)?,
        local_id: at.maybe("local_id", raw.local_id.as_ref(), shape)?,
        find: raw.find.clone(),
    })
}

pub(super) fn list_rules(
    at: &FieldPlace,
    raw: &RawList,
    record: &mut PageShape,
) -> Result<ListRules, ManifestError> {
    at.under("layer").require(!raw.layer.is_interaction(), "use `interactions` for this layer")?;
    Ok(ListRules {
        layer: raw.layer,
        direction: raw.direction,
        hidden_if: raw.hidden_if,
        weight: at.maybe("weight", raw.weight.as_ref(), record)?,
        other: names(&at.under("other"), &raw.other, record)?,
        for_each: None,
    })
}

pub(super) fn interactions(
    at: &FieldPlace,
    raw: &RawInteractions,
    record: &mut PageShape,
) -> Result<InteractionRules, ManifestError> {
    let rule = |(n, raw): (usize, &RawArcRule)| {
        let at = at.under(format!("arcs[{n}]"));
        at.under("layer").require(raw.layer.is_interaction(), "use `list` for this layer")?;
        let when = raw.when.iter().map(|text| at.under("when").condition(text, record));
        let when: Vec<RecordCondition> = when.collect::<Result<_, _>>()?;
        let (each, item): (Option<RecordPath>, &mut PageShape) = match &raw.each {
            Some(path) => {
                let PathEnd { path, shape } = at.under("each").path(path, record)?;
                (Some(path), shape)
            }
            None => (None, &mut *record),
        };
        let other = names(&at.under("other"), &raw.other, item)?;
        Ok(ArcRule { layer: raw.layer, when, each, other })
    };
    let arcs: Vec<ArcRule> =
        raw.arcs.iter().enumerate().map(rule).collect::<Result<_, ManifestError>>()?;
    at.under("arcs").require(!arcs.is_empty(), "it must name at least one arc")?;
    Ok(InteractionRules {
        id: at.under("id").selector(&raw.id, record)?,
        at: at.maybe("at", raw.at.as_ref(), record)?,
        arcs,
    })
}

pub(super) fn profile_rules(
    at: &FieldPlace,
    raw: &RawProfile,
    roles: RoleNames<'_>,
    record: &mut PageShape,
) -> Result<ProfileRules, ManifestError> {
    let named = RawNameSelectors {
        native_id: raw.native_id.clone(),
        handle: raw.handle.clone(),
        local_id: raw.local_id.clone(),
        find: Vec::new(),
    };
    let each = |field: &str, raw: &[String], record: &mut PageShape| {
        let at = at.under(field);
        let one = |text: &String| at.selector(&OneOrMany::One(text.clone()), record);
        raw.iter().map(one).collect::<Result<Vec<_>, _>>()
    };
    Ok(ProfileRules {
        batch: 1,
        missing: None,
        names: names(at, &named, record)?,
        texts: ProfileTexts::try_from_fn(|text| {
            at.maybe(text.slug(), raw.texts.get(text), record)
        })?,
        followers: at.maybe("followers", raw.followers.as_ref(), record)?,
        following: at.maybe("following", raw.following.as_ref(), record)?,
        posts: at.maybe("posts", raw.posts.as_ref(), record)?,
        created_at: at.maybe("created_at", raw.created_at.as_ref(), record)?,
        kind: rules(&at.under("kind"), &raw.kind, record, kind_of)?,
        consent: rules(&at.under("consent"), &raw.consent, record, consent_of)?,
        consent_elsewhere: raw
            .consent_elsewhere
            .as_ref()
            .map(|raw| {
                consent_elsewhere(&at.under("consent_elsewhere"), raw, roles, record).map(Box::new)
            })
            .transpose()?,
        gone: rules(&at.under("gone"), &raw.gone, record, gone_of)?,
        websites: each("websites", &raw.websites, record)?,
        accounts: each("accounts", &raw.accounts, record)?,
    })
}

fn consent_elsewhere(
    at: &FieldPlace,
    raw: &RawConsentElsewhere,
    roles: RoleNames<'_>,
    record: &mut PageShape,
) -> Result<ConsentElsewhere, ManifestError> {
    let mut shape = PageShape::default();
    Ok(ConsentElsewhere {
        when: at.under("when").condition(&raw.when, record)?,
        request: request(&at.under("request"), &raw.request, roles)?,
        consent: rules(&at.under("consent"), &raw.consent, &mut shape, consent_of)?,
        shape,
    })
}

fn rules<W: Copy, T>(
    at: &FieldPlace,
    raw: &[RawRecordRule<W>],
    record: &mut PageShape,
    meaning: fn(W) -> T,
) -> Result<Vec<RecordRule<T>>, ManifestError> {
    let rule = |rule: &RawRecordRule<W>| {
        Ok(RecordRule { when: at.condition(&rule.when, record)?, is: meaning(rule.is) })
    };
    raw.iter().map(rule).collect()
}

const fn kind_of(word: KindWord) -> PersonKind {
    match word {
        KindWord::Person => PersonKind::Person,
        KindWord::Organisation => PersonKind::Organisation,
        KindWord::Bot => PersonKind::Bot,
    }
}

const fn consent_of(word: ConsentWord) -> Consent {
    match word {
        ConsentWord::Refused => Consent::REFUSED,
        ConsentWord::Unlisted => Consent::UNLISTED,
        ConsentWord::WordsPrivate => Consent::WORDS_PRIVATE,
    }
}

const fn gone_of(word: GoneWord) -> GoneReason {
    match word {
        GoneWord::Deleted => GoneReason::Deleted,
        GoneWord::Suspended => GoneReason::Suspended,
    }
}

//! The people on a page of a list.

use super::ask::{Answer, Stop};
use super::mark::{Next, Turn, next_page, visit};
use super::memory::Memory;
use super::names::{Alias, Settled, alias, settle};
use super::scene::{Scene, well_formed};
use crate::manifest::{Find, ListRules};
use crate::path::{Context, Node};

/// Somebody on a page, perhaps still to be named.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) who: Settled,
    pub(super) weight: f32,
}

/// What follows a page, and the people on it.
pub(super) fn take_in(
    scene: Scene<'_>,
    rules: &ListRules,
    answer: &Answer,
    cursor: Option<&str>,
    memory: &Memory,
) -> Result<(Next, Vec<Person>), Stop> {
    let paging = &scene.stream.paging;
    let page = answer.page(&paging.shape)?;
    let context = Context { host: &answer.host };
    well_formed(paging, &page, context)?;
    let next = next_page(paging, &page, Turn { response: &answer.response, context, cursor })?;
    Ok((next, people(scene, rules, &page, context, memory)))
}

fn people(
    scene: Scene<'_>,
    rules: &ListRules,
    page: &Node<'_>,
    context: Context<'_>,
    memory: &Memory,
) -> Vec<Person> {
    let mut people = Vec::new();
    visit(&scene.stream.paging, page, &mut |record| {
        let alias = alias(&rules.other, record, context);
        let who = settle(scene.manifest, memory, &rules.other.find, alias, context.host);
        let weight = rules.weight.as_ref().and_then(|weight| weight.text(record, context));
        let weight = weight.and_then(|weight| weight.parse::<f32>().ok());
        let weight = weight.filter(|weight| weight.is_finite() && *weight > 0.0);
        people.push(Person { who, weight: weight.unwrap_or(1.0) });
    });
    people
}

/// The names that are still to be found out.
pub(super) fn open_names<'f>(people: &[Person], find: &'f [Find]) -> Vec<(Alias, &'f [Find])> {
    let open = people.iter().filter_map(|person| match &person.who {
        Settled::Open(alias) => Some((alias.clone(), find)),
        _ => None,
    });
    open.collect()
}

/// The name after the lookups.
pub(super) fn resettle(
    scene: &Scene<'_>,
    memory: &Memory,
    rules: &ListRules,
    person: &Person,
    host: &str,
) -> Settled {
    match &person.who {
        Settled::Open(alias) => {
            settle(scene.manifest, memory, &rules.other.find, alias.clone(), host)
        }
        settled => settled.clone(),
    }
}

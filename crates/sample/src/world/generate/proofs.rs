//! Claims: those that prove a link between two accounts, and decoys that prove nothing.

use model::Platform;
use model::identity::Proof;

use crate::random::SeededRandom;
use crate::world::account::{AccountId, ProfileField};

use super::{LinkedPerson, WorldDraws};

/// Staff who verify their organisation's page: three, so that no two of them look like a proof.
const STAFF: usize = 3;

/// Plants the proofs and the decoys.
pub(super) fn plant(draws: &mut WorldDraws<'_>) {
    let mut dice = SeededRandom::new(draws.config.seed, "proofs");
    let linked = std::mem::take(&mut draws.linked);
    for human in &linked {
        prove(draws, human, &mut dice);
    }
    draws.linked = linked;
    add_pronouns(draws, &mut dice);
    plant_decoys(draws, &mut dice);
}

fn prove(draws: &mut WorldDraws<'_>, human: &LinkedPerson, dice: &mut SeededRandom) {
    let (bluesky, fediverse) = (human.accounts[0], human.accounts[1]);
    if human.domain {
        let page = format!("https://{}/", draws.builder.edit(bluesky).handle);
        draws.builder.claim_page(fediverse, &page, true);
        draws.builder.link(bluesky, fediverse, Proof::Website);
        return;
    }
    draws.builder.claim_fediverse(bluesky, fediverse, dice.chance(0.3));
    draws.builder.claim_bluesky(fediverse, bluesky, dice.chance(0.2));
    draws.builder.link(bluesky, fediverse, Proof::Mutual);
}

/// Rows that claim nothing.
fn add_pronouns(draws: &mut WorldDraws<'_>, dice: &mut SeededRandom) {
    for account in draws.accounts() {
        let value = *dice.pick(&["she/her", "he/him", "they/them"]);
        if dice.chance(0.2) && draws.side(account) == 1 {
            let field = ProfileField {
                name: "pronouns".to_owned(),
                value: value.to_owned(),
                verified_at: None,
            };
            draws.builder.edit(account).texts.fields.push(field);
        }
    }
}

/// Decoys on Bluesky claim fediverse accounts, those in the fediverse claim Bluesky accounts, a
/// domain of another person, or together an organisation's page. No claim is returned.
fn plant_decoys(draws: &mut WorldDraws<'_>, dice: &mut SeededRandom) {
    let decoys: Vec<AccountId> =
        draws.accounts().filter(|&account| draws.traits(account).decoy).collect();
    let (bluesky, fediverse): (Vec<AccountId>, Vec<AccountId>) =
        decoys.into_iter().partition(|&account| draws.side(account) == 0);
    if draws.linked.is_empty() {
        return;
    }
    for decoy in bluesky {
        impersonate_on_bluesky(draws, decoy, dice);
    }
    let domains = domains(draws);
    let third = fediverse.len() / 3;
    let (posing, rest) = fediverse.split_at(third);
    let (bare, staff) = rest.split_at(third);
    for &decoy in posing {
        let victim = dice.pick(&draws.linked).accounts[0];
        take_name(draws, decoy, victim);
        draws.builder.claim_bluesky(decoy, victim, dice.chance(0.5));
    }
    for &decoy in bare {
        if let Some(owner) = domains.get(dice.below(domains.len())) {
            draws.builder.claim_page(decoy, &page(draws, *owner), false);
        }
    }
    employ(draws, staff);
}

/// An impersonator takes the victim's name; a fan only links to the victim's page.
fn impersonate_on_bluesky(draws: &mut WorldDraws<'_>, decoy: AccountId, dice: &mut SeededRandom) {
    let victim = dice.pick(&draws.linked).accounts[1];
    if dice.chance(0.5) {
        take_name(draws, decoy, victim);
    }
    draws.builder.claim_fediverse(decoy, victim, dice.chance(0.5));
}

fn take_name(draws: &mut WorldDraws<'_>, decoy: AccountId, victim: AccountId) {
    let name = draws.builder.edit(victim).texts.name.clone();
    draws.builder.edit(decoy).texts.name = name;
}

/// Groups of staff verify the page of one organisation's Bluesky domain.
fn employ(draws: &mut WorldDraws<'_>, staff: &[AccountId]) {
    let employers: Vec<AccountId> = draws
        .accounts()
        .filter(|&account| {
            draws.builder.accounts[account.index()].handle.ends_with(".organisation.test")
        })
        .collect();
    for (group, &employer) in staff.chunks_exact(STAFF).zip(&employers) {
        let page = page(draws, employer);
        for &member in group {
            draws.builder.claim_page(member, &page, true);
        }
    }
}

/// Bluesky accounts of people whose handle is a domain of their own.
fn domains(draws: &WorldDraws<'_>) -> Vec<AccountId> {
    let own = |account: &AccountId| {
        let known = &draws.builder.accounts[account.index()];
        known.platform == Platform::BLUESKY && known.handle.ends_with(".person.test")
    };
    draws.accounts().filter(own).collect()
}

fn page(draws: &WorldDraws<'_>, owner: AccountId) -> String {
    format!("https://{}/", draws.builder.accounts[owner.index()].handle)
}

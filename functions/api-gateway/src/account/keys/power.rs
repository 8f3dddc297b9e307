//! What a key may give to another one: no more than it has.

use model::key::{ApiSecret, KeyRealm, RANDOM_BYTES};
use model::{KeyId, MicroCredits, Scope};
use store::pg::key;

use crate::error::{Problem, ProblemCode};
use crate::extract::ApiCall;

/// The scopes of these names.
pub(super) fn scopes(names: &[String]) -> Result<Vec<Scope>, Problem> {
    if names.is_empty() {
        return Err(Problem::body("/scopes", "needs at least one scope"));
    }
    let scope = |(at, name): (usize, &String)| {
        let known = Scope::ALL.into_iter().find(|scope| scope.slug() == name);
        known.ok_or_else(|| {
            let all = Scope::ALL.map(Scope::slug).join(", ");
            Problem::body(&format!("/scopes/{at}"), format!("is none of {all}"))
        })
    };
    names.iter().enumerate().map(scope).collect()
}

/// Refuses scopes that the caller has not.
pub(super) fn require_held(call: &ApiCall, scopes: &[Scope]) -> Result<(), Problem> {
    let Some(scope) = scopes.iter().find(|&&scope| !call.caller().has(scope)) else {
        return Ok(());
    };
    let why = format!("this key has not the scope `{}`, so it cannot give it", scope.slug());
    Err(Problem::new(ProblemCode::ScopeNotHeld, why))
}

/// Refuses the secret of a key that may do more, or spend more, than the caller's.
pub(super) async fn require_power(call: &ApiCall, id: KeyId) -> Result<(), Problem> {
    if id == call.caller().key {
        return Ok(());
    }
    let found = key::of_payer(call.gateway.pg(), call.caller().payer, id).await?;
    let found = found.ok_or_else(|| no_such_key(id))?;
    let is_beyond = |name: &String| {
        !Scope::ALL.into_iter().any(|scope| scope.slug() == name && call.caller().has(scope))
    };
    if found.scopes.iter().any(is_beyond) || found.daily_cap > call.caller().daily_cap {
        let why = format!("{id} may do or spend more than this key, so it cannot give it a secret");
        return Err(Problem::new(ProblemCode::ScopeNotHeld, why));
    }
    Ok(())
}

/// Refuses a daily cap that is none, or above the caller's own.
pub(in crate::account) fn require_cap(call: &ApiCall, cap: MicroCredits) -> Result<(), Problem> {
    if cap < MicroCredits::ZERO {
        return Err(Problem::body("/daily_cap", "must not be below zero"));
    }
    let own = call.caller().daily_cap;
    if cap > own {
        let why = format!("this key may spend {own} credits a day, so it cannot allow {cap}");
        return Err(Problem::new(ProblemCode::ScopeNotHeld, why));
    }
    Ok(())
}

/// A new secret of the realm of the key that asks.
pub(super) fn mint(call: &ApiCall) -> Result<ApiSecret, Problem> {
    let realm = if call.caller().is_test { KeyRealm::Test } else { KeyRealm::Live };
    let draw = || {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map(|()| random)
    };
    ApiSecret::mint(realm, draw).map_err(|error| Problem::corrupt("random numbers", &error))
}

/// That there is no such key of the account that is not revoked.
pub(in crate::account) fn no_such_key(id: KeyId) -> Problem {
    let why = format!("there is no key {id} of this account that is not revoked: see /v1/keys");
    Problem::new(ProblemCode::NoSuchKey, why)
}

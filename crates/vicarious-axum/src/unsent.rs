//! What was typed into a form whose impersonation was over, or no longer the one that runs, when it was sent.
//!
//! It goes nowhere but into the page that refuses the form, and only where that very sign-in was in that impersonation: whoever
//! signs in later in the same browser, and sends what they find in a tab, typed nothing of it.

use tokio::time::timeout;
use vicarious_core::redact::Redactor;
use vicarious_core::{AccountId, Impersonation, SignInKey};

use crate::away::PATIENCE;
use crate::confirm::Held;
use crate::engine::Engine;
use crate::incoming::Incoming;
use crate::input::{Form, HELD_AT_MOST, Kind, OUR_FIELDS};
use crate::paths::OWN_PATH;
use crate::resolve::{Dead, Resolution};
use crate::site;

/// How many fields are shown.
const FIELDS_AT_MOST: usize = 100;
/// Among how many of somebody's latest impersonations the one of a form is looked for.
const LOOKED_THROUGH: usize = 20;

/// Returns the fields of a form whose impersonation is over, less what its name says is secret: for a page, and only where
/// the very sign-in whose impersonation it was sends a form of that impersonation itself.
pub(crate) fn typed(
    engine: &Engine,
    incoming: &Incoming,
    resolution: &Resolution,
    dead: &Dead,
) -> Vec<(String, String)> {
    let Some(row) = &dead.row else { return Vec::new() };
    let is_theirs = resolution.signed_in.as_ref().is_some_and(|now| is_of(row, now.user.account.id(), &now.key));
    let is_shown = is_theirs && may_be_shown(engine, incoming) && is_made_for(row, incoming);
    if is_shown { of(engine, incoming, row) } else { Vec::new() }
}

/// Returns the same of a form that was made for another impersonation than the one that runs, if any: one that this very
/// sign-in was in before. A form without a tag may have been anybody's.
pub(crate) async fn typed_before(
    engine: &Engine,
    incoming: &Incoming,
    true_user: &AccountId,
    sign_in: &SignInKey,
) -> Vec<(String, String)> {
    if incoming.tags().is_empty() || !may_be_shown(engine, incoming) {
        return Vec::new();
    }
    let theirs = timeout(PATIENCE, engine.ledger.by_true_user(true_user, LOOKED_THROUGH)).await;
    let Ok(Ok(theirs)) = theirs else {
        // The form is refused all the same.
        tracing::warn!(error = ?theirs.map(drop), "cannot tell whose form was refused, so it is not shown");
        return Vec::new();
    };
    let row = theirs.iter().find(|row| is_of(row, true_user, sign_in) && is_made_for(row, incoming));
    row.map(|row| of(engine, incoming, row)).unwrap_or_default()
}

fn is_of(row: &Impersonation, true_user: &AccountId, sign_in: &SignInKey) -> bool {
    row.sign_in == *sign_in && row.true_user.id == *true_user
}

/// Returns whether the answer is a page, to a form that no other site has sent.
fn may_be_shown(engine: &Engine, incoming: &Incoming) -> bool {
    let headers = &incoming.parts.headers;
    !incoming.is_safe() && !site::wants_json(headers) && !engine.is_cross_site(headers)
}

/// Returns whether a form was made for an impersonation: by its tag, or because the seal of what it held was opened.
fn is_made_for(row: &Impersonation, incoming: &Incoming) -> bool {
    let tags = incoming.tags();
    let own = row.tag();
    tags.iter().all(|tag| *tag == own) && (incoming.was_held || !tags.is_empty())
}

fn of(engine: &Engine, incoming: &Incoming, row: &Impersonation) -> Vec<(String, String)> {
    if let Some(sealed) = incoming.field("_held") {
        let held = Held::open(engine, row, sealed);
        let form = held.filter(|held| Kind::named(held.content_type.as_deref()) == Kind::Form);
        return form.map(|held| shown(&Form::parse(&held.body))).unwrap_or_default();
    }
    if incoming.parts.uri.path() == OWN_PATH {
        return Vec::new();
    }
    incoming.whole_form(HELD_AT_MOST).map(shown).unwrap_or_default()
}

fn shown(form: &Form) -> Vec<(String, String)> {
    let redactor = Redactor::default();
    let shown = |(name, value): (&str, &str)| (name.to_owned(), redactor.typed_whole(name, value));
    form.fields().filter(|(name, _)| !OUR_FIELDS.contains(name)).take(FIELDS_AT_MOST).map(shown).collect()
}

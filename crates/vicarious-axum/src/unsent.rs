//! What was typed into a form whose impersonation was over when it was sent.

use vicarious_core::Impersonation;
use vicarious_core::redact::Redactor;

use crate::confirm::Held;
use crate::engine::Engine;
use crate::incoming::Incoming;
use crate::input::{Form, HELD_AT_MOST, Kind};
use crate::paths::OWN_PATH;
use crate::resolve::{Dead, Resolution};
use crate::site;

/// How many fields are shown.
const FIELDS_AT_MOST: usize = 100;

/// Returns the fields, less what its name says is secret: for a page, and only where the very sign-in whose impersonation
/// it was sends a form of that impersonation itself.
pub(crate) async fn typed(
    engine: &Engine,
    incoming: &mut Incoming,
    resolution: &Resolution,
    dead: &Dead,
) -> Vec<(String, String)> {
    let Some(row) = dead.row.as_ref().filter(|row| is_theirs(row, resolution)) else { return Vec::new() };
    let headers = &incoming.parts.headers;
    if incoming.is_safe() || site::wants_json(headers) || engine.is_cross_site(headers) || !is_of(row, incoming) {
        return Vec::new();
    }
    if let Some(sealed) = incoming.field("_held") {
        let held = Held::open(engine, row, sealed);
        let form = held.filter(|held| Kind::named(held.content_type.as_deref()) == Kind::Form);
        return form.map(|held| shown(&held.body)).unwrap_or_default();
    }
    if incoming.kind != Kind::Form || incoming.parts.uri.path() == OWN_PATH {
        return Vec::new();
    }
    let body = incoming.whole(HELD_AT_MOST).await;
    body.ok().flatten().map(|body| shown(&body)).unwrap_or_default()
}

fn is_theirs(row: &Impersonation, resolution: &Resolution) -> bool {
    let signed_in = resolution.signed_in.as_ref();
    signed_in.is_some_and(|now| now.key == row.sign_in && *now.user.account.id() == row.true_user.id)
}

/// Returns whether a form was made for an impersonation: by its tag, or because the seal of what it held was opened.
fn is_of(row: &Impersonation, incoming: &Incoming) -> bool {
    let tags = incoming.tags();
    let own = row.tag();
    tags.iter().all(|tag| *tag == own) && (incoming.was_held || !tags.is_empty())
}

fn shown(body: &[u8]) -> Vec<(String, String)> {
    let redactor = Redactor::default();
    let shown = |(name, value): (&str, &str)| (name.to_owned(), redactor.typed_whole(name, value));
    Form::parse(body).fields().take(FIELDS_AT_MOST).map(shown).collect()
}

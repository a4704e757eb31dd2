//! Refusals: recorded, explained, and never a dead end.

use std::sync::Arc;

use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use vicarious_core::audit::{Entry, Kind};
use vicarious_core::ports::Unavailable;
use vicarious_core::rules::Verdict;
use vicarious_core::{EndCause, Impersonation, Refusal, Words};

use crate::back;
use crate::confirm::Held;
use crate::engine::{Engine, Outage};
use crate::host::HostError;
use crate::incoming::Incoming;
use crate::input::Form;
use crate::mark::{self, Asked};
use crate::page::{self, ConfirmPage, DeadPage, MismatchPage, SwitchPage};
use crate::problem::Filled::{Ours, Theirs};
use crate::problem::{Next, Problem};
use crate::record;
use crate::resolve::{Dead, DeadCause, Resolution, Standing};
use crate::site;
use crate::unsent;

/// Why a request of a live impersonation does not run.
#[derive(Debug)]
pub(crate) enum Refused {
    CrossSite,
    Mismatch,
    Never { phrase: Option<String>, classified: bool },
    ReadOnly { held: Option<Box<Held>> },
    Confirm { phrase: String, confirmation: String, held: Box<Held> },
    TooLarge,
    Unreadable,
    Outage(Unavailable),
}

impl Refused {
    pub(crate) fn never(verdict: &Verdict<'_>) -> Self {
        Self::Never { phrase: verdict.phrase.map(str::to_owned), classified: verdict.classified }
    }

    /// Returns the status and the word that is recorded.
    fn recorded(&self) -> (StatusCode, &'static str) {
        match self {
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross-site"),
            Self::Mismatch => (StatusCode::CONFLICT, "identity-mismatch"),
            Self::Never { .. } => (StatusCode::FORBIDDEN, "never"),
            Self::ReadOnly { .. } => (StatusCode::FORBIDDEN, "read-only"),
            Self::Confirm { .. } => (StatusCode::PRECONDITION_REQUIRED, "confirmation-required"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large-to-confirm"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable"),
            Self::Outage(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }
}

/// Records a refusal of a live impersonation and answers it.
pub(crate) async fn refuse(engine: &Engine, row: &Impersonation, incoming: &Incoming, refused: Refused) -> Response {
    let headers = &incoming.parts.headers;
    let asked = Asked::of(&incoming.parts);
    let unrecorded = |outage| mark::answer(engine, row, &asked, self::outage(headers, outage));
    if let Refused::Outage(outage) = &refused {
        return unrecorded(outage);
    }
    let (status, word) = refused.recorded();
    let mut entry = Entry::of(row, Kind::RequestRefused, engine.now()).with("refusal", word);
    record::stamp(engine, &incoming.parts, &mut entry);
    if let Some(request) = entry.request.as_mut() {
        request.status = Some(status.as_u16());
    }
    // INVARIANT: I3: even a refusal leaves only after it is on record.
    if let Err(outage) = engine.ledger.append(entry).await {
        return unrecorded(&outage);
    }
    let response = explain(engine, row, incoming, refused).await;
    mark::answer(engine, row, &asked, response)
}

async fn explain(engine: &Engine, row: &Impersonation, incoming: &Incoming, refused: Refused) -> Response {
    let headers = &incoming.parts.headers;
    let customer = &row.current_user.name;
    let json = site::wants_json(headers);
    let (status, word) = refused.recorded();
    match refused {
        Refused::CrossSite => cross_site(engine, headers),
        Refused::Mismatch => {
            let now = ("You are now using the application as {customer}.", "customer", customer.as_str());
            let typed = unsent::typed_before(engine, incoming, &row.true_user.id, &row.sign_in).await;
            mismatch_as(engine, headers, now, &typed)
        }
        Refused::Never { phrase, classified } => {
            let back =
                Next::Link { href: back::path(headers, &engine.own_origins).to_string(), label: "Back".to_owned() };
            never(customer, phrase.as_deref(), classified).offer(back).respond(headers)
        }
        Refused::ReadOnly { held } if json => {
            let phrase = held.as_deref().and_then(|held| phrase(engine, held));
            let words = engine.languages.of(headers);
            let needed = phrase.map(|phrase| needed(words, words.of(phrase)));
            needed.into_iter().fold(read_only(), |problem, needed| problem.with("needed", needed)).respond(headers)
        }
        Refused::ReadOnly { held } => {
            let back = back::path(headers, &engine.own_origins);
            page::respond_html(status, switch(engine, headers, row, held.as_deref(), back.as_str(), &row.reason))
        }
        Refused::Confirm { phrase, confirmation, held } => confirm(engine, row, headers, &phrase, &confirmation, &held),
        Refused::TooLarge => Problem::new(status, word, "Too large to confirm")
            .detail("This must be confirmed first, and what was sent is too large to be kept meanwhile.")
            .respond(headers),
        Refused::Unreadable => Problem::new(status, word, "The request could not be read").respond(headers),
        Refused::Outage(outage) => self::outage(headers, &outage),
    }
}

/// Returns the problem of what is done as oneself alone: by the customer, or by whoever works on a page for staff. Which of
/// them may is the application's to know, so it names neither.
pub(crate) fn never(customer: &str, phrase: Option<&str>, classified: bool) -> Problem {
    let problem = Problem::new(StatusCode::FORBIDDEN, "never", "Not while impersonating");
    let customer = ("customer", Theirs(customer.to_owned()));
    match phrase {
        _ if !classified => {
            problem.detail("Nobody has decided yet whether this may be done while impersonating, so it may not.")
        }
        Some(phrase) => {
            let what = ("what", Ours(phrase.to_owned()));
            let sentence =
                "Nobody can do this ({what}) while acting as {customer}. Whoever may do it must do it as themselves.";
            problem.says(sentence, vec![customer, what])
        }
        None => {
            let sentence = "Nobody can do this while acting as {customer}. Whoever may do it must do it as themselves.";
            problem.says(sentence, vec![customer])
        }
    }
}

/// Returns the problem of what needs write mode.
pub(crate) fn read_only() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "read-only", "This impersonation is reading only")
        .detail("You are reading only, so nothing was carried out. Switch to write, then do it again.")
}

/// Asks for a confirmation, as a page or as a problem.
pub(crate) fn confirm(
    engine: &Engine,
    row: &Impersonation,
    headers: &HeaderMap,
    phrase: &str,
    confirmation: &str,
    held: &Held,
) -> Response {
    let words = engine.languages.of(headers);
    let question = question(words, phrase, &row.current_user.name);
    if site::wants_json(headers) {
        return Problem::new(StatusCode::PRECONDITION_REQUIRED, "confirmation-required", "Please confirm")
            .detail("This must be confirmed before it is carried out.")
            .with("question", question)
            .with("confirmation", confirmation)
            .respond(headers);
    }
    let page = page::confirm_page(&ConfirmPage {
        words,
        question: &question,
        phrase,
        customer: &row.current_user,
        method: &held.method,
        path: &held.path,
        held: &held.seal(engine),
        confirmation,
        typed: &typed(held),
        back: &held.back,
    });
    page::respond_html(StatusCode::PRECONDITION_REQUIRED, page)
}

/// Returns the page that offers to switch to write mode and keeps what was typed.
pub(crate) fn switch(
    engine: &Engine,
    headers: &HeaderMap,
    row: &Impersonation,
    held: Option<&Held>,
    back: &str,
    reason: &str,
) -> String {
    let phrase = held.and_then(|held| phrase(engine, held));
    page::switch_page(&SwitchPage {
        words: engine.languages.of(headers),
        customer: &row.current_user,
        phrase,
        reason,
        minutes: engine.terms.write.as_mins(),
        held: held.map(|held| held.seal(engine)).as_deref(),
        typed: &held.map(typed).unwrap_or_default(),
        back,
    })
}

fn phrase<'a>(engine: &'a Engine, held: &Held) -> Option<&'a str> {
    engine.rules.verdict(&held.method, held.route.as_deref()).phrase
}

/// Returns the sentence that names what needs write mode: "To save this profile you have to be in write mode."
fn needed(words: &Words, phrase: &str) -> String {
    words.fill("To {phrase} you have to be in write mode.", &[("phrase", &phrase)])
}

/// Returns the question that names the customer: "Save this profile for Alice's account?".
pub(crate) fn question(words: &Words, phrase: &str, customer: &str) -> String {
    let phrase = capitalised(words.of(phrase));
    words.fill("{phrase} for {customer}'s account?", &[("phrase", &phrase), ("customer", &customer)])
}

/// Returns what was typed into a held form, for the page to show; what its name says is secret is hidden.
///
/// Whoever typed an address has to see a typo in it; what is recorded of it is another matter.
pub(crate) fn typed(held: &Held) -> Vec<(String, String)> {
    let is_form =
        held.content_type.as_deref().is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Vec::new();
    }
    let redactor = vicarious_core::redact::Redactor::default();
    let shown = |(name, value): (&str, &str)| (name.to_owned(), redactor.typed(name, value));
    Form::parse(&held.body).fields().take(20).map(shown).collect()
}

/// Answers a request that presents a dead handle: nothing runs under either name, and neither does the next.
pub(crate) fn dead(engine: &Engine, incoming: &Incoming, resolution: &Resolution, dead: &Dead) -> Response {
    record_dead(engine, &incoming.parts, dead);
    let typed = unsent::typed(engine, incoming, resolution, dead);
    gone(engine, &incoming.parts.headers, resolution, dead, &typed)
}

/// Records that a dead handle was presented, where it is known whose it was.
pub(crate) fn record_dead(engine: &Engine, parts: &Parts, dead: &Dead) {
    if let Some(row) = &dead.row {
        let mut entry = Entry::of(row, Kind::RequestRefused, engine.now()).with("refusal", "ended");
        entry = entry.with("cause", dead.cause.as_str());
        record::stamp(engine, parts, &mut entry);
        if let Some(request) = entry.request.as_mut() {
            request.status = Some(StatusCode::GONE.as_u16());
        }
        // Nothing ran and nothing of the customer is shown, so nobody has to wait for the record.
        engine.ledger.append_later(entry);
    }
}

/// Returns the problem of a dead handle.
pub(crate) fn ended(cause: DeadCause) -> Problem {
    Problem::new(StatusCode::GONE, "impersonation-ended", "The impersonation has ended")
        .detail(format!("{} Go on as yourself, or start again.", cause.sentence()))
        .with("cause", cause.as_str())
}

/// Records an end that only the ledger has noticed; fails with the answer to give while that cannot be done.
pub(crate) async fn over(
    engine: &Arc<Engine>,
    headers: &HeaderMap,
    row: &Impersonation,
    cause: EndCause,
) -> Result<Box<Dead>, Response> {
    engine.forget_rows();
    match engine.ended(row.clone(), cause).await {
        Ok(Standing::Dead(found)) => Ok(found),
        Ok(Standing::Own | Standing::Pair { .. }) => Err(unavailable(headers)),
        Err(Outage::Ledger(outage)) => Err(self::outage(headers, &outage)),
        Err(Outage::Host(_)) => Err(unavailable(headers)),
    }
}

/// Answers a request that presents a dead handle, with what was typed for it, for whoever typed it.
pub(crate) fn gone(
    engine: &Engine,
    headers: &HeaderMap,
    resolution: &Resolution,
    dead: &Dead,
    typed: &[(String, String)],
) -> Response {
    if site::wants_json(headers) {
        return ended(dead.cause).respond(headers);
    }
    let words = engine.languages.of(headers);
    // Where nobody is signed in any more, it may be somebody else who reads this.
    let own = dead.row.as_ref().filter(|row| resolution.signed_in.as_ref().is_some_and(|now| now.key == row.sign_in));
    let page = page::dead_page(&DeadPage {
        words,
        sentence: words.text(dead.cause.sentence()),
        agent: resolution.true_user().map_or(words.text("nobody"), |user| user.account.person.name.as_str()),
        customer: dead.row.as_ref().map(|row| &row.current_user),
        reason: own.map_or("", |row| &row.reason),
        ticket: own.and_then(|row| row.ticket.as_deref()).unwrap_or_default(),
        typed,
    });
    page::respond_html(StatusCode::GONE, page)
}

/// Answers a form of one identity that is sent as another, with what was typed into it where that is known to be theirs.
pub(crate) async fn mismatch(engine: &Engine, incoming: &Incoming, resolution: &Resolution) -> Response {
    let identity = resolution.identity();
    let now = match identity.current_user() {
        Some(user) => ("You are now acting as yourself, {agent}.", "agent", &*user.name),
        None => ("Nobody is signed in now.", "", ""),
    };
    let typed = match &resolution.signed_in {
        Some(by) => unsent::typed_before(engine, incoming, by.user.account.id(), &by.key).await,
        None => Vec::new(),
    };
    mismatch_as(engine, &incoming.parts.headers, now, &typed)
}

/// Says who is acting now with a sentence, its name, and who stands for that.
fn mismatch_as(
    engine: &Engine,
    headers: &HeaderMap,
    (english, slot, who): (&str, &str, &str),
    typed: &[(String, String)],
) -> Response {
    let words = engine.languages.of(headers);
    let now = |words: &Words| words.fill(english, &[(slot, &who)]);
    if site::wants_json(headers) {
        return Problem::new(StatusCode::CONFLICT, "identity-mismatch", "This page belongs to another identity")
            .detail(format!("{} Nothing was carried out.", now(&Words::english())))
            .respond(headers);
    }
    page::respond_html(
        StatusCode::CONFLICT,
        page::mismatch_page(&MismatchPage { words, now: &now(words), reload: None, typed }),
    )
}

/// Answers a request that another site caused.
pub(crate) fn cross_site(engine: &Engine, headers: &HeaderMap) -> Response {
    if !site::wants_json(headers) {
        return page::respond_html(StatusCode::FORBIDDEN, page::cross_site_page(engine.languages.of(headers)));
    }
    Problem::new(StatusCode::FORBIDDEN, "cross-site", "This request came from another site")
        .detail("Nothing was carried out.")
        .respond(headers)
}

/// Answers while the ledger cannot: an outage is not a denial.
pub(crate) fn outage(headers: &HeaderMap, outage: &Unavailable) -> Response {
    tracing::error!(error = ?outage, "the ledger cannot answer");
    unavailable(headers)
}

/// Answers when nobody can tell who is asking: an outage, or layers in the wrong order.
pub(crate) fn unresolved(headers: &HeaderMap, outage: &Outage) -> Response {
    let Outage::Host(error) = outage else { return unresolved_for_now(headers, outage) };
    let Some(sentence) = error.misplacement() else { return unresolved_for_now(headers, outage) };
    tracing::error!(mistake = sentence, "a layer is in the wrong place");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "layer-order", "A layer is in the wrong place")
        .detail(capitalised(sentence))
        .respond(headers)
}

fn unresolved_for_now(headers: &HeaderMap, outage: &Outage) -> Response {
    tracing::error!(error = ?outage, "cannot resolve the identity of a request");
    unavailable(headers)
}

/// Answers when the host could not keep what a request has left; the handler has run.
pub(crate) fn not_kept(headers: &HeaderMap, error: &HostError) -> Response {
    tracing::error!(?error, "the host cannot keep what a request has left in its session");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not-kept", "Not everything could be kept")
        .detail("The request was carried out, but what it left for the pages that follow is lost.")
        .respond(headers)
}

pub(crate) fn unavailable(headers: &HeaderMap) -> Response {
    unavailable_problem().respond(headers)
}

/// Returns the problem of an outage.
pub(crate) fn unavailable_problem() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "This cannot be answered right now")
        .detail("Impersonation goes on only while it can be recorded. Nothing was done; please try again in a moment.")
}

pub(crate) fn unreadable(headers: &HeaderMap, error: &axum::Error) -> Response {
    tracing::debug!(%error, "a request body broke off");
    Problem::new(StatusCode::BAD_REQUEST, "unreadable", "The request could not be read").respond(headers)
}

/// Returns the problem for a refusal of the rules.
pub(crate) fn of_refusal(refusal: &Refusal) -> Problem {
    let (status, kind, title) = match refusal {
        Refusal::NotSignedIn => (StatusCode::UNAUTHORIZED, "not-signed-in", "Please sign in"),
        Refusal::NoSuchAccount => (StatusCode::NOT_FOUND, "not-found", "Not found"),
        Refusal::AlreadyImpersonating { .. } => {
            (StatusCode::CONFLICT, "already-impersonating", "Already impersonating")
        }
        Refusal::StepUpRequired => (StatusCode::FORBIDDEN, "step-up-required", "Please sign in again"),
        Refusal::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Something is missing or wrong"),
        Refusal::ConsentRequired { .. } => (StatusCode::FORBIDDEN, "consent-required", "The customer has not agreed"),
        Refusal::TooManyGuesses => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many wrong support codes"),
        Refusal::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many impersonations at once"),
        Refusal::Paused { .. } => (StatusCode::FORBIDDEN, "paused", "Impersonation is paused"),
        Refusal::Ended(_) => (StatusCode::GONE, "impersonation-ended", "The impersonation has ended"),
        Refusal::Never => (StatusCode::FORBIDDEN, "never", "Not while impersonating"),
        Refusal::ReadOnly => (StatusCode::FORBIDDEN, "read-only", "This impersonation is reading only"),
        Refusal::AlreadyDecided => (StatusCode::CONFLICT, "already-decided", "Already decided"),
    };
    let problem = Problem::new(status, kind, title);
    match refusal {
        // One body for unknown, gone, disabled, oneself and not allowed.
        Refusal::NoSuchAccount => problem.detail("There is nothing here, or it is not for you."),
        Refusal::Invalid { field, problem: wrong } => {
            let values = vec![("field", Ours(field_name(field))), ("problem", Ours((*wrong).to_owned()))];
            problem.says("{field} {problem}.", values).with("field", *field)
        }
        Refusal::Ended(cause) => problem.detail(cause.sentence()).with("cause", cause.as_str()),
        Refusal::ConsentRequired { account, opted_out } => {
            let customer = ("customer", Theirs(account.name.clone()));
            let declined = "{customer} has declined support access.";
            problem.says(if *opted_out { declined } else { "{customer} has not agreed." }, vec![customer])
        }
        Refusal::AlreadyImpersonating { running_as } => {
            let customer = ("customer", Theirs(running_as.name.clone()));
            problem.says("Already impersonating {customer}.", vec![customer])
        }
        Refusal::TooMany { limit } => {
            let limit = ("limit", Theirs(limit.to_string()));
            problem.says("At most {limit} impersonations may run at once.", vec![limit])
        }
        Refusal::Paused { reason } => {
            let reason = ("reason", Theirs(reason.clone()));
            problem.says("Impersonation is paused: {reason}.", vec![reason])
        }
        // The others are whole sentences, which are found by their text.
        other => problem.detail(format!("{}.", capitalised(&other.to_string()))),
    }
}

/// Returns what a field on the wire is called for people: `support_code` is a `Support code`.
pub(crate) fn field_name(field: &str) -> String {
    capitalised(&field.replace('_', " "))
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

//! What requests did, in words.

use vicarious_core::audit::RequestFacts;
use vicarious_core::rules::{PERFORM, SUBSCRIBE, is_safe};
use vicarious_core::{EndCause, Impersonation, Rules, Timestamp, Words};

use crate::settings::{BAR_CSS, CUSTOMER_CSS, STAFF_CSS};
use crate::tense::{is_past, past};

/// Returns what a request did, to follow somebody's name: `looked at invoices`.
pub(crate) fn deed(words: &Words, rules: &Rules, request: &RequestFacts) -> String {
    let route = request.route.as_deref();
    let did = |english, what: &str| words.fill(english, &[("what", &what)]);
    match phrase(rules, request) {
        Some(phrase) if words.is_english() => past(words.of(phrase)),
        // The application's own language; only English verbs are known here.
        Some(phrase) => words.of(phrase).to_owned(),
        None if request.method == SUBSCRIBE => did("listened to {what}", route.unwrap_or(words.text("a channel"))),
        None if request.method == PERFORM => did("performed {what}", route.unwrap_or(words.text("an action"))),
        None if is_safe(&request.method) => match own(route.unwrap_or_default()) {
            Some(phrase) => words.text(phrase).to_owned(),
            None => did("opened {what}", route.unwrap_or(&request.path)),
        },
        None => did("sent {what}", &format!("{} {}", request.method, route.unwrap_or(&request.path))),
    }
}

/// Returns the same for a customer, whom the templates of routes tell nothing.
pub(crate) fn deed_for_customer(words: &Words, rules: &Rules, request: &RequestFacts) -> String {
    let is_page = !matches!(request.method.as_str(), SUBSCRIBE | PERFORM);
    if !is_page || phrase(rules, request).is_some() || own(request.route.as_deref().unwrap_or_default()).is_some() {
        deed(words, rules, request)
    } else if is_safe(&request.method) {
        words.text("opened another page").to_owned()
    } else {
        words.text("sent something from another page").to_owned()
    }
}

/// Returns what a request was meant to do, to follow "tried": `to save this profile`.
pub(crate) fn attempt(words: &Words, rules: &Rules, request: &RequestFacts) -> String {
    let route = request.route.as_deref();
    match phrase(rules, request) {
        // What is told in the past already cannot follow "to".
        Some(phrase) if words.is_english() && !is_past(phrase) => format!("to {}", words.of(phrase)),
        Some(phrase) if !words.is_english() && words.of(phrase) != phrase => words.of(phrase).to_owned(),
        _ => format!("{} {}", request.method, route.unwrap_or(&request.path)),
    }
}

/// Returns the phrase that the rules have for a request; an empty one says nothing.
fn phrase<'a>(rules: &'a Rules, request: &RequestFacts) -> Option<&'a str> {
    rules.verdict(&request.method, request.route.as_deref()).phrase.filter(|phrase| !phrase.is_empty())
}

/// Returns whether a request is nothing that its customer needs to read about: the console's style sheet, or what the
/// rules have an empty phrase for.
pub(crate) fn is_trifle(rules: &Rules, request: &RequestFacts) -> bool {
    let route = request.route.as_deref().unwrap_or_default();
    rules.verdict(&request.method, request.route.as_deref()).phrase == Some("")
        || [CUSTOMER_CSS, STAFF_CSS, BAR_CSS].iter().any(|css| route.ends_with(css))
}

fn own(route: &str) -> Option<&'static str> {
    if route.ends_with("/consents") {
        Some("looked at support access")
    } else if route.ends_with("/access-log") {
        Some("looked at who looked at the account")
    } else {
        None
    }
}

/// Returns when an impersonation was over, as far as anybody can tell at `now`.
pub(crate) fn ended_at(row: &Impersonation, now: Timestamp) -> Option<Timestamp> {
    row.over_at(now).map(|_| match &row.end {
        Some(end) => end.at,
        None => row.ends_at.min(row.idle_ends_at()),
    })
}

/// Returns why an impersonation ended, as a sentence about others.
pub(crate) fn why_ended(cause: EndCause) -> &'static str {
    match cause {
        EndCause::Stopped => "It was stopped.",
        EndCause::Expired => "Its time was up.",
        EndCause::IdledOut => "Nothing was done in it for too long.",
        EndCause::Revoked => "The customer, an administrator, or the agent from elsewhere ended it.",
        EndCause::SignedOut => "The agent signed out.",
        EndCause::PermissionLost => "The agent may no longer use this account.",
        EndCause::AccountGone => "One of the two accounts is gone or disabled.",
        EndCause::ConsentWithdrawn => "The customer withdrew the consent.",
        EndCause::Paused => "An administrator paused everything.",
        EndCause::Switched => "The agent went on to another customer.",
        EndCause::Continued => "It was continued in a new one.",
    }
}

/// Returns why a request was refused, for the word that is recorded.
pub(crate) fn why_refused(word: &str) -> &'static str {
    match word {
        "never" => "never allowed while impersonating",
        "read-only" => "reading only",
        "identity-mismatch" => "the page belonged to another identity",
        "cross-site" => "another site sent it",
        "ended" => "the impersonation was over",
        "too-large-to-confirm" => "too large to be confirmed",
        "unreadable" => "it could not be read",
        "unavailable" => "it could not be recorded",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    use vicarious_core::audit::RequestId;

    use super::*;

    #[test]
    fn an_attempt_is_told_by_its_phrase_where_that_reads_well() {
        let rules = Rules::new()
            .write("POST /notes", "add this note")
            .write("PUT /notes", "put this note first")
            .read("GET /notes", "looked at notes");
        let attempt = |method: &str| {
            let (id, method, route) = (RequestId::from("1"), method.to_owned(), Some("/notes".to_owned()));
            attempt(
                &Words::english(),
                &rules,
                &RequestFacts { id, method, route, path: "/notes".to_owned(), status: None },
            )
        };
        assert_eq!(attempt("POST"), "to add this note");
        assert_eq!(attempt("PUT"), "to put this note first");
        assert_eq!(attempt("GET"), "GET /notes");
        assert_eq!(attempt("DELETE"), "DELETE /notes");
    }

    #[test]
    fn a_request_without_a_phrase_is_told_by_its_route() {
        let deed = |method: &str, route: Option<&str>| {
            let (id, method, route) = (RequestId::from("1"), method.to_owned(), route.map(str::to_owned));
            deed(
                &Words::english(),
                &Rules::new(),
                &RequestFacts { id, method, route, path: "/orders/7".to_owned(), status: None },
            )
        };
        assert_eq!(deed("GET", Some("/orders/{id}")), "opened /orders/{id}");
        assert_eq!(deed("GET", None), "opened /orders/7");
        assert_eq!(deed("POST", Some("/orders/{id}")), "sent POST /orders/{id}");
        assert_eq!(deed("GET", Some("/support/consents")), "looked at support access");
    }

    #[test]
    fn a_customer_reads_no_template_of_a_route() {
        let rules = Rules::new().by_handler_saying("POST /graphql", "looked up prices").by_handler("POST /rpc");
        let told = |method: &str, route: &str| {
            let (id, method, path) = (RequestId::from("1"), method.to_owned(), route.to_owned());
            let request = RequestFacts { id, method, route: Some(path.clone()), path, status: None };
            super::deed_for_customer(&Words::english(), &rules, &request)
        };
        assert_eq!(told("GET", "/entries/{id}"), "opened another page");
        assert_eq!(told("POST", "/rpc"), "sent something from another page");
        assert_eq!(told("POST", "/graphql"), "looked up prices");
        assert_eq!(told("GET", "/consents"), "looked at support access");
        assert_eq!(told("SUBSCRIBE", "ChatChannel"), "listened to ChatChannel");
    }
}

//! Invoices, and who may do what with them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use vicarious::policy::{Decision, Policy};
use vicarious::{CurrentUser, Person, RequestIdentity};

use crate::people::{Engagement, User};

#[derive(Clone, Debug)]
struct Invoice {
    owner: &'static str,
    what: &'static str,
    /// Who filed it: the person, not the account.
    filed_by: Option<String>,
}

#[derive(Clone)]
pub struct Books(Arc<Mutex<Vec<Invoice>>>);

impl Default for Books {
    fn default() -> Self {
        let of = |owner, what| Invoice { owner, what, filed_by: None };
        let invoices =
            vec![of("alice", "Flour, 400 kg"), of("ada", "A desk"), of("ivo", "Stamps"), of("carol", "Twine")];
        Self(Arc::new(Mutex::new(invoices)))
    }
}

impl Books {
    fn invoices(&self) -> MutexGuard<'_, Vec<Invoice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Look,
    File,
    Pay,
}

/// What the client may do, and what this accountant may do as this client.
struct Rights;

impl Policy<Invoice> for Rights {
    type Action = Action;

    fn own(&self, user: &Person, _: &Action, invoice: &Invoice) -> Decision {
        Decision::when(invoice.owner == user.id.as_str(), "this invoice belongs to somebody else")
    }

    fn as_other(&self, accountant: &Person, client: &Person, action: &Action, _: &Invoice) -> Decision {
        let engagement = User::find(client.id.as_str()).and_then(|client| client.engagement(accountant.id.as_str()));
        let may = match engagement {
            Some(Engagement::File) => matches!(action, Action::Look | Action::File),
            Some(Engagement::Look) => *action == Action::Look,
            None => false,
        };
        Decision::when(may, format!("{} was not engaged for this by {}", accountant.name, client.name))
    }
}

pub async fn list(
    State(books): State<Books>,
    CurrentUser(user): CurrentUser<User>,
    RequestIdentity(identity): RequestIdentity,
) -> Html<String> {
    let lines: String = books
        .invoices()
        .iter()
        .enumerate()
        .filter(|(_, invoice)| Rights.may(&identity, &Action::Look, invoice).is_allowed())
        .map(|(id, invoice)| {
            let filing = match (&invoice.filed_by, Rights.may(&identity, &Action::File, invoice)) {
                (Some(person), _) => format!("filed by {person}"),
                (None, Decision::Allow) => {
                    format!("<form method=post action=/invoices/{id}/filing><button>File</button></form>")
                }
                (None, Decision::Deny(why)) => format!("<button disabled>File</button> {why}"),
            };
            format!("<li>{}: {filing}</li>", invoice.what)
        })
        .collect();
    Html(format!(
        "<!doctype html><html lang=en><title>Invoices</title><h1>Invoices of {}</h1><ul>{lines}</ul></html>",
        user.name
    ))
}

pub async fn file(
    State(books): State<Books>,
    RequestIdentity(identity): RequestIdentity,
    Path(id): Path<usize>,
) -> Result<Redirect, Response> {
    let mut invoices = books.invoices();
    let invoice = invoices.get_mut(id).ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    match Rights.may(&identity, &Action::File, invoice) {
        Decision::Allow => invoice.filed_by = identity.true_user().map(|person| person.name.clone()),
        Decision::Deny(why) => return Err((StatusCode::FORBIDDEN, why.into_owned()).into_response()),
    }
    Ok(Redirect::to("/invoices"))
}

pub async fn pay(
    State(books): State<Books>,
    RequestIdentity(identity): RequestIdentity,
    Path(id): Path<usize>,
) -> Result<String, Response> {
    let invoice = books.invoices().get(id).cloned().ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    match Rights.may(&identity, &Action::Pay, &invoice) {
        Decision::Allow => Ok(format!("{} is paid", invoice.what)),
        Decision::Deny(why) => Err((StatusCode::FORBIDDEN, why.into_owned()).into_response()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str) -> Person {
        Person { id: id.into(), name: id.to_owned(), email: format!("{id}@example.com") }
    }

    fn may(accountant: &str, client: &str, action: Action) -> bool {
        let invoice = Invoice { owner: "alice", what: "Flour", filed_by: None };
        Rights.as_other(&person(accountant), &person(client), &action, &invoice).is_allowed()
    }

    #[test]
    fn what_somebody_may_do_depends_on_who_engaged_them() {
        assert!(may("ada", "alice", Action::File) && may("ivo", "alice", Action::Look));
        assert!(!may("ivo", "alice", Action::File), "Alice engaged Ivo to look");
        assert!(may("ivo", "ada", Action::File) && may("ada", "ivo", Action::File), "each other");
        assert!(!may("ada", "carol", Action::Look) && !may("alice", "ada", Action::Look));
    }

    #[test]
    fn nobody_pays_for_a_client() {
        for (accountant, client) in [("ada", "alice"), ("ivo", "alice"), ("ivo", "ada"), ("ada", "ivo")] {
            assert!(!may(accountant, client, Action::Pay));
        }
    }
}

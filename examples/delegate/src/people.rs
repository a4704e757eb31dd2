//! Who there is, who engaged whom, and who is signed in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;
use vicarious::{
    Account, AccountId, CurrentUser, ExtractRefused, Found, Host, HostError, Notice, Search, SignIn, SignInKey,
    Timestamp, async_trait,
};

/// What somebody was engaged to do in somebody else's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engagement {
    /// Look at them.
    Look,
    /// Look at them, and file what is in them.
    File,
}

/// A firm, which keeps its own books and may look after those of others.
#[derive(Clone, Copy, Debug)]
pub struct User {
    pub id: &'static str,
    pub name: &'static str,
    /// Whom it engaged, and to do what.
    engaged: &'static [(&'static str, Engagement)],
}

const USERS: [User; 4] = [
    User { id: "alice", name: "Alice", engaged: &[("ada", Engagement::File), ("ivo", Engagement::Look)] },
    User { id: "ada", name: "Ada", engaged: &[("ivo", Engagement::File)] },
    User { id: "ivo", name: "Ivo", engaged: &[("ada", Engagement::File)] },
    User { id: "carol", name: "Carol", engaged: &[] },
];

impl User {
    pub fn find(id: &str) -> Option<Self> {
        USERS.into_iter().find(|user| user.id == id)
    }

    /// Returns what this client engaged `accountant` for.
    pub fn engagement(&self, accountant: &str) -> Option<Engagement> {
        self.engaged.iter().find(|(id, _)| *id == accountant).map(|(_, engagement)| *engagement)
    }

    /// Returns who engaged this accountant.
    fn clients(&self) -> impl Iterator<Item = Self> {
        let accountant = self.id;
        USERS.into_iter().filter(move |client| client.engagement(accountant).is_some())
    }
}

/// Sign-ins, by the secret in the cookie.
#[derive(Clone, Default)]
pub struct People(Arc<Mutex<HashMap<String, (SignInKey, SignIn)>>>);

impl People {
    fn sign_ins(&self) -> MutexGuard<'_, HashMap<String, (SignInKey, SignIn)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Host for People {
    type User = User;

    fn account(&self, user: &User) -> Account {
        Account::new(user.id, user.name, format!("{}@example.com", user.id))
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        let Some(secret) = secret(&request.headers) else { return Ok(None) };
        Ok(self.sign_ins().get(secret).map(|(key, _)| key.clone()))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        Ok(self.sign_ins().values().find(|(known, _)| known == key).map(|(_, sign_in)| sign_in.clone()))
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        Ok(User::find(id.as_str()))
    }

    /// Finds clients: an accountant is to see no firm that did not engage her.
    async fn search(&self, by: &User, search: &Search) -> Result<Found<User>, HostError> {
        let accounts: Vec<User> = by.clients().filter(|client| client.name.contains(&search.q)).collect();
        Ok(Found { total: accounts.len() as u64, accounts })
    }
}

const SIGN_IN: &str = "<!doctype html><html lang=en><title>Tallybook</title><form method=post action=/session>\
    <label>alice, ada, ivo or carol <input name=who></label><button>Sign in</button></form></html>";

pub async fn home(user: Result<CurrentUser<User>, ExtractRefused>, Notice(notice): Notice) -> Html<String> {
    let Ok(CurrentUser(user)) = user else { return Html(SIGN_IN.to_owned()) };
    let clients: String = user.clients().map(|client| format!(
        "<li><a href=\"/impersonation/new?account={}&return_to=/&go_to=/invoices\">Work in the books of {}</a></li>",
        client.id, client.name
    )).collect();
    Html(format!(
        "<!doctype html><html lang=en><title>Tallybook</title><p role=status>{}</p><h1>The books of {}</h1>\
         <p><a href=/invoices>Invoices</a> <a href=/consents>Who may work in my books</a> \
         <a href=/access-log>Who did</a></p><ul>{clients}</ul>\
         <form method=post action=/session/end><button>Sign out</button></form></html>",
        notice.unwrap_or_default(),
        user.name
    ))
}

#[derive(Deserialize)]
pub struct Typed {
    who: String,
}

/// Signs in. A real one asks for a password.
pub async fn sign_in(State(people): State<People>, Form(typed): Form<Typed>) -> Response {
    let Some(user) = User::find(&typed.who) else { return Html(SIGN_IN).into_response() };
    let (secret, key) = (Uuid::new_v4().to_string(), SignInKey::new(Uuid::new_v4().to_string()));
    let cookie = format!("session={secret}; Path=/; HttpOnly; SameSite=Lax");
    let sign_in = SignIn { account: AccountId::from(user.id), since: Timestamp::now() };
    people.sign_ins().insert(secret, (key, sign_in));
    ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

pub async fn sign_out(State(people): State<People>, headers: HeaderMap) -> Redirect {
    if let Some(secret) = secret(&headers) {
        people.sign_ins().remove(secret);
    }
    Redirect::to("/")
}

fn secret(headers: &HeaderMap) -> Option<&str> {
    headers.get(COOKIE)?.to_str().ok()?.split("; ").find_map(|pair| pair.strip_prefix("session="))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn found(by: &str, q: &str) -> (Vec<&'static str>, u64) {
        let search = Search { q: q.to_owned(), organisation: None, page: 1, per_page: 20 };
        let found = People::default().search(&User::find(by).unwrap(), &search).await.unwrap();
        (found.accounts.into_iter().map(|user| user.id).collect(), found.total)
    }

    #[tokio::test]
    async fn accountants_find_their_clients_by_name_and_nobody_else() {
        assert_eq!(found("ada", "").await, (vec!["alice", "ivo"], 2));
        assert_eq!(found("ada", "Ali").await, (vec!["alice"], 1));
        assert_eq!(found("ada", "Carol").await, (vec![], 0));
    }
}

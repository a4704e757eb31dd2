//! Which page a connection belongs to.

use axum::extract::Query;
use http::Uri;
use serde::Deserialize;
use vicarious_core::Identity;

/// Returns whom a page is served to, as text: a page that connects to `/cable?identity=…` with it
/// is connected as this identity, or not at all.
///
/// A client comes back by itself after a restart or a lapse of the network, with the cookies that its browser has by
/// then. Without this text, a page that was opened as the customer would be the agent's afterwards if the impersonation
/// was stopped meanwhile in another tab. Like every part of an address it has to be percent-encoded.
///
/// # Examples
///
/// ```
/// use vicarious_core::{Account, Identity, Person};
///
/// let alice = Person { id: "alice".into(), name: "Alice".to_owned(), email: "alice@example.com".to_owned() };
/// let alice = Identity::own(Account { person: alice, organisation: None, active: true });
/// assert_eq!(vicarious_cable::page_identity(&alice), "own:alice");
/// ```
pub fn page_identity(identity: &Identity) -> String {
    match (identity.impersonation(), identity.current_user()) {
        (Some(impersonation), _) => impersonation.tag(),
        (None, Some(user)) => format!("own:{}", user.id),
        (None, None) => String::new(),
    }
}

#[derive(Deserialize)]
struct Asked {
    identity: Option<String>,
}

/// Returns whether the page that connects is one of this identity's, as far as it says.
pub(crate) fn is_meant(address: &Uri, identity: &Identity) -> bool {
    match Query::<Asked>::try_from_uri(address) {
        Ok(Query(Asked { identity: Some(meant) })) => meant == page_identity(identity),
        Ok(Query(Asked { identity: None })) => true,
        // Said twice, or not to be read.
        Err(_) => false,
    }
}

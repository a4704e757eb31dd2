//! Sockets of the shop's browsers.

use testkit::cable::{PROTOCOLS, Visitor};
pub(crate) use testkit::cable::{Socket, identifier};

use crate::browser::Browser;

impl Visitor for Browser {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn cookies(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}

/// Asks for an upgrade, and returns the head of the answer.
pub(crate) async fn upgrade(browser: &Browser, origin: Option<&str>) -> (String, Socket) {
    Socket::upgraded(browser, "/cable", origin, PROTOCOLS).await
}

//! What an agent may do as a customer, route by route: the one place to read and to change it.

use vicarious::{Rule, Rules};

/// Every unsafe route that is served, the console's included, so that a forgotten one is found by a test and by
/// `helpdesk rules`. Those below `/impersonation` are Vicarious' own and guard themselves.
pub(crate) const UNSAFE_ROUTES: [(&str, &str); 23] = [
    ("POST", "/session"),
    ("DELETE", "/session"),
    ("PATCH", "/profile"),
    ("POST", "/notifications"),
    ("POST", "/payments"),
    ("POST", "/payment-methods"),
    ("DELETE", "/payment-methods/{id}"),
    ("POST", "/linked-accounts"),
    ("DELETE", "/linked-accounts/{id}"),
    ("POST", "/consents"),
    ("PATCH", "/consents/{id}"),
    ("POST", "/consents/people"),
    ("POST", "/consents/opt-out"),
    ("POST", "/consents/opt-in"),
    ("POST", "/consents/requests"),
    ("POST", "/consents/attested"),
    ("POST", "/support-code"),
    ("DELETE", "/access-log/{id}"),
    ("DELETE", "/impersonations/{id}"),
    ("POST", "/impersonations/pause"),
    ("POST", "/impersonations/resume"),
    ("POST", "/broadcasts"),
    ("PATCH", "/parcels/{id}"),
];

/// Returns the table.
///
/// Phrases of reading routes complete "Bob …" in the customer's access log; the others complete
/// "… for Alice's account?".
pub(crate) fn rules() -> Rules {
    Rules::new()
        .read("GET /", "looked at the dashboard")
        .read("GET /profile", "looked at the profile")
        .read("GET /orders", "looked at orders")
        .read("GET /orders/{id}", "looked at an order")
        .read("GET /invoices", "looked at invoices")
        .read("GET /invoices/{id}", "looked at an invoice")
        .read("GET /payment-methods", "looked at payment methods")
        .read("GET /linked-accounts", "looked at linked accounts")
        .read("GET /notifications", "looked at notifications")
        .read("GET /parcels", "looked at the list of parcels")
        .read("GET /search", "searched orders and invoices")
        // What a page does by itself is on record, and nothing to tell the customer.
        .read("GET /whoami", "")
        .read("GET /cable", "")
        .read("SUBSCRIBE NotificationsChannel", "")
        // Listening is reading; of what can be performed, nothing is allowed that does not stand here.
        .read("PERFORM CommandsChannel#echo", "tried out a live connection")
        .confirm("PATCH /profile", "save this profile")
        .write("POST /notifications", "mark notifications as read")
        .never("/payments")
        .never("POST /payment-methods")
        .never("DELETE /payment-methods")
        .never("POST /linked-accounts")
        .never("DELETE /linked-accounts")
        // The console: only people as themselves decide there.
        .never("POST /consents")
        .never("PATCH /consents")
        .never("POST /support-code")
        .never("POST /access-log")
        .never("DELETE /access-log")
        .never("POST /impersonations")
        .never("DELETE /impersonations")
        .never("POST /broadcasts")
        .never("PATCH /parcels")
        .never("POST /session")
        // Signing out while impersonating stops the impersonation and nothing else, whatever stands here.
        .never("DELETE /session")
}

/// Returns the unsafe routes that no line of the table covers.
pub(crate) fn unclassified(rules: &Rules) -> Vec<(&'static str, &'static str)> {
    UNSAFE_ROUTES.into_iter().filter(|(method, route)| !rules.verdict(method, Some(route)).classified).collect()
}

/// Returns what a rule means, for people.
pub(crate) fn meaning(rule: Rule) -> &'static str {
    match rule {
        Rule::Read => "always",
        Rule::ByHandler => "as its handler decides",
        Rule::Write => "in write mode",
        Rule::Confirm => "in write mode, after a confirmation",
        Rule::Never => "never: only the customer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unsafe_route_has_a_rule_and_no_two_rules_contradict_each_other() {
        let rules = rules();
        assert_eq!(unclassified(&rules), []);
        assert!(rules.contradictions().is_empty());
    }

    #[test]
    fn money_cards_and_links_are_the_customers_alone() {
        let rules = rules();
        for (method, route) in [
            ("POST", "/payments"),
            ("POST", "/payments/{id}/again"),
            ("POST", "/payment-methods"),
            ("DELETE", "/payment-methods/{id}"),
            ("DELETE", "/linked-accounts/{id}"),
            ("POST", "/something-new"),
        ] {
            assert_eq!(rules.verdict(method, Some(route)).rule, Rule::Never, "{method} {route}");
        }
        assert_eq!(rules.verdict("GET", Some("/payment-methods")).rule, Rule::Read);
    }
}

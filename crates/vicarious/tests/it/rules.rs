//! `docs/rules.md`: the table of routes, and that of channels.

#[test]
fn routes_have_the_rules_that_the_page_says() {
    use vicarious::{Rule, Rules};

    let rules = Rules::new()
        .read("GET /invoices", "looked at invoices")
        .read("POST /search", "searched orders")
        .write("POST /notes", "add this note")
        .confirm("PATCH /profile", "save this profile")
        .by_handler("POST /graphql")
        .never("/payments");

    assert_eq!(rules.verdict("PATCH", Some("/profile")).rule, Rule::Confirm);
    assert_eq!(rules.verdict("POST", Some("/payments/{id}/refund")).rule, Rule::Never);
    assert_eq!(rules.verdict("DELETE", Some("/account")).rule, Rule::Never, "nobody classified it");
}

#[test]
fn channels_have_the_rules_that_the_page_says() {
    use vicarious::{Rule, Rules};

    let rules = Rules::new()
        .never("PaymentsChannel")
        .read("PERFORM PresenceChannel#appear", "said that they are there")
        .write("PERFORM CommandsChannel#echo", "send this");

    assert_eq!(rules.verdict("SUBSCRIBE", Some("NotificationsChannel")).rule, Rule::Read);
    assert_eq!(rules.verdict("PERFORM", Some("CommandsChannel#echo")).rule, Rule::Write);
    assert_eq!(rules.verdict("PERFORM", Some("PaymentsChannel#pay")).rule, Rule::Never);
    assert_eq!(rules.verdict("PERFORM", Some("CommandsChannel#other")).rule, Rule::Never, "nobody classified it");
}

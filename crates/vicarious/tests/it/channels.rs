//! `docs/channels.md`: what a shadower may do over channels.

use vicarious::{Rule, Rules};

fn rules() -> Rules {
    Rules::new()
        .never("SUBSCRIBE PaymentsChannel")
        .read("PERFORM SearchChannel#suggest", "searched")
        .confirm("PERFORM ProfileChannel#save", "save this profile")
}

#[test]
fn subscriptions_and_actions_have_the_rules_that_the_page_says() {
    for (method, route, rule) in [
        ("SUBSCRIBE", "PaymentsChannel", Rule::Never),
        ("SUBSCRIBE", "SearchChannel", Rule::Read),
        ("PERFORM", "SearchChannel#suggest", Rule::Read),
        ("PERFORM", "ProfileChannel#save", Rule::Confirm),
        ("PERFORM", "ProfileChannel#delete", Rule::Never),
    ] {
        assert_eq!(rules().verdict(method, Some(route)).rule, rule, "{method} {route}");
    }
}

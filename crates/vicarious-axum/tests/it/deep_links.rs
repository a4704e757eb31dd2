//! Links from a help desk to the start page.

use http::StatusCode;
use testkit::people::{alice, bob, carol, eve};
use vicarious_axum::Question;
use vicarious_core::decide::Decision;
use vicarious_core::{Account, Identity, SitePath};

use crate::support::{User, World};

#[tokio::test]
async fn an_address_finds_the_customer_and_nobody_else() {
    let world = World::new().await;
    let mut bob_himself = world.browser(&bob());
    let link = |email: &str| format!("/impersonation/new?email={email}&ticket=SUP-7&reason=An+invoice&go_to=/invoices");
    let page = bob_himself.get(&link("ALICE@example.com")).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    assert_eq!(page.hidden("account_id").as_deref(), Some(alice().id().as_str()));
    assert_eq!(page.hidden("go_to").as_deref(), Some("/invoices"));
    let tagged = Account::new("tagged", "Tag Tully", "tag+shop@example.com");
    let user = User { account: tagged.clone(), rights: [].into() };
    world.accounts.users.lock().unwrap().insert(tagged.id().clone(), user);
    let page = bob_himself.get(&link("tag+shop@example.com")).await;
    assert_eq!(page.hidden("account_id").as_deref(), Some("tagged"), "a plus that was not encoded");
    // A part of an address, an agent's, nobody's: there is no such account, and no page for a code instead.
    for email in ["alice", "example.com", "eve@example.com", "bob@example.com", "nobody@example.com"] {
        assert_eq!(bob_himself.get(&link(email)).await.status, StatusCode::NOT_FOUND, "{email}");
    }
    assert_eq!(world.browser(&carol()).get(&link("alice@example.com")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.running().await.len(), 0, "a link changes nothing");
}

#[tokio::test]
async fn an_agent_who_had_to_sign_in_first_comes_back_to_the_first_page_and_not_to_sign_in_again() {
    let world = World::with(|builder| builder.sign_in_page("/welcome?then=")).await;
    let mut bob_himself = world.browser(&bob());
    for (referer, expected) in [
        ("http://shop.example/welcome?then=%2Fimpersonation%2Fnew", "/"),
        ("http://shop.example/welcome", "/"),
        ("http://shop.example/session", "/"),
        ("http://shop.example/welcome-back?page=2", "/welcome-back?page=2"),
    ] {
        let headers = [("host", "shop.example"), ("accept", "text/html"), ("referer", referer)];
        let page = bob_himself.raw("GET", "/impersonation/new?account=alice", &headers, "").await;
        assert_eq!(page.hidden("return_to").as_deref(), Some(expected), "{referer}");
    }
}

#[tokio::test]
async fn what_the_customer_was_asked_for_is_filled_in_whichever_way_the_agent_comes() {
    let world = World::new().await;
    let customer = world.add("customer", &[]);
    let page = SitePath::new("/invoices");
    let question = Question { reason: "The invoice of May", ticket: Some("SUP-7"), page: Some(&page) };
    let asked = world.vicarious.ask_consent(&Identity::own(bob()), customer.id(), question).await.unwrap();
    let filled = |page: &crate::support::Answer| {
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        [page.typed("reason"), page.typed("ticket"), page.hidden("go_to").unwrap_or_default()]
    };
    let mut bob_himself = world.browser(&bob());
    let own = ["The invoice of May", "SUP-7", "/invoices"];
    let waiting = bob_himself.get("/impersonation/new?account=customer").await;
    let again = "account=customer&amp;reason=The+invoice+of+May&amp;ticket=SUP-7&amp;go_to=%2Finvoices";
    assert!(waiting.text.contains(again), "the link to look again has it: {waiting:?}");
    world.vicarious.decide_consent(&Identity::own(customer.clone()), &asked.id, Decision::Give).await.unwrap();
    assert_eq!(filled(&bob_himself.get("/impersonation/new?account=customer").await), own);
    let other = "/impersonation/new?account=customer&ticket=SUP-8&go_to=/orders";
    assert_eq!(filled(&bob_himself.get(other).await), ["", "SUP-8", "/orders"], "another ticket is another matter");
    let mut eve_herself = world.browser(&eve());
    assert_eq!(filled(&eve_herself.get("/impersonation/new?account=customer").await), ["", "", "/"], "it was not hers");
    world.vicarious.decide_consent(&Identity::own(customer), &asked.id, Decision::Withdraw).await.unwrap();
    assert_eq!(filled(&bob_himself.get("/impersonation/new?account=customer").await), ["", "", "/"], "it is over");
}

#[tokio::test]
async fn an_agent_who_is_in_the_account_from_another_browser_reads_so() {
    let world = World::new().await;
    let _first = world.inside(&bob(), &alice()).await;
    let said = "You, in another browser";
    let page = world.browser(&bob()).get("/impersonation/new?account=alice").await;
    assert!(page.text.contains(said) && !page.text.contains("Nobody else"), "{page:?}");
    let page = world.browser(&eve()).get("/impersonation/new?account=alice").await;
    assert!(!page.text.contains(said) && page.text.contains(bob().person.name.as_str()), "{page:?}");
}

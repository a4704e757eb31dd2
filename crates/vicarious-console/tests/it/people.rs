//! The table of customers.

use axum::http::Method;
use serde_json::json;
use testkit::people::{alice, bob, carol, dana, eve};
use vicarious_core::Account;

use crate::support::{World, text};

#[tokio::test]
async fn accounts_are_listed_a_page_at_a_time() {
    let world = World::new();
    for number in 10..53 {
        world.accounts.add(Account::new(
            format!("c{number}"),
            format!("Customer {number}"),
            format!("c{number}@example.com"),
        ));
    }
    let mut bob = world.browser(&bob());
    let mut path = "/accounts?q=Customer".to_owned();
    let mut sizes = Vec::new();
    loop {
        let page = bob.ask(&path).await.json();
        sizes.push(page["accounts"].as_array().unwrap().len());
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(sizes, [20, 20, 3]);
    assert_eq!(path, "/accounts?q=Customer&page=3");
    let middle = bob.page("/accounts?q=Customer&page=2").await;
    assert!(middle.contains("rel=\"next\" href=\"/accounts?q=Customer&#38;page=3\""), "{middle}");
    assert!(middle.contains("rel=\"prev\" href=\"/accounts?q=Customer\""));
    let far = bob.page("/accounts?q=Customer&page=4294967295").await;
    assert!(far.contains("rel=\"prev\" href=\"/accounts?q=Customer&#38;page=99999\""), "{far}");
    assert!(!far.contains("rel=\"next\""), "{far}");
}

#[tokio::test]
async fn an_account_has_an_id_a_name_and_an_address() {
    let world = World::new();
    let found = world.browser(&bob()).ask("/accounts?q=alice@example.com").await.json();
    let alice = json!({ "id": "alice", "name": "Alice Ames", "email": "alice@example.com" });
    assert_eq!(found, json!({ "accounts": [alice], "next": null }));
}

#[tokio::test]
async fn an_organisation_leads_to_all_of_its_people_and_stays_while_searching() {
    let world = World::new();
    let of = |id: &str, organisation: &str| {
        let mut account = Account::new(id, format!("Customer {id}"), format!("{id}@example.com"));
        account.organisation = Some(organisation.to_owned());
        world.accounts.add(account);
    };
    for (id, organisation) in [("one", "Café & Co"), ("two", "Café & Co"), ("three", "Other")] {
        of(id, organisation);
    }
    let mut bob = world.browser(&bob());
    let all = bob.page("/accounts").await;
    assert!(all.contains("href=\"/accounts?organisation=Caf%C3%A9+%26+Co\""), "{all}");
    let theirs = bob.page("/accounts?organisation=Caf%C3%A9+%26+Co").await;
    assert!(text(&theirs).contains("2 customers of Café &#38; Co · Show everybody"), "{}", text(&theirs));
    assert!(theirs.contains("name=\"organisation\" value=\"Café &#38; Co\"") && !theirs.contains("Customer three"));
    let nobody = text(&bob.page("/accounts?organisation=Nowhere&q=x").await);
    assert!(nobody.contains("Nobody of Nowhere matches x."), "{nobody}");
    let found = bob.ask("/accounts?organisation=Other").await.json();
    assert_eq!(found["accounts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_is_online_is_said_once_somebody_can_tell() {
    let world = World::new();
    let mut bob = world.browser(&bob());
    assert!(!bob.page("/accounts").await.contains("online"));
    assert!(!bob.page("/accounts/alice").await.contains("Online"));
    world.vicarious.tell_online(|account| account.as_str() == "alice");
    assert_eq!(bob.page("/accounts").await.matches(">online<").count(), 1);
    assert!(text(&bob.page("/accounts/alice").await).contains("Online now"));
    assert!(text(&bob.page("/accounts/carol").await).contains("Online not now"));
    assert!(text(&bob.page("/impersonation/new?account=alice").await).contains("online now"));
}

#[tokio::test]
async fn nobody_is_listed_who_may_not_be_impersonated() {
    let world = World::new();
    let page = world.browser(&dana()).page("/accounts").await;
    for name in ["Alice Ames", "Carol Cole"] {
        assert!(page.contains(name));
    }
    for name in ["Bob Baker", "Eve Early"] {
        assert!(!page.contains(name), "{name}");
    }
}

#[tokio::test]
async fn the_table_tells_consent_and_who_is_in_there() {
    let world = World::new();
    world.agree(&alice()).await;
    let _bob = world.inside(&bob(), &alice()).await;
    let page = text(&world.browser(&dana()).page("/accounts").await);
    assert!(page.contains("Alice Ames alice@example.com Agreed until Mon 9 March 10:00 Bob Baker"), "{page}");
    assert!(page.contains("Carol Cole carol@example.com Not asked yet nobody"), "{page}");
}

#[tokio::test]
async fn a_column_stands_there_only_for_those_who_have_something_in_it() {
    let world = World::new();
    let page = world.browser(&bob()).page("/accounts").await;
    assert!(!page.contains(">Organisation</th>") && !page.contains("data-label=\"Organisation\""), "{page}");
    world.accounts.add(Account { organisation: Some("Acme".to_owned()), ..carol() });
    let page = world.browser(&bob()).page("/accounts").await;
    assert!(page.contains(">Organisation</th>"), "{page}");
    assert!(text(&page).contains("Alice Ames alice@example.com none Not asked yet"), "{page}");
    assert!(text(&page).contains("Carol Cole carol@example.com Acme Not asked yet"), "{page}");
}

#[tokio::test]
async fn whoever_has_no_email_gets_no_empty_place() {
    let world = World::new();
    world.accounts.add(Account::new("dave", "Dave Noemail", ""));
    let page = text(&world.browser(&bob()).page("/accounts").await);
    assert!(page.contains("Dave Noemail none Not asked yet"), "{page}");
    assert!(world.browser(&bob()).page("/accounts/alice").await.contains("<dt>Email</dt>"));
    assert!(!world.browser(&bob()).page("/accounts/dave").await.contains("<dt>Email</dt>"));
}

#[tokio::test]
async fn an_agent_in_two_browsers_is_one_person_in_there() {
    let world = World::new();
    world.agree(&alice()).await;
    let (_one, _other) = (world.inside(&bob(), &alice()).await, world.inside(&bob(), &alice()).await);
    let page = text(&world.browser(&dana()).page("/accounts").await);
    assert!(page.contains("10:00 Bob Baker Show"), "{page}");
}

#[tokio::test]
async fn impersonate_comes_back_to_where_one_was() {
    let world = World::new();
    let page = world.browser(&bob()).page("/accounts?q=Al").await;
    assert!(page.contains("/impersonation/new?account=alice&#38;return_to=%2Faccounts%3Fq%3DAl\""), "{page}");
    let page = world.browser(&bob()).page("/accounts/alice").await;
    assert!(page.contains("/impersonation/new?account=alice&#38;return_to=%2Faccounts%2Falice\""), "{page}");
}

#[tokio::test]
async fn impersonate_brings_along_what_the_customer_agreed_to_until_that_is_used() {
    let world = World::new();
    let mut bob = world.browser(&bob());
    let carried = "account=alice&#38;reason=a+page+looks+wrong&#38;ticket=SUP-4711&#38;return_to=";
    let body = json!({ "account_id": "alice", "reason": "a page looks wrong", "ticket": "SUP-4711" });
    let asked = bob.json(Method::POST, "/consents/requests", body).await.json();
    assert!(!bob.page("/accounts").await.contains(carried), "she has not agreed yet");
    let path = format!("/consents/{}", asked["id"].as_str().unwrap());
    world.browser(&alice()).json(Method::PATCH, &path, json!({ "decision": "give" })).await;
    for path in ["/accounts", "/accounts/alice"] {
        let page = bob.page(path).await;
        assert!(page.contains(carried), "{page}");
        assert!(!world.browser(&eve()).page(path).await.contains(carried), "it is for Bob alone");
    }
    bob.start(&alice()).await;
    bob.stop().await;
    assert!(!bob.page("/accounts").await.contains(carried), "it is used up");
}

#[tokio::test]
async fn recent_customers_come_first_once_each_and_only_while_allowed() {
    let world = World::new();
    for customer in [alice(), carol()] {
        world.agree(&customer).await;
    }
    let mut bob = world.browser(&bob());
    for customer in [alice(), carol(), alice()] {
        bob.start(&customer).await;
        bob.stop().await;
    }
    let recent = text(&bob.page("/accounts").await);
    let recent = recent.split_once("Recent").unwrap().1.split_once("customers").unwrap().0.to_owned();
    assert_eq!(recent.trim(), "Alice Ames Impersonate Alice Ames again Carol Cole Impersonate Carol Cole again 2");
    assert!(!bob.page("/accounts?q=Al").await.contains("Recent"));
    world.accounts.add(Account { active: false, ..carol() });
    assert!(!bob.page("/accounts").await.contains("Impersonate<span class=\"vc-hidden\"> <bdi>Carol Cole</bdi> again"));
}

#[tokio::test]
async fn an_account_shows_its_consent_and_what_the_agent_did_there() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut bob = world.browser(&bob());
    let id = bob.start(&alice()).await;
    bob.stop().await;
    let shown = bob.ask("/accounts/alice").await.json();
    assert_eq!(shown["consent"]["state"], "agreed");
    assert_eq!(shown["running"], json!([]));
    assert_eq!(shown["impersonations"][0]["id"], id);
    assert!(text(&bob.page("/accounts/alice").await).contains("a page looks wrong SUP-4711"));
}

#[tokio::test]
async fn whoever_has_no_customers_is_told_what_to_do() {
    let world = World::new();
    let page = text(&world.browser(&bob()).page("/accounts?q=nobody@example.com").await);
    let told = "Nobody matches nobody@example.com. An email address must be written out in full. Show everybody";
    assert!(page.contains(told), "{page}");
}

#[tokio::test]
async fn hostile_names_are_text() {
    let world = World::new();
    let mut mallory = Account::new("m\"/../<x>", "<script>alert(1)</script>\u{202e}", "\"><img src=x>@example.com");
    mallory.organisation = Some("<b>Evil & Sons</b>".to_owned());
    world.accounts.add(mallory);
    let mut bob = world.browser(&bob());
    let page = bob.page("/accounts?q=%3Cscript%3E").await;
    for raw in ["<script>", "<img", "<b>", "\"/../"] {
        assert!(!page.contains(raw), "{raw}");
    }
    assert!(page.contains("<bdi>&#60;script&#62;alert(1)"));
    let page = bob.page("/accounts/m%22%2F..%2F%3Cx%3E").await;
    assert!(!page.contains("<script>") && page.contains("Evil &#38; Sons"));
}

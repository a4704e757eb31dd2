//! Yara administers the organisation that Alice and Amara belong to, and agrees to support access for its people.

use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::fresh::{Fresh, on_both};
use crate::program::{Shop, ask, printed};

on_both! {
    an_administrator_agrees_for_her_people_and_they_take_it_back
    nothing_is_agreed_when_the_demo_starts_and_somebody_elses_people_are_unknown
}

const YARA: &str = "yara.dubois";
const AMARA: &str = "amara.abara";

/// Bob tries to start as Amara.
async fn start(bob: &mut Browser) -> Answer {
    bob.post_json("/impersonation", &json!({"account_id": "customer-001", "reason": "Wrong name"})).await
}

async fn give(browser: &mut Browser, account: &str) -> Answer {
    browser.post_json("/consents", &json!({"account_id": account, "ends_in": "month"})).await
}

/// Returns who made which entry about Amara's account, oldest first.
async fn about_amara(fresh: &Fresh) -> Vec<(String, String)> {
    let export = ask(fresh, &["audit", "export"]).await;
    assert!(export.status.success());
    let entries = printed(&export);
    let entries = entries.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let amara = entries.filter(|entry| entry["current_user"]["id"] == "customer-001");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let consents = amara.map(|entry| (text(&entry["kind"]), text(&entry["true_user"]["id"])));
    consents.filter(|(kind, _)| kind.starts_with("consent.")).collect()
}

async fn an_administrator_agrees_for_her_people_and_they_take_it_back(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let (mut bob, mut yara, mut amara) =
        (shop.signed_in("bob").await, shop.signed_in(YARA).await, shop.signed_in(AMARA).await);
    assert_eq!(start(&mut bob).await.status, 403);
    let given = give(&mut yara, "customer-001").await;
    assert_eq!(given.status, 201, "{}", given.body);
    assert_eq!(given.json()["organisation"], "Alder & Finch Bakery");
    let page = bob.page("/impersonation/new?account=customer-001").await.body;
    assert!(page.contains("Yara Dubois of Alder &amp; Finch Bakery has agreed for Amara Abara"), "{page}");
    assert_eq!(start(&mut bob).await.status, 201);
    assert_eq!(bob.page("/orders").await.status, 200);

    let list = amara.json("/consents").await;
    assert_eq!(list["consents"][0]["given_by"]["name"], "Yara Dubois");
    let path = format!("/consents/{}", list["consents"][0]["id"].as_str().unwrap());
    assert_eq!(amara.form(&path, "_method=PATCH&decision=withdraw").await.status, 303);
    assert_eq!(bob.page("/orders").await.status, 410, "who was inside is out");
    assert_eq!(give(&mut yara, "customer-001").await.status, 409, "she decides alone from now on");
    let all = yara.post_json("/consents/people", &json!({"ends_in": "week"})).await;
    assert_eq!(all.json(), json!({"given": 4, "left_out": 1, "more": false}));
    let people = yara.json("/consents/people").await;
    assert_eq!(people["people"].as_array().unwrap().len(), 5);
    let steps = [("consent.given_for", "customer-049"), ("consent.withdrawn", "customer-001")];
    assert_eq!(about_amara(&fresh).await, steps.map(|(kind, by)| (kind.to_owned(), by.to_owned())));
    shop.close().await;
}

async fn nothing_is_agreed_when_the_demo_starts_and_somebody_elses_people_are_unknown(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut yara = shop.signed_in(YARA).await;
    let people = yara.json("/consents/people").await;
    let states = people["people"].as_array().unwrap().iter().map(|person| person["state"].as_str().unwrap());
    assert_eq!(states.collect::<Vec<_>>(), ["missing"; 5]);
    let unknown = give(&mut yara, "nobody").await;
    assert_eq!(unknown.status, 404);
    for somebody in ["customer-002", "customer-007", "carol", "bob", "dana"] {
        let answer = give(&mut yara, somebody).await;
        assert_eq!((answer.status, &answer.body), (404, &unknown.body), "{somebody}");
    }
    for other in ["alice", "bob", "dana"] {
        let mut other = shop.signed_in(other).await;
        assert_eq!(give(&mut other, "customer-001").await.body, unknown.body);
        assert_eq!(other.page("/consents/people").await.status, 404);
    }
    shop.close().await;
}

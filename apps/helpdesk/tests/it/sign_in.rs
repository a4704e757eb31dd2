//! Signing in and out.

use serde_json::json;

use crate::browser::PASSWORD;
use crate::fresh::{Fresh, on_both};
use crate::program::Shop;

on_both! {
    signing_in_and_out_by_form
    signing_in_and_out_as_a_program
    every_sign_in_has_a_secret_of_its_own_and_ends_the_one_before
    several_sign_ins_of_one_person_stand_side_by_side
}

async fn signing_in_and_out_by_form(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut browser = shop.browser();
    let first = browser.page("/invoices").await;
    assert_eq!((first.status, first.header("location")), (303, Some("/session/new?then=/invoices")));
    let typed = format!("email=Alice%40Example.com+&password={}&then=%2Finvoices", PASSWORD.replace(' ', "+"));
    let answer = browser.form("/session", &typed).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/invoices")));
    let cookie = answer.set_cookies().next().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    assert!(browser.page("/").await.body.contains("Alice Winter"));
    let answer = browser.form("/session", "_method=DELETE").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    assert_eq!(browser.json("/whoami").await, json!({"current_user": null, "true_user": null, "impersonation": null}));
    shop.close().await;
}

async fn signing_in_and_out_as_a_program(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut browser = shop.browser();
    let answer = browser.sign_in("bob").await;
    let bob = json!({"id": "bob", "name": "Bob Marsh", "email": "bob@example.com"});
    let whoami = json!({"current_user": bob, "true_user": bob, "impersonation": null});
    assert_eq!((answer.status, answer.json()), (200, whoami.clone()));
    assert_eq!(browser.json("/whoami").await, whoami);
    let stolen = browser.cookies.clone();
    let answer = browser.send("DELETE", "/session", &[("accept", "application/json")], "").await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    browser.cookies = stolen;
    assert_eq!(browser.json("/whoami").await["current_user"], json!(null), "a copy of the cookie is worth nothing");
    shop.close().await;
}

async fn every_sign_in_has_a_secret_of_its_own_and_ends_the_one_before(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut browser = shop.browser();
    browser.cookies.insert("helpdesk-session".to_owned(), "a".repeat(64));
    browser.sign_in("alice").await;
    let first = browser.cookies.clone();
    assert_ne!(first["helpdesk-session"], "a".repeat(64), "a planted secret is not taken over");
    browser.sign_in("bob").await;
    assert_ne!(browser.cookies["helpdesk-session"], first["helpdesk-session"]);
    let mut old = shop.browser();
    old.cookies = first;
    assert_eq!(old.json("/whoami").await["current_user"], json!(null));
    shop.close().await;
}

async fn several_sign_ins_of_one_person_stand_side_by_side(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let sign_ins = (0..10).map(|_| {
        let mut browser = shop.browser();
        tokio::spawn(async move { (browser.sign_in("bob").await.status, browser) })
    });
    for sign_in in sign_ins.collect::<Vec<_>>() {
        let (status, mut browser) = sign_in.await.unwrap();
        assert_eq!(status, 200);
        assert_eq!(browser.json("/whoami").await["current_user"]["id"], "bob");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut browser = shop.browser();
    let wrong = json!({"email": "alice@example.com", "password": "wrong"});
    let unknown = json!({"email": "nobody@example.com", "password": "wrong"});
    let (wrong, unknown) = (browser.post_json("/session", &wrong).await, browser.post_json("/session", &unknown).await);
    assert_eq!((wrong.status, wrong.header("content-type")), (401, Some("application/problem+json")));
    assert_eq!((wrong.status, &wrong.body), (unknown.status, &unknown.body));
    let page = browser.form("/session", "email=alice%40example.com&password=wrong").await;
    assert_eq!(page.status, 401);
    assert!(page.body.contains(r#"value="alice@example.com""#), "the typed e-mail is kept");
    assert!(!page.body.contains("wrong\""), "the typed password is not");
    shop.close().await;
}

#[tokio::test]
async fn guessing_is_slowed_down_for_one_address_and_nobody_else() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut browser = shop.browser();
    for _ in 0..10 {
        assert_eq!(browser.form("/session", "email=carol%40example.com&password=guess").await.status, 401);
    }
    let answer = browser.form("/session", "email=carol%40example.com&password=guess").await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(browser.sign_in("carol").await.status, 429, "even the right password has to wait");
    assert_eq!(browser.sign_in("alice").await.status, 200);
    shop.close().await;
}

#[tokio::test]
async fn nobody_is_signed_in_by_another_sites_page() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let body = json!({"email": "alice@example.com", "password": PASSWORD});
    for header in [("sec-fetch-site", "cross-site"), ("origin", "http://localhost:1")] {
        let answer = shop.browser().send_json("POST", "/session", &body, &[header]).await;
        assert_eq!(answer.status, 403, "{header:?}");
        assert_eq!(answer.set_cookies().count(), 0);
    }
    shop.close().await;
}

#[tokio::test]
async fn after_signing_in_nobody_is_sent_to_another_site() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    for then in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "orders"] {
        let typed = format!("email=alice%40example.com&password={}&then={then}", PASSWORD.replace(' ', "+"));
        assert_eq!(shop.browser().form("/session", &typed).await.header("location"), Some("/"), "{then}");
    }
    shop.close().await;
}

//! What was typed into a form whose impersonation was over, or not the one that runs, when it was sent.

use http::StatusCode;
use jiff::SignedDuration;
use testkit::people::{alice, bob, carol, eve};

use crate::support::{HANDLE, World};

const SHOWN: &str = "What you typed";

fn fields(tag: &str) -> [(&str, &str); 4] {
    [("_identity", tag), ("name", "Alice the Second"), ("letter", "Dear Sir,\r\nplease"), ("password", "hunter2")]
}

#[tokio::test]
async fn whoever_typed_gets_it_back_without_its_secrets_and_nothing_runs() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let tag = inside.tag().await;
    world.clock.advance(SignedDuration::from_mins(31));
    let page = inside.form("/notes", &fields(&tag)).await;
    assert_eq!(page.status, StatusCode::GONE);
    for shown in [SHOWN, "Alice the Second", "Dear Sir,\nplease", "[redacted]"] {
        assert!(page.text.contains(shown), "{shown} in {}", page.text);
    }
    assert!(!page.text.contains("hunter2") && !page.text.contains(&tag), "{}", page.text);
    assert!(world.done().is_empty());
    assert!(!world.record().contains("Alice the Second"), "it is on no record");
    assert_eq!(page.header("cache-control"), "no-store");
    let long = "a word ".repeat(100);
    let page = inside.form("/notes", &[("_identity", &tag), ("text", &long)]).await;
    assert!(page.text.contains(&long), "it is there in all its length, to be copied");
}

#[tokio::test]
async fn what_a_page_of_ours_held_comes_back_too() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let tag = inside.tag().await;
    let asked = inside.form("/notes", &fields(&tag)).await;
    let held = asked.hidden("_held").unwrap();
    world.clock.advance(SignedDuration::from_mins(31));
    let switch = [("_identity", tag.as_str()), ("_method", "PATCH"), ("mode", "write"), ("reason", "r")];
    let page = inside.form("/impersonation", &switch).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(!page.text.contains(SHOWN), "there is nothing of the application's in it");
    let page = inside.form("/impersonation", &[&switch[..], &[("_held", &held)]].concat()).await;
    assert!(page.text.contains("Alice the Second") && !page.text.contains("hunter2"), "{}", page.text);
}

// T32
#[tokio::test]
async fn a_form_of_another_impersonation_or_of_none_is_not_shown() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let (tag, of_another) = (inside.tag().await, world.writing(&bob(), &alice()).await.tag().await);
    world.clock.advance(SignedDuration::from_mins(31));
    for wrong in ["", "x", &of_another] {
        let page = inside.form("/notes", &fields(wrong)).await;
        assert_eq!(page.status, StatusCode::GONE);
        assert!(!page.text.contains(SHOWN), "{wrong}");
    }
    let page = inside.form("/notes", &fields(&tag)[1..]).await;
    assert!(!page.text.contains(SHOWN), "without a tag");
}

#[tokio::test]
async fn nobody_but_the_very_sign_in_whose_it_was_sees_it() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let tag = inside.tag().await;
    let handle = inside.cookies[HANDLE].clone();
    for other in [eve(), alice(), bob()] {
        let mut browser = world.browser(&other);
        browser.cookies.insert(HANDLE.into(), handle.clone());
        let page = browser.form("/notes", &fields(&tag)).await;
        assert_eq!(page.status, StatusCode::GONE);
        assert!(!page.text.contains(SHOWN), "{}", other.id());
    }
    inside.cookies.remove("session").unwrap();
    let page = inside.form("/notes", &fields(&tag)).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(!page.text.contains(SHOWN), "signed out");
}

#[tokio::test]
async fn nor_reason_and_ticket_which_a_new_start_is_filled_in_with() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    world.clock.advance(SignedDuration::from_mins(31));
    let page = inside.get("/").await;
    let again = "/impersonation/new?account=alice";
    assert!(
        page.text.contains(&format!("{again}&amp;reason=cannot+see+the+invoice&amp;ticket=SUP-1\"")),
        "{}",
        page.text
    );
    inside.cookies.remove("session").unwrap();
    let page = inside.get("/").await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.text.contains(&format!("{again}\"")), "{}", page.text);
    assert!(!page.text.contains("invoice") && !page.text.contains("SUP-1"), "{}", page.text);
}

// T15: nor can another site make a page with whatever it likes on it.
#[tokio::test]
async fn what_another_site_sends_is_not_shown() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let tag = inside.tag().await;
    world.clock.advance(SignedDuration::from_mins(31));
    let body = format!("_identity={tag}&name=Mallory");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (site, shown) in [("same-origin", true), ("cross-site", false), ("same-site", false)] {
        let page =
            inside.raw("POST", "/notes", &[form, ("accept", "text/html"), ("sec-fetch-site", site)], &body).await;
        assert_eq!((page.status, page.text.contains("Mallory")), (StatusCode::GONE, shown), "{site}");
    }
}

// T32
#[tokio::test]
async fn what_was_typed_in_another_impersonation_comes_back_to_that_very_sign_in() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let alices = browser.tag().await;
    browser.stop().await;
    let as_himself = browser.form("/notes", &fields(&alices)).await;
    browser.start(&carol()).await;
    let as_carol = browser.form("/notes", &fields(&alices)).await;
    for page in [as_himself, as_carol] {
        assert_eq!(page.status, StatusCode::CONFLICT);
        for shown in [SHOWN, "Alice the Second", "Dear Sir,\nplease", "[redacted]"] {
            assert!(page.text.contains(shown), "{shown} in {}", page.text);
        }
        assert!(!page.text.contains("hunter2") && !page.text.contains(&alices), "{}", page.text);
        assert_eq!(page.header("cache-control"), "no-store");
    }
    let start = [&fields(&alices)[..], &[("account_id", "alice"), ("reason", "r")]].concat();
    let page = browser.form("/impersonation", &start).await;
    assert_eq!((page.status, page.text.contains(SHOWN)), (StatusCode::CONFLICT, false), "a form of ours");
    assert!(world.done().is_empty());
    assert!(!world.record().contains("Alice the Second"), "it is on no record");
}

#[tokio::test]
async fn what_a_page_of_ours_held_comes_back_from_another_impersonation_too() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let tag = browser.tag().await;
    let held = browser.form("/notes", &fields(&tag)).await.hidden("_held").unwrap();
    browser.stop().await;
    browser.start(&carol()).await;
    let switch =
        [("_identity", tag.as_str()), ("_method", "PATCH"), ("mode", "write"), ("reason", "r"), ("_held", &held)];
    let page = browser.form("/impersonation", &switch).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.text.contains("Alice the Second") && !page.text.contains("hunter2"), "{}", page.text);
}

// T32
#[tokio::test]
async fn of_two_tags_both_have_to_be_theirs_and_what_somebody_else_held_stays_sealed() {
    let world = World::new().await;
    let (mut bobs, mut eves) = (world.inside(&bob(), &alice()).await, world.inside(&eve(), &alice()).await);
    let (tag, of_eve) = (bobs.tag().await, eves.tag().await);
    let held = eves.form("/notes", &fields(&of_eve)).await.hidden("_held").unwrap();
    for after in ["it is over", "another runs"] {
        if after == "another runs" {
            bobs.start(&carol()).await;
        } else {
            world.clock.advance(SignedDuration::from_mins(31));
        }
        for other in [of_eve.as_str(), ""] {
            for two in [[tag.as_str(), other], [other, tag.as_str()]] {
                let twice = two.map(|tag| ("_identity", tag));
                let page = bobs.form("/notes", &[&twice[..], &fields(&tag)[1..]].concat()).await;
                assert!(page.status.is_client_error() && !page.text.contains(SHOWN), "{after}: {two:?}");
            }
        }
        for path in ["/impersonation", "/notes"] {
            for of in [&tag, &of_eve] {
                let sent = [("_identity", of.as_str()), ("_method", "PATCH"), ("mode", "write"), ("_held", &held)];
                let page = bobs.form(path, &sent).await;
                assert!(page.status.is_client_error() && !page.text.contains("Alice the Second"), "{after}: {path}");
            }
        }
    }
    assert!(world.done().is_empty());
}

// T32: a tab may have been left open by whoever was signed in before.
#[tokio::test]
async fn of_another_impersonation_nobody_else_sees_it_nor_who_sends_no_tag_of_theirs() {
    let world = World::new().await;
    let mut bobs = world.writing(&bob(), &alice()).await;
    let tag = bobs.tag().await;
    bobs.stop().await;
    for other in [eve(), alice(), bob()] {
        let mut as_themselves = world.browser(&other);
        let page = as_themselves.form("/notes", &fields(&tag)).await;
        assert_eq!((page.status, page.text.contains(SHOWN)), (StatusCode::CONFLICT, false), "{}", other.id());
    }
    for other in [eve(), bob()] {
        let page = world.writing(&other, &alice()).await.form("/notes", &fields(&tag)).await;
        assert_eq!((page.status, page.text.contains(SHOWN)), (StatusCode::CONFLICT, false), "{}", other.id());
    }
    bobs.start(&carol()).await;
    for wrong in ["", "x"] {
        let page = bobs.form("/notes", &fields(wrong)).await;
        assert_eq!((page.status, page.text.contains(SHOWN)), (StatusCode::CONFLICT, false), "{wrong}");
    }
    let page = bobs.form("/notes", &fields(&tag)[1..]).await;
    assert_eq!((page.status, page.text.contains(SHOWN)), (StatusCode::CONFLICT, false), "without a tag");
    bobs.cookies.clear();
    let page = bobs.form("/notes", &fields(&tag)).await;
    assert_eq!((page.status, page.text.contains(SHOWN)), (StatusCode::CONFLICT, false), "signed out");
}

// T15
#[tokio::test]
async fn nor_is_what_another_site_sends_for_another_impersonation() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let tag = browser.tag().await;
    browser.stop().await;
    let body = format!("_identity={tag}&name=Mallory");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (site, shown) in [("same-origin", true), ("cross-site", false), ("same-site", false)] {
        let headers = [form, ("accept", "text/html"), ("sec-fetch-site", site)];
        let page = browser.raw("POST", "/notes", &headers, &body).await;
        assert_eq!((page.status, page.text.contains("Mallory")), (StatusCode::CONFLICT, shown), "{site}");
    }
}

// T41
#[tokio::test]
async fn a_ledger_that_cannot_tell_whose_it_was_shows_nothing_and_the_form_is_refused_all_the_same() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let tag = browser.tag().await;
    browser.stop().await;
    world.ledger.fail(true);
    let page = browser.form("/notes", &fields(&tag)).await;
    assert_eq!((page.status, page.text.contains(SHOWN)), (StatusCode::CONFLICT, false), "{}", page.text);
    assert!(world.done().is_empty());
}

//! The forms of our own pages: whose they are, what has to be filled in, and where the keyboard begins.

use axum::http::StatusCode;
use testkit::people::{alice, bob};

use crate::support::{Answer, World};

/// Returns the forms of a page that post, each up to its end.
fn forms(page: &str) -> Vec<&str> {
    let forms = page.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
    forms.filter(|form| form.starts_with("method=\"post\"")).collect()
}

fn check_tags(what: &str, page: &Answer, tag: &str, at_least: usize) {
    let forms = forms(&page.text);
    assert!(forms.len() >= at_least, "{what}: {}", page.text);
    for form in forms {
        assert_eq!(form.matches("name=\"_identity\"").count(), 1, "{what}: {form}");
        assert!(form.contains(&format!("name=\"_identity\" value=\"{tag}\"")), "{what}: {form}");
    }
}

#[tokio::test]
async fn each_form_of_a_page_of_ours_says_exactly_once_whose_it_is() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let tag = inside.tag().await;
    let tagged = ("_identity", tag.as_str());
    // Two of the banner, and the page's own.
    let read_only = inside.form("/notes", &[tagged, ("text", "a")]).await;
    assert_eq!(read_only.status, StatusCode::FORBIDDEN);
    check_tags("reading only", &read_only, &tag, 3);
    let up = [tagged, ("_method", "PATCH"), ("mode", "write")];
    let why = inside.form("/impersonation", &up).await;
    assert_eq!(why.status, StatusCode::UNPROCESSABLE_ENTITY);
    check_tags("no reason for writing", &why, &tag, 3);
    let held = read_only.hidden("_held").unwrap();
    let resume = inside.form("/impersonation", &[&up[..], &[("reason", "r"), ("_held", &held)]].concat()).await;
    assert!(resume.text.contains("Send what I typed"), "{}", resume.text);
    check_tags("what was held", &resume, &tag, 3);
    let confirm = inside.form("/profile", &[tagged, ("_method", "PATCH"), ("name", "A")]).await;
    assert_eq!(confirm.status, StatusCode::PRECONDITION_REQUIRED);
    check_tags("a confirmation", &confirm, &tag, 3);
    let start = inside.get("/impersonation/new?account=carol&reason=r").await;
    check_tags("another start", &start, &tag, 2);
    let refused = inside.form("/impersonation", &[tagged, ("account_id", "carol")]).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    check_tags("a refused start", &refused, &tag, 2);
}

#[tokio::test]
async fn what_may_stay_empty_says_so_and_nothing_else_does() {
    let world = World::new().await;
    for path in ["/impersonation/new?account=alice", "/impersonation/new"] {
        let page = world.browser(&bob()).get(path).await.text;
        let fields: Vec<_> = page.split("<label for=").skip(1).collect();
        assert!(fields.len() > 1, "{path}: {page}");
        for field in fields {
            let (label, input) = field.split_once("</label>").unwrap();
            let input = input.split("</div>").next().unwrap();
            assert_ne!(label.ends_with(" (optional)"), input.contains(" required"), "{path}: {field}");
        }
    }
}

#[tokio::test]
async fn the_keyboard_begins_in_the_field_that_is_wrong_and_nowhere_in_particular_otherwise() {
    let world = World::new().await;
    let mut browser = world.browser(&bob());
    let focused = |page: &str| -> Vec<String> {
        let tags = page.split('<').map(|tag| tag.split('>').next().unwrap().to_owned());
        tags.filter(|tag| tag.contains(" autofocus")).collect()
    };
    assert!(focused(&browser.get("/impersonation/new?account=alice").await.text).is_empty());
    let empty = browser.form("/impersonation", &[("account_id", "alice"), ("reason", " ")]).await;
    let [field] = &focused(&empty.text)[..] else { panic!("{}", empty.text) };
    assert!(field.contains("id=\"reason\"") && field.contains("aria-describedby=\"reason-error\""), "{field}");
    let mut inside = world.inside(&bob(), &alice()).await;
    let tag = inside.tag().await;
    let question = inside.form("/notes", &[("_identity", &tag), ("text", "a")]).await;
    assert!(focused(&question.text).is_empty(), "{}", question.text);
    let up = [("_identity", tag.as_str()), ("_method", "PATCH"), ("mode", "write"), ("reason", " ")];
    let again = inside.form("/impersonation", &up).await;
    let [field] = &focused(&again.text)[..] else { panic!("{}", again.text) };
    assert!(field.contains("id=\"reason\"") && field.contains("aria-describedby=\"reason-error\""), "{field}");
    assert!(again.text.contains("Say why, in at most 500 characters of plain text."), "{}", again.text);
}

//! A host made of closures answers as one that was written out.

use axum::extract::Request;
use vicarious_axum::{Answers, Found, Host, Search, SignIn};
use vicarious_core::{Account, AccountId, SignInKey};

const NAMES: [&str; 3] = ["Alice", "Bob", "Carol"];

fn host() -> impl Host<User = usize> {
    Answers::of(NAMES, |user: &usize| Account::new(user.to_string(), NAMES[*user], "nobody@example.com"))
        .sign_in_key(|request| Some(request.headers.get("token")?.to_str().ok()?.to_lowercase()))
        .sign_in(|names, key| async move {
            let user = names.iter().position(|name| name.to_lowercase() == key);
            Ok(user.map(|user| SignIn::at(user, 1_790_000_000)))
        })
        .find(|names, id: usize| async move { Ok((id < names.len()).then_some(id)) })
        .search(|names, by, search| async move {
            let others = (0..names.len()).filter(|user| *user != by && names[*user].contains(&search.q));
            let others: Vec<usize> = others.collect();
            let total = others.len() as u64;
            Ok((others, total).into())
        })
}

#[tokio::test]
async fn a_request_has_a_key_and_the_key_a_sign_in_until_it_is_over() {
    let (parts, ()) = Request::builder().header("token", "BOB").body(()).unwrap().into_parts();
    let key = host().sign_in_key(&parts).await.unwrap().unwrap();
    assert_eq!(key.as_str(), "bob");
    assert_eq!(host().sign_in(&key).await.unwrap(), Some(SignIn::at(1, 1_790_000_000)));
    assert_eq!(host().sign_in(&SignInKey::from("eve")).await.unwrap(), None);
    let (parts, ()) = Request::new(()).into_parts();
    assert_eq!(host().sign_in_key(&parts).await.unwrap(), None);
}

#[tokio::test]
async fn an_account_has_one_id_and_one_way_to_spell_it() {
    for (id, found) in [("1", Some(1)), ("3", None), ("+1", None), ("01", None), ("Bob", None), ("", None)] {
        assert_eq!(host().find(&AccountId::from(id)).await.unwrap(), found, "{id}");
    }
}

#[tokio::test]
async fn a_search_knows_who_asks() {
    let search = Search { q: "o".to_owned(), organisation: None, page: 1, per_page: 20 };
    assert_eq!(host().search(&1, &search).await.unwrap(), Found { accounts: vec![2], total: 1 });
    assert_eq!(host().search(&0, &search).await.unwrap(), Found { accounts: vec![1, 2], total: 2 });
}

#[test]
fn a_time_that_no_calendar_reaches_is_long_ago() {
    assert!(SignIn::at("alice", i64::MAX).since < SignIn::at("alice", 0).since);
}

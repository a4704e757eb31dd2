//! The commands beside `serve`.

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::fresh::{Fresh, on_both};
use crate::program::{Shop, ask, printed, run, said};

on_both! {
    a_whole_record_verifies_and_is_exported_in_order
    impersonations_are_listed_revoked_paused_and_resumed_from_outside
}

async fn a_whole_record_verifies_and_is_exported_in_order(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut bob = shop.signed_in("bob").await;
    let reason = json!({"account_id": "alice", "reason": "Just looking"});
    assert_eq!(bob.post_json("/impersonation", &reason).await.status, 201);
    bob.page("/invoices").await;
    shop.close().await;
    let verify = ask(&fresh, &["audit", "verify"]).await;
    assert_eq!(verify.status.code(), Some(0), "{}", said(&verify));
    let export = printed(&ask(&fresh, &["audit", "export"]).await);
    let seqs: Vec<i64> =
        export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_i64().unwrap()).collect();
    assert!(seqs.len() >= 4 && seqs.is_sorted(), "{seqs:?}");
    let tail = printed(&ask(&fresh, &["audit", "tail", "-n", "2"]).await);
    assert!(export.ends_with(&tail) && tail.lines().count() == 2);
    let none = ask(&fresh, &["audit", "export", "--to", "2020-01-01T00:00:00Z"]).await;
    assert_eq!(printed(&none), "");
}

#[tokio::test]
async fn an_altered_entry_does_not_verify() {
    let fresh = Fresh::sqlite();
    Shop::demo(&fresh).await.close().await;
    let mut connection = SqliteConnection::connect(&fresh.url).await.unwrap();
    let (first,): (i64,) =
        sqlx::query_as("SELECT min(seq) FROM vicarious_entries").fetch_one(&mut connection).await.unwrap();
    sqlx::query("UPDATE vicarious_entries SET at = at + 1 WHERE seq = $1")
        .bind(first)
        .execute(&mut connection)
        .await
        .unwrap();
    let verify = ask(&fresh, &["audit", "verify"]).await;
    assert_eq!(verify.status.code(), Some(1));
    assert!(printed(&verify).contains(&format!("Entry {first} is not what was written")), "{}", printed(&verify));
}

async fn impersonations_are_listed_revoked_paused_and_resumed_from_outside(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut bob = shop.signed_in("bob").await;
    let start = json!({"account_id": "alice", "reason": "Just looking"});
    let begun = bob.post_json("/impersonation", &start).await.json();
    let id = begun["impersonation"]["id"].as_str().unwrap();
    let list = printed(&ask(&fresh, &["impersonations", "list"]).await);
    for word in [id, "bob@example.com as alice@example.com", "Just looking"] {
        assert!(list.contains(word), "{list}");
    }
    assert_eq!(ask(&fresh, &["impersonations", "revoke", id]).await.status.code(), Some(0));
    assert_eq!(ask(&fresh, &["impersonations", "revoke", id]).await.status.code(), Some(1), "it is over");
    assert_eq!(bob.page("/invoices").await.status, 410);
    let answer = bob.send("DELETE", "/impersonation", &[("accept", "application/json")], "").await;
    assert_eq!(answer.status, 200);

    assert_eq!(ask(&fresh, &["impersonations", "resume"]).await.status.code(), Some(1), "nothing is paused");
    assert_eq!(ask(&fresh, &["impersonations", "pause", "--reason", "Phishing"]).await.status.code(), Some(0));
    assert!(printed(&ask(&fresh, &["impersonations", "list"]).await).contains("Phishing"));
    assert_ne!(bob.post_json("/impersonation", &start).await.status, 201);
    assert_eq!(ask(&fresh, &["impersonations", "resume"]).await.status.code(), Some(0));
    assert_eq!(bob.post_json("/impersonation", &start).await.status, 201);
    shop.close().await;
}

#[tokio::test]
async fn rules_are_printed_and_every_unsafe_route_has_one() {
    let fresh = Fresh::sqlite();
    let output = run(&fresh, &["rules"]).await;
    assert_eq!(output.status.code(), Some(0));
    let table = printed(&output);
    for line in [["PATCH", "/profile", "confirm", "save this profile"], ["any", "/payments and below", "never", "only"]]
    {
        assert!(table.lines().any(|printed| line.iter().all(|word| printed.contains(word))), "{line:?} in {table}");
    }
}

#[tokio::test]
async fn a_rotated_key_keeps_running_impersonations_alive() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut bob = shop.signed_in("bob").await;
    bob.post_json("/impersonation", &json!({"account_id": "alice", "reason": "Just looking"})).await;
    shop.close().await;
    let rotated = ask(&fresh, &["keys", "rotate"]).await;
    assert!(rotated.status.success() && printed(&rotated).contains("2 keys"), "{}", said(&rotated));
    let shop = Shop::demo(&fresh).await;
    let mut same = shop.browser();
    same.cookies = bob.cookies;
    let whoami = same.json("/whoami").await;
    assert_eq!((&whoami["true_user"]["id"], &whoami["current_user"]["id"]), (&json!("bob"), &json!("alice")));
    shop.close().await;
}

#[tokio::test]
async fn a_mistyped_database_is_not_made() {
    let fresh = Fresh::sqlite();
    for command in [&["audit", "verify"][..], &["audit", "export"], &["impersonations", "list"]] {
        let output = ask(&fresh, command).await;
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        assert!(said(&output).contains("there is no database"), "{}", said(&output));
    }
    assert_eq!(std::fs::read_dir(fresh.folder.path()).unwrap().count(), 0);
}

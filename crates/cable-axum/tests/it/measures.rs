//! What a recorder of metrics sees.

use cable_axum::{Disconnect, Stream};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;

use crate::support::{Server, Transport};

#[tokio::test]
async fn what_happens_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let server = Server::start(Transport::Axum).await;
    let (mut alice, bob) = (server.connect("alice").await, server.connect("bob").await);
    let identifier = alice.subscribe(&json!({ "streams": ["news"] })).await;
    alice.subscribe(&json!({ "id": 1, "streams": ["news"] })).await;
    alice.ask(&json!({ "reject": true })).await;
    alice.command("subscribe", &identifier).await;
    alice.perform(&identifier, json!({ "action": "say", "value": 1 })).await;
    alice.perform(&identifier, json!({ "action": "no_such" })).await;
    let panicking = alice.ask(&json!({ "panic": "perform" })).await;
    alice.perform(&panicking, json!({ "action": "say", "value": 1 })).await;
    alice.0.settle().await;
    server.cable.broadcast(&Stream::named("news"), &1).await.unwrap();
    assert!(server.upgrade("", &[]).await.is_ok());
    assert!(server.upgrade("eve", &[("origin", "http://evil.example")]).await.is_err());
    let open = page.render();
    for line in [
        "cable_connections 2",
        "cable_subscriptions 2",
        r#"cable_connects_total{result="accepted"} 2"#,
        r#"cable_connects_total{result="refused"} 1"#,
        r#"cable_connects_total{result="origin"} 1"#,
        r#"cable_subscribes_total{result="confirmed"} 3"#,
        r#"cable_subscribes_total{result="rejected"} 1"#,
        r#"cable_actions_total{channel="ProbeChannel"} 2"#,
        "cable_ignored_total 1",
        "cable_panics_total 1",
        "cable_broadcasts_total 1",
        "cable_deliveries_total 2",
        "# HELP cable_broadcasts_total Broadcasts that reached this process",
    ] {
        assert!(open.contains(line), "{line} is not in\n{open}");
    }
    server.cable.disconnect(&Disconnect::REMOTE, |user| user == "alice");
    drop(bob);
    server.cable.drain(std::time::Duration::ZERO).await;
    let closed = page.render();
    for line in ["cable_connections 0", "cable_subscriptions 0", r#"cable_disconnects_total{reason="remote"} 1"#] {
        assert!(closed.contains(line), "{line} is not in\n{closed}");
    }
}

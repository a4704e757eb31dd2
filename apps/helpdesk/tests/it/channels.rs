//! Channels and broadcasts, over real sockets.

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::browser::Browser;
use crate::fresh::Fresh;
use crate::program::Shop;
use crate::socket::{Socket, identifier, upgrade};

const KINDS: [&str; 6] = ["account", "owner", "shadowed", "pair", "exactly", "true_user"];

/// Starts as a customer.
async fn inside(shop: &Shop, who: &str, customer: &str) -> Browser {
    let mut browser = shop.signed_in(who).await;
    let started =
        browser.post_json("/impersonation", &json!({"account_id": customer, "reason": "a question about tea"})).await;
    assert_eq!(started.status, 201, "{}", started.body);
    browser
}

/// Sends a broadcast on `CommandsChannel`; returns how many got it.
async fn broadcast(administrator: &mut Browser, audience: &Value, message: &Value) -> u64 {
    let body = json!({"audience": audience, "channel": "CommandsChannel", "message": message});
    let answer = administrator.post_json("/broadcasts", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["delivered_to"].as_u64().unwrap()
}

#[tokio::test]
async fn each_audience_reaches_whom_the_table_says() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut dana = shop.signed_in("dana").await;
    let people = [
        shop.signed_in("alice").await,
        inside(&shop, "bob", "alice").await,
        inside(&shop, "eve", "alice").await,
        shop.signed_in("bob").await,
        inside(&shop, "bob", "carol").await,
    ];
    let rows = [
        (json!({"kind": "account", "account": "alice"}), [true, true, true, false, false]),
        (json!({"kind": "owner", "account": "alice"}), [true, false, false, false, false]),
        (json!({"kind": "shadowed", "account": "alice"}), [false, true, true, false, false]),
        (json!({"kind": "pair", "account": "alice", "shadower": "bob"}), [false, true, false, false, false]),
        (json!({"kind": "exactly", "account": "alice", "shadower": "bob"}), [false, true, false, false, false]),
        (json!({"kind": "true_user", "account": "bob"}), [false, true, false, true, true]),
    ];
    for kind in KINDS {
        let listens = identifier("CommandsChannel", json!({"audience": kind}));
        let mut sockets = Vec::new();
        for (nth, person) in people.iter().enumerate() {
            let mut socket = Socket::welcomed(person).await;
            let is_shadower = [false, true, true, false, true][nth];
            let applies = match kind {
                "owner" => !is_shadower,
                "shadowed" | "pair" => is_shadower,
                _ => true,
            };
            let answer = socket.subscribe(&listens).await;
            assert_eq!(answer["type"] == "confirm_subscription", applies, "{kind} {nth}");
            sockets.push(socket);
        }
        for (audience, expected) in &rows {
            let is_own = audience["kind"] == kind;
            let message = json!({"to": audience});
            let delivered = broadcast(&mut dana, audience, &message).await;
            let expected = expected.map(|expected| expected && is_own);
            assert_eq!(delivered, u64::try_from(expected.iter().filter(|is| **is).count()).unwrap(), "{kind}");
            for (socket, expected) in sockets.iter_mut().zip(expected) {
                if expected {
                    assert_eq!(socket.message().await, message);
                }
                socket.assert_silent().await;
            }
        }
    }
    shop.close().await;
}

#[tokio::test]
async fn echo_sends_back_what_it_was_sent() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let data = json!({"action": "echo", "text": "kettle", "nested": {"n": [1, 2.5, null]}});
    for person in [shop.signed_in("alice").await, inside(&shop, "bob", "alice").await] {
        let listens = identifier("CommandsChannel", json!({"audience": "account"}));
        let mut socket = Socket::subscribed(&person, &listens).await;
        socket.perform(&listens, &data).await;
        assert_eq!(socket.message().await, data);
        socket.perform(&listens, &json!({"action": "boil"})).await;
        if person.cookies.len() > 1 {
            assert_eq!(socket.message().await["error"]["status"], 403, "nobody has classified it");
        }
        socket.assert_silent().await;
    }
    shop.close().await;
}

#[tokio::test]
async fn notifications_and_presence_are_of_the_account() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut dana = shop.signed_in("dana").await;
    let alice = shop.signed_in("alice").await;
    let bob = inside(&shop, "bob", "alice").await;
    let news = identifier("NotificationsChannel", json!({}));
    let mut sockets = [Socket::subscribed(&alice, &news).await, Socket::subscribed(&bob, &news).await];
    let body = json!({"channel": "NotificationsChannel", "message": "hello",
                      "audience": {"kind": "account", "account": "alice"}});
    assert_eq!(dana.post_json("/broadcasts", &body).await.json(), json!({"delivered_to": 2}));
    for socket in &mut sockets {
        assert_eq!(socket.message().await, "hello");
    }
    let mut present = Socket::welcomed(&alice).await;
    let roll = present.subscribe(&identifier("PresenceChannel", json!({}))).await;
    assert_eq!(roll["message"], json!({"present": [{"role": "owner", "name": "Alice Winter"}]}));
    shop.close().await;
}

#[tokio::test]
async fn only_the_administrator_as_herself_sends_from_outside() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let body = json!({"audience": {"kind": "account", "account": "alice"}, "channel": "CommandsChannel", "message": 1});
    for who in ["alice", "bob", "eve"] {
        assert_eq!(shop.signed_in(who).await.post_json("/broadcasts", &body).await.status, 404, "{who}");
    }
    assert_eq!(shop.browser().post_json("/broadcasts", &body).await.status, 404);
    assert_eq!(inside(&shop, "dana", "alice").await.post_json("/broadcasts", &body).await.status, 403);
    assert_eq!(shop.signed_in("bob").await.post_json("/broadcasts", &json!({})).await.status, 404, "nothing is told");
    shop.close().await;
}

#[tokio::test]
async fn a_broadcast_says_for_whom_where_and_what() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut dana = shop.signed_in("dana").await;
    let alice = json!({"kind": "account", "account": "alice"});
    for (field, wrong) in [
        ("channel", json!({"audience": alice, "channel": "TeaChannel", "message": 1})),
        ("channel", json!({"audience": alice, "message": 1})),
        (
            "audience",
            json!({"audience": {"kind": "all", "account": "alice"}, "channel": "CommandsChannel", "message": 1}),
        ),
        (
            "audience",
            json!({"audience": {"kind": "pair", "account": "alice"}, "channel": "CommandsChannel", "message": 1}),
        ),
        (
            "audience",
            json!({"audience": {"kind": "owner", "account": "nobody"}, "channel": "CommandsChannel", "message": 1}),
        ),
        (
            "audience",
            json!({"audience": {"kind": "pair", "account": "alice", "shadower": "nobody"},
                   "channel": "CommandsChannel", "message": 1}),
        ),
        ("audience", json!({"channel": "CommandsChannel", "message": 1})),
        ("message", json!({"audience": alice, "channel": "CommandsChannel"})),
    ] {
        let answer = dana.post_json("/broadcasts", &wrong).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{wrong}");
    }
    let listens = identifier("CommandsChannel", json!({"audience": "account"}));
    let mut socket = Socket::subscribed(&shop.signed_in("alice").await, &listens).await;
    let form = "audience%5Bkind%5D=account&audience%5Baccount%5D=alice&channel=CommandsChannel&message=";
    for (sent, arrives) in [("tea", json!("tea")), ("%7B%22n%22%3A1%7D", json!({"n": 1}))] {
        let answer = dana.form("/broadcasts", &format!("{form}{sent}")).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"delivered_to": 1})));
        assert_eq!(socket.message().await, arrives);
    }
    shop.close().await;
}

#[tokio::test]
async fn only_pages_of_the_shop_connect_and_only_somebody() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let alice = shop.signed_in("alice").await;
    let port = shop.address.rsplit(':').next().unwrap();
    for origin in
        ["https://evil.example", "null", &format!("http://localhost:{port}"), &format!("https://{}", shop.address)]
    {
        let (head, _) = upgrade(&alice, Some(origin)).await;
        assert!(head.starts_with("HTTP/1.1 404"), "{origin}: {head}");
    }
    assert!(upgrade(&alice, None).await.0.starts_with("HTTP/1.1 404"));
    Socket::opened(&shop.browser()).await.assert_closed("unauthorized", false).await;
    shop.close().await;

    let shop = Shop::serve(&fresh, &["--public-url", "https://tea.example.com"]).await;
    let nobody = shop.browser();
    assert!(upgrade(&nobody, Some("https://tea.example.com")).await.0.starts_with("HTTP/1.1 101"));
    for origin in [format!("http://{}", shop.address), "https://tea.example.com:444".to_owned()] {
        assert!(upgrade(&nobody, Some(&origin)).await.0.starts_with("HTTP/1.1 404"), "{origin}");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_stop_closes_the_sockets_of_that_impersonation_and_no_others() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let news = identifier("NotificationsChannel", json!({}));
    let mut bob = inside(&shop, "bob", "alice").await;
    let mut of_bob = Socket::subscribed(&bob, &news).await;
    let mut of_eve = Socket::subscribed(&inside(&shop, "eve", "alice").await, &news).await;
    let mut of_alice = Socket::subscribed(&shop.signed_in("alice").await, &news).await;
    assert_eq!(bob.send_json("DELETE", "/impersonation", &Value::Null, &[]).await.status, 200);
    of_bob.assert_closed("impersonation_ended", false).await;
    of_eve.assert_silent().await;
    of_alice.assert_silent().await;
    shop.close().await;
}

#[tokio::test]
async fn a_shop_that_closes_tells_every_socket_to_come_back_later_and_exits_in_order() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let alice = shop.signed_in("alice").await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(Socket::welcomed(&alice).await);
    }
    let mut administrator = shop.signed_in("dana").await;
    let metrics = administrator.page("/metrics").await.body;
    assert!(metrics.contains("cable_connections 20"), "{metrics}");
    shop.signal("TERM").await;
    for socket in &mut sockets {
        socket.assert_closed("server_restart", true).await;
    }
    let address = shop.address.clone();
    assert_eq!(shop.closed().await.0, Some(0));
    assert!(TcpStream::connect(&address).await.is_err());
}

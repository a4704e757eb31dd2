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

fn live() -> String {
    identifier("LiveChannel", json!({}))
}

#[tokio::test]
async fn a_parcel_that_moves_on_is_news_for_its_customer_and_for_whoever_looks_with_them() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let (alice, mut bob) = (shop.signed_in("alice").await, shop.signed_in("bob").await);
    let mut pages = [
        Socket::subscribed(&alice, &live()).await,
        Socket::subscribed(&inside(&shop, "eve", "alice").await, &live()).await,
    ];
    // Alice hears of Eve first.
    assert_eq!(pages[0].message().await["changed"], "inside");
    let mut programs = Socket::subscribed(&alice, &identifier("NotificationsChannel", json!({}))).await;
    let parcels = bob.json("/parcels").await;
    let mut parcels = parcels["parcels"].as_array().unwrap().iter();
    let parcel = parcels.find(|parcel| parcel["account_id"] == "alice").unwrap().clone();
    assert_eq!(parcel["state"], "on its way");
    let path = format!("/parcels/{}", parcel["id"].as_str().unwrap());
    let from = json!({"from": "on its way"});
    assert_eq!(bob.post_json(&path, &from).await.json(), json!({"moved": true}));
    let title = format!("Order {} is delivered", parcel["id"].as_str().unwrap());
    for page in &mut pages {
        assert_eq!(page.message().await, json!({"changed": "news", "say": title}));
    }
    assert_eq!(programs.message().await["title"], title);
    assert_eq!(bob.post_json(&path, &from).await.json(), json!({"moved": false}), "two clicks are one step");
    pages[0].assert_silent().await;
}

#[tokio::test]
async fn parcels_are_for_staff_as_themselves() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    for mut person in [shop.signed_in("alice").await, inside(&shop, "bob", "alice").await] {
        let answer = person.send("GET", "/parcels", &[("accept", "application/json")], "").await;
        assert_eq!(answer.status, 404);
        let answer = person.post_json("/parcels/KC-1", &json!({"from": "on its way"})).await;
        assert!([403, 404].contains(&answer.status), "{}", answer.status);
    }
}

#[tokio::test]
async fn people_are_told_of_what_concerns_them_and_nobody_else_is() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut dana = Socket::subscribed(&shop.signed_in("dana").await, &live()).await;
    let mut alice = Socket::subscribed(&shop.signed_in("alice").await, &live()).await;
    let mut carol = Socket::subscribed(&shop.signed_in("carol").await, &live()).await;
    let mut eve = Socket::subscribed(&shop.signed_in("eve").await, &live()).await;
    let mut bob = inside(&shop, "bob", "alice").await;
    let told = alice.message().await;
    assert_eq!(told, json!({"changed": "inside", "say": "Bob Marsh from support is viewing your account"}));
    assert_eq!(dana.message().await, json!({"changed": "impersonations"}));
    bob.send("DELETE", "/impersonation", &[("accept", "application/json")], "").await;
    assert_eq!(alice.message().await, json!({"changed": "inside", "say": "Bob Marsh has left your account"}));
    assert_eq!(dana.message().await, json!({"changed": "impersonations"}));
    for nobody in [&mut carol, &mut eve] {
        nobody.assert_silent().await;
    }
}

#[tokio::test]
async fn a_request_for_consent_is_told_to_the_customer_and_its_answer_to_the_agent() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut bob = shop.signed_in("bob").await;
    let found = bob.json("/accounts?page=3").await["accounts"][0].clone();
    let mut customer = shop.browser();
    let credentials = json!({"email": found["email"], "password": crate::browser::PASSWORD});
    assert_eq!(customer.post_json("/session", &credentials).await.status, 200);
    let (mut page, mut desk) = (Socket::subscribed(&customer, &live()).await, Socket::subscribed(&bob, &live()).await);
    let asked = json!({"account_id": found["id"], "reason": "your question about tea"});
    let consent = bob.post_json("/consents/requests", &asked).await.json();
    assert_eq!(page.message().await, json!({"changed": "consents", "say": "Bob Marsh asks to see your account"}));
    assert_eq!(desk.message().await, json!({"changed": "consents"}));
    let path = format!("/consents/{}", consent["id"].as_str().unwrap());
    customer.send_json("PATCH", &path, &json!({"decision": "give"}), &[]).await;
    assert_eq!(page.message().await, json!({"changed": "consents"}));
    let say = format!("{} has answered", found["name"].as_str().unwrap());
    assert_eq!(desk.message().await, json!({"changed": "consents", "say": say}));
}

//! Among very many sockets, those of an identity that ends close at once, and the others stay.
//!
//! `VICARIOUS_SOCKETS` sets how many there are (default 10,000; the process needs as many file descriptors).

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::browser::Browser;
use crate::fresh::Fresh;
use crate::program::Shop;

/// How many sockets the identity has that ends.
const ENDING: usize = 100;
/// How soon each of them has its last frame, on a machine that does much else; what it takes is printed.
const AT_MOST: Duration = Duration::from_secs(1);
/// How many sockets are opened at the same time.
const AT_ONCE: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_of_ten_thousand_sockets_close_at_once_with_their_identity_and_the_others_stay() {
    let sockets = sockets();
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let (alice, mut dana) = (shop.signed_in("alice").await, shop.signed_in("dana").await);
    let (carol, eve_as_carol) = (shop.signed_in("carol").await, inside(&shop, "eve", "carol").await);
    let mut others = Vec::new();
    for owner in [&alice, &carol, &eve_as_carol] {
        others.extend(open(&shop, owner, (sockets - ENDING) / 3).await);
    }
    for cause in ["stop", "revoke", "withdraw", "sign out"] {
        let mut bob = inside(&shop, "bob", "alice").await;
        let ending = open(&shop, &bob, ENDING).await;
        let mut closing = JoinSet::new();
        for stream in ending {
            closing.spawn(closed(stream));
        }
        let begun = Instant::now();
        end(cause, &mut bob, &mut dana, &alice).await;
        let mut slowest = Duration::ZERO;
        while let Some(at) = closing.join_next().await {
            slowest = slowest.max(at.unwrap().duration_since(begun));
        }
        println!("{cause}: the last of {ENDING} sockets was closed {slowest:?} after the request was sent");
        assert!(slowest < AT_MOST, "{cause}: {slowest:?}");
    }
    let mut phone = shop.signed_in("alice").await;
    let mut closing = JoinSet::new();
    for stream in open(&shop, &phone, ENDING).await {
        closing.spawn(closed(stream));
    }
    let begun = Instant::now();
    assert_eq!(phone.send("DELETE", "/session", &[("accept", "application/json")], "").await.status, 204);
    while let Some(at) = closing.join_next().await {
        assert!(at.unwrap().duration_since(begun) < AT_MOST, "signing out as oneself");
    }
    assert_eq!(others.len(), (sockets - ENDING) / 3 * 3);
    for other in &others {
        assert_untouched(other);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_of_ten_thousand_sockets_close_when_their_time_is_up_and_the_others_stay() {
    let fresh = Fresh::sqlite();
    let shop = Shop::serve(&fresh, &["--demo", "--impersonation-length", "5s"]).await;
    let alice = shop.signed_in("alice").await;
    let others = open(&shop, &alice, sockets() - ENDING).await;
    let mut bob = inside(&shop, "bob", "alice").await;
    let ends_at: Timestamp =
        bob.json("/impersonation").await["impersonation"]["ends_at"].as_str().unwrap().parse().unwrap();
    let mut closing = JoinSet::new();
    for stream in open(&shop, &bob, ENDING).await {
        closing.spawn(async {
            closed(stream).await;
            Timestamp::now()
        });
    }
    let (mut first, mut last) = (Timestamp::MAX, Timestamp::MIN);
    while let Some(at) = closing.join_next().await {
        let at = at.unwrap();
        (first, last) = (first.min(at), last.max(at));
    }
    println!("time: the last of {ENDING} sockets was closed {:#} after its time", last.duration_since(ends_at));
    assert!(first >= ends_at, "{first} is before {ends_at}");
    assert!(
        last.duration_since(ends_at) < SignedDuration::try_from(AT_MOST).unwrap(),
        "{last} is long after {ends_at}"
    );
    for other in &others {
        assert_untouched(other);
    }
}

/// How many are open.
fn sockets() -> usize {
    std::env::var("VICARIOUS_SOCKETS").ok().and_then(|sockets| sockets.parse().ok()).unwrap_or(10_000)
}

/// Ends what Bob has open as Alice.
async fn end(cause: &str, bob: &mut Browser, dana: &mut Browser, alice: &Browser) {
    let id = bob.json("/impersonation").await["impersonation"]["id"].as_str().unwrap().to_owned();
    let json = [("accept", "application/json")];
    let answer = match cause {
        "stop" => bob.send("DELETE", "/impersonation", &json, "").await,
        "revoke" => dana.send("DELETE", &format!("/impersonations/{id}"), &json, "").await,
        "sign out" => bob.send("DELETE", "/session", &json, "").await,
        _ => {
            let mut alice = alice.window();
            let consents = alice.json("/consents").await;
            let given = consents["consents"].as_array().unwrap().iter().find(|consent| consent["state"] == "given");
            let path = format!("/consents/{}", given.unwrap()["id"].as_str().unwrap());
            let withdrawn = alice.send_json("PATCH", &path, &json!({"decision": "withdraw"}), &[]).await;
            // For those who come after.
            let ends_at = "2027-06-01T00:00:00Z";
            alice.post_json("/consents", &json!({ "ends_at": ends_at })).await;
            withdrawn
        }
    };
    assert!((200..300).contains(&answer.status), "{cause}: {} {}", answer.status, answer.body);
}

async fn inside(shop: &Shop, agent: &str, customer: &str) -> Browser {
    let mut browser = shop.signed_in(agent).await;
    let found = browser.json(&format!("/accounts?q={customer}@example.com")).await;
    let account = found["accounts"][0]["id"].as_str().unwrap().to_owned();
    let body = json!({"account_id": account, "reason": "a test", "ticket": "SUP-1"});
    let answer = browser.post_json("/impersonation", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    browser
}

/// Opens sockets that listen, some at a time.
async fn open(shop: &Shop, browser: &Browser, count: usize) -> Vec<TcpStream> {
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let (mut opening, mut streams) = (JoinSet::new(), Vec::new());
    for _ in 0..count {
        if opening.len() >= AT_ONCE {
            streams.push(opening.join_next().await.unwrap().unwrap());
        }
        opening.spawn(connect(shop.address.clone(), cookies.join("; ")));
    }
    streams.extend(opening.join_all().await);
    streams
}

async fn connect(address: String, cookies: String) -> TcpStream {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "GET /cable HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncookie: {cookies}\r\n\
         connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: actioncable-v1-json\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let subscribe = r#"{"command":"subscribe","identifier":"{\"channel\":\"NotificationsChannel\"}"}"#;
    // Masked with zeros, so that the bytes stay as they are.
    let mut frame = vec![0x81, 0x80 | u8::try_from(subscribe.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(subscribe.as_bytes());
    stream.write_all(&frame).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("confirm_subscription") {
        let read = stream.read_buf(&mut seen).await.unwrap();
        assert!(read > 0, "closed after {}", String::from_utf8_lossy(&seen));
    }
    stream
}

/// Waits for the last frame and the close frame behind it; returns when that was.
async fn closed(mut stream: TcpStream) -> Instant {
    let mut seen = Vec::new();
    loop {
        let read = stream.read_buf(&mut seen).await.unwrap();
        if let Some(at) = find(&seen, br#""type":"disconnect""#) {
            // The close frame with the code 1000 ends what is written.
            if find(&seen[at..], &[0x88, 2, 3, 0xe8]).is_some() {
                return Instant::now();
            }
        }
        assert!(read > 0, "ended without a word: {}", String::from_utf8_lossy(&seen));
    }
}

/// Checks that nothing but pings came.
fn assert_untouched(stream: &TcpStream) {
    let mut seen = vec![0; 64 * 1024];
    let read = match stream.try_read(&mut seen) {
        Ok(read) => {
            assert!(read > 0, "closed");
            read
        }
        Err(_) => 0,
    };
    assert_eq!(find(&seen[..read], b"disconnect"), None);
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

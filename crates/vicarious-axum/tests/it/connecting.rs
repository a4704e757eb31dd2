//! A socket has the identity of its upgrade request, by the same table as everything else, and can ask again.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::FutureExt;
use http::header::{CONNECTION, UPGRADE};
use http::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::people::{alice, bob};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vicarious_axum::{Connected, Connecting, DeadCause, Still};
use vicarious_core::{EndCause, Person};

use crate::support::{Browser, HANDLE, Sockets, World};

/// Says who a connection is for.
fn word(connecting: &Connecting) -> String {
    let id = |person: Option<&Person>| person.map_or("-".to_owned(), |person| person.id.to_string());
    match connecting {
        Connecting::Nobody => "nobody".to_owned(),
        Connecting::Ended(cause) => format!("ended: {}", cause.as_str()),
        Connecting::As(who) => format!("{} by {}", id(who.current_user()), id(who.shadower())),
    }
}

/// Switches to a protocol that says who is connected, and then repeats what it is told.
async fn cable(connecting: Connecting, request: Request) -> Response {
    let identity = vicarious_axum::identity();
    match &connecting {
        Connecting::As(connected) => assert_eq!(*connected.identity(), identity),
        Connecting::Nobody | Connecting::Ended(_) => assert!(identity.is_anonymous()),
    }
    if !request.headers().contains_key(UPGRADE) {
        return word(&connecting).into_response();
    }
    tokio::spawn(async move {
        let mut upgraded = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
        upgraded.write_all(word(&connecting).as_bytes()).await.unwrap();
        let mut told = [0; 5];
        upgraded.read_exact(&mut told).await.unwrap();
        upgraded.write_all(&told).await.unwrap();
    });
    (StatusCode::SWITCHING_PROTOCOLS, [(CONNECTION, "upgrade"), (UPGRADE, "websocket")]).into_response()
}

async fn world() -> World {
    World::of(|builder, _| builder.channels("/cable"), routes()).await
}

fn routes() -> Router {
    Router::new()
        .route("/cable", get(cable))
        .route("/who", get(|who: Connecting| async move { word(&who) }))
        .route("/connected", get(|who: Connected| async move { who.sign_in().to_string() }))
}

/// Upgrades over a real connection; returns the head of the answer, and what the socket says.
async fn upgrade(world: &World, browser: &Browser) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback_service(world.app.clone());
    let serving = tokio::spawn(async move {
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let head = format!(
        "GET /cable?token=swordfish HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         User-Agent: a test\r\nCookie: {}\r\n\r\n",
        cookies.join("; ")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(b"hello").await.unwrap();
    let mut said = Vec::new();
    tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut said)).await.unwrap().unwrap();
    serving.abort();
    (String::from_utf8(answer).unwrap(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn a_socket_is_upgraded_through_the_layer_and_knows_whose_it_is() {
    let world = world().await;
    let inside = world.inside(&bob(), &alice()).await;
    for (browser, said) in
        [(world.nobody(), "nobody"), (world.browser(&alice()), "alice by -"), (inside.clone(), "alice by bob")]
    {
        let (head, heard) = upgrade(&world, &browser).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert_eq!(heard, format!("{said}hello"));
        assert_eq!(head.contains("impersonation: id="), said == "alice by bob", "{head}");
    }
    assert_eq!(world.count("request.intent"), 1, "only what was done as somebody else is on record");
    assert!(world.record().contains("\"status\":101"), "{}", world.record());
    assert!(world.record().contains("\"address\":\"127.0.0.1\""));
    assert!(!world.record().contains("swordfish"));
}

#[tokio::test]
async fn a_socket_is_told_what_a_page_would_say_and_runs_as_nobody() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let mut lost = inside.clone();
    lost.cookies.remove(HANDLE);
    let mut forged = world.browser(&bob());
    forged.cookies.insert(HANDLE.into(), "forged".into());
    let stopped = inside.clone();
    assert_eq!(upgrade(&world, &lost).await.1, "ended: handle_missinghello");
    assert_eq!(upgrade(&world, &forged).await.1, "ended: unknownhello");
    world.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(upgrade(&world, &inside).await.1, "ended: idlehello");
    inside.stop().await;
    assert_eq!(upgrade(&world, &stopped).await.1, "ended: idlehello");
    assert_eq!(upgrade(&world, &inside).await.1, "bob by -hello", "that was acknowledged");
    assert_eq!(world.count("request.refused"), 3, "for each handle whose impersonation is known");
    let (page, other) = (stopped.clone().get("/cable").await, stopped.clone().get("/who").await);
    assert_eq!((page.status, other.status), (StatusCode::GONE, StatusCode::GONE), "a page is a page");
}

#[tokio::test]
async fn a_socket_whose_end_only_the_ledger_knows_runs_as_nobody() {
    let world = World::of(|builder, _| builder.channels("/cable").cache_for(Duration::from_secs(3600)), routes()).await;
    let mut inside = world.inside(&bob(), &alice()).await;
    assert_eq!(inside.get("/").await.status, StatusCode::OK);
    let row = world.running().await.remove(0);
    let over = vicarious_core::decide::end(&row, EndCause::Revoked, None, world.clock.now()).unwrap();
    vicarious_core::ports::Ledger::apply(&*world.ledger, vec![over]).await.unwrap();
    assert_eq!(upgrade(&world, &inside).await.1, "ended: revokedhello");
}

#[tokio::test]
async fn an_outage_is_no_end() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    world.ledger.fail(true);
    let answer = inside.raw("GET", "/cable", &[("connection", "upgrade"), ("upgrade", "websocket")], "").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    world.ledger.fail(false);
    assert_eq!(upgrade(&world, &inside).await.1, "alice by bobhello");
}

#[tokio::test]
async fn any_handler_may_ask_who_is_connected() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    assert_eq!(inside.get("/who").await.text, "alice by bob");
    assert_eq!(inside.get("/connected").await.text, inside.cookies["session"]);
    assert_eq!(world.nobody().get("/who").await.text, "nobody");
    assert_eq!(world.nobody().get("/connected").await.status, StatusCode::UNAUTHORIZED);
}

/// Returns what this browser's requests are connected as.
pub(crate) async fn connected(world: &World, browser: &Browser) -> Connected {
    match Sockets::of(world).connecting(browser).await {
        Connecting::As(connected) => connected,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_connection_asks_afresh_whatever_is_remembered() {
    type Change = fn(&World);
    let changes: [(Change, Still); 5] = [
        (|world| world.accounts.sessions.lock().unwrap().clear(), Still::Ended(DeadCause::Ended(EndCause::SignedOut))),
        (
            |world| world.accounts.change(&bob(), |user| user.rights.clear()),
            Still::Ended(DeadCause::Ended(EndCause::PermissionLost)),
        ),
        (|world| world.accounts.delete(&alice()), Still::Ended(DeadCause::Ended(EndCause::AccountGone))),
        (|world| world.clock.advance(SignedDuration::from_hours(1)), Still::Ended(DeadCause::Ended(EndCause::Expired))),
        (|_| (), Still::Yes),
    ];
    for (change, still) in changes {
        let world = World::with(|builder| builder.cache_for(Duration::from_secs(3600))).await;
        let inside = world.inside(&bob(), &alice()).await;
        let connected = connected(&world, &inside).await;
        assert_eq!(world.vicarious.still(&connected).await, Ok(Still::Yes));
        change(&world);
        assert_eq!(world.vicarious.still(&connected).await, Ok(still));
        assert_eq!(world.running().await.is_empty(), still != Still::Yes, "what was found out is on record");
    }
}

#[tokio::test]
async fn a_connection_of_somebody_as_themselves_ends_with_their_sign_in() {
    let world = World::with(|builder| builder.cache_for(Duration::from_secs(3600))).await;
    let (mut alices, mut bobs) = (world.browser(&alice()), world.browser(&bob()));
    let (of_alice, of_bob) = (connected(&world, &alices).await, connected(&world, &bobs).await);
    assert_eq!(world.vicarious.still(&of_alice).await, Ok(Still::Yes));
    alices.json(Method::DELETE, "/session", Value::Null).await;
    assert_eq!(world.vicarious.still(&of_alice).await, Ok(Still::SignedOut));
    bobs.start(&alice()).await;
    let still = world.vicarious.still(&of_bob).await;
    assert_eq!(still, Ok(Still::Ended(DeadCause::HandleMissing)), "what carries no handle is refused everywhere");
    bobs.stop().await;
    assert_eq!(world.vicarious.still(&of_bob).await, Ok(Still::Yes));
    world.accounts.change(&bob(), |user| user.account.active = false);
    assert_eq!(world.vicarious.still(&of_bob).await, Ok(Still::SignedOut));
}

#[tokio::test]
async fn whether_it_still_holds_is_not_answered_during_an_outage() {
    let world = world().await;
    let inside = world.inside(&bob(), &alice()).await;
    let connected = connected(&world, &inside).await;
    world.ledger.fail(true);
    assert_eq!(world.vicarious.still(&connected).await, Err(vicarious_axum::Refused::Unavailable));
    world.ledger.fail(false);
    world.accounts.fail(true);
    assert_eq!(world.vicarious.still(&connected).await, Err(vicarious_axum::Refused::Unavailable));
    world.accounts.fail(false);
    assert_eq!(world.vicarious.still(&connected).await, Ok(Still::Yes));
}

#[tokio::test]
async fn a_future_tells_the_end_to_whatever_outlives_its_request() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let connected = connected(&world, &inside).await;
    let ended = tokio::spawn(world.vicarious.ended(&connected));
    let mut never = Box::pin(world.vicarious.ended(&vicarious_core::Identity::own(bob())));
    inside.json(Method::DELETE, "/impersonation", json!(null)).await;
    assert_eq!(ended.await.unwrap(), EndCause::Stopped);
    assert_eq!(world.vicarious.ended(&connected).await, EndCause::Stopped, "also for who asks late");
    assert_eq!(never.as_mut().now_or_never(), None);
}

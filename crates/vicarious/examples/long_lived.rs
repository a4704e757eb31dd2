//! What outlives its request: an event stream, an export, and a WebSocket written by hand. None of them knows of
//! impersonation, and all end with it; a task that goes on by itself asks.
//!
//! `cargo run -p vicarious --features sqlite --example long_lived`, then open `/as/bob`, impersonate alice, and stop in
//! another window. `docs/long-lived.md` says what happens then.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::http::header::{
    CONNECTION, CONTENT_TYPE, COOKIE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SET_COOKIE, UPGRADE,
};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{self, Stream};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vicarious::decide::{ConsentPolicy, Terms};
use vicarious::sqlx::Store;
use vicarious::{
    Account, AccountId, Found, Host, HostError, KeyRing, RequestIdentity, Search, SignIn, SignInKey, Staff, Timestamp,
    Vicarious, async_trait,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::connect("sqlite://long-lived.db").await?;
    let vicarious = Vicarious::builder(Desk)
        .ledger(store.clone())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent == "bob" && customer == "alice")
        .staff(|user| if user == "bob" { Staff::Agent } else { Staff::No })
        .terms(Terms { consent: ConsentPolicy::NotRequired, ..Terms::default() })
        .secure_cookies(false) // only because this is plain HTTP on loopback
        .build()?;

    let app = Router::new()
        .route("/", get(home))
        .route("/as/{who}", get(sign_in))
        .route("/events", get(events))
        .route("/export", get(export))
        .route("/archive", get(archive))
        .route("/socket", get(socket))
        .layer(vicarious.layer());

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!("http://127.0.0.1:3000/as/bob");
    axum::serve(listener, app).with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) }).await?;
    store.close().await;
    Ok(())
}

async fn home(RequestIdentity(identity): RequestIdentity) -> Html<String> {
    let who = identity.current_user().map_or("nobody", |user| user.name.as_str());
    Html(format!(
        "<!doctype html><title>Desk</title><h1>{who}</h1><p><a href=/as/alice>I am Alice</a> <a href=/as/bob>I am Bob</a> \
         <a href='/impersonation/new?account=alice&reason=trying'>Impersonate Alice</a></p>\
         <p><a href=/events>Events</a> <a href=/export>Export</a> <a href=/archive>Archive</a></p>"
    ))
}

/// An event each second, for ever. Cut off at the end; the browser asks again, and gets 410.
async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = stream::unfold(tokio::time::interval(Duration::from_secs(1)), |mut interval| async move {
        interval.tick().await;
        Some((Ok(Event::default().data(Timestamp::now().to_string())), interval))
    });
    Sse::new(ticks).keep_alive(KeepAlive::default())
}

/// A minute of lines. Whoever is cut off sees that the connection broke before the last one.
async fn export() -> Response {
    let lines = stream::unfold(0, |line| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (line < 600).then(|| (Ok::<_, Infallible>(format!("{line};a line of the export\n")), line + 1))
    });
    ([(CONTENT_TYPE, "text/csv")], Body::from_stream(lines)).into_response()
}

/// Goes on when the request is answered, and so has to ask for itself.
async fn archive(RequestIdentity(identity): RequestIdentity) -> &'static str {
    tokio::spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(60)) => eprintln!("the archive is done"),
            cause = identity.ended() => eprintln!("the archive is given up: {}", cause.as_str()),
        }
    });
    "The archive will be there in a minute."
}

/// A WebSocket without a library: says back each short text.
async fn socket(mut request: Request) -> Response {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).cloned();
    let (Some(key), Some(upgrade)) = (key, request.extensions_mut().remove::<OnUpgrade>()) else {
        return StatusCode::UPGRADE_REQUIRED.into_response();
    };
    tokio::spawn(async move {
        // The connection is closed under this when the impersonation ends: reading fails, and so this is over.
        if let Ok(connection) = upgrade.await
            && let Err(error) = say_back(TokioIo::new(connection)).await
        {
            eprintln!("the socket is over: {error}");
        }
    });
    let accept = [key.as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"].concat();
    let accept = STANDARD.encode(Sha1::digest(&accept));
    let headers = [(CONNECTION, "upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_ACCEPT, accept.as_str())];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// RFC 6455, 5.2, as far as short messages in one frame need it.
async fn say_back(mut connection: impl AsyncReadExt + AsyncWriteExt + Unpin) -> std::io::Result<()> {
    loop {
        let [kind, length] = [connection.read_u8().await?, connection.read_u8().await? & 0x7f];
        if length > 125 {
            return connection.write_all(&[0x88, 2, 0x03, 0xf1]).await; // 1009, too big
        }
        let (mut mask, mut text) = ([0; 4], vec![0; usize::from(length)]);
        connection.read_exact(&mut mask).await?;
        connection.read_exact(&mut text).await?;
        text.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        connection.write_all(&[kind, length]).await?;
        connection.write_all(&text).await?;
        if kind & 0x0f == 8 {
            return Ok(());
        }
    }
}

async fn sign_in(Path(who): Path<String>) -> Response {
    ([(SET_COOKIE, format!("who={who}; Path=/; HttpOnly; SameSite=Lax"))], Redirect::to("/")).into_response()
}

/// Believes everybody who they are: a sign-in is not what this shows.
struct Desk;

#[async_trait]
impl Host for Desk {
    type User = String;

    fn account(&self, user: &String) -> Account {
        Account::new(user.as_str(), user, format!("{user}@example.com"))
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        let cookies = request.headers.get(COOKIE).and_then(|value| value.to_str().ok());
        let who = cookies.and_then(|all| all.split("; ").find_map(|pair| pair.strip_prefix("who=")));
        Ok(who.map(SignInKey::from))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        let account = AccountId::from(key.as_str());
        Ok(self.find(&account).await?.map(|_| SignIn { account, since: Timestamp::now() }))
    }

    async fn find(&self, id: &AccountId) -> Result<Option<String>, HostError> {
        Ok(["alice", "bob"].into_iter().find(|name| *name == id.as_str()).map(str::to_owned))
    }

    async fn search(&self, _: &String, _: &Search) -> Result<Found<String>, HostError> {
        Ok(Found { total: 1, accounts: vec!["alice".to_owned()] })
    }
}

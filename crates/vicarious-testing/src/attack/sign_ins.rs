//! Is each sign-in one of its own, does it end, and does it stay as old as it is?

use std::time::Duration;

use http::Method;
use http::header::ACCEPT;
use jiff::{SignedDuration, Timestamp};
use vicarious_core::SignInKey;

use super::arena::{Arena, Fall, brief, done, fell, not_tried, stopped, with_handle_of};
use crate::answer::Answer;
use crate::browser::Browser;

/// What `Attack::without` calls these parts of the abuse.
const ANOTHER: &str = "the handle in another sign-in";
const OVER: &str = "a sign-in after the sign-out";

/// A time that hosts may keep in whole seconds is another one after this.
const MOMENT: Duration = Duration::from_millis(1100);

/// The handle in a second sign-in of the same agent, which is another one; and how old the first is.
pub(super) async fn another(arena: &Arena) -> Result<String, Fall> {
    if let Some(why) = arena.routes.left_out(ANOTHER) {
        return Ok(format!("left out: {why}"));
    }
    let Some((first, second)) = arena.app.signed_in_twice(&arena.agent).await else {
        return not_tried(format!(
            "{ANOTHER}: the closure of `TestApp::new` gives one cookie or token for every sign-in of `{}`: let it make another \
             each time, or say `.without(\"{ANOTHER}\", …)`",
            arena.agent
        ));
    };
    let inside = arena.enter_from(first).await?;
    let answer = with_handle_of(&inside, second).get(arena.page()).await;
    let status = arena.nothing(ANOTHER, &answer).or_else(|_| {
        fell(
            ANOTHER,
            format!(
                "it works: two sign-ins of one person have the same key, and a new sign-in must have another one. Let \
                 `Host::sign_in_key` tell them apart, by a row of a table or by something random in the cookie: {}",
                brief(&answer)
            ),
        )
    })?;
    stays(arena, &inside.impersonation().sign_in).await?;
    done(inside).await;
    Ok(status)
}

/// A key that no sign-in has must find nobody, and one that a sign-in has must say the same time whenever it is asked.
async fn stays(arena: &Arena, key: &SignInKey) -> Result<(), Fall> {
    let made_up = SignInKey::from(format!("made-up-{}", uuid::Uuid::now_v7()));
    if since(arena, &made_up).await.is_ok_and(|found| found.is_some()) {
        return fell("a key that no sign-in has", "`Host::sign_in` says that it is alive");
    }
    let before = since(arena, key).await?;
    if let Some(before) = before {
        a_moment_later(arena, before).await?;
    }
    if since(arena, key).await? == before {
        return Ok(());
    }
    fell(
        "when the agent signed in, asked twice",
        "it moves: `SignIn::since` is when the person proved who they are, not now, nor when they were last seen",
    )
}

async fn since(arena: &Arena, key: &SignInKey) -> Result<Option<Timestamp>, Fall> {
    match arena.app.vicarious().sign_in(key).await {
        Ok(found) => Ok(found.map(|sign_in| sign_in.since)),
        Err(_) => not_tried("`Host::sign_in` gives an error"),
    }
}

/// Lets so much time pass that somebody who says "now" says something else, by whichever clock.
async fn a_moment_later(arena: &Arena, since: Timestamp) -> Result<(), Fall> {
    let vicarious = arena.app.vicarious();
    let is_near = |now: Timestamp| now.duration_since(since).abs() <= SignedDuration::from_secs(2);
    let before = vicarious.now();
    if let Some(clock) = arena.app.moved_clock() {
        clock.advance(SignedDuration::from_secs(2));
    }
    if is_near(Timestamp::now()) {
        tokio::time::sleep(MOMENT).await;
    }
    if is_near(before) && vicarious.now() == before {
        return not_tried(
            "whether `SignIn::since` stays as it is, because the clock stands still: hand it over, `TestApp::clock(&clock)`",
        );
    }
    Ok(())
}

/// The cookies of a sign-in after its sign-out, where a request without a body signs out.
pub(super) async fn over(arena: &Arena) -> Result<String, Fall> {
    if let Some(why) = arena.routes.left_out(OVER) {
        return Ok(format!("after the sign-out left out: {why}"));
    }
    for target in arena.routes.sign_outs(&arena.app) {
        let (Ok(method), Ok(path)) = (Method::try_from(target.method.as_str()), target.path) else { continue };
        let inside = arena.enter().await?;
        let key = inside.impersonation().sign_in.clone();
        let mut browser = stopped(inside).await?;
        let answer = browser.send(method, &path, &[(ACCEPT, "text/html")], "").await;
        let is_alive = since(arena, &key).await?.is_some();
        if !is_alive {
            return Ok("over after the sign-out".to_owned());
        }
        if !has_signed_out(arena, &answer, &mut browser).await {
            continue;
        }
        return fell(
            OVER,
            format!(
                "it is alive: whoever has kept its cookie or token goes on. Let the application remember which sign-ins have \
                 ended, and `Host::sign_in` say so, or say `.without(\"{OVER}\", …)`: {}",
                brief(&answer)
            ),
        );
    }
    Ok("the sign-out not tried: none is known that takes a request without a body".to_owned())
}

/// Returns whether the answer says that somebody has signed out: a redirect may also lead to a form that asks again.
async fn has_signed_out(arena: &Arena, answer: &Answer, browser: &mut Browser) -> bool {
    answer.status.is_success() || (answer.status.is_redirection() && !arena.app.sees_somebody(browser).await)
}

//! Requests of a live impersonation that must be refused.

use http::{HeaderName, Method};
use serde_json::{Value, json};
use vicarious_axum::Treats;
use vicarious_core::Rule;

use super::arena::{Arena, Fall, Outcome, Tried, brief, done, fell, not_tried};
use crate::inside::{Asking, Inside};

/// A form whose identity tag is forged, somebody else's, or missing.
pub(super) async fn another_tab(arena: &Arena) -> Outcome {
    let may_run = |rule, classified| classified && !matches!(rule, Rule::Never);
    // The mode is changed by a form too, and every application has that.
    let own = ("PATCH".to_owned(), "/impersonation".to_owned());
    let (method, path) = arena.ruled(may_run).into_iter().next().unwrap_or(own);
    let method = method.parse().unwrap_or(Method::POST);
    let before = arena.enter().await?;
    let foreign = before.tag();
    done(before).await;
    let mut inside = arena.enter_writing().await?;
    let forged: String = inside.tag().chars().rev().collect();
    for (tried, tag) in
        [("a forged tag", Some(forged)), ("a tag of an earlier impersonation", Some(foreign)), ("no tag", None)]
    {
        let form = inside.ask(method.clone(), &path).form(&[("mode", "read"), ("name", "an attack")]).as_json();
        let answer = match &tag {
            Some(tag) => form.tagged(tag).await,
            None => form.without_tag().await,
        };
        if answer.status.as_u16() != 409 {
            return fell(format!("{tried} at {method} {path}"), format!("not 409: {}", brief(&answer)));
        }
    }
    done(inside).await;
    Ok(Tried {
        tried: format!("{method} {path}: a forged tag, an earlier one, none"),
        came_back: "409 for all".to_owned(),
    })
}

/// Unsafe routes without a rule, as they are and under every name that a proxy or a framework may know.
pub(super) async fn unclassified(arena: &Arena) -> Outcome {
    let is_consoles = |(method, path): &(String, String)| arena.app.vicarious().treats(method, path) == Treats::Console;
    let (consoles, mut routes): (Vec<_>, Vec<_>) =
        arena.ruled(|_, classified| !classified).into_iter().partition(is_consoles);
    let came_back = format!("403 for {} of yours, {} of the console's and one made up", routes.len(), consoles.len());
    routes.extend(consoles);
    routes.push(("POST".to_owned(), "/a-route-that-an-attack-has-made-up".to_owned()));
    let mut inside = arena.enter_writing().await?;
    for (method, path) in &routes {
        let method: Method = method.parse().unwrap_or(Method::POST);
        must_be_never(inside.ask(method.clone(), path).json(&json!({})), format!("{method} {path}")).await?;
        let renamed = HeaderName::from_static("x-http-method-override");
        let asking = inside.ask(method.clone(), path).json(&json!({})).header(renamed, "GET");
        must_be_never(asking, format!("{method} {path}, renamed GET by a header")).await?;
        let queried = format!("{path}{}_method=GET", if path.contains('?') { '&' } else { '?' });
        must_be_never(inside.ask(method.clone(), &queried).json(&json!({})), format!("{method} {queried}")).await?;
    }
    done(inside).await;
    Ok(Tried { tried: format!("3 ways each: {}", named(&routes)), came_back })
}

/// Returns the first three routes by name, and whether there are more.
fn named(routes: &[(String, String)]) -> String {
    let names: Vec<_> = routes.iter().take(3).map(|(method, path)| format!("{method} {path}")).collect();
    let more = if routes.len() > 3 { ", …" } else { "" };
    names.join(", ") + more
}

/// What a rule says `never` of, in write mode.
pub(super) async fn never(arena: &Arena) -> Outcome {
    let mut routes = arena.ruled(|rule, classified| classified && rule == Rule::Never);
    for line in arena.app.vicarious().rules().lines() {
        let is_covered = || routes.iter().any(|(_, path)| path.starts_with(&line.route));
        let method = line.method.clone().unwrap_or_else(|| "POST".to_owned());
        let is_judged = || arena.app.vicarious().treats(&method, &line.route).is_judged();
        let is_path = line.route.starts_with('/') && !line.route.contains('{');
        // The router tells no route here, so what the line itself names is tried.
        if line.rule == Rule::Never && is_path && !is_covered() && is_judged() {
            routes.push((method, line.route.clone()));
        }
    }
    if routes.is_empty() {
        return not_tried("no rule says `never`: is there nothing that only the customer may do, such as paying?");
    }
    let mut inside = arena.enter_writing().await?;
    for (method, path) in &routes {
        let asking = inside.ask(method.parse().unwrap_or(Method::POST), path).json(&json!({ "amount": 1 }));
        must_be_never(asking, format!("{method} {path}")).await?;
    }
    done(inside).await;
    Ok(Tried { tried: format!("{} routes, in write mode", routes.len()), came_back: "403 for all".to_owned() })
}

async fn must_be_never(asking: Asking<'_>, tried: String) -> Result<(), Fall> {
    let answer = asking.await;
    let refused = answer.status.as_u16() == 403 && answer.problem().as_deref() == Some("never");
    if refused { Ok(()) } else { fell(tried, format!("not 403 `never`: {}", brief(&answer))) }
}

/// Changes in reading mode; in write mode those that must be confirmed, without that and with something else's.
pub(super) async fn changing(arena: &Arena) -> Outcome {
    let changes = arena.ruled(|rule, _| matches!(rule, Rule::Write | Rule::Confirm));
    let confirmed = arena.ruled(|rule, _| rule == Rule::Confirm);
    let mut inside = arena.enter().await?;
    for (method, path) in &changes {
        let answer =
            inside.ask(method.parse().unwrap_or(Method::POST), path).json(&json!({ "name": "an attack" })).await;
        if answer.status.as_u16() != 403 {
            return fell(format!("{method} {path} while reading"), format!("not 403: {}", brief(&answer)));
        }
    }
    done(inside).await;
    let mut inside = arena.enter_writing().await?;
    for (method, path) in &confirmed {
        unconfirmed(&mut inside, method, path).await?;
    }
    done(inside).await;
    let came_back =
        if changes.is_empty() { "no rule lets an agent change anything".to_owned() } else { "403; 428".to_owned() };
    Ok(Tried { tried: format!("{} while reading, {} unconfirmed", changes.len(), confirmed.len()), came_back })
}

async fn unconfirmed(inside: &mut Inside, method: &str, path: &str) -> Result<(), Fall> {
    let verb: Method = method.parse().unwrap_or(Method::POST);
    let confirmation = HeaderName::from_static("confirmation");
    let (one, other) = (json!({ "name": "an attack" }), json!({ "name": "another attack" }));
    let asked = inside.ask(verb.clone(), path).json(&one).unconfirmed().await;
    let given = asked.json().get("confirmation").and_then(Value::as_str).unwrap_or_default().to_owned();
    let forged = inside.ask(verb.clone(), path).json(&one).unconfirmed().header(confirmation.clone(), "forged").await;
    let moved = inside.ask(verb, path).json(&other).unconfirmed().header(confirmation, &given).await;
    for (how, answer) in [
        ("unconfirmed", asked),
        ("with a forged confirmation", forged),
        ("with the confirmation of something else", moved),
    ] {
        if answer.status.as_u16() != 428 {
            return fell(format!("{method} {path} {how}"), format!("not 428: {}", brief(&answer)));
        }
    }
    Ok(())
}

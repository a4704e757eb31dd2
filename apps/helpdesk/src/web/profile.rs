//! The customer's own name.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use vicarious::AccountId;

use crate::app::Shared;
use crate::shop::accounts::{self, User};
use crate::web::answer::{html, see};
use crate::web::failure::{Failure, Invalid};
use crate::web::input::Input;
use crate::web::visitor::{Frame, Visitor};

/// The longest name, in characters.
const LONGEST: usize = 100;

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    frame: Frame,
    user: User,
    name: String,
    problem: Option<&'static str>,
}

/// What can be changed.
#[derive(Deserialize)]
pub(crate) struct Changes {
    #[serde(default)]
    name: String,
}

/// Shows the profile.
pub(crate) async fn show(State(app): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    if visitor.json {
        return Ok(Json(profile(&visitor.user)).into_response());
    }
    let frame = visitor.frame(&app).await?;
    let name = visitor.user.name.clone();
    Ok(html(&ProfilePage { frame, user: visitor.user, name, problem: None }))
}

/// Changes the name, on record in the same transaction.
pub(crate) async fn save(
    State(app): State<Shared>,
    visitor: Visitor,
    Input(changes): Input<Changes>,
) -> Result<Response, Failure> {
    let name = match valid_name(&changes.name) {
        Ok(name) => name,
        Err(invalid) if visitor.json => return Err(Failure::Invalid(invalid)),
        Err(invalid) => {
            let frame = visitor.frame(&app).await?;
            let page = ProfilePage { frame, user: visitor.user, name: changes.name, problem: Some(invalid.message) };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
        }
    };
    let mut tx = app.database.begin().await?;
    let old = accounts::rename(&mut tx, &visitor.user.id, &name).await?.ok_or(Failure::NotFound)?;
    if old != name {
        tx.changed(&visitor.identity, visitor.request.as_ref(), "name", (&old, &name)).await?;
    }
    tx.commit().await?;
    app.vicarious.forget(&AccountId::from(visitor.user.id.as_str()));
    if visitor.json {
        let user = accounts::find(&app.database, &visitor.user.id).await?.ok_or(Failure::NotFound)?;
        return Ok(Json(profile(&user)).into_response());
    }
    Ok(see("/profile"))
}

fn profile(user: &User) -> Value {
    json!({
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "organisation": user.organisation,
        "town": user.town,
        "customer_since": user.created_at,
    })
}

/// Returns the name as it is kept: without space around it, and without characters that nobody can see.
fn valid_name(typed: &str) -> Result<String, Invalid> {
    let name = typed.trim();
    let wrong = |message| Err(Invalid { field: "name", message });
    if name.is_empty() {
        return wrong("Please tell us your name.");
    }
    if name.chars().count() > LONGEST {
        return wrong("Please use at most 100 characters.");
    }
    // Direction marks and the like could make a name read as somebody else's.
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if name.chars().any(invisible) {
        return wrong("Please use letters that can be seen.");
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::valid_name;

    #[test]
    fn a_name_is_one_visible_line_of_reasonable_length() {
        assert_eq!(valid_name("  Søren O’Rourke "), Ok("Søren O’Rourke".to_owned()));
        for wrong in ["", "   ", "Al\nice", "Alice\u{202e}", &"x".repeat(101)] {
            assert!(valid_name(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! Sending to people from outside, for administrators.

use anyhow::anyhow;
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use serde_json::{Map, Value, json};
use vicarious::cable::Audience;
use vicarious::{RequestIdentity, Staff};

use crate::app::{App, Shared};
use crate::live::CHANNELS;
use crate::shop::accounts;
use crate::web::failure::{Failure, Invalid};
use crate::web::input::Input;

/// What is to be sent, to whom, on which channel.
struct Wanted {
    audience: Audience,
    channel: &'static str,
    message: Value,
}

/// Sends a message to an audience; everybody but an administrator as herself finds nothing here.
pub(crate) async fn send(
    State(app): State<Shared>,
    RequestIdentity(identity): RequestIdentity,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let staff = app.vicarious.staff(&identity).await.map_err(|_| anyhow!("cannot tell who is an administrator"))?;
    if staff < Staff::Administrator {
        return Err(Failure::NotFound);
    }
    let Input(fields) = Input::<Map<String, Value>>::from_request(request, &()).await?;
    let wanted = Wanted::of(fields)?;
    everybody_exists(&app, &json!(wanted.audience)).await?;
    let stream = wanted.audience.stream(wanted.channel);
    let delivered_to = app.cable.broadcast(&stream, &wanted.message).await?;
    Ok(Json(json!({ "delivered_to": delivered_to })))
}

impl Wanted {
    fn of(mut fields: Map<String, Value>) -> Result<Self, Failure> {
        let name = fields.get("channel").and_then(Value::as_str);
        let channel = CHANNELS.into_iter().find(|known| Some(*known) == name);
        let channel = channel.ok_or_else(|| invalid("channel", "There is no such channel."))?;
        let is_form = !fields.contains_key("audience");
        let audience = fields.remove("audience").unwrap_or_else(|| spelled_out(&fields));
        let audience = serde_json::from_value(audience).map_err(|_| {
            invalid("audience", "An audience has a known kind and an account, and of a pair also a shadower.")
        })?;
        let message = fields.remove("message").ok_or_else(|| invalid("message", "There is no message."))?;
        // A form can only send text, which may be JSON.
        let message = if is_form {
            message.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(message)
        } else {
            message
        };
        Ok(Self { audience, channel, message })
    }
}

/// Returns the audience of a form, whose fields are `audience[kind]` and so on.
fn spelled_out(fields: &Map<String, Value>) -> Value {
    let parts = fields.iter().filter_map(|(name, value)| {
        let part = name.strip_prefix("audience[")?.strip_suffix(']')?;
        (value != "").then(|| (part.to_owned(), value.clone()))
    });
    Value::Object(parts.collect())
}

async fn everybody_exists(app: &App, audience: &Value) -> Result<(), Failure> {
    for id in ["account", "shadower"].into_iter().filter_map(|who| audience[who].as_str()) {
        if accounts::find(&app.database, id).await?.is_none() {
            return Err(invalid("audience", "There is no such account."));
        }
    }
    Ok(())
}

fn invalid(field: &'static str, message: &'static str) -> Failure {
    Failure::Invalid(Invalid { field, message })
}

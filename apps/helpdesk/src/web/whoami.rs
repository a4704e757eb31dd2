//! Who is asking, and as whom.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use vicarious::{Identity, RequestIdentity};

use crate::app::{App, Shared};

/// Answers with both users and the impersonation; nulls when nobody is signed in.
pub(crate) async fn show(State(app): State<Shared>, RequestIdentity(identity): RequestIdentity) -> Json<Value> {
    Json(of(&app, &identity))
}

/// Returns the JSON for an identity.
pub(crate) fn of(app: &App, identity: &Identity) -> Value {
    json!({
        "current_user": identity.current_user(),
        "true_user": identity.true_user(),
        "impersonation": identity.impersonation().map(|impersonation| impersonation.to_json(app.vicarious.now())),
    })
}

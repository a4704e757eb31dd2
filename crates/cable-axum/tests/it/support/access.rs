use cable_axum::{Access, Deed, Disconnect, Ending, Permit, Refused};
use http::request::Parts;
use serde_json::json;

use super::World;

/// Takes everybody's word; some names and parameters ask for trouble.
pub(crate) struct ByUser(pub(crate) World);

impl Access for ByUser {
    type Identity = String;

    async fn identify(&self, request: &mut Parts) -> Result<String, Disconnect> {
        let user = request.uri.query().and_then(|query| query.strip_prefix("user=")).unwrap_or_default();
        if user == "identified-late" {
            self.0.gate("identify").pass().await;
        }
        if user.is_empty() { Err(Disconnect::UNAUTHORIZED) } else { Ok(user.to_owned()) }
    }

    async fn still(&self, user: &String) -> Result<(), Disconnect> {
        match &**user {
            "asked-late" => self.0.gate("still").pass().await,
            "ended" => return Err(Disconnect::of("impersonation_ended", false)),
            "trouble" => panic!("as asked for"),
            _ => {}
        }
        Ok(())
    }

    async fn admit(&self, _: &String, deed: &Deed<'_>) -> Result<Option<Box<dyn Permit>>, Refused> {
        match deed.data["admit"].as_str() {
            Some("refuse") => Err(Refused::Problem(json!({ "title": "not allowed" }))),
            Some("over") => Err(Refused::Over(Disconnect::of("impersonation_ended", false))),
            Some("panic") => panic!("as asked for"),
            Some(_) => Ok(Some(Box::new(Noted(self.0.clone())))),
            None => Ok(None),
        }
    }
}

struct Noted(World);

impl Permit for Noted {
    fn finish(self: Box<Self>, ending: Ending) {
        self.0.log(format!("ending {ending:?}"));
    }
}

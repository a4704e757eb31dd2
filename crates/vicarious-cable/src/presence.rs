//! Who is in an account.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use cable_axum::{Cable, Channel, NoAction, NoParams, Reject, Subscription};
use serde::Serialize;
use vicarious_axum::Connected;
use vicarious_core::AccountId;

use crate::{Audience, AudienceKind, Reach as _, Streams as _};

/// What presence tells of shadowers. The customer sees in any case, in the access log and in the bar, who was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shadowers {
    /// That somebody is there, but not who.
    Show,
    /// Nothing.
    Hide,
    /// Who is there.
    #[default]
    Name,
}

/// Everybody who has a presence, by the account that they are in.
pub(crate) struct Presence {
    shadowers: Shadowers,
    present: Mutex<BTreeMap<AccountId, BTreeMap<Who, usize>>>,
}

/// The owner sorts first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Owner(String),
    Shadower(AccountId, String),
}

/// One person in an account, as subscribers are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Shown {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize)]
struct Roll {
    present: Vec<Shown>,
}

impl Presence {
    pub(crate) fn new(shadowers: Shadowers) -> Self {
        Self { shadowers, present: Mutex::default() }
    }

    fn enter(&self, account: &AccountId, who: &Who) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        *present.entry(account.clone()).or_default().entry(who.clone()).or_default() += 1;
    }

    fn leave(&self, account: &AccountId, who: &Who) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(here) = present.get_mut(account) else { return };
        if let Some(count) = here.get_mut(who) {
            *count -= 1;
            if *count == 0 {
                here.remove(who);
            }
        }
        if here.is_empty() {
            present.remove(account);
        }
    }

    fn roll(&self, account: &AccountId) -> Roll {
        let present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let here = present.get(account).into_iter().flat_map(BTreeMap::keys);
        Roll { present: here.filter_map(|who| self.shown(who)).collect() }
    }

    fn shown(&self, who: &Who) -> Option<Shown> {
        match (who, self.shadowers) {
            (Who::Owner(name), _) => Some(Shown { role: "owner", name: Some(name.clone()) }),
            (Who::Shadower(..), Shadowers::Hide) => None,
            (Who::Shadower(..), Shadowers::Show) => Some(Shown { role: "shadower", name: None }),
            (Who::Shadower(_, name), Shadowers::Name) => Some(Shown { role: "shadower", name: Some(name.clone()) }),
        }
    }
}

/// Tells everybody in an account who else is in it: `{"present": [{"role": "owner" or "shadower", "name"}, …]}`, at the
/// beginning and at each change.
pub struct PresenceChannel {
    account: AccountId,
    who: Who,
}

impl Channel<Connected> for PresenceChannel {
    const NAME: &'static str = "PresenceChannel";
    type Params = NoParams;
    type Action = NoAction;

    async fn subscribed(_: NoParams, subscription: &mut Subscription<Connected>) -> Result<Self, Reject> {
        let identity = subscription.identity();
        let current = identity.current_user().ok_or(Reject)?;
        let account = current.id.clone();
        let who = match identity.shadower() {
            Some(shadower) => Who::Shadower(shadower.id.clone(), shadower.name.clone()),
            None => Who::Owner(current.name.clone()),
        };
        subscription.stream_for_audience(AudienceKind::Account);
        let presence = subscription.cable().state::<Presence>().ok_or(Reject)?;
        presence.enter(&account, &who);
        // Its own stream is not live yet, so it is told by itself.
        subscription.transmit(&presence.roll(&account));
        tell(subscription.cable(), &account, &who).await;
        Ok(Self { account, who })
    }

    async fn unsubscribed(&mut self, subscription: &mut Subscription<Connected>) {
        if let Some(presence) = subscription.cable().state::<Presence>() {
            presence.leave(&self.account, &self.who);
        }
        tell(subscription.cable(), &self.account, &self.who).await;
    }
}

/// Tells everybody in an account who is there, because somebody came or went: not for somebody who is hidden, whom a
/// message at that moment would give away.
async fn tell(cable: &Cable<Connected>, account: &AccountId, who: &Who) {
    let Some(presence) = cable.state::<Presence>().filter(|presence| presence.shown(who).is_some()) else { return };
    let roll = presence.roll(account);
    if let Err(error) = cable.reach::<PresenceChannel>(&Audience::account(account.clone()), &roll).await {
        tracing::error!(error = ?error, "presence cannot be told");
    }
}

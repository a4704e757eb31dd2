//! Tells people at once what concerns them: who is in their account, who asks, what was decided.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use vicarious::cable::{Audience, Cable, Channel, Reach as _};
use vicarious::consent::{Consent, ConsentKind, ConsentState};
use vicarious::{AccountId, Connected, Event, Vicarious, Watch};

use super::channels::{StaffChannel, SupportChannel};

/// Something to tell, taken down within the operation that made it happen.
enum Told {
    /// Somebody entered an account, left it, or may do more or less in there.
    Visitors(AccountId),
    /// A consent was asked for or decided.
    Consent(Box<Consent>),
}

/// Notes what happens; a task of its own tells it.
struct Herald(UnboundedSender<Told>);

impl Watch for Herald {
    fn seen(&self, event: &Event<'_>) {
        let told = match event {
            Event::Started(row) | Event::Ended(row, _) | Event::ModeChanged(row) => {
                Told::Visitors(row.current_user.id.clone())
            }
            Event::ConsentChanged(consent) => Told::Consent(Box::new((*consent).clone())),
            _ => return,
        };
        // The other side ends with the process only.
        let _ = self.0.send(told);
    }
}

/// Begins to tell.
pub(super) fn begin(vicarious: &Vicarious, cable: &Cable<Connected>) {
    let (sender, receiver) = unbounded_channel();
    vicarious.watch(Arc::new(Herald(sender)));
    tokio::spawn(tell(cable.clone(), receiver));
}

async fn tell(cable: Cable<Connected>, mut told: UnboundedReceiver<Told>) {
    while let Some(told) = told.recv().await {
        match told {
            Told::Visitors(account) => {
                owner(&cable, &account, &json!({"type": "visitors"})).await;
                staff(&cable).await;
            }
            Told::Consent(consent) => {
                owner(&cable, &consent.account.id, &json!({"type": "consents"})).await;
                if let Some((agent, decision)) = decision(&consent) {
                    owner(&cable, agent, &decision).await;
                }
                if consent.state == ConsentState::Disowned {
                    staff(&cable).await;
                }
            }
        }
    }
}

/// Returns what the agent who asked is told of a decision; names travel to staff only.
fn decision(consent: &Consent) -> Option<(&AccountId, Value)> {
    let agent = consent.requested_by.as_ref()?;
    let did = match consent.state {
        // The agent recorded it, and knows.
        ConsentState::Given if consent.kind == ConsentKind::Attested => return None,
        ConsentState::Disowned => "says that they never agreed",
        ConsentState::Given if consent.used_by.is_none() => "agreed",
        ConsentState::Refused => "declined",
        ConsentState::Withdrawn => "withdrew the consent",
        ConsentState::Given | ConsentState::Asked | ConsentState::Lapsed | ConsentState::Used => return None,
    };
    let state = consent.state.as_str();
    let name = &consent.account.name;
    let told = json!({"type": "decision", "state": state, "account": consent.account.id, "name": name, "did": did});
    Some((&agent.id, told))
}

async fn owner(cable: &Cable<Connected>, account: &AccountId, message: &Value) {
    if let Err(error) = cable.reach::<SupportChannel>(&Audience::owner(account.clone()), message).await {
        tracing::error!(error = ?error, "somebody cannot be told");
    }
}

async fn staff(cable: &Cable<Connected>) {
    let changed = json!({"type": "changed"});
    if let Err(error) = cable.broadcast_to::<StaffChannel>([StaffChannel::NAME], &changed).await {
        tracing::error!(error = ?error, "the administrators cannot be told");
    }
}

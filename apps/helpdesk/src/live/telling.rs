//! Telling open pages what has changed, so that they look again.

use serde::Serialize;
use tokio::sync::mpsc;
use vicarious::cable::{Audience, Cable, Reach as _, Stream};
use vicarious::{Connected, Event, Watch};

use super::channels::{LiveChannel, NotificationsChannel};
use crate::shop::notifications::Notification;

/// What a page is told: which parts of it are out of date, and a sentence if that is worth one.
#[derive(Clone, Debug, Serialize)]
struct Told {
    changed: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    say: Option<String>,
}

/// To whom.
enum To {
    People(Audience),
    /// Administrators as themselves.
    Administrators,
}

/// Watches what happens to impersonations and consents, and hands it on. It never waits, and never holds anybody up.
pub(super) struct Teller(mpsc::UnboundedSender<(To, Told)>);

impl Teller {
    /// Starts to tell, until the watcher is gone.
    pub(super) fn start(cable: &Cable<Connected>) -> Self {
        let (sender, mut waiting) = mpsc::unbounded_channel();
        let cable = cable.clone();
        tokio::spawn(async move {
            while let Some((to, told)) = waiting.recv().await {
                let told = match to {
                    To::People(audience) => cable.reach::<LiveChannel>(&audience, &told).await,
                    To::Administrators => cable.broadcast(&administrators(), &told).await,
                };
                if let Err(error) = told {
                    tracing::error!(error = ?error, "open pages cannot be told what has changed");
                }
            }
        });
        Self(sender)
    }

    fn tell(&self, to: To, changed: &'static str, say: Option<String>) {
        // The other side is gone only when the process is about to be.
        let _ = self.0.send((to, Told { changed, say }));
    }
}

/// The stream of administrators as themselves.
pub(super) fn administrators() -> Stream {
    Stream::of("LiveChannel", ["administrators"])
}

impl Watch for Teller {
    fn seen(&self, event: &Event<'_>) {
        let (row, say) = match event {
            Event::Started(row) => (row, Some(format!("{} from support is viewing your account", row.true_user.name))),
            Event::Ended(row, _) => (row, Some(format!("{} has left your account", row.true_user.name))),
            Event::ModeChanged(row) => (row, None),
            Event::ConsentChanged(consent) => {
                let asked = consent.requested_by.as_ref().filter(|_| consent.decided_at.is_none());
                let say = asked.map(|agent| format!("{} asks to see your account", agent.name));
                self.tell(To::People(Audience::owner(consent.account.id.clone())), "consents", say);
                if let Some(agent) = &consent.requested_by {
                    let say = consent.decided_at.map(|_| format!("{} has answered", consent.account.name));
                    self.tell(To::People(Audience::owner(agent.id.clone())), "consents", say);
                }
                return;
            }
            _ => return,
        };
        self.tell(To::People(Audience::owner(row.current_user.id.clone())), "inside", say);
        self.tell(To::Administrators, "impersonations", None);
    }
}

/// Tells everybody who sees an account of a piece of news.
pub(crate) async fn tell_news(cable: &Cable<Connected>, account: &str, news: &Notification) {
    let audience = Audience::account(account);
    let told = Told { changed: "news", say: Some(news.title.clone()) };
    let sent = cable.reach::<NotificationsChannel>(&audience, news).await;
    if let Err(error) = sent.and(cable.reach::<LiveChannel>(&audience, &told).await) {
        tracing::error!(error = ?error, "news cannot be told to open pages");
    }
}

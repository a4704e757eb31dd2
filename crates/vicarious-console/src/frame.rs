//! What surrounds every page's content.

use vicarious_axum::{Refused, Staff};

use crate::asked::Asked;

/// The frame of a page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) brand: String,
    pub(crate) home: String,
    pub(crate) stylesheets: Vec<String>,
    pub(crate) scripts: Vec<String>,
    pub(crate) notice: Option<String>,
    pub(crate) person: String,
    pub(crate) rooms: Vec<Room>,
    pub(crate) is_staff: bool,
}

/// A link to one of the console's pages.
pub(crate) struct Room {
    pub(crate) href: String,
    pub(crate) label: &'static str,
    pub(crate) is_here: bool,
}

const AGENT: [(&str, &str); 3] =
    [("/accounts", "Customers"), ("/impersonations", "Impersonations"), ("/consents", "Consents")];
const TRAIL: (&str, &str) = ("/audit", "Trail");
const CUSTOMER: [(&str, &str); 2] = [("/consents", "Support access"), ("/access-log", "Who looked at my account")];

impl Frame {
    /// Returns the frame of a page for whoever asks.
    pub(crate) async fn of(asked: &Asked, title: &str) -> Result<Self, Refused> {
        let staff = asked.vicarious().staff(&asked.identity).await?;
        let rooms: Vec<(&str, &'static str)> = match staff {
            Staff::No => CUSTOMER.to_vec(),
            Staff::Agent => AGENT.to_vec(),
            Staff::Administrator => AGENT.into_iter().chain([TRAIL]).collect(),
        };
        let room = |(path, label): (&str, &'static str)| {
            let below = asked.path.strip_prefix(path);
            let is_here = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            Room { href: asked.link(path), label, is_here }
        };
        let own = asked.link(asked.desk.css);
        Ok(Self {
            title: title.to_owned(),
            brand: asked.desk.brand.clone(),
            home: asked.desk.home.clone(),
            stylesheets: asked.desk.stylesheets.iter().cloned().chain([own]).collect(),
            scripts: asked.desk.scripts.clone(),
            notice: asked.notice.clone().or_else(|| done(asked).map(str::to_owned)),
            person: asked.identity.current_user().map(|person| person.name.clone()).unwrap_or_default(),
            rooms: rooms.into_iter().map(room).collect(),
            is_staff: staff > Staff::No,
        })
    }
}

/// Returns what the previous step did, as a sentence; a link can choose one of these and no other text.
fn done(asked: &Asked) -> Option<&'static str> {
    Some(match asked.query.get("done")? {
        "give" => "You agreed. The agent may now look at your account once, for at most an hour.",
        "refuse" => "You declined. Nobody can use that request any more.",
        "withdraw" => "You withdrew your consent. Whoever was in your account because of it is out.",
        "given" => "Support may now look at your account until the date you chose. You can end this at any time.",
        "opted-out" => "Nobody can use your account any more, and nobody can ask.",
        "opted-in" => "Support may ask you again. Nobody gets in before you agree.",
        "ended" => "It is ended: whoever was in there is out.",
        "over" => "It was over already.",
        "paused" => "Everything is paused: nobody is in any customer’s account, and nobody can get in.",
        "resumed" => "Agents may start again.",
        _ => return None,
    })
}

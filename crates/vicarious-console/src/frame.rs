//! What surrounds every page's content.

use std::sync::Arc;

use vicarious_axum::{Refused, Staff};
use vicarious_core::{Identity, Timestamp, Words};

use crate::asked::Asked;
use crate::bar::Bar;
use crate::sentence::{Say, Sentence};
use crate::settings::{Room, Settings};
use crate::sign_out::SignOut;
use crate::when::When;

/// The frame of a page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) brand: String,
    pub(crate) home: String,
    pub(crate) stylesheets: Vec<String>,
    pub(crate) notice: Option<String>,
    pub(crate) identity: Identity,
    pub(crate) staff: Staff,
    pub(crate) links: Vec<Link>,
    pub(crate) sign_out: Option<SignOut>,
    pub(crate) script: Option<String>,
    pub(crate) bar: String,
    words: Words,
}

/// A link to a room.
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) label: String,
    pub(crate) is_here: bool,
}

const AGENT: [Room; 3] = [
    Room::new("/accounts", "Customers"),
    Room::new("/impersonations", "Impersonations"),
    Room::new("/consents", "Consents"),
];
const TRAIL: Room = Room::new("/audit", "Audit trail");
const CUSTOMER: [Room; 2] =
    [Room::new("/consents", "Support access"), Room::new("/access-log", "Who looked at my account")];

impl Frame {
    /// Returns the frame of a page for whoever asks.
    pub(crate) async fn of(asked: &Asked, title: &str) -> Result<Self, Refused> {
        let staff = asked.vicarious().staff(&asked.identity).await?;
        let desk = &asked.desk;
        let bar = Bar::find(desk, &asked.link(""), &asked.identity, &asked.words).await?;
        let own = asked.link(asked.desk.css);
        Ok(Self {
            title: title.to_owned(),
            brand: asked.words.of(&desk.brand).to_owned(),
            home: desk.home.clone(),
            stylesheets: desk.stylesheets.iter().cloned().chain([own]).collect(),
            notice: asked.notice.clone().or_else(|| done(asked).map(|done| asked.words.text(done).to_owned())),
            links: links(asked, staff),
            sign_out: desk.sign_out.clone(),
            script: desk.script.clone(),
            bar: bar.map(|bar| bar.html()).unwrap_or_default(),
            identity: asked.identity.clone(),
            staff,
            words: asked.words.clone(),
        })
    }

    /// Returns a text of ours.
    pub(crate) fn t<'a>(&'a self, english: &'a str) -> &'a str {
        self.words.text(english)
    }

    /// Returns a sentence of ours.
    pub(crate) fn say(&self, english: &str) -> Sentence {
        self.words.say(english)
    }

    /// Returns a time as it is told at `now`.
    pub(crate) fn when(&self, at: Timestamp, now: Timestamp) -> When {
        When::new(&self.words, at, now)
    }

    /// Returns the language, for the document.
    pub(crate) fn lang(&self) -> &str {
        self.words.tag()
    }

    pub(crate) fn is_staff(&self) -> bool {
        self.staff > Staff::No
    }

    /// Returns the word for what somebody may see, for scripts.
    pub(crate) fn staff_word(&self) -> &'static str {
        match self.staff {
            Staff::No => "no",
            Staff::Agent => "agent",
            Staff::Administrator => "administrator",
        }
    }
}

/// Returns the links at the top: the application's rooms if it has named any, otherwise our own.
fn links(asked: &Asked, staff: Staff) -> Vec<Link> {
    let link = |room: Room, href: String, path: &str| {
        let below = path.strip_prefix(room.path());
        let is_here = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        Link { href, label: asked.words.of(room.label()).to_owned(), is_here }
    };
    if let Some(rooms) = &asked.desk.rooms {
        let rooms = rooms(&asked.identity, staff).into_iter();
        return rooms.map(|room| link(room, room.path().to_owned(), &asked.link(&asked.path))).collect();
    }
    own(staff).into_iter().map(|room| link(room, asked.link(room.path()), &asked.path)).collect()
}

/// Returns our own rooms.
fn own(staff: Staff) -> Vec<Room> {
    match staff {
        Staff::No => CUSTOMER.to_vec(),
        Staff::Agent => AGENT.to_vec(),
        Staff::Administrator => AGENT.into_iter().chain([TRAIL]).collect(),
    }
}

/// Returns what makes the same links for the start page, as long as the pages of the console are there. The layer keeps it,
/// so it does not keep the application's closure, which may hold the layer.
pub(crate) fn for_the_start_page(settings: &Settings) -> impl Fn(&Identity, Staff) -> Vec<(String, String)> + use<> {
    let (at, rooms) = (settings.at.clone(), settings.rooms.as_ref().map(Arc::downgrade));
    move |identity, staff| {
        let (at, rooms) = match &rooms {
            Some(rooms) => ("", rooms.upgrade().map(|rooms| rooms(identity, staff)).unwrap_or_default()),
            None => (at.as_str(), own(staff)),
        };
        rooms.into_iter().map(|room| (format!("{at}{}", room.path()), room.label().to_owned())).collect()
    }
}

/// Returns what the previous step did, as a sentence; a link can choose one of these and no other text.
fn done(asked: &Asked) -> Option<&'static str> {
    Some(match asked.query.get("done")? {
        "give" => "You agreed. The agent may now look at your account once, for at most an hour.",
        "refuse" => "You declined. Nobody can use that request any more.",
        "withdraw" => "You withdrew your consent. Whoever was in your account because of it is out.",
        "disown" => {
            "You said that you never agreed. Whoever was in because of it is out, and the administrators are told."
        }
        "given" => "Support may now look at your account until the date you chose. You can end this at any time.",
        "given-for" => "You agreed in this person’s place. They see it, and can take it back at any time.",
        "given-for-all" => "You agreed for everybody who is here now. Whoever joins later is not included.",
        "given-for-many" => "You agreed for many of them, and there are more: agree again to go on.",
        "withdrawn-for" => "You took it back. Whoever was in that account because of it is out.",
        "opted-out" => "Nobody can use your account any more, and nobody can ask.",
        "opted-in" => "Support may ask you again. Nobody gets in before you agree.",
        "ended" => "It is ended: whoever was in there is out.",
        "over" => "It was over already.",
        "paused" => "Everything is paused: nobody is in any customer’s account, and nobody can get in.",
        "resumed" => "Agents may start again.",
        _ => return None,
    })
}

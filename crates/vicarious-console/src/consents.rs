//! Consents: the customer's decisions, and what agents asked for.

use askama::Template;
use axum::http::StatusCode;
use serde_json::json;
use vicarious_axum::Staff;
use vicarious_core::consent::{Consent, ConsentKind, ConsentState, Grant, Use};
use vicarious_core::ports::Consents;
use vicarious_core::{Person, SitePath, Timestamp};

use crate::answer::{Answer, Failure, html, json};
use crate::asked::{Asked, with_query};
use crate::frame::Frame;
use crate::grants::PEOPLE;
use crate::people::{self, Wish};
use crate::sentence::{Say, Sentence};
use crate::standing::Standing;
use crate::until::given_until;
use crate::when::When;
use crate::{used, who};

/// How many consents a page has.
const PER_PAGE: usize = 50;
/// How many of those are listed that somebody gave in the place of others.
const GIVEN_FOR: usize = 50;
/// How many of all consents an administrator sees.
const LATEST: usize = 200;

#[derive(Template)]
#[template(path = "consents.html")]
struct ConsentsPage {
    frame: Frame,
    waiting: Vec<Item>,
    standing: Vec<Item>,
    history: Vec<Item>,
    /// Since when the customer declines everything.
    opted_out: Option<When>,
    /// Whether the customer looks, and not an agent as the customer.
    is_own: bool,
    name: String,
    next: Option<String>,
    links: Links,
}

struct Links {
    consents: String,
    opt_out: String,
    opt_in: String,
    access_log: String,
    support_code: String,
    /// Where those agree for others who may.
    people: Option<String>,
}

#[derive(Template)]
#[template(path = "consents_staff.html")]
struct StaffConsentsPage {
    frame: Frame,
    items: Vec<Item>,
    is_administrator: bool,
    next: Option<String>,
    accounts: String,
}

/// A consent, and what its own row does not tell.
struct Known {
    consent: Consent,
    /// Whether it waits for nothing: another consent lets in whoever asked.
    is_ahead: bool,
    used: Option<Use>,
}

/// A consent as the pages show it.
struct Item {
    href: String,
    account: Person,
    requested_by: Option<Person>,
    state: ConsentState,
    reason: Option<String>,
    ticket: Option<String>,
    /// The page that whoever asked, or recorded it, wants to begin on.
    page: Option<SitePath>,
    asked: When,
    decided: Option<When>,
    ends: When,
    /// Who entered with it, and when.
    used: Option<(Person, When)>,
    kind: ConsentKind,
    /// Who gave it in the customer's place.
    grant: Option<Grant>,
    /// How it came about, for the customer.
    came: Sentence,
    /// Whether it waits for nothing: another consent lets in whoever asked.
    is_ahead: bool,
    /// The customer's page, and where the agent starts once that is possible; for whoever asked.
    show: Option<String>,
    start: Option<String>,
}

impl Item {
    fn new(asked: &Asked, Known { consent, is_ahead, used }: Known) -> Self {
        Self {
            is_ahead,
            show: None,
            start: None,
            came: came(asked, &consent, used.as_ref()),
            href: asked.link(&format!("/consents/{}", consent.id)),
            state: consent.state_after(used.as_ref(), asked.now),
            asked: asked.when(consent.asked_at),
            decided: consent.decided_at.map(|at| asked.when(at)),
            ends: asked.when(consent.ends_at),
            used: used.map(|used| (used.by, asked.when(used.at))),
            page: consent.page_asked_for().cloned(),
            kind: consent.kind,
            account: consent.account,
            requested_by: consent.requested_by,
            grant: consent.grant,
            reason: consent.reason,
            ticket: consent.ticket,
        }
    }

    /// Returns the same for staff, with what can be done by whoever asked.
    fn for_staff(self, asked: &Asked, who: &Person) -> Self {
        if self.requested_by.as_ref().is_none_or(|agent| agent.id != who.id) {
            return self;
        }
        let can_start = self.is_ahead || (self.state == ConsentState::Given && self.used.is_none());
        let wish = Wish { reason: self.reason.as_deref(), ticket: self.ticket.as_deref(), page: self.page.as_ref() };
        let start = can_start.then(|| people::start_for(&self.account, &asked.link("/consents"), wish));
        Self { show: Some(people::show_path(asked, &self.account.id)), start, ..self }
    }

    /// Returns its label.
    fn label(&self, frame: &Frame) -> Sentence {
        match &self.used {
            Some((_, at)) if self.state == ConsentState::Used => frame.say("Used {time}").time("time", at),
            _ => frame.say(self.words()),
        }
    }

    fn words(&self) -> &'static str {
        match (self.state, self.kind) {
            (ConsentState::Asked, _) if self.is_ahead => "Agreed ahead",
            (ConsentState::Asked, _) => "Waiting",
            (ConsentState::Given, ConsentKind::Standing) if self.grant.is_some() => "Given by an administrator",
            (ConsentState::Given, ConsentKind::Standing) => "Given ahead",
            (ConsentState::Given, _) if self.used.is_some() => "Agreed, in use",
            (ConsentState::Given, ConsentKind::Requested) => "Agreed",
            (ConsentState::Given, ConsentKind::Code) => "Support code, not used yet",
            (ConsentState::Given, ConsentKind::Attested) => "Recorded by the agent",
            (ConsentState::Refused, _) => "Declined",
            (ConsentState::Withdrawn, _) => "Withdrawn",
            (ConsentState::Lapsed, _) => "Lapsed",
            (ConsentState::Disowned, _) => "Never agreed",
            (ConsentState::Used, _) => "Used",
        }
    }

    /// Returns what is asked for.
    fn wish(&self, frame: &Frame, is_own: &bool) -> Sentence {
        let wish = match is_own {
            true => "{agent} would like to look at your account",
            false => "{agent} would like to look at this account",
        };
        match &self.requested_by {
            Some(agent) => frame.say(wish).name("agent", &agent.name),
            None => frame.say(wish).plain("agent", frame.t("Support")),
        }
    }

    /// Returns where whoever asked, or recorded it, wants to begin, until they have.
    fn begins(&self, frame: &Frame) -> Option<Sentence> {
        let told = "They would begin on the page {page}, and may then look at others.";
        self.page.as_ref().filter(|_| self.used.is_none()).map(|page| frame.say(told).code("page", page))
    }

    /// Returns who is let in, and until when.
    fn until(&self, frame: &Frame) -> Sentence {
        if let Some(grant) = &self.grant {
            return given_until(grant, &self.ends, |english| frame.say(english));
        }
        let until = frame.say("{agent} until {time}").time("time", &self.ends);
        match (self.entered_or_asked(), self.kind) {
            (Some(agent), _) => until.name("agent", &agent.name),
            (None, ConsentKind::Code) => until.plain("agent", frame.t("Whoever you tell the code")),
            (None, _) => until.plain("agent", frame.t("Any support agent")),
        }
    }

    /// Returns the one agent whom it is for, once there is one.
    fn entered_or_asked(&self) -> Option<&Person> {
        self.requested_by.as_ref().or(self.used.as_ref().map(|(by, _)| by))
    }

    /// Returns whether its last day is worth telling: that of one that is over would look like an open door.
    fn is_open(&self) -> bool {
        matches!(self.state, ConsentState::Asked | ConsentState::Given | ConsentState::Lapsed)
    }

    /// Returns who has it, where nobody asked.
    fn nobody_asked(&self, frame: &Frame) -> Sentence {
        if self.kind == ConsentKind::Code {
            return match &self.used {
                Some((agent, _)) => frame.say("{agent}, with a code").name("agent", &agent.name),
                None => frame.say("whoever has the code"),
            };
        }
        let Some(grant) = &self.grant else { return frame.say("nobody: given ahead") };
        let given = match &grant.organisation {
            Some(organisation) => {
                frame.say("nobody: given by {agent} for {organisation}").name("organisation", organisation)
            }
            None => frame.say("nobody: given by {agent}"),
        };
        given.name("agent", &grant.by.name)
    }

    /// Returns whether the customer can say that this was never given.
    fn can_be_disowned(&self) -> bool {
        self.kind == ConsentKind::Attested && self.state != ConsentState::Disowned
    }

    /// Returns the class of its label.
    fn class(&self) -> &'static str {
        match self.state {
            ConsentState::Asked if !self.is_ahead => "warn",
            ConsentState::Asked | ConsentState::Given => "good",
            ConsentState::Refused | ConsentState::Withdrawn | ConsentState::Disowned => "bad",
            ConsentState::Lapsed | ConsentState::Used => "plain",
        }
    }
}

/// Returns how a consent came about, and when.
fn came(asked: &Asked, consent: &Consent, used: Option<&Use>) -> Sentence {
    if let Some(grant) = &consent.grant {
        let given = asked.words.say("{agent} agreed in your place {time}").name("agent", &grant.by.name);
        return given.time("time", &asked.when(consent.asked_at));
    }
    let said = match (&consent.requested_by, consent.kind) {
        (Some(agent), kind) => asked.words.say(came_of(kind)).name("agent", &agent.name),
        (None, ConsentKind::Code) => match used {
            Some(used) => asked.words.say("Support code made {time}, used by {agent}").name("agent", &used.by.name),
            None => asked.words.say("Support code made {time}"),
        },
        (None, _) => asked.words.say("Given ahead {time}"),
    };
    said.time("time", &asked.when(consent.asked_at))
}

fn came_of(kind: ConsentKind) -> &'static str {
    match kind {
        ConsentKind::Attested => "{agent} recorded that you agreed {time}",
        _ => "{agent} asked {time}",
    }
}

/// Lists consents: a customer's own, what an agent asked for, or the latest of all for an administrator.
pub(crate) async fn list(asked: Asked) -> Answer {
    let person = asked.person()?;
    let staff = asked.vicarious().staff(&asked.identity).await?;
    let ledger = asked.vicarious().ledger();
    let mut consents = match staff {
        Staff::No => ledger.consents(Consents::Of(&person.id)).await?,
        Staff::Agent => ledger.consents(Consents::AskedBy(&person.id)).await?,
        Staff::Administrator => ledger.consents(Consents::Latest { limit: LATEST }).await?,
    };
    // What waits for a decision comes first; the order is kept otherwise.
    consents.sort_by_key(|consent| consent.state_at(asked.now) != ConsentState::Asked);
    let (consents, next) = page_of(&asked, consents);
    let mut shown = Vec::new();
    for consent in consents {
        let is_ahead = !asked.json && is_ahead(&asked, &consent).await?;
        let used = used::of(&asked, &consent).await?;
        shown.push(match staff {
            Staff::No => Known {
                consent: who::shown_consent(&asked, consent),
                is_ahead,
                used: used.map(|used| who::shown_use(&asked, used)),
            },
            Staff::Agent | Staff::Administrator => Known { consent, is_ahead, used },
        });
    }
    if asked.json {
        return as_json(&asked, person, staff, &shown, next).await;
    }
    match staff {
        Staff::No => customer(&asked, person, shown, next).await,
        Staff::Agent | Staff::Administrator => {
            let page = StaffConsentsPage {
                frame: Frame::of(&asked, asked.words.text("Consents")).await?,
                items: shown.into_iter().map(|consent| Item::new(&asked, consent).for_staff(&asked, person)).collect(),
                is_administrator: staff == Staff::Administrator,
                next,
                accounts: asked.link("/accounts"),
            };
            html(StatusCode::OK, &page)
        }
    }
}

/// Returns whether a question is open that nobody has to answer: whoever asks is let in by another consent.
async fn is_ahead(asked: &Asked, consent: &Consent) -> Result<bool, Failure> {
    let (Some(agent), ConsentState::Asked) = (&consent.requested_by, consent.state_at(asked.now)) else {
        return Ok(false);
    };
    let Some(account) = asked.vicarious().account(&consent.account.id).await? else { return Ok(false) };
    Ok(matches!(Standing::find(asked.vicarious(), &account, &agent.id).await?, Standing::Agreed(_)))
}

async fn as_json(asked: &Asked, person: &Person, staff: Staff, shown: &[Known], next: Option<String>) -> Answer {
    let consents: Vec<_> = shown.iter().map(|known| known.consent.to_json(known.used.as_ref(), asked.now)).collect();
    let mut body = json!({ "consents": consents, "next": next });
    if let (Staff::No, Some(members)) = (staff, body.as_object_mut()) {
        let since = opted_out(asked, person).await?;
        members.insert("opted_out".to_owned(), json!(since.map(|since| since.to_string())));
        let given = asked.vicarious().consents_given_for(&asked.identity, GIVEN_FOR).await?;
        let given: Vec<_> = given.iter().map(|consent| consent.to_json(None, asked.now)).collect();
        members.insert("given_for".to_owned(), json!(given));
    }
    json(StatusCode::OK, body)
}

async fn customer(asked: &Asked, person: &Person, shown: Vec<Known>, next: Option<String>) -> Answer {
    let items = shown.into_iter().map(|consent| Item::new(asked, consent));
    let (waiting, rest): (Vec<_>, Vec<_>) = items.partition(|item| item.state == ConsentState::Asked);
    let (standing, history) = rest.into_iter().partition(|item| item.state == ConsentState::Given);
    let page = ConsentsPage {
        frame: Frame::of(asked, asked.words.text("Support access")).await?,
        waiting,
        standing,
        history,
        opted_out: opted_out(asked, person).await?.map(|since| asked.when(since)),
        is_own: !asked.identity.is_impersonating(),
        name: person.name.clone(),
        next,
        links: Links {
            consents: asked.link("/consents"),
            opt_out: asked.link("/consents/opt-out"),
            opt_in: asked.link("/consents/opt-in"),
            access_log: asked.link("/access-log"),
            support_code: asked.link("/support-code"),
            people: asked.vicarious().grants(&asked.identity).await?.then(|| asked.link(PEOPLE)),
        },
    };
    html(StatusCode::OK, &page)
}

async fn opted_out(asked: &Asked, person: &Person) -> Result<Option<Timestamp>, Failure> {
    Ok(asked.vicarious().ledger().opted_out(&person.id).await?)
}

fn page_of(asked: &Asked, consents: Vec<Consent>) -> (Vec<Consent>, Option<String>) {
    let page = asked.query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1_usize).max(1);
    let start = (page - 1).saturating_mul(PER_PAGE);
    let more = consents.len() > start.saturating_add(PER_PAGE);
    let next = more.then(|| with_query(&asked.link("/consents"), &[("page", &(page + 1).to_string())]));
    (consents.into_iter().skip(start).take(PER_PAGE).collect(), next)
}

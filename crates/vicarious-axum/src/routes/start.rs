//! Starting: the page that asks, and the request that starts.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use vicarious_core::audit::{Entry, Kind};
use vicarious_core::consent::{Consent, ConsentState};
use vicarious_core::decide::{self, Change, Fresh, StartFacts, StartRequest, Transition, acknowledge, start_refused};
use vicarious_core::ports::{ApplyError, Consents, Running, Unavailable};
use vicarious_core::{AccountId, Impersonation, ImpersonationId, Refusal, SitePath, Timestamp};

use super::{Fields, as_json, no_store, see_other};
use crate::back;
use crate::codes::{self, Given};
use crate::cookies;
use crate::engine::{Engine, Outage};
use crate::guesses::Guess;
use crate::host::{Known, Search, Staff};
use crate::impersonated::check_tag;
use crate::incoming::Incoming;
use crate::keys::Handle;
use crate::presented::HandleIn;
use crate::resolve::{Resolution, SignedIn, Standing};
use crate::{record, refusals};

mod put_out;
mod shown;

use shown::show;

/// How often a start is decided afresh when the state changed under it.
const TRIES: usize = 3;
/// How many accounts are looked through for the one with an address: names may contain it too.
const NAMESAKES: u32 = 20;

/// What the start page and the start itself were asked for.
struct Asked {
    account: Option<AccountId>,
    support_code: Option<String>,
    reason: String,
    ticket: Option<String>,
    go_to: SitePath,
    return_to: SitePath,
    instead_of: Option<ImpersonationId>,
}

impl Asked {
    fn of(fields: &Fields, account: &str, return_to: SitePath) -> Self {
        let path = |name| fields.get(name).map(SitePath::new);
        Self {
            account: fields.get(account).map(AccountId::from),
            // Never from a link, where it would be kept in histories and logs.
            support_code: None,
            reason: fields.get("reason").unwrap_or_default().to_owned(),
            ticket: fields.get("ticket").map(str::to_owned),
            go_to: path("go_to").unwrap_or_default(),
            return_to: path("return_to").unwrap_or(return_to),
            instead_of: fields.get("instead_of").map(ImpersonationId::from),
        }
    }

    /// Fills in, where nothing is said yet, what the agent asked the customer for.
    fn fill_in(&mut self, before: &Consent) {
        if self.reason.is_empty() && self.ticket.is_none() {
            self.reason = before.reason.clone().unwrap_or_default();
            self.ticket.clone_from(&before.ticket);
        }
        if let Some(page) = before.page.as_ref().filter(|_| self.go_to == SitePath::root()) {
            self.go_to = page.clone();
        }
    }
}

/// Everything known about a wish to impersonate, gathered before it is decided.
struct Gathered {
    target: Option<Known>,
    code: Option<Given>,
    allowed: bool,
    running: Option<Impersonation>,
    open: Option<Impersonation>,
    consents: Vec<Consent>,
    opted_out: bool,
    running_of_true_user: usize,
    paused: Option<decide::Pause>,
}

/// Serves the start page: filled in from its link, changing nothing.
pub(crate) async fn page(engine: &Engine, incoming: &Incoming, resolution: &Resolution) -> Response {
    let headers = &incoming.parts.headers;
    let Some(signed_in) = &resolution.signed_in else {
        return match &engine.sign_in_page {
            Some(page) if !as_json(headers) => see_other(&sign_in_first(page, &incoming.path_and_query())),
            _ => refusals::of_refusal(&Refusal::NotSignedIn).respond(headers),
        };
    };
    let fields = Fields::of_query(incoming.parts.uri.query());
    // Whoever came by way of signing in goes back to the first page, not to sign in once more.
    let came_from = Some(back::path(headers, &engine.own_origins)).filter(|page| !engine.signs_in_at(page.as_str()));
    let mut asked = Asked::of(&fields, "account", came_from.unwrap_or_else(SitePath::root));
    let email = fields.get("email").filter(|_| asked.account.is_none());
    if let Some(email) = email {
        asked.account = match by_email(engine, signed_in, email).await {
            Ok(account) => account,
            Err(outage) => return unavailable(headers, &outage),
        };
    }
    let gathered = match gather(engine, resolution, signed_in, &asked, None).await {
        Ok(gathered) => gathered,
        Err(outage) => return unavailable(headers, &outage),
    };
    // Without an account it is the page to enter a support code on.
    let by_code = asked.account.is_none() && email.is_none() && engine.host.staff(&signed_in.user) > Staff::No;
    if gathered.permitted(signed_in).is_none() && !by_code {
        return refusals::of_refusal(&Refusal::NoSuchAccount).respond(headers);
    }
    if let Some(before) = gathered.asked_before(signed_in, engine.now()) {
        asked.fill_in(before);
    }
    show(engine, headers, signed_in, &asked, &gathered, StatusCode::OK, None).await
}

/// Returns whose address it is, of those whom this true user may act as: a help desk often knows nothing else.
async fn by_email(engine: &Engine, signed_in: &SignedIn, email: &str) -> Result<Option<AccountId>, Outage> {
    if engine.host.staff(&signed_in.user) == Staff::No {
        return Ok(None);
    }
    // A `+` that was not encoded arrives as a space, which no address has.
    let email = &email.replace(' ', "+");
    let search = Search { q: email.clone(), organisation: None, page: 1, per_page: NAMESAKES };
    let found = engine.host.search(&signed_in.user, &search).await?;
    let has_it = |known: &Known| known.account.person.email.eq_ignore_ascii_case(email);
    Ok(found.accounts.into_iter().find(has_it).map(|known| known.account.id().clone()))
}

/// Returns the sign-in page that leads back to a path.
fn sign_in_first(page: &str, path: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    format!("{page}{encoded}")
}

/// Starts an impersonation, or says what is missing.
pub(crate) async fn start(engine: &Arc<Engine>, mut incoming: Incoming, resolution: Resolution) -> Response {
    let headers = incoming.parts.headers.clone();
    match &resolution.standing {
        Standing::Pair { row, .. } => {
            if let Err(refused) = check_tag(row, &incoming) {
                return refusals::refuse(engine, row, &incoming, refused).await;
            }
        }
        Standing::Own if !incoming.tags().is_empty() => {
            return refusals::mismatch(engine, &incoming, &resolution).await;
        }
        Standing::Own | Standing::Dead(_) => {}
    }
    let fields = match Fields::read(&mut incoming).await {
        Ok(fields) => fields,
        Err(response) => return response,
    };
    let Some(signed_in) = &resolution.signed_in else {
        return refusals::of_refusal(&Refusal::NotSignedIn).respond(&headers);
    };
    let support_code = fields.get("support_code").filter(|code| !code.trim().is_empty()).map(str::to_owned);
    let asked = Asked { support_code, ..Asked::of(&fields, "account_id", SitePath::root()) };
    // Until its refusal is on record.
    let guess = asked.support_code.as_ref().map(|_| engine.guesses.begin(signed_in.user.account.id()));
    match attempt(engine, &incoming, &resolution, signed_in, &asked, guess.as_ref()).await {
        Ok(Attempt::Started(handle, row, go_to)) => started(engine, &headers, &go_to, &handle, &row),
        Ok(Attempt::Refused(refusal, gathered)) => {
            refused(engine, &incoming, signed_in, &asked, &gathered, refusal).await
        }
        Err(outage) => unavailable(&headers, &outage),
    }
}

enum Attempt {
    /// With the page to begin on.
    Started(Handle, Box<Impersonation>, SitePath),
    Refused(Refusal, Box<Gathered>),
}

async fn attempt(
    engine: &Engine,
    incoming: &Incoming,
    resolution: &Resolution,
    signed_in: &SignedIn,
    asked: &Asked,
    guess: Option<&Guess<'_>>,
) -> Result<Attempt, Outage> {
    if let Some(guess) = guess
        && codes::too_many_wrong(engine, guess).await?
    {
        // The code is not even looked up, so that nothing tells whether it is one.
        let gathered = gather(engine, resolution, signed_in, asked, None).await?;
        return Ok(Attempt::Refused(Refusal::TooManyGuesses, Box::new(gathered)));
    }
    let request = StartRequest {
        reason: asked.reason.clone(),
        ticket: asked.ticket.clone(),
        return_to: asked.return_to.clone(),
        instead_of: asked.instead_of.clone(),
    };
    let mut tries = 0;
    loop {
        tries += 1;
        let gathered = gather(engine, resolution, signed_in, asked, asked.support_code.as_deref()).await?;
        let handle = Handle::random();
        let id = ImpersonationId::new(uuid::Uuid::now_v7().to_string());
        let fresh = Fresh { id, handle: handle.hash() };
        let now = engine.now();
        let facts = gathered.facts(engine, signed_in);
        let decided = decide::start(&request, &facts, fresh, &engine.terms, now);
        let mut transitions = match decided {
            // Whoever gives a code means it, also where another consent would do.
            Ok(_) | Err(Refusal::ConsentRequired { .. }) if gathered.code == Some(Given::Wrong) => {
                return Ok(Attempt::Refused(codes::wrong(), Box::new(gathered)));
            }
            Ok(transitions) => transitions,
            Err(refusal) => return Ok(Attempt::Refused(refusal, Box::new(gathered))),
        };
        // Starting again acknowledges what had ended.
        transitions.extend(gathered.open.as_ref().and_then(|open| acknowledge(open, now)));
        let row = transitions.iter().find_map(|transition| match transition.change() {
            Change::Start { impersonation, .. } => Some(impersonation.clone()),
            _ => None,
        });
        let stamped = transitions.into_iter().map(|transition| stamp(engine, incoming, transition));
        match (engine.apply(stamped.collect()).await, row) {
            (Ok(()), Some(row)) => return Ok(Attempt::Started(handle, row, gathered.go_to(asked))),
            (Err(ApplyError::Unavailable(outage)), _) => return Err(outage.into()),
            (Err(ApplyError::Conflict), _) if tries < TRIES => {}
            (Ok(()), None) | (Err(ApplyError::Conflict), _) => {
                let running_as = gathered.target.as_ref().map(|target| target.account.person.clone());
                let refusal = running_as
                    .map_or(Refusal::NoSuchAccount, |running_as| Refusal::AlreadyImpersonating { running_as });
                return Ok(Attempt::Refused(refusal, Box::new(gathered)));
            }
        }
    }
}

async fn gather(
    engine: &Engine,
    resolution: &Resolution,
    signed_in: &SignedIn,
    asked: &Asked,
    code: Option<&str>,
) -> Result<Gathered, Outage> {
    let true_user = signed_in.user.account.id();
    let code = match code {
        Some(code) => Some(codes::look_up(engine, code).await?),
        None => None,
    };
    let code = code.map(|code| match code {
        // The code of somebody else.
        Given::Redeems(consent) if asked.account.as_ref().is_some_and(|id| *id != consent.account.id) => Given::Wrong,
        code => code,
    });
    let whose = code.as_ref().and_then(Given::consent).map(|consent| &consent.account.id);
    let target = match asked.account.as_ref().or(whose) {
        Some(account) => engine.known(account).await?,
        None => None,
    };
    let allowed = target.as_ref().is_some_and(|target| engine.host.may(&signed_in.user, target));
    let running = match &resolution.standing {
        Standing::Pair { row, .. } => engine.fresh_row(&row.handle).await?.filter(|row| row.end.is_none()),
        Standing::Own | Standing::Dead(_) => None,
    };
    let of_sign_in = || engine.ledger.running(Running::SignIn(&signed_in.key));
    let running = match running {
        Some(running) => Some(running),
        None => of_sign_in().await?.into_iter().next(),
    };
    let (consents, opted_out) = match &target {
        Some(target) if allowed => {
            let account = target.account.id();
            let between = Consents::Between { account, agent: true_user };
            (engine.ledger.consents(between).await?, engine.ledger.opted_out(account).await?.is_some())
        }
        _ => (Vec::new(), false),
    };
    Ok(Gathered {
        target,
        code,
        allowed,
        open: engine.ledger.open_of(&signed_in.key).await?.filter(|open| open.end.is_some()),
        running,
        consents,
        opted_out,
        running_of_true_user: engine.ledger.running(Running::By(true_user)).await?.len(),
        paused: engine.ledger.paused().await?,
    })
}

impl Gathered {
    fn facts<'a>(&'a self, engine: &Engine, signed_in: &'a SignedIn) -> StartFacts<'a> {
        let recent = |limit| engine.now().duration_since(signed_in.sign_in.since) <= limit;
        StartFacts {
            true_user: Some((&signed_in.user.account, &signed_in.key)),
            running: self.running.as_ref(),
            target: self.target.as_ref().map(|target| &*target.account),
            allowed: self.allowed,
            fresh_sign_in: engine.fresh_sign_in.is_none_or(recent),
            consents: &self.consents,
            redeemed: self.code.as_ref().and_then(Given::consent).map(|consent| &consent.id),
            opted_out: self.opted_out,
            running_of_true_user: self.running_of_true_user,
            paused: self.paused.as_ref(),
        }
    }

    /// Returns the page to begin on: the one asked for, or the one that the customer wants help with.
    fn go_to(&self, asked: &Asked) -> SitePath {
        let coded = self.code.as_ref().and_then(Given::consent).and_then(|consent| consent.page.as_ref());
        match coded {
            Some(page) if asked.go_to == SitePath::root() => page.clone(),
            _ => asked.go_to.clone(),
        }
    }

    /// Returns what this true user has asked the customer for, and still waits for or may begin on; the latest.
    fn asked_before(&self, signed_in: &SignedIn, now: Timestamp) -> Option<&Consent> {
        let agent = signed_in.user.account.id();
        let (account, running) = (&self.permitted(signed_in)?.account, self.running.as_ref());
        let counts = |consent: &&Consent| {
            consent.state_at(now) == ConsentState::Asked || consent.covers(agent, running, None, now)
        };
        let by_them = |consent: &&Consent| consent.requested_by.as_ref().is_some_and(|by| by.id == *agent);
        self.consents.iter().filter(|consent| consent.is_for(account)).filter(by_them).find(counts)
    }

    /// Returns the account asked for, if this true user may act as it.
    fn permitted(&self, signed_in: &SignedIn) -> Option<&Known> {
        let target = self.target.as_ref().filter(|_| self.allowed && signed_in.user.account.active)?;
        (target.account.active && target.account.id() != signed_in.user.account.id()).then_some(target)
    }
}

fn stamp(engine: &Engine, incoming: &Incoming, transition: Transition) -> Transition {
    transition.on(|entry| record::stamp(engine, &incoming.parts, entry))
}

fn started(engine: &Engine, headers: &HeaderMap, go_to: &SitePath, handle: &Handle, row: &Impersonation) -> Response {
    let sealed = cookies::sealed(engine, handle, row.ends_at);
    let (impersonation, location) = (row.to_json(engine.now()), go_to.as_str());
    let created = |body| no_store((StatusCode::CREATED, Json(body)).into_response());
    if engine.handle_in == HandleIn::Header {
        // The only place where it is told, whatever the client asked for.
        return created(json!({ "impersonation": impersonation, "location": location, "handle": sealed }));
    }
    let mut response = if as_json(headers) {
        created(json!({ "impersonation": impersonation, "location": location }))
    } else {
        see_other(location)
    };
    cookies::add(response.headers_mut(), cookies::hand_out(engine, &sealed));
    response
}

async fn refused(
    engine: &Engine,
    incoming: &Incoming,
    signed_in: &SignedIn,
    asked: &Asked,
    gathered: &Gathered,
    refusal: Refusal,
) -> Response {
    let headers = &incoming.parts.headers;
    let is_staff = engine.host.staff(&signed_in.user) > Staff::No;
    let refusal = match refusal {
        // Only those who may start at all are told what a start needs. A code of somebody whom this agent may not help is
        // as wrong as any other.
        Refusal::NoSuchAccount if asked.account.is_none() && asked.support_code.is_some() && is_staff => codes::wrong(),
        Refusal::NoSuchAccount if asked.account.is_none() && is_staff => {
            Refusal::Invalid { field: "account_id", problem: "is missing: say whom to impersonate" }
        }
        // Everybody else is told nothing.
        Refusal::TooManyGuesses if !is_staff && gathered.permitted(signed_in).is_none() => Refusal::NoSuchAccount,
        other => other,
    };
    let (true_user, asked_for) = (&signed_in.user.account, asked_for(engine, asked, gathered));
    let target = gathered.permitted(signed_in).map(|target| &*target.account);
    let recorded = start_refused(true_user, &asked_for, target, &refusal, engine.now());
    let problem = refusals::of_refusal(&refusal);
    let recorded = stamp(engine, incoming, recorded).on(|entry| {
        let said = [Some(asked.reason.as_str()), asked.ticket.as_deref()];
        let [reason, ticket] =
            said.map(|text| text.filter(|text| !text.is_empty()).map(|text| engine.redactor.text(text)));
        (entry.reason, entry.ticket) = (reason, ticket);
        // Whatever else was missing: what is said of it must not tell a right code from a wrong one for nothing.
        if gathered.code == Some(Given::Wrong) || (gathered.code.is_some() && gathered.permitted(signed_in).is_none()) {
            codes::note_wrong(entry);
        }
        if let Some(request) = entry.request.as_mut() {
            request.status = Some(problem.status.as_u16());
        }
    });
    if let Err(error) = engine.apply(vec![recorded]).await {
        tracing::error!(?error, "a refused start could not be recorded");
        return refusals::unavailable(headers);
    }
    match refusal {
        Refusal::Invalid { .. } | Refusal::ConsentRequired { .. } | Refusal::AlreadyImpersonating { .. }
            if (target.is_some() || (is_staff && asked.account.is_none())) && !as_json(headers) =>
        {
            show(engine, headers, signed_in, asked, gathered, problem.status, Some(&refusal)).await
        }
        _ => problem.respond(headers),
    }
}

/// Returns what was asked for as it may be recorded: the id of an account that exists, or the text less what is
/// secret or deceptive in it.
fn asked_for(engine: &Engine, asked: &Asked, gathered: &Gathered) -> String {
    match (&gathered.target, &asked.account) {
        (Some(target), _) => target.account.id().to_string(),
        (None, Some(text)) => engine.redactor.text(text.as_str()),
        (None, None) => String::new(),
    }
}

/// Records a start that another site tried to cause.
pub(crate) async fn record_cross_site(
    engine: &Engine,
    incoming: &Incoming,
    signed_in: &SignedIn,
) -> Result<(), Unavailable> {
    let mut entry = Entry::bare(Kind::StartRefused, engine.now()).with("refusal", "the request came from another site");
    entry.true_user = Some(signed_in.user.account.person.clone());
    record::stamp(engine, &incoming.parts, &mut entry);
    engine.ledger.append(entry).await
}

fn unavailable(headers: &HeaderMap, outage: &Outage) -> Response {
    tracing::error!(error = ?outage, "a start cannot be decided");
    refusals::unavailable(headers)
}

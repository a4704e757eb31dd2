//! A request made as somebody else: judged, recorded, run, marked.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_ENCODING, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE, UPGRADE,
};
use http::{HeaderMap, Method};
use serde_json::Value;
use tower::Service;
use vicarious_core::ports::Unavailable;
use vicarious_core::rules::Verdict;
use vicarious_core::{Entry, Impersonation, Mode, Rule};

use crate::admit::{Leave, admit};
use crate::back;
use crate::blank;
use crate::confirm::{self, Held, Subject};
use crate::connect;
use crate::cut;
use crate::engine::{Engine, InFlight};
use crate::extract::Acting;
use crate::incoming::Incoming;
use crate::inner::Inner;
use crate::input::{self, Kind};
use crate::mark::{self, Asked};
use crate::reading::{self, Read};
use crate::record::{self, About};
use crate::refusals::{self, Refused};
use crate::resolve::{Resolution, Standing};

/// Serves a request of a live impersonation.
pub(crate) async fn serve<S>(
    engine: &Arc<Engine>,
    inner: Inner<S>,
    mut incoming: Incoming,
    resolution: Resolution,
) -> Response
where
    S: Service<Request, Error = Infallible> + Send,
    S::Response: IntoResponse,
    S::Future: Send,
{
    let Standing::Pair { row, .. } = &resolution.standing else {
        return refusals::unavailable(&incoming.parts.headers);
    };
    let mut row = Arc::clone(row);
    // What a page does not need is boxed: the future of every request is as large as all that it may await.
    let judged = if incoming.is_safe() {
        judge_safe(engine, &incoming)
    } else {
        Box::pin(judge(engine, &mut row, &mut incoming)).await
    };
    let rule = match judged {
        Ok(rule) => rule,
        Err(refused) => return Box::pin(refusals::refuse(engine, &row, &incoming, refused)).await,
    };
    let parameters = match incoming.kind {
        Kind::Other => None,
        _ => Box::pin(parameters(engine, &mut incoming)).await,
    };
    let intent = record::intent(engine, &row, &incoming.parts, parameters);
    let admitted = Admitted { engine, inner, incoming, resolution, row, intent };
    if admitted.only_reads(rule) { admitted.read().await } else { Box::pin(admitted.act()).await }
}

/// A request that nothing stands against, as far as the rules are concerned.
struct Admitted<'a, S> {
    engine: &'a Arc<Engine>,
    inner: Inner<S>,
    incoming: Incoming,
    resolution: Resolution,
    row: Arc<Impersonation>,
    intent: Entry,
}

impl<S> Admitted<'_, S>
where
    S: Service<Request, Error = Infallible> + Send,
    S::Response: IntoResponse,
    S::Future: Send,
{
    /// Returns whether it is enough that this is on record before its answer leaves: it asks for a page, the rules know
    /// nothing else of it, and it becomes no connection that goes on by itself.
    fn only_reads(&self, rule: Rule) -> bool {
        let parts = &self.incoming.parts;
        rule == Rule::Read && matches!(parts.method, Method::GET | Method::HEAD) && !parts.headers.contains_key(UPGRADE)
    }

    /// Runs what only reads, and lets the answer leave once it is on record.
    async fn read(self) -> Response {
        let Self { engine, inner, mut incoming, resolution, row, intent } = self;
        let asked = Asked::of(&incoming.parts).admitted_at(intent.at);
        let lasting = engine.lasting(&row);
        let about = About::of(&row, &intent);
        drop_what_would_hide_the_banner(&mut incoming.parts.headers);
        // Boxed, so that whatever awaits it is small.
        let handler = Box::pin(inner.run_dressed(engine, incoming.into_request(), Acting::of(&resolution)));
        let marked = async {
            let response = blank::filled(&asked, &row.current_user, handler.await).await;
            lasting.mark(engine, &asked, response)
        };
        match reading::run(engine, &row, about, intent, marked).await {
            Ok(Read::Recorded(response)) => cut::answer(engine, &row, response),
            Ok(Read::Over(cause)) => match Box::pin(refusals::over(engine, &asked.headers, &row, cause)).await {
                Ok(dead) => refusals::gone(engine, &asked.headers, &resolution, &dead, &[]),
                Err(outage) => outage,
            },
            Err(outage) => {
                let answer = refusals::outage(&asked.headers, &outage);
                lasting.mark(engine, &asked.refused(), answer)
            }
        }
    }

    /// Runs anything else once it is on record.
    async fn act(self) -> Response {
        let Self { engine, inner, mut incoming, resolution, row, intent } = self;
        // Counted before it is admitted, so that a stop that comes in between waits for it.
        let _running = (!incoming.is_safe()).then(|| InFlight::enter(engine, &row.id));
        let (asked, at) = (Asked::of(&incoming.parts), intent.at);
        // INVARIANT: I3: nothing runs before its intent is durable; the ledger refuses it when the impersonation is over.
        let outcome = match admit(engine, intent).await {
            Ok(Leave::Given(outcome)) => outcome,
            Ok(Leave::Over(cause)) if engine.paths.is_channels(&incoming.parts) => {
                return connect::over(engine, inner, incoming, Arc::unwrap_or_clone(row), cause).await;
            }
            Ok(Leave::Over(cause)) => {
                return match refusals::over(engine, &asked.headers, &row, cause).await {
                    Ok(dead) => refusals::dead(engine, &incoming, &resolution, &dead),
                    Err(outage) => outage,
                };
            }
            Err(outage) => {
                return mark::answer(engine, &row, &asked, refusals::outage(&incoming.parts.headers, &outage));
            }
        };
        drop_what_would_hide_the_banner(&mut incoming.parts.headers);
        if !engine.paths.is_channels(&incoming.parts) {
            cut::upgrade(engine, &row, &mut incoming.parts);
        }
        let response = inner.run_dressed(engine, incoming.into_request(), Acting::of(&resolution)).await;
        let asked = asked.admitted_at(at);
        let response = blank::filled(&asked, &row.current_user, response).await;
        let response = mark::answer(engine, &row, &asked, response);
        outcome.is(response.status());
        cut::answer(engine, &row, response)
    }
}

/// Judges a safe request, and returns the rule that it passed.
fn judge_safe(engine: &Engine, incoming: &Incoming) -> Result<Rule, Refused> {
    let verdict = verdict(engine, incoming);
    if verdict.rule == Rule::Never { Err(Refused::never(&verdict)) } else { Ok(verdict.rule) }
}

/// Judges an unsafe request: cross-site, identity tag, rule, mode, confirmation. A held request takes its place first.
/// Returns the rule that it passed.
async fn judge(engine: &Engine, row: &mut Arc<Impersonation>, incoming: &mut Incoming) -> Result<Rule, Refused> {
    if engine.is_cross_site(&incoming.parts.headers) {
        return Err(Refused::CrossSite);
    }
    check_tag(row, incoming)?;
    let confirmation = unwrap_held(engine, row, incoming)?;
    let verdict = verdict(engine, incoming);
    if !verdict.classified {
        engine.met.note(incoming.parts.method.as_str(), record::route(&incoming.parts));
    }
    match verdict.rule {
        Rule::Never => return Err(Refused::never(&verdict)),
        Rule::Read | Rule::ByHandler => return Ok(verdict.rule),
        Rule::Write | Rule::Confirm => {}
    }
    if let Some(fresh) = engine.fresh_row(&row.handle).await? {
        *row = Arc::new(fresh);
    }
    let rule = verdict.rule;
    let phrase = verdict.phrase.map(str::to_owned);
    if row.mode_at(engine.now()) == Mode::Read {
        let held = hold(engine, row, incoming).await?;
        return Err(Refused::ReadOnly { held });
    }
    if rule == Rule::Confirm {
        confirmed(engine, row, incoming, phrase, confirmation).await?;
    }
    Ok(rule)
}

fn verdict<'a>(engine: &'a Engine, incoming: &Incoming) -> Verdict<'a> {
    engine.rules.verdict(incoming.parts.method.as_str(), record::route(&incoming.parts))
}

/// Refuses a request whose tag names another identity, and a form that has none.
pub(crate) fn check_tag(row: &Impersonation, incoming: &Incoming) -> Result<(), Refused> {
    let tags = incoming.tags();
    let own = row.tag();
    if tags.iter().any(|tag| *tag != own) || (tags.is_empty() && incoming.kind.is_form()) {
        return Err(Refused::Mismatch);
    }
    Ok(())
}

/// Puts a request that a page of ours held in the place of the one that brings it back; returns its confirmation.
fn unwrap_held(engine: &Engine, row: &Impersonation, incoming: &mut Incoming) -> Result<Option<String>, Refused> {
    let header = incoming.parts.headers.get("confirmation").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let confirmation = incoming.field("_confirmation").map(str::to_owned).or(header);
    let Some(sealed) = incoming.field("_held") else { return Ok(confirmation) };
    let held = Held::open(engine, row, sealed).filter(|held| held.path == incoming.path_and_query());
    // The router has chosen its handler by the method already, so the two must agree.
    let held = held.filter(|held| held.method == incoming.parts.method.as_str()).ok_or(Refused::Mismatch)?;
    incoming.replace(held.content_type.as_deref(), held.body);
    Ok(confirmation)
}

/// Holds a request so that a page can bring it back; none when it is too large for that.
async fn hold(engine: &Engine, row: &Impersonation, incoming: &mut Incoming) -> Result<Option<Box<Held>>, Refused> {
    let Some(body) = incoming.whole(input::HELD_AT_MOST).await.map_err(|_| Refused::Unreadable)? else {
        return Ok(None);
    };
    let headers = &incoming.parts.headers;
    let text = |name: http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let held = Held {
        impersonation: row.id.as_str().to_owned(),
        method: incoming.parts.method.as_str().to_owned(),
        path: incoming.path_and_query(),
        route: record::route(&incoming.parts).map(str::to_owned),
        content_type: text(http::header::CONTENT_TYPE),
        back: back::path(headers, &engine.own_origins).as_str().to_owned(),
        body: body.to_vec(),
    };
    Ok(Some(Box::new(held)))
}

async fn confirmed(
    engine: &Engine,
    row: &Impersonation,
    incoming: &mut Incoming,
    phrase: Option<String>,
    confirmation: Option<String>,
) -> Result<(), Refused> {
    let Some(held) = hold(engine, row, incoming).await? else { return Err(Refused::TooLarge) };
    let subject = Subject { row, method: &held.method, path: &held.path, body: &held.body };
    if let Some(sealed) = confirmation
        && confirm::redeem(engine, &sealed, &subject).await?
    {
        return Ok(());
    }
    let confirmation = confirm::mint(engine, &subject);
    Err(Refused::Confirm { phrase: phrase.unwrap_or_else(|| "do this".to_owned()), confirmation, held })
}

/// Returns what may be recorded of a request's body.
async fn parameters(engine: &Engine, incoming: &mut Incoming) -> Option<Value> {
    match incoming.kind {
        Kind::Form => incoming.form.as_ref().map(|form| record::form_parameters(engine, form)),
        Kind::Json if !incoming.is_safe() => match incoming.whole(input::JSON_AT_MOST).await {
            Ok(Some(body)) => record::json_parameters(engine, &body),
            Ok(None) => Some("too large to be recorded".into()),
            Err(_) => Some("could not be read".into()),
        },
        Kind::Multipart => Some("multipart, not recorded".into()),
        Kind::Json | Kind::Other => None,
    }
}

/// An answer that is compressed, partial or not modified could not carry a banner.
fn drop_what_would_hide_the_banner(headers: &mut HeaderMap) {
    for name in [ACCEPT_ENCODING, IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_RANGE, RANGE] {
        headers.remove(name);
    }
}

impl From<Unavailable> for Refused {
    fn from(outage: Unavailable) -> Self {
        Self::Outage(outage)
    }
}

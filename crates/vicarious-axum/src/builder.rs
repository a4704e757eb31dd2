//! Putting the pieces together.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use vicarious_core::decide::Terms;
use vicarious_core::ports::Ledger;
use vicarious_core::redact::Redactor;
use vicarious_core::{Rules, Words};

use crate::Vicarious;
use crate::alarm::Alarm;
use crate::ends::{Clock, Ends};
use crate::engine::{Cached, Engine, InFlight};
use crate::events::Events;
use crate::guesses::Guesses;
use crate::host::{Erased, Host, Pairing, Staff, Staffing};
use crate::keys::KeyRing;
use crate::languages::Languages;
use crate::met::Met;
use crate::mounted::Mounted;
use crate::online::Online;
use crate::paths::{HostRoute, Paths};
use crate::presented::HandleIn;
use crate::spent::Tickets;
use crate::sweep;

/// The longest impersonation that may be set.
const LONGEST: SignedDuration = SignedDuration::from_hours(8);

/// Collects what an application decides about impersonation; see [`Vicarious::builder`].
#[must_use = "nothing happens before `build`"]
pub struct Builder<H: Host> {
    host: H,
    who_may_whom: Option<Pairing<H::User>>,
    who_grants_for: Option<Pairing<H::User>>,
    staff: Option<Staffing<H::User>>,
    ledger: Option<Arc<dyn Ledger>>,
    keys: Option<KeyRing>,
    rules: Rules,
    terms: Terms,
    private: Vec<String>,
    paths: Paths,
    misspelled: Vec<String>,
    handle_in: HandleIn,
    secure_cookies: bool,
    own_origins: Vec<String>,
    sign_in_page: Option<String>,
    script: Option<String>,
    reasons: Vec<String>,
    languages: Languages,
    fresh_sign_in: Option<SignedDuration>,
    cache_for: SignedDuration,
    tickets_last: SignedDuration,
    clock: Clock,
}

/// A mistake in how the pieces were put together, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(String);

impl<H: Host> Builder<H> {
    pub(crate) fn new(host: H) -> Self {
        Self {
            host,
            who_may_whom: None,
            who_grants_for: None,
            staff: None,
            ledger: None,
            keys: None,
            rules: Rules::new(),
            terms: Terms::default(),
            private: Vec::new(),
            paths: Paths::default(),
            misspelled: Vec::new(),
            handle_in: HandleIn::Cookie,
            secure_cookies: true,
            own_origins: Vec::new(),
            sign_in_page: None,
            script: None,
            reasons: Vec::new(),
            languages: Languages::new([]),
            fresh_sign_in: None,
            cache_for: SignedDuration::from_secs(2),
            tickets_last: SignedDuration::from_mins(1),
            clock: Arc::new(Timestamp::now),
        }
    }

    /// Sets where state and audit log are kept.
    pub fn ledger(self, ledger: impl Ledger) -> Self {
        self.shared_ledger(Arc::new(ledger))
    }

    /// Sets where state and audit log are kept, shared with other parts of the application.
    pub fn shared_ledger(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// Sets the keys that seal the handle.
    pub fn keys(mut self, keys: KeyRing) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Sets who may act as whom; asked on every request. Without it: nobody.
    pub fn who_may_whom(mut self, may: impl Fn(&H::User, &H::User) -> bool + Send + Sync + 'static) -> Self {
        self.who_may_whom = Some(Box::new(may));
        self
    }

    /// Sets who may give consent in whose place: an administrator of an organisation for its people. Asked at every use.
    /// Without it: nobody.
    ///
    /// Nobody gives any who is staff, for staff, or for somebody whose account they may use themselves, whatever it says.
    pub fn who_grants_for(mut self, may: impl Fn(&H::User, &H::User) -> bool + Send + Sync + 'static) -> Self {
        self.who_grants_for = Some(Box::new(may));
        self
    }

    /// Sets who may see what of the console. Without it: nobody sees anything.
    pub fn staff(mut self, staff: impl Fn(&H::User) -> Staff + Send + Sync + 'static) -> Self {
        self.staff = Some(Box::new(staff));
        self
    }

    /// Sets what an impersonation may do where.
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Sets how long things last and whether consent is needed.
    pub fn terms(mut self, terms: Terms) -> Self {
        self.terms = terms;
        self
    }

    /// Names the route that signs people in, for example `"POST /session"` or `"GET /auth/{provider}/callback"`.
    pub fn sign_in(mut self, route: &str) -> Self {
        match HostRoute::parse(route) {
            Some(route) => self.paths.sign_in.push(route),
            None => self.misspelled.push(route.to_owned()),
        }
        self
    }

    /// Names the route that signs people out, for example `"DELETE /session"`: while impersonating it stops.
    pub fn sign_out(mut self, route: &str) -> Self {
        match HostRoute::parse(route) {
            Some(route) => self.paths.sign_out.push(route),
            None => self.misspelled.push(route.to_owned()),
        }
        self
    }

    /// Names a path, and everything below it, that needs no identity and is never refused: health checks.
    pub fn open(mut self, path: &str) -> Self {
        self.paths.open.push(path.to_owned());
        self
    }

    /// Names a path, and everything below it, that serves assets: never refused, never recorded.
    pub fn assets(mut self, path: &str) -> Self {
        self.paths.assets.push(path.to_owned());
        self
    }

    /// Names the path of the socket, for example `"/cable"`: its upgrade is not answered by a page when the
    /// impersonation has ended, but runs as nobody; [`Connecting`](crate::Connecting) says why.
    pub fn channels(mut self, path: &str) -> Self {
        self.paths.channels.push(path.to_owned());
        self
    }

    /// Sets whether cookies are `__Host-` and `Secure`; the default. Only for plain HTTP on loopback is it off.
    pub fn secure_cookies(mut self, secure: bool) -> Self {
        self.secure_cookies = secure;
        self
    }

    /// Takes the handle from the header `Impersonation-Handle` instead of a cookie, for clients whose sign-in is a header
    /// too, such as a bearer token. The JSON that answers a start has it as `handle`; no cookie is set or read.
    ///
    /// # Security
    ///
    /// The client keeps the handle where its scripts can read it, as it does the token. Alone it is worth nothing: it is
    /// bound to the sign-in that started the impersonation. Never put it into an address.
    pub fn handle_in_header(mut self) -> Self {
        self.handle_in = HandleIn::Header;
        self
    }

    /// Names an origin that this application is reached at, for example `https://shop.example`.
    ///
    /// Without any, a request's `Host` is believed.
    pub fn origin(mut self, origin: &str) -> Self {
        self.own_origins.push(origin.trim_end_matches('/').to_owned());
        self
    }

    /// Names the page to sign in at, so that a link from a ticket leads on once its agent has signed in. The path to
    /// come back to is appended, percent-encoded: `"/session/new?then="`.
    pub fn sign_in_page(mut self, page: &str) -> Self {
        self.sign_in_page = Some(page.to_owned());
        self
    }

    /// Loads a script of the application on the start page, so that the answer of a customer who was asked can show there
    /// at once. Its tag has `data-whose`, `data-whose-id` and `data-staff`; what may be replaced by its counterpart of a
    /// newer copy of the page has `data-live`.
    pub fn script(mut self, path: &str) -> Self {
        self.script = Some(path.to_owned());
        self
    }

    /// Offers a reason on the start page.
    pub fn reason(mut self, reason: &str) -> Self {
        self.reasons.push(reason.to_owned());
        self
    }

    /// Sets what people read on our pages and in the banner, the same for everybody; default English.
    pub fn words(self, words: Words) -> Self {
        self.words_by_language([words])
    }

    /// Sets what people read in several languages. The request's `Accept-Language` chooses; the first is for everybody
    /// whom none suits.
    pub fn words_by_language(mut self, words: impl IntoIterator<Item = Words>) -> Self {
        self.languages = Languages::new(words);
        self
    }

    /// Requires that the true user signed in no longer ago than this to start.
    pub fn fresh_sign_in(mut self, within: Duration) -> Self {
        self.fresh_sign_in = Some(signed(within));
        self
    }

    /// Records a digest instead of the value of this field.
    pub fn private_field(mut self, name: &str) -> Self {
        self.private.push(name.to_owned());
        self
    }

    /// Sets how long sign-ins and accounts may be remembered; default 2 seconds, zero asks the host every time.
    pub fn cache_for(mut self, time: Duration) -> Self {
        self.cache_for = signed(time);
        self
    }

    /// Sets how long a ticket for a socket on another host is good; default a minute.
    pub fn tickets_last(mut self, time: Duration) -> Self {
        self.tickets_last = signed(time);
        self
    }

    /// Sets the clock; default the system's.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Puts the pieces together and starts the task that ends what has run out.
    ///
    /// # Errors
    ///
    /// A sentence that names the mistake: no ledger, no keys, rules that contradict each other, times beyond the cap.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn build(mut self) -> Result<Vicarious, BuildError> {
        self.check()?;
        let missing = |what: &str| BuildError(format!("{what} is missing: call `.{what}(…)` before `.build()`"));
        let keys = self.keys.ok_or_else(|| missing("keys"))?;
        let watcher = self.host.attach(&keys);
        let mut redactor = Redactor::new(keys.digest_key());
        for field in &self.private {
            redactor = redactor.private(field);
        }
        let (events, alarm) = (Arc::<Events>::default(), Arc::<Alarm>::default());
        let ends = Ends::new(Arc::clone(&events), Arc::clone(&alarm), Arc::clone(&self.clock));
        let engine = Arc::new(Engine {
            ledger: self.ledger.ok_or_else(|| missing("ledger"))?,
            host: Box::new(Erased {
                host: self.host,
                who_may_whom: self.who_may_whom,
                staff: self.staff,
                who_grants_for: self.who_grants_for,
            }),
            keys,
            rules: self.rules,
            terms: self.terms,
            redactor,
            paths: self.paths,
            handle_in: self.handle_in,
            secure_cookies: self.secure_cookies,
            own_origins: self.own_origins,
            sign_in_page: self.sign_in_page,
            script: self.script,
            reasons: self.reasons,
            languages: self.languages,
            fresh_sign_in: self.fresh_sign_in,
            clock: self.clock,
            met: Met::default(),
            in_flight: InFlight::default(),
            guesses: Guesses::default(),
            cached: Arc::new(Cached::new(self.cache_for)),
            events,
            alarm,
            ends: Arc::new(ends),
            away: Arc::default(),
            tickets: Tickets::new(self.tickets_last),
            online: Online::default(),
            mounted: Mounted::default(),
        });
        let vicarious = Vicarious { engine };
        if let Some(watcher) = watcher {
            vicarious.watch(watcher);
        }
        sweep::spawn(&vicarious.engine);
        Ok(vicarious)
    }

    fn check(&self) -> Result<(), BuildError> {
        if let Some(route) = self.misspelled.first() {
            return Err(BuildError(format!("`{route}` is no route: write a method and a path, as in `POST /session`")));
        }
        if let Some(mistake) = self.languages.mistake() {
            return Err(BuildError(mistake));
        }
        if let Some((one, other)) = self.rules.contradictions().first() {
            let method = one.method.as_deref().unwrap_or("every method");
            let (route, one, other) = (&one.route, one.rule.as_str(), other.rule.as_str());
            return Err(BuildError(format!(
                "the rules for {method} `{route}` contradict each other: {one} and {other}"
            )));
        }
        if let Some(line) = self.rules.misspelled().first() {
            let (method, route) = (line.method.as_deref().unwrap_or("any"), &line.route);
            return Err(BuildError(format!(
                "the rule for {method} `{route}` can never match: a path begins with a slash; a channel with a capital \
                 letter, and its methods are SUBSCRIBE and PERFORM"
            )));
        }
        let terms = &self.terms;
        if let Some(line) = self.rules.without_effect().first() {
            let (method, route, rule) = (line.method.as_deref().unwrap_or_default(), &line.route, line.rule.as_str());
            return Err(BuildError(format!(
                "`{rule}` has no effect on {method} `{route}`: safe methods are read unless a rule says `never`"
            )));
        }
        let all_positive = [terms.length, terms.idle, terms.write].iter().all(SignedDuration::is_positive);
        if terms.length > LONGEST || !all_positive {
            let sentence = "length, idle and write of the terms last more than nothing, and length at most 8 hours";
            return Err(BuildError(sentence.to_owned()));
        }
        Ok(())
    }
}

fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

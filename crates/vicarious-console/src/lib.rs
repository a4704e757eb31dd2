//! The console: pages and JSON for agents, administrators and customers.
//!
//! Agents find the people they may impersonate and ask for consent; administrators see who is inside whom, end it,
//! pause everything and read the trail; customers decide about support access and see who looked at their account.
//! [`Console::routes`], or [`Console::staff`] and [`Console::customer`] apart, are routers to be merged (or nested, both at
//! the path that [`Console::at`] says) below [`Vicarious::layer`](vicarious_axum::Vicarious::layer). Forms reach `PATCH` and
//! `DELETE` by a `_method` field where the application overrides methods, and by `POST` everywhere. The style sheets are open
//! to everybody, and fetching them is not recorded.
//!
//! Read in this order: `settings`, `asked` (what a request brings), `answer`, `frame`, then a file for each page.

mod access_log;
mod answer;
mod asked;
mod bar;
mod consents;
mod decisions;
mod deeds;
mod enders;
mod extract;
mod filters;
mod frame;
mod grants;
mod impersonations;
mod people;
mod revoking;
mod sentence;
mod settings;
mod sign_out;
mod standing;
mod support_code;
mod tense;
mod timeline;
mod trail;
mod until;
mod used;
mod when;
mod who;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::middleware::from_fn;
use axum::routing::{delete, get, patch, post};
use vicarious_axum::{Refused, Staff, Vicarious, list_routes};
use vicarious_core::{Identity, Words};

pub use bar::Bar;
pub use settings::Room;
use settings::{BAR_CSS, CUSTOMER_CSS, STAFF_CSS, Settings, Shared};
use sign_out::SignOut;

/// The largest body of a request to the console, in bytes.
const BODY_AT_MOST: usize = 16 * 1024;

/// The console of one application; see the [crate].
#[derive(Clone)]
pub struct Console {
    settings: Settings,
}

impl Console {
    /// Returns the console of the application that `vicarious` is the layer of.
    pub fn new(vicarious: &Vicarious) -> Self {
        Self { settings: Settings::of(vicarious) }
    }

    /// Sets the application's own first page, which the name at the top leads to, also on the start page; default `/`.
    #[must_use]
    pub fn home(mut self, path: &str) -> Self {
        path.clone_into(&mut self.settings.home);
        self
    }

    /// Sets the name at the top of every page, and of the start page.
    #[must_use]
    pub fn brand(mut self, name: &str) -> Self {
        name.clone_into(&mut self.settings.brand);
        self
    }

    /// Links a style sheet of the application, before the console's own, and brings it into the layer's own pages.
    ///
    /// Console and pages take their colours from the custom properties `--ground`, `--surface`, `--sunken`, `--ink`,
    /// `--muted`, `--line`, `--field-line`, `--accent`, `--on-accent`, `--link`, `--good`, `--good-ground`, `--warn`,
    /// `--warn-ground`, `--bad`, `--bad-ground`, `--header`, `--on-header` and `--focus`, where they are set.
    #[must_use]
    pub fn stylesheet(mut self, path: &str) -> Self {
        self.settings.stylesheets.push(path.to_owned());
        self
    }

    /// Sets the page that somebody who is not signed in is offered.
    #[must_use]
    pub fn sign_in(mut self, path: &str) -> Self {
        self.settings.sign_in = Some(path.to_owned());
        self
    }

    /// Sets the route that signs people out, so that every page offers it: `"POST /logout"`, or a path alone for `DELETE`.
    ///
    /// Forms reach any method but `POST` by a `_method` field, which the application has to take for one. What is no such
    /// route is offered nowhere, is logged, and is found by [`Vicarious::check`].
    #[must_use]
    pub fn sign_out(mut self, route: &str) -> Self {
        self.settings.sign_out = SignOut::parse(route);
        if self.settings.sign_out.is_none() {
            let mistake = format!(
                "`{route}` signs nobody out in the console: write `Console::sign_out(\"POST /logout\")`, with POST, DELETE, PUT \
                 or PATCH, or a path alone, which is asked for with DELETE"
            );
            tracing::error!("{mistake}");
            self.settings.vicarious.mounts_console_wrongly(mistake);
        }
        self
    }

    /// Loads a script of the application on every page, to keep it true while it is open.
    ///
    /// Its own tag says who the page is for: `data-whose` and `data-whose-id`, with `data-shadower` and
    /// `data-impersonation` while impersonating, and `data-staff`, which is `no`, `agent` or `administrator`. What may be
    /// replaced by its counterpart of a newer copy of the page has `data-live` with a name.
    #[must_use]
    pub fn script(mut self, path: &str) -> Self {
        self.settings.script = Some(path.to_owned());
        self
    }

    /// Sets the links at the top of every page, and of the start page, so that they are those of the application's own
    /// pages; default those of the console alone.
    #[must_use]
    pub fn rooms(mut self, rooms: impl Fn(&Identity, Staff) -> Vec<Room> + Send + Sync + 'static) -> Self {
        self.settings.rooms = Some(Arc::new(rooms));
        self
    }

    /// Says below which path the routers are nested, for the links of [`Self::bar`] and of the start page.
    #[must_use]
    pub fn at(mut self, prefix: &str) -> Self {
        prefix.trim_end_matches('/').clone_into(&mut self.settings.at);
        self
    }

    /// Returns what a customer is to be told on every page of the application, too: who is in their account.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`] when the ledger or the application cannot answer.
    pub async fn bar(&self, identity: &Identity) -> Result<Bar, Refused> {
        self.bar_in(identity, self.settings.vicarious.default_words()).await
    }

    /// Returns the same, in the language that suits a request.
    ///
    /// # Errors
    ///
    /// Those of [`bar`](Self::bar).
    pub async fn bar_for(&self, identity: &Identity, headers: &HeaderMap) -> Result<Bar, Refused> {
        self.bar_in(identity, self.settings.vicarious.words(headers)).await
    }

    async fn bar_in(&self, identity: &Identity, words: &Words) -> Result<Bar, Refused> {
        Ok(Bar::find(&self.settings, &self.settings.at, identity, words).await?.unwrap_or_default())
    }

    /// Shows customers a pseudonym such as "Support agent 7KQ2" instead of an agent's name.
    ///
    /// An agent always has the same one. `secret` keeps customers from working out whose it is; it must not change.
    #[must_use]
    pub fn pseudonyms(mut self, secret: &str) -> Self {
        self.settings.pseudonyms = Some(secret.into());
        self
    }

    /// Returns all pages: [`Self::staff`] and [`Self::customer`], for an application that serves both.
    pub fn routes(&self) -> Router {
        self.staff().merge(self.customer())
    }

    /// Returns the pages of agents and administrators; everybody else finds nothing there.
    pub fn staff(&self) -> Router {
        self.mounted();
        let shared: Shared = Arc::new(Settings { css: STAFF_CSS, ..self.settings.clone() });
        let router = Router::new()
            .route(STAFF_CSS, get(answer::css))
            .route("/accounts", get(people::list))
            .route("/accounts/{id}", get(people::show))
            .route("/consents/requests", post(decisions::ask))
            .route("/consents/attested", post(decisions::attest))
            .route("/impersonations", get(impersonations::list))
            .route("/impersonations/pause", post(revoking::pause))
            .route("/impersonations/resume", post(revoking::resume))
            .route("/impersonations/{id}", get(timeline::show).delete(revoking::revoke).post(revoking::revoke))
            .route("/audit", get(trail::list));
        self.finished(router, shared)
    }

    /// Returns the pages of customers. `GET /consents` also serves staff: what they asked for.
    pub fn customer(&self) -> Router {
        self.mounted();
        self.keep_for_bar();
        let shared: Shared = Arc::new(Settings { css: CUSTOMER_CSS, ..self.settings.clone() });
        // A form's POST counts as the method it stands for even where nobody overrides it.
        let router = Router::new()
            .route(CUSTOMER_CSS, get(answer::css))
            .route(BAR_CSS, get(answer::bar_css))
            .route("/consents", get(consents::list).post(decisions::give_ahead))
            .route(grants::PEOPLE, get(grants::list).post(grants::give_all))
            .route("/consents/opt-out", post(decisions::opt_out))
            .route("/consents/opt-in", post(decisions::opt_in))
            .route("/consents/{id}", patch(decisions::decide).post(decisions::decide))
            .route("/support-code", get(support_code::page).post(support_code::make))
            .route("/access-log", get(access_log::list))
            .route("/access-log/{id}", delete(revoking::end).post(revoking::end));
        self.finished(router, shared)
    }

    /// Tells the layer where this console is, and how it looks.
    fn mounted(&self) {
        let Settings { vicarious, at, brand, home, stylesheets, sign_out, .. } = &self.settings;
        vicarious.mounts_console(at, &[STAFF_CSS, CUSTOMER_CSS, BAR_CSS]);
        vicarious.mounts_console_looking(brand, home, stylesheets);
        let sign_out = sign_out.as_ref().map(|out| (out.path.as_str(), out.method));
        vicarious.mounts_console_heading(frame::for_the_start_page(&self.settings), sign_out);
    }

    fn finished(&self, router: Router<Shared>, shared: Shared) -> Router {
        self.settings.vicarious.mounts_console_routes(&self.settings.at, &list_routes(&router));
        // Around the routes alone: what the application answers where nothing is stays as it is.
        let router = router.route_layer(from_fn(answer::finish)).route_layer(DefaultBodyLimit::max(BODY_AT_MOST));
        router.with_state(shared)
    }
}

//! Is the application put together as it must be? Asked at its start, and in a test.

mod finding;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Method, StatusCode};
use tower::ServiceExt;
use vicarious_core::Rule;
use vicarious_core::rules::Line;

pub use finding::Finding;

use crate::engine::Engine;
use crate::listed::{RouteListed, begins, list_routes, same};
use crate::paths::OWN_PATH;
use crate::presented::HandleIn;
use crate::{Treats, Vicarious};

/// The method of a check: no handler takes it, but one that takes any.
const CHECK: &[u8] = b"VICARIOUS-CHECK";

impl Vicarious {
    /// Finds mistakes in how an application is put together, each told in a sentence: layers in the wrong order, routes
    /// beside the layer, rules for routes that do not exist, decisions that were not made.
    ///
    /// `app` is the finished router, layers included. Requests of a method of their own go through it in this process, and
    /// the layer answers them before any handler; only a handler outside of the layer that takes every method sees one.
    /// What is found depends on what the router tells of its routes; see [`list_routes`].
    ///
    /// A layer inside of ours that keeps or overwrites who is signed in is not found here: that takes somebody who signs
    /// in, as the attack of `vicarious::testing` does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn serve(app: axum::Router, vicarious: vicarious_axum::Vicarious) -> Result<(), String> {
    /// let found = vicarious.check(&app).await;
    /// for finding in &found {
    ///     eprintln!("{finding}");
    /// }
    /// if found.iter().any(vicarious_axum::Finding::is_wrong) {
    ///     return Err("it is not put together as it must be".to_owned());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check(&self, app: &Router) -> Vec<Finding> {
        let check = Check { engine: &self.engine, vicarious: self, app, listed: list_routes(app) };
        let mut found = check.decisions();
        match check.layer().await {
            Ok(outside) => {
                found.extend(outside);
                found.extend(check.rules().await);
                found.extend(check.named().await);
            }
            // Nothing else can be told.
            Err(missing) => found.push(missing),
        }
        found.sort_by_key(|finding| !finding.is_wrong());
        found
    }
}

/// What the layer has seen of a request of a check; its type is private, so that no request from outside has one.
#[derive(Clone, Debug, Default)]
struct Noted(Arc<Mutex<Option<Seen>>>);

#[derive(Clone, Debug)]
struct Seen {
    /// Whose layer it was: one with another engine is another system's.
    is_ours: bool,
    route: Option<String>,
    misplaced: Option<String>,
    outage: Option<String>,
}

/// Returns whether a request is one of a check.
pub(crate) fn is_one(request: &Request) -> bool {
    request.method().as_str().as_bytes() == CHECK && request.extensions().get::<Noted>().is_some()
}

/// Notes what the layer sees of a request, and answers it.
pub(crate) async fn answer(engine: &Engine, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut seen = seen(engine, &parts).await;
    if let Some(Expected(expected)) = parts.extensions.get() {
        seen.is_ours = *expected == std::ptr::from_ref(engine).addr();
    }
    if let Some(Noted(noted)) = parts.extensions.get() {
        *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Clone, Copy)]
struct Expected(usize);

async fn seen(engine: &Engine, parts: &Parts) -> Seen {
    let route = parts.extensions.get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let error = engine.host.sign_in_key(parts).await.err();
    let misplaced = error.as_ref().and_then(|error| error.misplacement().map(str::to_owned));
    let outage = error.filter(|_| misplaced.is_none()).map(|error| error.0.to_string());
    Seen { is_ours: false, route, misplaced, outage }
}

struct Check<'a> {
    engine: &'a Engine,
    vicarious: &'a Vicarious,
    app: &'a Router,
    listed: Vec<RouteListed>,
}

impl Check<'_> {
    /// What was decided, or was not.
    fn decisions(&self) -> Vec<Finding> {
        let (engine, mut found) = (self.engine, Vec::new());
        let decided = engine.host.decided();
        if !decided.pairs {
            found.push(Finding::NobodyMay);
        }
        if !decided.staff && self.listed.iter().any(|route| route.path == "/impersonations") {
            found.push(Finding::NobodySeesConsole);
        }
        if engine.paths.sign_out.is_empty() {
            found.push(Finding::NoSignOut);
        }
        found.extend(engine.mounted.mistakes().into_iter().map(Finding::Console));
        if engine.mounted.is_there() {
            found.extend(self.phrases());
            // A client that sends its handle itself opens no page of ours.
            if engine.sign_in_page.is_none() && engine.handle_in != HandleIn::Header {
                found.push(Finding::NoSignInPage);
            }
        }
        let everything = |prefix: &&String| prefix.trim_matches('/').is_empty();
        for prefix in engine.paths.open.iter().chain(&engine.paths.assets).filter(everything) {
            found.push(Finding::EverythingOpen { path: prefix.clone() });
        }
        for origin in &engine.own_origins {
            if origin.starts_with("https://") && !engine.secure_cookies {
                found.push(Finding::InsecureCookies { origin: origin.clone() });
            }
        }
        found
    }

    /// Pages for which the customer's access log has no words.
    fn phrases(&self) -> Option<Finding> {
        let is_wordless = |path: &str| {
            let verdict = self.engine.rules.verdict("GET", Some(path));
            verdict.phrase.is_none()
                && verdict.rule != Rule::Never
                && !self.is_nobodys(path)
                && !self.engine.signs_in_at(path)
                && self.vicarious.treats("GET", path) == Treats::Judged
        };
        let pages = self.listed.iter().filter(|route| route.methods.is_some() && route.takes("GET"));
        let routes: Vec<String> = pages.map(|route| route.path.clone()).filter(|path| is_wordless(path)).collect();
        (!routes.is_empty()).then_some(Finding::NoPhrase { routes })
    }

    /// The page that draws everything, where the handle is in a header: browsers open it without one, so nobody is in anybody's
    /// account there. What it asks for is another route.
    fn is_nobodys(&self, path: &str) -> bool {
        self.engine.handle_in == HandleIn::Header && path == "/"
    }

    /// Where the layer is not, or why nobody can be found out; an error when it is nowhere.
    async fn layer(&self) -> Result<Vec<Finding>, Finding> {
        let own = self.ask(OWN_PATH).await;
        let mut routes = Vec::new();
        for route in &self.listed {
            let path = filled(&route.path);
            if self.vicarious.treats("GET", &path) != Treats::Open {
                routes.push((route.path.clone(), self.ask(&path).await));
            }
        }
        let all = || routes.iter().map(|(_, asked)| asked).chain([&own]).filter_map(|asked| asked.as_ref().ok());
        let Some(any) = all().next() else { return Err(Finding::NoLayer) };
        if all().any(|seen| !seen.is_ours) {
            return Err(Finding::OthersLayer);
        }
        let mut found = Vec::new();
        found.extend(any.misplaced.clone().map(Finding::LayerOrder));
        found.extend(any.outage.clone().map(Finding::HostCannotAnswer));
        if own.is_err() {
            found.push(Finding::FallbackOutside);
        }
        let outside = routes.into_iter().filter_map(|(route, asked)| Some((route, asked.err()?)));
        found.extend(outside.map(|(route, status)| Finding::Outside { route, status: status.as_u16() }));
        Ok(found)
    }

    /// Rules that apply to nothing.
    async fn rules(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for line in self.engine.rules.lines().iter().filter(|line| line.route.starts_with('/')) {
            found.extend(self.rule(line).await);
        }
        found
    }

    async fn rule(&self, line: &Line) -> Option<Finding> {
        let spelled = || match &line.method {
            Some(method) => format!("{method} {}", line.route),
            None => line.route.clone(),
        };
        if line.below {
            let is_there = self.listed.iter().any(|route| begins(&route.path, &line.route));
            return (!self.listed.is_empty() && !is_there).then(|| Finding::NoRoute { of: "rule", route: spelled() });
        }
        let seen = self.ask(&filled(&line.route)).await.ok()?;
        match (seen.route, &line.method) {
            (None, _) => Some(Finding::NoRoute { of: "rule", route: spelled() }),
            (Some(other), _) if !same(&other, &line.route) => Some(Finding::OtherRoute { route: spelled(), other }),
            (Some(path), Some(method)) => {
                let route = self.listed.iter().find(|route| route.path == path)?;
                let taken = route.methods.as_ref().filter(|_| !route.takes(method))?;
                Some(Finding::NoMethod { route: spelled(), taken: taken.join(", ") })
            }
            (Some(_), None) => None,
        }
    }

    /// Routes that the builder names and that do not exist.
    async fn named(&self) -> Vec<Finding> {
        let paths = &self.engine.paths;
        let mut found = Vec::new();
        let sign_in = paths.sign_in.iter().map(|route| ("sign_in", route.path()));
        let sign_out = paths.sign_out.iter().map(|route| ("sign_out", route.path()));
        let channels = paths.channels.iter().map(|path| ("channels", path.as_str()));
        for (of, path) in sign_in.chain(sign_out).chain(channels) {
            if matches!(self.ask(path).await, Ok(Seen { route: None, .. })) {
                found.push(Finding::NoRoute { of, route: path.to_owned() });
            }
        }
        found
    }

    /// Sends a request through the application; an error is the status of who answered in the layer's place.
    async fn ask(&self, path: &str) -> Result<Seen, StatusCode> {
        let noted = Noted::default();
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::from_bytes(CHECK).unwrap_or_default();
        *request.uri_mut() = path.parse().unwrap_or_default();
        request.extensions_mut().insert(noted.clone());
        request.extensions_mut().insert(Expected(std::ptr::from_ref(self.engine).addr()));
        let Ok(response) = self.app.clone().oneshot(request).await;
        let seen = noted.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        seen.ok_or(response.status())
    }
}

/// Returns a path that a template matches.
fn filled(template: &str) -> String {
    let segments = template.split('/').map(|segment| if segment.starts_with('{') { "1" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

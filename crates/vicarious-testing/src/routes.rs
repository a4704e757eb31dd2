//! Which routes there are, and which requests stand for them.

use std::collections::{BTreeMap, BTreeSet};

use vicarious_axum::{RouteListed, Treats, list_routes};
use vicarious_core::rules::is_safe;

use crate::app::TestApp;

/// What a host says about its routes: those that the router does not tell, and examples for their parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    given: Vec<String>,
    examples: BTreeMap<String, String>,
    left_out: BTreeMap<String, String>,
}

/// A method of a route, ready to be asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) method: String,
    pub(crate) template: String,
    /// The template with examples in it, or the parameter that has none.
    pub(crate) path: Result<String, String>,
}

impl Routes {
    pub(crate) fn give(&mut self, spelled: &str) {
        self.given.push(spelled.trim().to_owned());
    }

    /// Takes an example for a parameter, `id`, or for a parameter of one route, `/orders/{id}`.
    pub(crate) fn example(&mut self, of: &str, value: &str) {
        self.examples.insert(of.to_owned(), value.to_owned());
    }

    pub(crate) fn leave_out(&mut self, route: &str, why: &str) {
        self.left_out.insert(route.to_owned(), why.to_owned());
    }

    /// Returns why a route is left out, if the host says so.
    pub(crate) fn left_out(&self, template: &str) -> Option<&str> {
        self.left_out.get(template).map(String::as_str)
    }

    /// Returns every safe route that is known: what the router tells, what the host gives, what the rules name.
    pub(crate) fn pages(&self, app: &TestApp) -> BTreeSet<Target> {
        self.all(app).into_iter().filter(|target| target.method == "GET").collect()
    }

    /// Returns every route that is known whose method is not safe.
    pub(crate) fn unsafe_ones(&self, app: &TestApp) -> BTreeSet<Target> {
        self.all(app).into_iter().filter(|target| !is_safe(&target.method)).collect()
    }

    /// Returns every route that is known at which people sign out.
    pub(crate) fn sign_outs(&self, app: &TestApp) -> BTreeSet<Target> {
        let is_sign_out = |target: &Target| app.vicarious().treats(&target.method, &target.template) == Treats::SignOut;
        self.all(app).into_iter().filter(is_sign_out).collect()
    }

    /// Returns a path for a template.
    pub(crate) fn target(&self, method: &str, template: &str) -> Target {
        Target { method: method.to_owned(), template: template.to_owned(), path: self.filled(template) }
    }

    /// Gives the console's routes an example where the host has none: nothing of the host's is behind them.
    fn of_console(&self, app: &TestApp, mut target: Target) -> Target {
        if target.path.is_err() && app.vicarious().treats(&target.method, &target.template) == Treats::Console {
            target.path = Ok(made_up(&target.template));
        }
        target
    }

    fn all(&self, app: &TestApp) -> BTreeSet<Target> {
        let listed = list_routes(app.router());
        let mut all: BTreeSet<Target> = listed.iter().flat_map(|route| self.of_listed(route)).collect();
        for spelled in &self.given {
            match spelled.split_once(' ') {
                Some((method, path)) => all.insert(self.target(&method.to_ascii_uppercase(), path.trim())),
                None => all.insert(self.target("GET", spelled)),
            };
        }
        for line in app.vicarious().rules().lines().iter().filter(|line| line.route.starts_with('/') && !line.below) {
            if let Some(method) = &line.method {
                all.insert(self.target(method, &line.route));
            }
        }
        all.into_iter().map(|target| self.of_console(app, target)).collect()
    }

    fn of_listed(&self, route: &RouteListed) -> Vec<Target> {
        match &route.methods {
            Some(methods) => methods.iter().map(|method| self.target(method, &route.path)).collect(),
            // Whatever takes any method takes these.
            None => ["GET", "POST"].map(|method| self.target(method, &route.path)).to_vec(),
        }
    }

    fn filled(&self, template: &str) -> Result<String, String> {
        if let Some(whole) = self.examples.get(template) {
            return Ok(whole.clone());
        }
        let mut segments = Vec::new();
        for segment in template.split('/') {
            let parameter = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match parameter.map(|name| name.trim_start_matches('*')) {
                None => segments.push(segment),
                Some(name) => segments.push(self.examples.get(name).ok_or_else(|| name.to_owned())?),
            }
        }
        Ok(segments.join("/"))
    }
}

/// Returns a path that a template matches, and that stands for nothing that exists.
pub(crate) fn made_up(template: &str) -> String {
    let segments = template.split('/').map(|segment| if segment.starts_with('{') { "1" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

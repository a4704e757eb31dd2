//! Where the console is, once it is mounted.

use std::any::Any;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use http::HeaderMap;
use vicarious_core::{Identity, SitePath};

use crate::host::Staff;
use crate::listed::{RouteListed, covers};
use crate::paths::OWN_PATH;
use crate::{Vicarious, back};

/// What a console has said of itself.
#[derive(Default)]
pub(crate) struct Mounted {
    at: OnceLock<String>,
    assets: OnceLock<Vec<String>>,
    pages: RwLock<Vec<String>>,
    mistakes: RwLock<Vec<String>>,
    look: OnceLock<Look>,
    rooms: RwLock<Option<Arc<Rooms>>>,
    sign_out: OnceLock<SignOut>,
    keepsake: OnceLock<Box<dyn Any + Send + Sync>>,
}

/// How the console looks, for our own pages.
struct Look {
    brand: String,
    home: String,
    /// Rules for style sheets that bring in those of the application.
    imports: String,
}

type Rooms = dyn Fn(&Identity, Staff) -> Vec<(String, String)> + Send + Sync;

/// The application's route that signs people out, as a form reaches it.
pub(crate) struct SignOut {
    pub(crate) path: String,
    /// What stands in the field `_method`; none for the form's own POST.
    pub(crate) method: Option<&'static str>,
}

impl Mounted {
    /// Returns the links at the top of its pages for somebody: where each leads, and what it is called.
    pub(crate) fn rooms(&self, identity: &Identity, staff: Staff) -> Vec<(String, String)> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner).clone();
        rooms.map(|rooms| rooms(identity, staff)).unwrap_or_default()
    }

    /// Returns where its pages sign people out.
    pub(crate) fn sign_out(&self) -> Option<&SignOut> {
        self.sign_out.get()
    }

    /// Returns a path of the console's as browsers see it.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.at.get().map_or("", String::as_str))
    }

    /// Returns whether a path, or the template of a route, is one of the console's pages.
    pub(crate) fn is_page(&self, path: &str) -> bool {
        self.pages.read().unwrap_or_else(PoisonError::into_inner).iter().any(|own| covers(own, path))
    }

    /// Returns whether a console is there.
    pub(crate) fn is_there(&self) -> bool {
        self.at.get().is_some()
    }

    /// Returns the name at the top of its pages.
    pub(crate) fn brand(&self) -> Option<&str> {
        self.look.get().map(|look| look.brand.as_str())
    }

    /// Returns where the name at the top leads.
    pub(crate) fn home(&self) -> &str {
        self.look.get().map_or("/", |look| look.home.as_str())
    }

    /// Returns what brings the application's style sheets into one of ours. Whatever they say, ours says it last: they stand
    /// in a layer.
    pub(crate) fn imports(&self) -> &str {
        self.look.get().map_or("", |look| look.imports.as_str())
    }

    /// Returns what is wrong with how it was set up.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        self.mistakes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns whether a path is one of the console's style sheets.
    pub(crate) fn is_asset(&self, method: &str, path: &str) -> bool {
        matches!(method, "GET" | "HEAD") && self.assets.get().is_some_and(|assets| assets.iter().any(|own| own == path))
    }
}

impl Vicarious {
    /// Returns the page of the application that a request came from, without its query; `/` where that is none: another site,
    /// nothing, the console itself, or the page on which people sign in.
    pub fn came_from(&self, headers: &HeaderMap) -> SitePath {
        let whole = back::path(headers, &self.engine.own_origins);
        let page = SitePath::new(whole.as_str().split(['?', '#']).next().unwrap_or_default());
        let is_own = page.as_str().strip_prefix(OWN_PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let is_ours = is_own || self.engine.mounted.is_page(page.as_str());
        if is_ours || self.engine.signs_in_at(page.as_str()) { SitePath::root() } else { page }
    }

    /// Takes note of which routes are the console's, so that nobody is asked for a rule of them; a console says it by itself.
    pub fn mounts_console_routes(&self, at: &str, routes: &[RouteListed]) {
        let mut pages = self.engine.mounted.pages.write().unwrap_or_else(PoisonError::into_inner);
        pages.extend(routes.iter().map(|route| format!("{at}{}", route.path)));
    }

    /// Takes note of how the console looks, so that the start page and our other pages look like it: the name at the top and
    /// where that leads, and the application's style sheets. A console says it by itself; what was said first counts.
    pub fn mounts_console_looking(&self, brand: &str, home: &str, stylesheets: &[String]) {
        let is_plain = |path: &&String| SitePath::new(path).as_str() == *path && !path.contains(['"', '\\']);
        let import = |path: &String| format!("@import url(\"{path}\") layer(application);\n");
        let imports = stylesheets.iter().filter(is_plain).map(import).collect();
        // Who comes second changes nothing.
        let _ = self.engine.mounted.look.set(Look { brand: brand.to_owned(), home: home.to_owned(), imports });
    }

    /// Takes note of what the console has at the top of its pages, so that the start page has the same: the links for
    /// somebody, each as its path and what it is called, and the path that signs people out, with what its form says in
    /// `_method`. A console says it by itself; of the path, what was said first counts, and of the links, what was said last.
    ///
    /// `rooms` is kept as long as this is: what holds a [`Vicarious`] would keep itself alive here, so a console gives a
    /// closure that holds its own weakly, and says it again when it is mounted again.
    pub fn mounts_console_heading(
        &self,
        rooms: impl Fn(&Identity, Staff) -> Vec<(String, String)> + Send + Sync + 'static,
        sign_out: Option<(&str, Option<&'static str>)>,
    ) {
        let mounted = &self.engine.mounted;
        *mounted.rooms.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(rooms));
        if let Some((path, method)) = sign_out {
            // Who comes second changes nothing.
            let _ = mounted.sign_out.set(SignOut { path: path.to_owned(), method });
        }
    }

    /// Keeps what the extractors of a console need to know of it; a console says it by itself, and what was said first counts.
    ///
    /// It is data: what holds a [`Vicarious`] would keep itself alive here.
    pub fn mounts_console_keeping(&self, data: impl Any + Send + Sync) {
        // Who comes second changes nothing.
        let _ = self.engine.mounted.keepsake.set(Box::new(data));
    }

    /// Returns what [`mounts_console_keeping`](Self::mounts_console_keeping) was given, if it is of this type.
    pub fn kept_of_console<T: Any>(&self) -> Option<&T> {
        self.engine.mounted.keepsake.get()?.downcast_ref()
    }

    /// Takes note of a mistake in how the console is set up, as a sentence, for [`check`](Self::check); a console says it by
    /// itself.
    pub fn mounts_console_wrongly(&self, mistake: String) {
        self.engine.mounted.mistakes.write().unwrap_or_else(PoisonError::into_inner).push(mistake);
    }

    /// Takes note of where a console is mounted, so that the start page leads there, and of its style sheets, which are open
    /// to everybody and not recorded. A console says it by itself; what was said first counts.
    pub fn mounts_console(&self, at: &str, assets: &[&str]) {
        let mounted = &self.engine.mounted;
        // Who comes second changes nothing.
        let _ = mounted.at.set(at.to_owned());
        let _ = mounted.assets.set(assets.iter().map(|path| format!("{at}{path}")).collect());
    }
}

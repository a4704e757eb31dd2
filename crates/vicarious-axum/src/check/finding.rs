use std::fmt;

/// A mistake in how an application is put together, or something that looks like one; `Display` explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// No request reaches the layer.
    NoLayer,
    /// The layer is that of another [`Vicarious`](crate::Vicarious).
    OthersLayer,
    /// The host cannot find what another layer was to put into the request: the sentence says which.
    LayerOrder(String),
    /// The host cannot answer at all: why.
    HostCannotAnswer(String),
    /// Whatever matches no route does not reach the layer, and `/impersonation` is among that.
    FallbackOutside,
    /// A route does not reach the layer.
    Outside {
        /// Its template.
        route: String,
        /// The status that came back instead.
        status: u16,
    },
    /// Every page is served as nobody's.
    EverythingOpen {
        /// The path that is open.
        path: String,
    },
    /// Cookies may go over plain HTTP although the application is on HTTPS.
    InsecureCookies {
        /// Where it is.
        origin: String,
    },
    /// Something names a route that does not exist.
    NoRoute {
        /// What: `rule`, or a method of the builder.
        of: &'static str,
        /// How it is spelled.
        route: String,
    },
    /// A rule names a path that another route serves.
    OtherRoute {
        /// How it is spelled.
        route: String,
        /// The template that matches instead.
        other: String,
    },
    /// A rule names a method that its route does not take.
    NoMethod {
        /// How it is spelled.
        route: String,
        /// The methods that it takes.
        taken: String,
    },
    /// The console is set up wrongly: the sentence says how.
    Console(String),
    /// Nobody may act as anybody.
    NobodyMay,
    /// The console is there, and nobody may see it.
    NobodySeesConsole,
    /// No route is named that signs people out.
    NoSignOut,
    /// No page is named on which people sign in.
    NoSignInPage,
    /// Pages for which no rule has a phrase, so that a customer reads of "another page".
    NoPhrase {
        /// Their templates.
        routes: Vec<String>,
    },
}

impl Finding {
    /// Returns whether this is certainly a mistake, and not only likely to be one.
    pub fn is_wrong(&self) -> bool {
        !matches!(
            self,
            Self::NobodyMay
                | Self::NobodySeesConsole
                | Self::NoSignOut
                | Self::NoSignInPage
                | Self::NoPhrase { .. }
                | Self::NoRoute { .. }
                | Self::NoMethod { .. }
        )
    }

    /// Returns whether it is about what people read and where they land, and not about what is put together in which order.
    pub fn is_about_comfort(&self) -> bool {
        matches!(self, Self::NoSignInPage | Self::NoPhrase { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLayer => f.write_str(
                "no request reaches the layer: add `.layer(vicarious.layer())` to the router, after its last route",
            ),
            Self::OthersLayer => f.write_str(
                "the router has the layer of another `Vicarious`: build one, and clone it where it is needed",
            ),
            Self::LayerOrder(sentence) | Self::Console(sentence) => f.write_str(sentence),
            Self::HostCannotAnswer(why) => write!(f, "the host cannot tell who is signed in: {why}"),
            Self::FallbackOutside => f.write_str(
                "`/impersonation` does not reach the layer: a router was merged, or a fallback added, after \
                 `.layer(vicarious.layer())`; or it was added with `.route_layer`",
            ),
            Self::Outside { route, status } => write!(
                f,
                "`{route}` does not pass the layer (something else answers {status}), so it runs as the agent and \
                 unrecorded: add `.layer(vicarious.layer())` after it, or name it with `.open(…)` if it needs no identity"
            ),
            Self::EverythingOpen { path } => {
                write!(f, "`.open` or `.assets` with `{path}` lets every page through as nobody's: name the paths themselves")
            }
            Self::InsecureCookies { origin } => {
                write!(f, "`.secure_cookies(false)` is for plain HTTP on loopback, and this application is at {origin}")
            }
            Self::NoRoute { of: "rule", route } => write!(f, "the rule for `{route}` names a route that does not exist"),
            Self::NoRoute { of, route } => write!(f, "`.{of}(…)` names `{route}`, a route that does not exist"),
            Self::OtherRoute { route, other } => {
                write!(f, "the rule for `{route}` never applies, because `{other}` is the route that matches: name that")
            }
            Self::NoMethod { route, taken } => {
                write!(f, "the rule for `{route}` never applies, because the route takes {taken} only")
            }
            Self::NobodyMay => f.write_str("nobody may act as anybody: say who may with `.who_may_whom(…)`"),
            Self::NobodySeesConsole => {
                f.write_str("the console is there, and nobody may see it: say who may with `.staff(…)`")
            }
            Self::NoSignInPage => f.write_str(
                "no sign-in page is named, so somebody who follows a link from a ticket signed out gets a 401 and has lost \
                 the link: say `.sign_in_page(\"/sign-in?then=\")`",
            ),
            Self::NoPhrase { routes } => write!(
                f,
                "customers read \"opened another page\" of {}: give each a line with a phrase, `.read(\"GET /…\", \"looked at …\")`, an \
                 empty one where nothing is to be told, as of a redirect",
                routes.join(", ")
            ),
            Self::NoSignOut => f.write_str(
                "no sign-out is named, so an agent who signs out as a customer is refused: say `.sign_out(\"POST /…\")`",
            ),
        }
    }
}

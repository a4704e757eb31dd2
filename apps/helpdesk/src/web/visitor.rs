//! Who is looking at a page, and what the page says around its content.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use vicarious::audit::RequestId;
use vicarious::console::Room;
use vicarious::{CurrentUser, Identity, Notice, Staff, wants_json};

use crate::app::{App, Shared};
use crate::shop::accounts::User;
use crate::shop::notifications;
use crate::web::failure::Failure;
use crate::web::headers::Nonce;
use crate::web::nav;

/// Somebody signed in, with everything that their page needs.
pub(crate) struct Visitor {
    /// Whose data and permissions apply.
    pub(crate) user: User,
    /// Both users.
    pub(crate) identity: Identity,
    /// Whether to answer with JSON.
    pub(crate) json: bool,
    /// The request, for the record.
    pub(crate) request: Option<RequestId>,
    seen: Seen,
}

/// What a request says that its page repeats.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The path, for marking where one is.
    pub(crate) path: String,
    /// Path and query, for coming back.
    whole: String,
    is_safe: bool,
    nonce: String,
    notice: Option<String>,
    identity: Identity,
}

/// What surrounds every page's content.
pub(crate) struct Frame {
    pub(crate) nonce: String,
    pub(crate) path: String,
    pub(crate) notice: Option<String>,
    pub(crate) identity: Identity,
    pub(crate) staff: Staff,
    pub(crate) rooms: Vec<Room>,
    /// Who is in the customer's account, for the customer.
    pub(crate) bar: String,
    pub(crate) unread: i64,
    /// Where a customer gets help with this page.
    pub(crate) help: Option<String>,
    pub(crate) demo: bool,
}

impl FromRequestParts<Shared> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Failure> {
        let user = CurrentUser::<User>::from_request_parts(parts, state).await;
        let CurrentUser(user) = user.map_err(|_| Failure::NotSignedIn)?;
        let seen = Seen::of_parts(parts);
        let request = parts.extensions.get::<RequestId>().cloned();
        Ok(Self { user, identity: seen.identity.clone(), json: wants_json(&parts.headers), request, seen })
    }
}

impl Visitor {
    /// Returns what surrounds this visitor's page.
    pub(crate) async fn frame(&self, app: &App) -> Result<Frame, Failure> {
        let mut frame = Frame::without_news(app, &self.seen).await;
        frame.unread = notifications::unread(&app.database, &self.user.id).await?;
        Ok(frame)
    }

    /// Returns why a control is disabled, to be shown beside it.
    pub(crate) fn why_not(&self, app: &App, method: &str, route: &str) -> Option<&'static str> {
        app.vicarious.why_not(&self.identity, method, route)
    }
}

impl Seen {
    pub(crate) fn of(request: &Request) -> Self {
        Self::new(request.uri(), request.method().is_safe(), request.extensions())
    }

    pub(crate) fn of_parts(parts: &Parts) -> Self {
        Self::new(&parts.uri, parts.method.is_safe(), &parts.extensions)
    }

    fn new(uri: &axum::http::Uri, is_safe: bool, extensions: &axum::http::Extensions) -> Self {
        Self {
            path: uri.path().to_owned(),
            whole: uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned(),
            is_safe,
            nonce: extensions.get::<Nonce>().map(|Nonce(nonce)| nonce.clone()).unwrap_or_default(),
            notice: extensions.get::<Notice>().and_then(|Notice(notice)| notice.clone()),
            identity: vicarious::identity(),
        }
    }

    /// Returns the sign-in page, which comes back here unless that would repeat a change.
    pub(crate) fn sign_in_first(&self) -> String {
        if !self.is_safe || self.whole == "/" {
            return "/session/new".to_owned();
        }
        self.with_this_page("/session/new?then=")
    }

    /// Returns a link that ends with the page that was asked for, as the value of its parameter.
    fn with_this_page(&self, link: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
        let mut location = link.to_owned();
        for c in self.whole.chars().take(500) {
            match plain(c) {
                true => location.push(c),
                // The path of a request is ASCII, so one character is one byte.
                false => location.push_str(&format!("%{:02X}", u32::from(c) & 0xff)),
            }
        }
        location
    }
}

/// Returns whether somebody is a customer as themselves.
fn is_customer(identity: &Identity, staff: Staff) -> bool {
    staff == Staff::No && !identity.is_anonymous() && !identity.is_impersonating()
}

impl Frame {
    /// Returns what surrounds a page for whoever it is, without counting their news.
    pub(crate) async fn without_news(app: &App, seen: &Seen) -> Self {
        // A page that cannot tell shows less.
        let staff = app.vicarious.staff(&seen.identity).await.unwrap_or_default();
        let bar = app.console.bar(&seen.identity).await.map(|bar| bar.html()).unwrap_or_default();
        Self {
            nonce: seen.nonce.clone(),
            path: seen.path.clone(),
            notice: seen.notice.clone(),
            identity: seen.identity.clone(),
            staff,
            rooms: nav::rooms(&seen.identity, staff),
            bar,
            unread: 0,
            help: (seen.is_safe && is_customer(&seen.identity, staff))
                .then(|| seen.with_this_page("/support-code?page=")),
            demo: app.demo,
        }
    }

    /// Returns whether the page is for an agent or an administrator as themselves.
    pub(crate) fn is_staff(&self) -> bool {
        self.staff > Staff::No
    }

    /// Returns whether the page is for an administrator as themselves.
    pub(crate) fn is_administrator(&self) -> bool {
        self.staff == Staff::Administrator
    }

    /// Returns the word for what somebody may see, for the script.
    pub(crate) fn staff_word(&self) -> &'static str {
        match self.staff {
            Staff::No => "no",
            Staff::Agent => "agent",
            Staff::Administrator => "administrator",
        }
    }

    /// Returns the attribute that marks the link to where one is.
    pub(crate) fn here(&self, path: &str) -> &'static str {
        let below = self.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if below { "page" } else { "false" }
    }

    /// Returns the class of the page's body, on which its colours depend.
    pub(crate) fn class(&self) -> &'static str {
        match (self.identity.is_impersonating(), self.is_staff()) {
            (true, _) => "as-customer",
            (false, true) => "as-staff",
            (false, false) => "as-themselves",
        }
    }
}

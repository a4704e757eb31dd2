//! The first page: the shop window, a customer's dashboard, or where staff begin.

use askama::Template;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use vicarious::{RequestIdentity, wants_json};

use crate::app::Shared;
use crate::shop::invoices;
use crate::shop::notifications::{self, Notification};
use crate::shop::orders::{self, Order};
use crate::shop::subscriptions::{self, Subscription};
use crate::shop::{At, Cents};
use crate::web::answer::html;
use crate::web::failure::Failure;
use crate::web::session::SignInPage;
use crate::web::visitor::{Frame, Seen, Visitor};
use crate::web::{presence, whoami};

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    frame: Frame,
    first_name: String,
    subscription: Option<Subscription>,
    latest: Option<Order>,
    owed: Cents,
    news: Vec<Notification>,
    pay_refused: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "staff.html")]
struct StaffLanding {
    frame: Frame,
    first_name: String,
}

/// Shows the first page.
pub(crate) async fn show(
    State(app): State<Shared>,
    RequestIdentity(identity): RequestIdentity,
    visitor: Result<Visitor, Failure>,
    request: Request,
) -> Result<Response, Failure> {
    let Ok(visitor) = visitor else {
        let frame = Frame::without_news(&app, &Seen::of(&request)).await;
        return Ok(match wants_json(request.headers()) {
            true => Json(whoami::of(&app, &identity)).into_response(),
            false => SignInPage::empty(frame).respond(StatusCode::OK),
        });
    };
    if visitor.json {
        return Ok(Json(whoami::of(&app, &identity)).into_response());
    }
    let frame = visitor.frame(&app).await?;
    let first_name = visitor.user.name.split_whitespace().next().unwrap_or_default().to_owned();
    if frame.is_staff() {
        return Ok(html(&StaffLanding { frame, first_name }));
    }
    let account = visitor.user.id.as_str();
    let page = Dashboard {
        subscription: subscriptions::find(&app.database, account).await?,
        latest: orders::list(&app.database, account, 1).await?.items.into_iter().next(),
        owed: invoices::owed(&app.database, account).await?,
        news: notifications::list(&app.database, account, 1).await?.items.into_iter().take(3).collect(),
        pay_refused: visitor.why_not(&app, "POST", "/payments"),
        frame,
        first_name,
    };
    presence::note(&app, &visitor.user).await?;
    Ok(html(&page))
}

impl Dashboard {
    fn next_box(&self) -> Option<(i64, &Subscription)> {
        let subscription = self.subscription.as_ref()?;
        let seconds = subscription.next_at.timestamp().as_second() - At::now().timestamp().as_second();
        Some(((seconds / (24 * 60 * 60)).max(0), subscription))
    }
}

//! A support code: what a customer reads out to be helped with one page.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use vicarious_axum::{Problem, Staff};
use vicarious_core::consent::{CODE_WAITS, LASTS};
use vicarious_core::{Refusal, SitePath};

use crate::answer::{Answer, Failure, html, json};
use crate::asked::{Asked, Sent};
use crate::frame::Frame;
use crate::when::{When, hours};

#[derive(Template)]
#[template(path = "support_code.html")]
struct SupportCodePage {
    frame: Frame,
    /// The page that help is wanted with.
    page: String,
    /// Whether that is no page in particular.
    is_any: bool,
    /// The code, once it is made, and until when it can be used.
    made: Option<(String, When)>,
    /// How long a code can be used, and how long somebody stays who uses it.
    waits: String,
    lasts: String,
    action: String,
    consents: String,
}

/// Shows what a support code is, and offers one, for the page that the link names or stands on.
pub(crate) async fn page(headers: HeaderMap, asked: Asked) -> Answer {
    customer(&asked).await?;
    let page = asked.query.get("page").map_or_else(|| asked.vicarious().came_from(&headers), SitePath::new);
    html(StatusCode::OK, &of(&asked, &page, None).await?)
}

/// Makes a code, and shows it this once.
pub(crate) async fn make(Sent { asked, fields }: Sent) -> Answer {
    customer(&asked).await?;
    let page = SitePath::new(fields.get("page").unwrap_or_default());
    let (consent, code) = asked.vicarious().support_code(&asked.identity, page.clone()).await?;
    if asked.json {
        let body = json!({ "support_code": code, "page": page.as_str(), "consent": consent.to_json(None, asked.now) });
        return json(StatusCode::CREATED, body);
    }
    let made = (code, asked.when(consent.ends_at));
    html(StatusCode::CREATED, &of(&asked, &page, Some(made)).await?)
}

async fn of(asked: &Asked, page: &SitePath, made: Option<(String, When)>) -> Result<SupportCodePage, Failure> {
    let is_any = *page == SitePath::root();
    let title = if is_any { "Get help with your account" } else { "Get help with this page" };
    Ok(SupportCodePage {
        frame: Frame::of(asked, asked.words.text(title)).await?,
        is_any,
        page: page.as_str().to_owned(),
        made,
        waits: hours(&asked.words, CODE_WAITS.as_hours()),
        lasts: match LASTS.as_hours() {
            1 => asked.words.text("an hour").to_owned(),
            number => hours(&asked.words, number),
        },
        action: asked.link("/support-code"),
        consents: asked.link("/consents"),
    })
}

/// Only a customer as themselves has anything to let somebody into.
async fn customer(asked: &Asked) -> Result<(), Failure> {
    asked.person()?;
    if asked.identity.is_impersonating() {
        let problem = Problem::new(StatusCode::NOT_FOUND, "not-found", "Only the customer can make a support code");
        let told = "A support code is the customer’s consent, so nobody makes one in their name. Ask them to open this page \
                    themselves.";
        return Err(problem.detail(told).into());
    }
    match asked.vicarious().staff(&asked.identity).await? {
        Staff::No => Ok(()),
        Staff::Agent | Staff::Administrator => Err(Refusal::NoSuchAccount.into()),
    }
}

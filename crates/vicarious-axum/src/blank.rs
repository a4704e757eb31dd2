//! A page in the place of a refusal that shows nothing, or a line of text: a browser would show that without a banner.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use vicarious_core::Person;

use crate::mark::Asked;
use crate::problem::Filled::Theirs;
use crate::problem::Problem;
use crate::site;

/// How many bytes of text are shown on a page; more stays what it is.
const QUOTED_AT_MOST: usize = 16 * 1024;
/// How long the page waits for the text that it quotes.
const PATIENCE: Duration = Duration::from_secs(2);

/// What text may be in, under each of its names.
const CHARSETS: [&str; 4] = ["utf-8", "utf8", "us-ascii", "ascii"];

/// Returns an answer of the application as it is, or with a page in it: where a browser opened a page, and nothing but a
/// status of 400 or more came back, or plain text with it, which the page quotes. Status and headers stay. `asked` is the
/// request's head as it came in.
pub(crate) async fn filled(asked: &Asked, customer: &Person, response: Response) -> Response {
    let status = response.status();
    let refuses = status.is_client_error() || status.is_server_error();
    if !refuses || asked.method == Method::HEAD || !site::opens_page(&asked.headers) {
        response
    } else if is_blank(&response) {
        let page = problem(status, customer).respond(&asked.headers);
        with_headers_of(response, page)
    } else if is_text(&response) {
        Box::pin(quoted(&asked.headers, customer, response)).await
    } else {
        response
    }
}

/// Returns whether an answer says what went wrong by its status alone. A body of unknown length is none that is empty.
fn is_blank(response: &Response) -> bool {
    let body = response.body();
    (body.is_end_stream() || body.size_hint().exact() == Some(0))
        && !says_any(response, &[CONTENT_TYPE])
        && is_bare(response)
}

/// Returns whether an answer is text that can be quoted.
fn is_text(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let length = response.body().size_hint().exact().and_then(|length| usize::try_from(length).ok());
    is_readable(kind) && length.is_some_and(|length| length <= QUOTED_AT_MOST) && is_bare(response)
}

/// Returns whether a type is that of plain text in an encoding that is known; what else it says does not matter.
fn is_readable(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase().replace([' ', '\t', '"'], "");
    let mut parts = kind.split(';');
    parts.next() == Some("text/plain")
        && parts.filter_map(|part| part.strip_prefix("charset=")).all(|charset| CHARSETS.contains(&charset))
}

fn is_bare(response: &Response) -> bool {
    !says_any(response, &[CONTENT_ENCODING, CONTENT_DISPOSITION])
}

fn says_any(response: &Response, names: &[http::HeaderName]) -> bool {
    names.iter().any(|name| response.headers().contains_key(name))
}

async fn quoted(asked: &HeaderMap, customer: &Person, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let text = text_of(body).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the text of a refusal did not come as announced, so it is not quoted");
        String::new()
    });
    let says = vec![("customer", Theirs(customer.name.clone()))];
    let page = match text.trim() {
        "" => problem(parts.status, customer),
        text => Problem::new(parts.status, "text", title(parts.status))
            .says("The application shows {customer} this text, and nothing else:", says)
            .quotes(text),
    };
    parts.headers.remove(CONTENT_TYPE);
    with_headers_of(Response::from_parts(parts, Body::empty()), page.respond(asked))
}

/// Returns a text that has announced how long it is, or why it did not come like that.
async fn text_of(body: Body) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let text = tokio::time::timeout(PATIENCE, Limited::new(body, QUOTED_AT_MOST).collect()).await??;
    Ok(String::from_utf8_lossy(&text.to_bytes()).into_owned())
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => "There is nothing here",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "This page is not shown",
        status if status.is_server_error() => "The application has failed",
        _ => "The application refuses this",
    }
}

/// Returns what can be said of a status. Whether the customer would be told more is not known, so it is not said.
fn problem(status: StatusCode, customer: &Person) -> Problem {
    let sentence = match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => "This page does not exist, or {customer} has no access to it.",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "The application does not show this page to {customer}.",
        status if status.is_server_error() => "It could not show this page to {customer}, and does not say why.",
        _ => "It does not show this page to {customer}, and does not say why.",
    };
    Problem::new(status, "blank", title(status)).says(sentence, vec![("customer", Theirs(customer.name.clone()))])
}

/// Returns our page with whatever else the application's answer says.
fn with_headers_of(answer: Response, mut page: Response) -> Response {
    let (theirs, _) = answer.into_parts();
    let ours = page.headers().clone();
    let kept = theirs.headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH && !ours.contains_key(*name));
    for (name, value) in kept {
        page.headers_mut().append(name.clone(), value.clone());
    }
    let mut extensions = theirs.extensions;
    extensions.extend(std::mem::take(page.extensions_mut()));
    *page.extensions_mut() = extensions;
    page
}

//! A page in the place of a refusal that shows nothing: a browser would show a page of its own, without a banner.

use axum::body::HttpBody;
use axum::response::Response;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use vicarious_core::Person;

use crate::problem::Filled::Theirs;
use crate::problem::Problem;
use crate::site;

/// Returns an answer of the application as it is, or with a page in it: where a browser opened a page and nothing but a
/// status of 400 or more came back. Status and headers stay. `asked` are the headers of the request.
pub(crate) fn filled(method: &Method, asked: &HeaderMap, customer: &Person, response: Response) -> Response {
    if is_blank(&response) && method == Method::GET && site::opens_page(asked) {
        let page = problem(response.status(), customer).respond(asked);
        with_headers_of(response, page)
    } else {
        response
    }
}

/// Returns whether an answer says what went wrong by its status alone. A body of unknown length is none that is empty.
fn is_blank(response: &Response) -> bool {
    let (status, body) = (response.status(), response.body());
    let says_something = |name| response.headers().contains_key(name);
    (status.is_client_error() || status.is_server_error())
        && (body.is_end_stream() || body.size_hint().exact() == Some(0))
        && ![CONTENT_TYPE, CONTENT_ENCODING, CONTENT_DISPOSITION].into_iter().any(says_something)
}

/// Returns what can be said of a status. Whether the customer would be told more is not known, so it is not said.
fn problem(status: StatusCode, customer: &Person) -> Problem {
    let (title, sentence) = match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            ("There is nothing here", "This page does not exist, or {customer} has no access to it.")
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            ("This page is not shown", "The application does not show this page to {customer}.")
        }
        status if status.is_server_error() => {
            ("The application has failed", "It could not show this page to {customer}, and does not say why.")
        }
        _ => ("The application refuses this", "It does not show this page to {customer}, and does not say why."),
    };
    Problem::new(status, "blank", title).says(sentence, vec![("customer", Theirs(customer.name.clone()))])
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

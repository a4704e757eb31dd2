//! Which language somebody is answered in.

use axum::body::Body;
use axum::response::Response;
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, HeaderValue};
use vicarious_core::Words;
use vicarious_core::words::chosen;

use crate::Vicarious;
use crate::page;
use crate::problem::Unsaid;

/// The languages that the application's people are answered in, the usual one first; never none.
pub(crate) struct Languages(Vec<Words>);

impl Languages {
    /// Returns these, or English where there are none.
    pub(crate) fn new(words: impl IntoIterator<Item = Words>) -> Self {
        let words: Vec<_> = words.into_iter().collect();
        Self(if words.is_empty() { vec![Words::english()] } else { words })
    }

    /// Returns the first mistake in what was replaced.
    pub(crate) fn mistake(&self) -> Option<String> {
        let of = |words: &Words| Some(format!("the words in `{}`: {}", words.tag(), words.mistakes().first()?));
        self.0.iter().find_map(of)
    }

    /// Returns the usual one.
    pub(crate) fn usual(&self) -> &Words {
        static ENGLISH: std::sync::LazyLock<Words> = std::sync::LazyLock::new(Words::english);
        self.0.first().unwrap_or(&ENGLISH)
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the one that suits a request best.
    pub(crate) fn of(&self, headers: &HeaderMap) -> &Words {
        self.placed(headers).1
    }

    /// Returns the same, with its place among all.
    pub(crate) fn placed(&self, headers: &HeaderMap) -> (usize, &Words) {
        // Who speaks one language only need not read what others are asked for.
        if self.0.len() == 1 { (0, self.usual()) } else { self.accepted(headers.get(ACCEPT_LANGUAGE)) }
    }

    fn accepted(&self, accepted: Option<&HeaderValue>) -> (usize, &Words) {
        let accepted = accepted.and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
        let place = chosen(&self.0, accepted);
        (place, self.0.get(place).unwrap_or_else(|| self.usual()))
    }

    /// Says the page of a problem in the language that suits its request. What made it need not know the languages: the
    /// application's own handlers do not.
    pub(crate) fn say(&self, mut response: Response) -> Response {
        if let Some(unsaid) = response.extensions_mut().remove::<Unsaid>() {
            let (_, words) = self.accepted(unsaid.accepted());
            *response.body_mut() = Body::from(page::problem_page(words, unsaid.problem()));
        }
        response
    }
}

impl Vicarious {
    /// Returns what people read, in the language that suits a request best.
    pub fn words(&self, headers: &HeaderMap) -> &Words {
        self.engine.languages.of(headers)
    }

    /// Returns what people read, in the application's usual language.
    pub fn default_words(&self) -> &Words {
        self.engine.languages.usual()
    }
}

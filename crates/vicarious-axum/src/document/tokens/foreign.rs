//! Where a document is not HTML but SVG or MathML, and how deep in templates.
//!
//! Browsers know from the tree of elements. Here only what begins and ends such a part is followed, which comes out the
//! same for whatever is nested as it should be.

use super::attributes::Attributes;
use super::name::{Name, names};
use super::{Mode, Tag};

const SVG: Name = Name::of("svg");
const MATH: Name = Name::of("math");
const FONT: Name = Name::of("font");
const ANNOTATION: Name = Name::of("annotation-xml");
const SCRIPT: Name = Name::of("script");
const P: Name = Name::of("p");
const BR: Name = Name::of("br");
const PLAINTEXT: Name = Name::of("plaintext");
pub(in crate::document) const TEMPLATE: Name = Name::of("template");

/// Where HTML is read as HTML, these alone change how it goes on.
pub(super) const MATTER: &[&str] = &[
    "svg",
    "math",
    "script",
    "plaintext",
    "template",
    "textarea",
    "title",
    "style",
    "iframe",
    "xmp",
    "noembed",
    "noframes",
    "noscript",
];
/// What stands between the tags of these is text.
const RAW: [Name; 8] = names(["textarea", "title", "style", "iframe", "xmp", "noembed", "noframes", "noscript"]);
/// In these elements of SVG there is HTML again.
const HTML_IN_SVG: [Name; 3] = names(["foreignobject", "desc", "title"]);
/// In these elements of MathML there is HTML again.
const HTML_IN_MATH: [Name; 5] = names(["mi", "mo", "mn", "ms", "mtext"]);
/// Where one of these begins, HTML goes on, whatever was open.
#[rustfmt::skip]
const NEVER_FOREIGN: [Name; 44] = names([
    "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2", "h3",
    "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre", "ruby", "s",
    "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var",
]);

/// How deep parts may stand within each other.
const DEEPEST: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Html,
    Svg,
    MathMl,
}

/// A part of a document in another language than what is around it.
#[derive(Debug)]
struct Part {
    language: Language,
    /// The end tag that ends it.
    ends_at: Name,
    /// How many templates are open in it.
    templates: usize,
}

/// The parts that are open, innermost last.
#[derive(Debug, Default)]
pub(super) struct Parts {
    open: Vec<Part>,
    /// How many templates are open in what is around all parts.
    outside: usize,
    /// How many templates are open in all.
    templates: usize,
    is_too_deep: bool,
}

impl Parts {
    /// Returns how many templates are open; whatever is inside one is not shown.
    pub(super) fn templates(&self) -> usize {
        self.templates
    }

    pub(super) fn is_too_deep(&self) -> bool {
        self.is_too_deep
    }

    /// Returns whether nothing but HTML is open.
    pub(super) fn is_plain(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn is_foreign(&self) -> bool {
        self.language() != Language::Html
    }

    /// Returns whether what a tag with this name means here depends on its attributes.
    pub(super) fn asks_for_attributes(&self, name: Name) -> bool {
        self.is_foreign() && matches!(name, FONT | ANNOTATION)
    }

    /// Follows a start tag, and returns how what comes after it is to be read.
    pub(super) fn start(&mut self, tag: &Tag, attributes: Attributes<'_>) -> Mode {
        let mut language = self.language();
        if language != Language::Html && is_never_foreign(tag.name, attributes) {
            self.back_to_html();
            language = Language::Html;
        }
        if tag.name == TEMPLATE && (language == Language::Html || !tag.is_self_closing) {
            *self.innermost() += 1;
            self.templates += 1;
        }
        match (language, tag.name) {
            (Language::Html, SVG) => self.enter(Language::Svg, tag),
            (Language::Html, MATH) => self.enter(Language::MathMl, tag),
            (Language::Html, SCRIPT) => return Mode::Script,
            (Language::Html, PLAINTEXT) => return Mode::Plain,
            (Language::Html, name) if RAW.contains(&name) => return Mode::Raw(name),
            (Language::Html, _) => {}
            // Within SVG `math` is an element like any other, but it has an end tag too.
            (Language::Svg, SVG | MATH) | (Language::MathMl, SVG) => self.enter(Language::Svg, tag),
            (Language::MathMl, MATH) => self.enter(Language::MathMl, tag),
            (Language::Svg, name) if HTML_IN_SVG.contains(&name) => self.enter(Language::Html, tag),
            (Language::MathMl, name) if HTML_IN_MATH.contains(&name) => self.enter(Language::Html, tag),
            (Language::MathMl, ANNOTATION) if is_html(attributes) => self.enter(Language::Html, tag),
            (Language::Svg | Language::MathMl, _) => {}
        }
        Mode::Data
    }

    /// Follows an end tag.
    pub(super) fn end(&mut self, name: Name) {
        if name == TEMPLATE {
            self.end_template();
        } else if self.is_foreign() {
            if matches!(name, P | BR) {
                return self.back_to_html();
            }
            let foreign = self.open.iter().rposition(|part| part.language == Language::Html).map_or(0, |html| html + 1);
            let within = self.open.get(foreign..).unwrap_or_default();
            if let Some(at) = within.iter().rposition(|part| part.ends_at == name) {
                self.leave(foreign + at);
            }
        } else if self.open.last().is_some_and(|part| part.ends_at == name) {
            self.leave(self.open.len() - 1);
        }
    }

    fn language(&self) -> Language {
        self.open.last().map_or(Language::Html, |part| part.language)
    }

    fn innermost(&mut self) -> &mut usize {
        self.open.last_mut().map_or(&mut self.outside, |part| &mut part.templates)
    }

    fn enter(&mut self, language: Language, tag: &Tag) {
        if tag.is_self_closing {
            return;
        }
        self.is_too_deep |= self.open.len() >= DEEPEST;
        if !self.is_too_deep {
            self.open.push(Part { language, ends_at: tag.name, templates: 0 });
        }
    }

    /// Leaves all parts from this one on.
    fn leave(&mut self, from: usize) {
        let left: usize = self.open.drain(from..).map(|part| part.templates).sum();
        self.templates -= left;
    }

    fn back_to_html(&mut self) {
        while self.is_foreign() {
            self.leave(self.open.len() - 1);
        }
    }

    /// The innermost template ends, with everything that is open in it.
    fn end_template(&mut self) {
        if self.templates == 0 {
            return;
        }
        let within = self.open.iter().rposition(|part| part.templates > 0);
        self.leave(within.map_or(0, |at| at + 1));
        *self.innermost() -= 1;
        self.templates -= 1;
    }
}

fn is_never_foreign(name: Name, attributes: Attributes<'_>) -> bool {
    let is_styled = |name| attributes.get(name).is_some();
    NEVER_FOREIGN.contains(&name) || (name == FONT && ["color", "face", "size"].into_iter().any(is_styled))
}

/// Returns whether an `annotation-xml` is annotated in HTML.
fn is_html(attributes: Attributes<'_>) -> bool {
    attributes.get("encoding").is_some_and(|encoding| {
        [&b"text/html"[..], b"application/xhtml+xml"].iter().any(|html| encoding.eq_ignore_ascii_case(html))
    })
}

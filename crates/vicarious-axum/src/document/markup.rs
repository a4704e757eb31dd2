//! Where in a document the banner goes, and which forms get a tag.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encoding_rs::WINDOWS_1252;
use lol_html::html_content::{ContentType, DocumentEnd, TextChunk, TextType};
use lol_html::send::{DocumentContentHandlers, Element, ElementContentHandlers, HtmlRewriter, Settings};
use lol_html::{AsciiCompatibleEncoding, HandlerResult, MemorySettings, Selector};

use super::Rewrite;
use super::forms::{is_ours, is_post};
use super::stream::Output;
use crate::page::hidden;

pub(super) type Rewriter = HtmlRewriter<'static, Output>;
type Problem = Box<dyn std::error::Error + Send + Sync>;

/// The most that one tag may take, in bytes: an image within an attribute fits, a memory attack does not.
const MEMORY: usize = 8 * 1024 * 1024;

/// Closes whatever a document that ended in its head may have left open, and shows nothing where nothing is open:
/// a tag, a quoted attribute, a comment, raw text.
pub(super) const CLOSERS: &str = "<!-- \"'> --></script></style></title></noscript></noframes>";

/// Returns the rewriter that writes to `output`.
pub(super) fn rewriter(options: Rewrite, output: Output) -> Result<Rewriter, Problem> {
    // Every byte is a character of windows-1252 and comes back as the same byte, so text in UTF-8, in Latin-9 or in
    // none at all passes unharmed. What we insert is pure ASCII.
    let encoding = AsciiCompatibleEncoding::new(WINDOWS_1252).ok_or("windows-1252 is compatible with ASCII")?;
    let settings = Settings::new_send()
        .with_encoding(encoding)
        .with_strict(false)
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(MEMORY));
    let tag = ascii(&hidden("_identity", &options.identity_tag));
    let forms = Forms { tag, own_origins: options.own_origins, tagged: Arc::default() };
    let settings = match options.banner {
        None => settings.append_element_content_handler(forms.handler("form, button, input")?),
        Some(banner) => {
            let place = Place(Arc::new(Mutex::new(Pending { banner: Some(ascii(&banner)), templates: 0 })));
            let (elements, text, end) = (place.clone(), place.clone(), place);
            settings
                .append_element_content_handler((
                    std::borrow::Cow::Owned(parsed("*")?),
                    ElementContentHandlers::default()
                        .element(move |element: &mut Element<'_, '_>| elements.element(element)),
                ))
                .append_element_content_handler(forms.handler("form, button, input")?)
                .append_document_content_handler(
                    DocumentContentHandlers::default()
                        .text(move |chunk: &mut TextChunk<'_>| text.text(chunk))
                        .end(move |document: &mut DocumentEnd<'_>| end.end(document)),
                )
        }
    };
    Ok(HtmlRewriter::new(settings, output))
}

fn parsed(selector: &str) -> Result<Selector, Problem> {
    selector.parse::<Selector>().map_err(Into::into)
}

/// The banner, and where it may go.
///
/// INVARIANT: it goes in exactly once, ahead of everything that a customer may have written into the body.
#[derive(Clone)]
struct Place(Arc<Mutex<Pending>>);

struct Pending {
    /// None once it is in.
    banner: Option<String>,
    /// How many templates are open; whatever is inside one is not shown.
    templates: usize,
}

impl Place {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn element(&self, element: &mut Element<'_, '_>) -> HandlerResult {
        let mut pending = self.pending();
        if pending.banner.is_none() {
            return Ok(());
        }
        let name = element.tag_name();
        if name == "template" {
            if let Some(handlers) = element.end_tag_handlers() {
                pending.templates += 1;
                let place = self.clone();
                handlers.push(Box::new(move |_| {
                    let mut pending = place.pending();
                    pending.templates = pending.templates.saturating_sub(1);
                    Ok(())
                }));
            }
        } else if pending.templates == 0 && !is_head_material(&name) {
            let banner = pending.banner.take().unwrap_or_default();
            if name == "body" {
                element.start_tag().after(&banner, ContentType::Html);
            } else {
                // A browser begins the body here by itself, so a later `<body>` begins nothing.
                element.before(&banner, ContentType::Html);
            }
        }
        Ok(())
    }

    fn text(&self, chunk: &mut TextChunk<'_>) -> HandlerResult {
        let mut pending = self.pending();
        let shown = chunk.text_type() == TextType::Data && !chunk.as_str().bytes().all(is_white);
        if shown
            && pending.templates == 0
            && let Some(banner) = pending.banner.take()
        {
            chunk.before(&banner, ContentType::Html);
        }
        Ok(())
    }

    fn end(&self, document: &mut DocumentEnd<'_>) -> HandlerResult {
        let mut pending = self.pending();
        if let Some(banner) = pending.banner.take() {
            let templates = "</template>".repeat(pending.templates);
            document.append(&format!("{CLOSERS}{templates}{banner}"), ContentType::Html);
        }
        Ok(())
    }
}

fn is_head_material(name: &str) -> bool {
    matches!(
        name,
        "html"
            | "head"
            | "title"
            | "meta"
            | "link"
            | "style"
            | "script"
            | "base"
            | "noscript"
            | "noframes"
            | "basefont"
            | "bgsound"
    )
}

/// The characters that HTML does not count as content between the tags of a head.
fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0c | b'\r')
}

/// Puts the tag into forms that post to us.
struct Forms {
    tag: String,
    own_origins: Vec<String>,
    /// Whether the form around has its tag already.
    tagged: Arc<Mutex<bool>>,
}

impl Forms {
    fn handler(
        self,
        selector: &str,
    ) -> Result<(std::borrow::Cow<'static, Selector>, ElementContentHandlers<'static>), Problem> {
        let handler = move |element: &mut Element<'_, '_>| {
            if element.tag_name() == "form" { self.form(element) } else { self.button(element) }
        };
        Ok((std::borrow::Cow::Owned(parsed(selector)?), ElementContentHandlers::default().element(handler)))
    }

    fn form(&self, element: &mut Element<'_, '_>) -> HandlerResult {
        let wanted = is_post(element.get_attribute("method").as_deref())
            && is_ours(element.get_attribute("action").as_deref(), &self.own_origins);
        if wanted {
            element.start_tag().after(&self.tag, ContentType::Html);
        }
        *lock(&self.tagged) = wanted;
        if let Some(handlers) = element.end_tag_handlers() {
            let tagged = Arc::clone(&self.tagged);
            handlers.push(Box::new(move |_| {
                *lock(&tagged) = false;
                Ok(())
            }));
        }
        Ok(())
    }

    /// A button may post what its form would not, and may belong to a form elsewhere.
    fn button(&self, element: &mut Element<'_, '_>) -> HandlerResult {
        let elsewhere = element.get_attribute("form");
        let wanted = is_post(element.get_attribute("formmethod").as_deref())
            && is_ours(element.get_attribute("formaction").as_deref(), &self.own_origins);
        let mut tagged = lock(&self.tagged);
        if !wanted || (elsewhere.is_none() && *tagged) {
            return Ok(());
        }
        match elsewhere {
            // The attribute's value is still in the document's own encoding of special characters, quotes aside.
            Some(form) => {
                let form = form.replace('"', "&quot;");
                let field = self.tag.replacen("<input ", &format!("<input form=\"{form}\" "), 1);
                element.before(&field, ContentType::Html);
            }
            None => {
                *tagged = true;
                element.before(&self.tag, ContentType::Html);
            }
        }
        Ok(())
    }
}

fn lock(flag: &Mutex<bool>) -> MutexGuard<'_, bool> {
    flag.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes HTML in pure ASCII, so that it reads the same in every encoding a document may have.
fn ascii(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for letter in html.chars() {
        if letter.is_ascii() {
            text.push(letter);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "&#x{:x};", u32::from(letter));
        }
    }
    text
}

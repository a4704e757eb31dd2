//! Finds the place in a document where the banner belongs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use lol_html::html_content::{TextChunk, TextType};
use lol_html::send::{DocumentContentHandlers, Element, ElementContentHandlers, HtmlRewriter};
use lol_html::{HandlerResult, OutputSink};

use super::parsing::{EVERYTHING, Problem, selector, settings};

/// Closes whatever a document that ended in its head may have left open, and shows nothing where nothing is open:
/// a tag, a quoted attribute, a comment, raw text.
pub(super) const CLOSERS: &str = "<!-- \"'> --></script></style></title></noscript></noframes>";

/// Reads a document up to the place of the banner, which comes exactly once: ahead of everything that a customer may
/// have written into the body.
///
/// It is the first thing in the body, and the body begins at its tag, or where a browser begins it by itself: at the
/// first element or text that does not belong into a head.
pub(super) struct Search {
    parser: HtmlRewriter<'static, Passed>,
    seen: Seen,
    /// What was read and may still turn out to stand behind the place.
    held: BytesMut,
    /// How much of the document is not held any more, in bytes.
    gone: usize,
}

/// What reading a piece has brought.
pub(super) enum Found {
    /// The place is further on; this much stands before it for sure.
    NotYet(Bytes),
    /// The place is between these two.
    Between(Bytes, Bytes),
}

impl Search {
    pub(super) fn new() -> Result<Self, Problem> {
        let seen = Seen::default();
        let (elements, texts) = (seen.clone(), seen.clone());
        let everything = (
            selector(&EVERYTHING)?,
            ElementContentHandlers::default().element(move |element: &mut Element<'_, '_>| elements.element(element)),
        );
        let text = DocumentContentHandlers::default().text(move |chunk: &mut TextChunk<'_>| texts.text(chunk));
        let settings = settings()?.append_element_content_handler(everything).append_document_content_handler(text);
        let parser = HtmlRewriter::new(settings, Passed(seen.clone()));
        Ok(Self { parser, seen, held: BytesMut::new(), gone: 0 })
    }

    /// Reads the next piece. Nothing may be read after the place was found.
    pub(super) fn read(&mut self, piece: &[u8]) -> Result<Found, Problem> {
        self.held.extend_from_slice(piece);
        let result = self.parser.write(piece);
        let place = self.seen.lock().place;
        match (place, result) {
            (Some(place), _) => {
                let before = self.release(place);
                Ok(Found::Between(before, self.held.split().freeze()))
            }
            (None, Ok(())) => {
                let passed = self.seen.lock().passed;
                Ok(Found::NotYet(self.release(passed)))
            }
            (None, Err(error)) => Err(error.into()),
        }
    }

    /// Returns what stands before the place in a document that ends without one: all of it, and what closes it.
    pub(super) fn end(mut self) -> Bytes {
        let templates = "</template>".repeat(self.seen.lock().templates);
        self.held.extend_from_slice(CLOSERS.as_bytes());
        self.held.extend_from_slice(templates.as_bytes());
        self.held.freeze()
    }

    /// Lets go of everything before an offset in the document.
    fn release(&mut self, until: usize) -> Bytes {
        let length = until.saturating_sub(self.gone).min(self.held.len());
        self.gone += length;
        self.held.split_to(length).freeze()
    }
}

/// What the parser has seen so far, in bytes of the document.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Progress>>);

#[derive(Default)]
struct Progress {
    /// How much is certainly no part of a tag that is still to come.
    passed: usize,
    /// How many templates are open; whatever is inside one is not shown.
    templates: usize,
    /// Where the banner belongs, once that is known.
    place: Option<usize>,
}

/// Stops the parser; it is not an error.
#[derive(Debug, thiserror::Error)]
#[error("the place is found")]
struct Stop;

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn element(&self, element: &mut Element<'_, '_>) -> HandlerResult {
        let mut progress = self.lock();
        let name = element.tag_name();
        if name == "template" {
            if let Some(handlers) = element.end_tag_handlers() {
                progress.templates += 1;
                let seen = self.clone();
                handlers.push(Box::new(move |_| {
                    let mut progress = seen.lock();
                    progress.templates = progress.templates.saturating_sub(1);
                    Ok(())
                }));
            }
        } else if progress.templates == 0 && !is_head_material(&name) {
            let tag = element.source_location().bytes();
            // Where anything but its tag begins the body, a later `<body>` begins nothing.
            progress.place = Some(if name == "body" { tag.end } else { tag.start });
            return Err(Stop.into());
        }
        Ok(())
    }

    fn text(&self, chunk: &mut TextChunk<'_>) -> HandlerResult {
        let mut progress = self.lock();
        let shown = chunk.text_type() == TextType::Data && !chunk.as_str().bytes().all(is_white);
        if shown && progress.templates == 0 {
            progress.place = Some(chunk.source_location().bytes().start);
            return Err(Stop.into());
        }
        Ok(())
    }
}

/// Counts what the parser lets through. It changes nothing, so it need not be kept.
struct Passed(Seen);

impl OutputSink for Passed {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.lock().passed += chunk.len();
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

//! Puts the identity's tag into the forms that post to us.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lol_html::HandlerResult;
use lol_html::html_content::ContentType;
use lol_html::send::{Element, ElementContentHandlers, HtmlRewriter};

use super::forms::{is_ours, is_post};
use super::parsing::{FORMS, Problem, ascii, selector, settings};
use super::stream::Output;
use crate::page::hidden;

pub(super) type Tagger = HtmlRewriter<'static, Output>;

/// Returns the rewriter that writes to `output`.
pub(super) fn tagger(tag: &str, own_origins: Vec<String>, output: Output) -> Result<Tagger, Problem> {
    let forms = Forms { tag: ascii(hidden("_identity", tag)), own_origins, tagged: Arc::default() };
    let handler = move |element: &mut Element<'_, '_>| {
        if element.tag_name() == "form" { forms.form(element) } else { forms.button(element) }
    };
    let content = ElementContentHandlers::default().element(handler);
    Ok(HtmlRewriter::new(settings()?.append_element_content_handler((selector(&FORMS)?, content)), output))
}

/// Puts the tag into forms that post to us.
struct Forms {
    tag: String,
    own_origins: Vec<String>,
    /// Whether the form around has its tag already.
    tagged: Arc<Mutex<bool>>,
}

impl Forms {
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

//! Our tokenizer beside lol_html's, which reads HTML by the same standard and was written by others.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::BytesMut;
use lol_html::html_content::{Element, TextChunk, TextType};
use lol_html::{AsciiCompatibleEncoding, HtmlRewriter, Settings};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::Tagging;
use super::super::forms::{is_ours, is_post};
use super::super::held::Held;
use super::super::place::{CLOSERS, Search};
use super::super::tags::Tagger;
use super::super::tokens::{Token, Tokenizer, is_white};
use super::soup;

/// A start tag: its name, where it stands, its attributes.
type Tag = (String, usize, usize, Vec<(String, String)>);

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reading {
    tags: Vec<Tag>,
    /// Where there is text that is shown, white space aside.
    text: Vec<usize>,
}

#[derive(Default)]
struct Oracle {
    reading: Reading,
    /// Where templates end.
    closed: Vec<usize>,
}

impl Oracle {
    fn read(html: &[u8]) -> Self {
        let oracle = Rc::new(RefCell::new(Self::default()));
        let (elements, texts) = (Rc::clone(&oracle), Rc::clone(&oracle));
        let element = move |element: &mut Element<'_, '_>| {
            let at = element.source_location().bytes();
            let attributes = element.attributes().iter().map(|attribute| (attribute.name(), attribute.value()));
            let tag = (element.tag_name(), at.start, at.end, attributes.collect());
            elements.borrow_mut().reading.tags.push(tag);
            if element.tag_name() == "template"
                && let Some(handlers) = element.end_tag_handlers()
            {
                let ends = Rc::clone(&elements);
                handlers.push(Box::new(move |tag: &mut lol_html::html_content::EndTag<'_>| {
                    ends.borrow_mut().closed.push(tag.source_location().bytes().start);
                    Ok(())
                }));
            }
            Ok(())
        };
        let text = move |chunk: &mut TextChunk<'_>| {
            let place = chunk.source_location().bytes();
            if chunk.text_type() == TextType::Data {
                texts.borrow_mut().reading.text.extend(place);
            }
            Ok(())
        };
        let encoding = AsciiCompatibleEncoding::new(encoding_rs::WINDOWS_1252).expect("compatible");
        let settings = Settings::new()
            .with_encoding(encoding)
            .with_strict(false)
            .append_element_content_handler(lol_html::element!("*", element))
            .append_document_content_handler(lol_html::doc_text!(text));
        let mut parser = HtmlRewriter::new(settings, |_: &[u8]| {});
        parser.write(html).expect("html");
        drop(parser);
        let mut oracle = oracle.take();
        oracle.reading.text.retain(|at| !is_white(html[*at]));
        oracle
    }

    /// Returns where the banner belongs; none where the document ends before that.
    fn place(&self) -> Option<usize> {
        const HEAD: &str = " html head title meta link style script base noscript noframes basefont bgsound ";
        let texts = self.reading.text.iter().map(|at| (*at, "", *at));
        let closed = self.closed.iter().map(|at| (*at, "/template", *at));
        let tags = self.reading.tags.iter().map(|(name, start, end, _)| (*start, name.as_str(), *end));
        let mut events: Vec<(usize, &str, usize)> = texts.chain(closed).chain(tags).collect();
        events.sort_unstable();
        let mut templates = 0_usize;
        for (start, name, end) in events {
            match name {
                "template" => templates += 1,
                "/template" => templates -= 1,
                _ if templates > 0 || HEAD.contains(&format!(" {name} ")) => {}
                "body" => return Some(end),
                _ => return Some(start),
            }
        }
        None
    }
}

fn readable(bytes: &[u8]) -> String {
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

fn read_by_us(html: &[u8], lengths: &[usize]) -> Reading {
    let mut reading = Reading::default();
    let mut held = Held::new(Tokenizer::of_everything());
    let mut gone = 0;
    for piece in cut(html, lengths) {
        let read = held.read(piece, |tokens, text| {
            while let Some(token) = tokens.next(text) {
                match token {
                    Token::Text(place) => {
                        reading.text.extend(place.filter(|at| !is_white(text[*at])).map(|at| at + gone));
                    }
                    Token::Tag(tag) if tag.is_end => {}
                    Token::Tag(tag) => {
                        let attributes = tag.attributes(text);
                        let attributes =
                            attributes.map(|(name, value)| (readable(name).to_ascii_lowercase(), readable(value)));
                        let name = text[tag.start + 1..tag.end].split(|byte| is_white(*byte) || b"/>".contains(byte));
                        let name = readable(name.into_iter().next().expect("a name")).to_ascii_lowercase();
                        reading.tags.push((name, tag.start + gone, tag.end + gone, attributes.collect()));
                    }
                }
            }
            let done = tokens.unfinished().unwrap_or(text.len());
            gone += done;
            done
        });
        read.expect("a document");
    }
    reading
}

/// Cuts into pieces of these lengths, over and over.
fn cut<'a>(html: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let (mut rest, mut pieces) = (html, Vec::new());
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Checks that we read what the oracle reads, and find the same place, however the document is cut.
fn check(html: &str, lengths: &[usize]) {
    let oracle = Oracle::read(html.as_bytes());
    assert_eq!(read_by_us(html.as_bytes(), lengths), oracle.reading, "{html:?}");
    let (mut search, mut output) = (Search::new(), BytesMut::new());
    let mut pieces = cut(html.as_bytes(), lengths).into_iter();
    let found = pieces.find_map(|piece| search.read(piece, &mut output).expect("a document"));
    assert_eq!(found.is_some().then_some(output.len()), oracle.place(), "{html:?}");
    let Some(after) = found else {
        search.end(&mut output);
        let output = String::from_utf8(output.to_vec()).expect("text");
        let (all, closed) = output.rsplit_once(CLOSERS).expect("closers");
        assert!(all == html && closed.replace("</template>", "").is_empty(), "{html:?}");
        return;
    };
    assert_eq!([&output[..], &after, &pieces.collect::<Vec<_>>().concat()].concat(), html.as_bytes(), "{html:?}");
}

/// Checks that every form that the oracle sees, and that posts to us, has its tag; and that nothing else has changed.
fn check_forms(html: &str, lengths: &[usize]) {
    let own = ["https://app.example".to_owned()];
    let (mut tagger, mut output) = (Tagger::new(Arc::new(Tagging::new("t4g", &own))), BytesMut::new());
    for piece in cut(html.as_bytes(), lengths) {
        tagger.read(piece, &mut output).expect("a document");
    }
    tagger.end(&mut output);
    let output = String::from_utf8(output.to_vec()).expect("text");
    let mut tagged = Vec::new();
    let mut rest = output.as_str();
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once("name=\"_identity\" value=\"t4g\">") {
        let (before, _) = before.rsplit_once("<input ").expect("a field");
        plain.push_str(before);
        tagged.push(plain.len());
        rest = after;
    }
    plain.push_str(rest);
    assert_eq!(plain, html);
    for (name, start, end, attributes) in Oracle::read(html.as_bytes()).reading.tags {
        let get = |name: &str| attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        if name == "form" && is_post(get("method")) && is_ours(get("action"), &own) {
            let at = tagged.iter().position(|tagged| *tagged == end);
            tagged.remove(at.unwrap_or_else(|| panic!("the form at {start} of {html:?}")));
        } else if matches!(name.as_str(), "button" | "input") {
            // Not every button needs one.
            if let Some(at) = tagged.iter().position(|tagged| *tagged == start) {
                tagged.remove(at);
            }
        }
    }
    assert!(tagged.is_empty(), "{tagged:?} of {html:?}");
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![usize::MAX]), Just(vec![1]), vec(1_usize..12, 1..4), vec(1_usize..200, 1..3)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plain_html_is_read_as_others_read_it(html in soup::plain(), lengths in lengths()) {
        check(&html, &lengths);
        check_forms(&html, &lengths);
    }

    #[test]
    fn templates_are_read_as_others_read_them(html in soup::templates(), lengths in lengths()) {
        check(&html, &lengths);
    }

    #[test]
    fn foreign_parts_are_read_as_others_read_them(html in soup::foreign(), lengths in lengths()) {
        check(&html, &lengths);
        check_forms(&html, &lengths);
    }
}

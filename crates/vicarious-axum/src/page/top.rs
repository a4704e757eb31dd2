//! The head of the start page, which is that of the console's pages.

use vicarious_core::{Person, Words};

use super::{escape, hidden, name, path};
use crate::mounted::SignOut;

/// What stands in it.
pub(crate) struct Top<'a> {
    /// The name, and where it leads.
    pub(crate) brand: &'a str,
    pub(crate) home: &'a str,
    /// The links: where each leads, and what it is called.
    pub(crate) rooms: &'a [(String, String)],
    /// Where the console lists consents.
    pub(crate) consents: &'a str,
    pub(crate) sign_out: Option<&'a SignOut>,
}

/// Returns the way to the console's pages, and who is signed in.
pub(super) fn html(words: &Words, agent: &Person, top: &Top<'_>) -> String {
    let link = |(href, label): &(String, String)| format!("<a href=\"{}\">{}</a>", path(href), escape(words.of(label)));
    format!(
        "<header class=\"top\"><p><a href=\"{home}\">{brand}</a></p><nav aria-label=\"{console}\">{rooms}</nav>\
         <div class=\"me\"><p><span class=\"hidden\">{signed_in} </span>{agent}</p>{out}</div></header>\n",
        home = path(top.home),
        brand = escape(words.of(top.brand)),
        console = escape(words.text("Console")),
        rooms = top.rooms.iter().map(link).collect::<Vec<_>>().join(" "),
        signed_in = escape(words.text("Signed in as")),
        agent = name(&agent.name),
        out = top.sign_out.map(|out| sign_out(words, out)).unwrap_or_default(),
    )
}

fn sign_out(words: &Words, out: &SignOut) -> String {
    format!(
        "<form method=\"post\" action=\"{action}\">{method}<button>{label}</button></form>",
        action = path(&out.path),
        method = out.method.map(|method| hidden("_method", method).to_string()).unwrap_or_default(),
        label = escape(words.text("Log out")),
    )
}

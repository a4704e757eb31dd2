//! Random HTML, from what is written to what nobody would write.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Elements that are what they seem, some of which belong into a head.
const ELEMENTS: &[&str] =
    &["p", "DIV", "form", "button", "input", "b", "table", "h1", "html", "Head", "meta", "link", "base", "x-y", "br"];
/// Elements that hold nothing but text.
const RAW: &[&str] =
    &["script", "STYLE", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "noscript", "Script"];

const ATTRIBUTES: &[&str] = &[
    "",
    "method=post",
    "method=\"POST\"",
    "method='post'",
    "METHOD = post",
    "method=get",
    "method",
    "action=/x",
    "action=\"//evil.example\"",
    "action='https://app.example/a>b'",
    "formmethod=post",
    "form=f",
    "a=\">\"",
    "b='<p>'",
    "c=<p",
    "=d",
    "=\"e>\"",
    "/",
    "//",
    "\"",
    "'",
    "f=\"\"g",
    "h=i/",
    "j\t=\n'k'",
    "<l",
    "m=\"n'",
    "ü=é",
];
/// Attributes that are closed within their tag.
const CALM: &[&str] =
    &["", "method=post", "method='POST'", "action=/x", "action=\"//evil.example\"", "a=\">\"", "b='<p>'"];

/// Beginnings and ends of everything, and text.
const NOISE: &[&str] = &[
    "<!--",
    "-->",
    "--!>",
    "->",
    "-",
    "--",
    "<!-->",
    "<!--->",
    "<!---->",
    "<!--->-->",
    "<!--a--!-->",
    "<!-- <!-- -->",
    "<!",
    "<!>",
    "<!->",
    "<!x>",
    "<!doctype html>",
    "<!DOCTYPE html PUBLIC \"a>\" 'b'>",
    "<?php >",
    "<?>",
    "</>",
    "</ p>",
    "</-",
    "<",
    "<<",
    "< p>",
    "<3",
    "<>",
    ">",
    "<![CDATA[",
    "]]>",
    "]",
    "<![cdata[ ]]>",
    "\"",
    "'",
    "=",
    "/",
    " ",
    "\n\t",
    "text",
    "&lt;",
    "\0",
    "é",
    "<!-- <body> -->",
    "<!--<script>",
    "<script",
    "</script",
    "</scripty>",
    "</script/",
    "</title",
    "<p",
    "<form ",
    "</form",
    "<b a=\"",
    "<b a='",
    "<b a=",
];

/// HTML in which nothing is foreign and no template is open.
pub(super) fn plain() -> impl Strategy<Value = String> {
    vec(prop_oneof![6 => tag(ELEMENTS, ATTRIBUTES), 2 => end_tag(ELEMENTS), 2 => tag(RAW, ATTRIBUTES), 3 => end_tag(RAW), 4 => noise()], 0..24)
        .prop_map(|parts| parts.concat())
}

/// HTML of a head that holds templates, well nested or not.
pub(super) fn templates() -> impl Strategy<Value = String> {
    let own = select(&["<template>", "</template>", "<TEMPLATE a='>'>", "</template >"][..]).prop_map(str::to_owned);
    vec(prop_oneof![5 => own, 2 => tag(ELEMENTS, ATTRIBUTES), 1 => tag(RAW, ATTRIBUTES), 2 => end_tag(RAW), 2 => noise()], 0..16)
        .prop_map(|parts| parts.concat())
}

/// HTML with SVG and MathML, each nested as it should be.
pub(super) fn foreign() -> impl Strategy<Value = String> {
    let calm =
        || prop_oneof![tag(ELEMENTS, CALM), closed_raw(), select(&["text", "<!-- > -->"][..]).prop_map(str::to_owned)];
    let svg_own = || select(&["<g>", "</g>", "<path d='m>'/>", "<style>", "</style>", "<font x=y>", "<script>"][..]);
    let part = (vec(svg_own(), 0..4), vec(calm(), 0..4), vec(svg_own(), 0..3));
    let within = part.prop_flat_map(|(before, html, after)| {
        let cdata = "<![CDATA[ <form method=post> ]] ]>> ]]>";
        let (before, html, after) = (before.concat(), html.concat(), after.concat());
        let points = [
            ("svg", "desc", "desc"),
            ("SVG", "foreignObject", "foreignobject"),
            ("svg", "title", "title"),
            ("math", "mi", "mi"),
            ("math", "annotation-xml encoding='text/html'", "annotation-xml"),
        ];
        select(points.to_vec()).prop_map(move |(root, point, end)| {
            format!("<{root} a>{before}{cdata}<{point}>{html}<![CDATA[>{cdata}</{end}>{after}{cdata}</{root}>")
        })
    });
    let left = select(&["<svg><g><p>", "<math><mrow></p>", "<svg><font color=a>", "<svg><div><![CDATA[>"][..]);
    let parts = prop_oneof![4 => within, 1 => left.prop_map(str::to_owned), 3 => calm()];
    vec(parts, 0..5).prop_map(|parts| parts.concat())
}

fn tag(names: &'static [&'static str], attributes: &'static [&'static str]) -> impl Strategy<Value = String> {
    (select(names), vec(select(attributes), 0..4), select(&["", " ", "/", " /"][..]))
        // An equals sign at the very end is where the oracle itself is wrong: it forgets what a script is.
        .prop_map(|(name, attributes, end)| format!("<{name} {}{end}>", attributes.join(" ")))
}

fn end_tag(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    (select(names), select(&["", " ", "/", " a='>'"][..])).prop_map(|(name, end)| format!("</{name}{end}>"))
}

fn closed_raw() -> impl Strategy<Value = String> {
    // Not a title: wherever HTML stands in SVG, the oracle takes its end for the end of that.
    select(&["script", "style", "textarea", "xmp", "noscript"][..])
        .prop_map(|name| format!("<{name} a='>'><p>'<svg></{name}>"))
}

fn noise() -> impl Strategy<Value = String> {
    select(NOISE).prop_map(str::to_owned)
}

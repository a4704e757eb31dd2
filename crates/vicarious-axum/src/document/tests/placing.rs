use super::*;

#[tokio::test]
async fn the_banner_is_the_first_thing_in_the_body() {
    check("<!doctype html><html><head><title>x</title></head><body class='a > b'>{B}<p>Hello</p></body></html>").await;
    check("<BODY\n ID=x>{B}Hello</BODY>").await;
    check("<body/>{B}Hello").await;
    check("<html>\n<body>{B}no end").await;
    check("<!-- a --><head><meta charset=utf-8><link rel=x><style>body{}</style><base href=/></head><body>{B}<p>")
        .await;
}

#[tokio::test]
async fn a_document_without_a_body_tag_gets_it_before_its_first_content() {
    check("{B}<div>Hello</div>").await;
    check("<title>x</title>\n {B}<main>Hello</main>").await;
    check("<!doctype html>{B}Hello <b>you</b>").await;
    check("{B}only text").await;
    check("<head><title>x</title></head>{B}Hello<body>again").await;
    check("<head>{B}<p>early</p></head><body>late").await;
    check("<html><head></head>{B}<textarea>").await;
    check("{B}<plaintext><body>").await;
    check("{B}<img src=x><body>").await;
}

// T21: what a customer planted cannot swallow the banner.
#[tokio::test]
async fn unclosed_content_cannot_swallow_it() {
    for planted in
        ["<!-- ", "<textarea>", "<script>", "<style>", "<title>", "<select>", "<svg>", "<a title=\"", "<template>"]
    {
        check(&format!("<body>{{B}}{planted}<p>Hello</p></body>")).await;
        check(&format!("<head><title>x</title></head>{{B}}<p>{planted}</p></body>")).await;
    }
}

#[tokio::test]
async fn a_body_in_a_comment_a_script_or_a_template_is_none() {
    check("<!-- <body> --><body>{B}x").await;
    check("<!--><body>{B}x").await;
    check("<script>'<body>'</script><body>{B}x").await;
    check("<script><!--<script></script><body>--></script><body>{B}x").await;
    check("<style><body></style><body>{B}x").await;
    check("<title><body></title><body>{B}x").await;
    check("<noscript><body></noscript><body>{B}x").await;
    check("<meta content='<body>'><body>{B}x").await;
    check("<template><body><p>x</p>text<template><i></template></template><body>{B}x").await;
    check("<body>{B}<body>x").await;
}

#[tokio::test]
async fn a_document_that_shows_nothing_gets_it_at_the_end() {
    for html in [
        "",
        " \n",
        "<!doctype html>",
        "<html><head><title>x</title></head></html>",
        "<!-- a -->",
        "<script>let a = '<p>';</script>",
        // Left open, each in its own way.
        "<!-- a <body>",
        "<!-- a <!-- b",
        "<!doctype html",
        "<title>x<body>",
        "<script>x<body>",
        "<script><!--<script>x<body>",
        "<style>x",
        "<noscript>x",
        "<meta content=\"x <body>",
        "<meta content='x <body>",
        "<meta content=x",
        "<meta ",
    ] {
        check(&format!("{html}{{C}}{{B}}")).await;
    }
    check("<template><template><p>{C}{T}{T}{B}").await;
}

#[tokio::test]
async fn a_frameset_gives_way_to_the_banner() {
    check("<html><head></head>{B}<frameset><frame src=a></frameset></html>").await;
}

#[tokio::test]
async fn a_fragment_has_no_banner() {
    for html in ["", "text", "<body>x", "<p>x</p>", "<html><body>x</body></html>", "\u{feff}<p>x"] {
        assert_eq!(rewritten(html.as_bytes(), 1, None).await, html.as_bytes());
    }
}

#[tokio::test]
async fn a_byte_order_mark_stays_first() {
    check("\u{feff}{B}<p>x").await;
    check("\u{feff}<!doctype html><body>{B}x").await;
    check("\u{feff}{B}x").await;
    check("\u{feff}{C}{B}").await;
    check("{B}\u{ff01}x").await;
    check_bytes(b"{B}\xef\xbb").await;
    check_bytes(b"{B}\xef").await;
}

#[tokio::test]
async fn text_in_any_encoding_passes_unharmed() {
    check("<title>Žluťoučký \u{1f40e}</title><body>{B}\u{1f40e} Žluťoučký &amp; <p title='ü'>\u{fffd}\0</p>").await;
    check_bytes(b"<body>{B}caf\xe9 \xff\xfe\x80\x81\x9d <p title='\xe9'>\xc3</p>").await;
    let all: Vec<u8> = (0..=255).filter(|byte| *byte != b'<').collect();
    check_bytes(&[b"<body>{B}", all.as_slice()].concat()).await;
}

#[tokio::test]
async fn the_banner_reads_the_same_in_every_encoding() {
    let found = rewritten(b"<body>x", 100, Some("<b>Zo\u{eb} \u{1f40e} \u{20ac}</b>")).await;
    assert_eq!(String::from_utf8_lossy(&found), "<body><b>Zo&#xeb; &#x1f40e; &#x20ac;</b>x");
}

#[tokio::test]
async fn only_its_own_end_ends_a_template() {
    check("<head><template></head><body>{C}{T}{B}").await;
    check("<template></div></p></template>{B}<p>").await;
    check("<template><svg><template></svg></template>{B}<p>").await;
    check("<template><svg><template></template></svg><p></template>{B}<p>").await;
    check("<template><svg><g></template>{B}<p>").await;
    check("<template><svg><template/></svg></template>{B}<p>").await;
    check("<template><svg><p></template><![CDATA[>{B}]]>").await;
}

#[tokio::test]
async fn what_is_text_stays_text_however_its_tag_ends() {
    check("<style a=><body></style><body>{B}x").await;
    check("<script a=''><body></script><body>{B}x").await;
    check("<title/><body></title><body>{B}x").await;
}

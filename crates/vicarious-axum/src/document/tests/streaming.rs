use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;

use super::*;

#[tokio::test]
async fn the_beginning_leaves_before_the_end_arrives() {
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"<body><p>Hello</p>"))]);
    let mut body = rewrite(Body::from_stream(first.chain(stream::pending())), options(Some(BANNER)));
    let mut arrived = String::new();
    while !arrived.contains("Hello") {
        let frame = body.frame().await.expect("more").expect("no error");
        arrived.push_str(&String::from_utf8_lossy(frame.data_ref().expect("data")));
    }
    assert!(arrived.starts_with(&format!("<body>{BANNER}<p>")));
}

#[tokio::test]
async fn nothing_is_read_ahead_of_the_reader() {
    let read = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&read);
    let endless = stream::repeat_with(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(Bytes::from_static(b"<p>Hello</p>"))
    });
    let mut body = rewrite(Body::from_stream(endless), options(Some(BANNER)));
    for frames in 1..=50 {
        body.frame().await.expect("more").expect("no error");
        assert!(read.load(Ordering::Relaxed) <= frames + 1);
    }
}

#[tokio::test]
async fn an_error_of_the_body_is_passed_on() {
    let items = [Ok(Bytes::from_static(b"<body>Hello")), Err(std::io::Error::other("cut"))];
    let mut body = rewrite(Body::from_stream(stream::iter(items)), options(Some(BANNER)));
    let mut errors = 0;
    while let Some(frame) = body.frame().await {
        errors += usize::from(frame.is_err());
    }
    assert_eq!(errors, 1);
}

#[tokio::test]
async fn trailers_come_last() {
    let mut trailers = HeaderMap::new();
    trailers.insert("server-timing", HeaderValue::from_static("x"));
    let frames = [
        Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"<body>Hello"))),
        Ok(Frame::trailers(trailers.clone())),
    ];
    let body = rewrite(Body::new(StreamBody::new(stream::iter(frames))), options(Some(BANNER)));
    let collected = body.collect().await.expect("a document");
    assert_eq!(collected.trailers(), Some(&trailers));
    assert_eq!(collected.to_bytes(), format!("<body>{BANNER}Hello"));
}

#[tokio::test]
async fn a_huge_document_passes_in_pieces() {
    let rows = "<tr><td>a cell of a table that is long</td></tr>\n".repeat(200_000);
    let html = format!("<body><table>{rows}</table></body>");
    let mut body = rewrite(Body::from(html.clone()), options(Some(BANNER)));
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let data = frame.expect("no error").into_data().expect("data");
        assert!(data.len() < 128 * 1024, "{}", data.len());
        all.extend_from_slice(&data);
    }
    assert!(all == html.replace("<body>", &format!("<body>{BANNER}")).into_bytes());
}

#[tokio::test]
async fn a_tag_too_large_to_be_read_ends_the_body_and_shows_nothing_of_it() {
    let planted = vec![b'x'; 64 * 1024];
    let chunks = std::iter::once(b"<meta content='".to_vec()).chain(std::iter::repeat_n(planted, 200));
    let mut body = rewrite(pieces(chunks), options(Some(BANNER)));
    let mut shown = Vec::new();
    let mut failed = false;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => shown.extend_from_slice(&frame.into_data().expect("data")),
            Err(_) => failed = true,
        }
    }
    assert!(failed);
    assert!(shown.is_empty(), "{} bytes were shown without a banner", shown.len());
}

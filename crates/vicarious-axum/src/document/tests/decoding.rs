use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;
use crate::document::decode;

const HTML: &str = "<!doctype html><body><p>Hello, hello, hello</p></body>";

fn encoded(encoding: &str, plain: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" | "x-gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory")
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory")
        }
        "bare deflate" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory")
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(plain).expect("memory");
            encoder.into_inner()
        }
        _ => plain.to_vec(),
    }
}

const ENCODINGS: [(&str, &str); 7] = [
    ("gzip", "gzip"),
    ("x-gzip", "X-GZip"),
    ("deflate", "deflate"),
    ("bare deflate", "deflate"),
    ("br", " br "),
    ("identity", "identity"),
    ("identity", ""),
];

#[tokio::test]
async fn what_was_compressed_is_read_in_any_pieces() {
    for (encoding, name) in ENCODINGS {
        let bytes = encoded(encoding, HTML.as_bytes());
        for length in [1, 2, 3, bytes.len()] {
            let body = pieces(bytes.chunks(length).map(<[u8]>::to_vec));
            let body = decode(body, name).expect(name);
            let found = collected(rewrite(body, options(Some(BANNER)))).await.expect(name);
            let expected = HTML.replace("<body>", &format!("<body>{BANNER}"));
            assert_eq!(String::from_utf8_lossy(&found), expected, "{encoding} in pieces of {length}");
        }
    }
}

#[tokio::test]
async fn encodings_are_undone_last_first() {
    let twice = encoded("br", &encoded("gzip", HTML.as_bytes()));
    let body = decode(Body::from(twice), "gzip, br").expect("known");
    assert_eq!(collected(body).await.expect("html"), HTML);
}

#[tokio::test]
async fn an_unknown_encoding_is_none() {
    for name in ["zstd", "compress", "gzip, zstd", "gzip;q=1", "b r"] {
        assert!(decode(Body::empty(), name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn an_empty_body_is_empty_in_every_encoding() {
    for (_, name) in ENCODINGS {
        let body = decode(Body::empty(), name).expect(name);
        assert!(collected(body).await.expect(name).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_cut_or_broken_body_is_an_error() {
    for (encoding, name) in ENCODINGS.into_iter().filter(|(encoding, _)| *encoding != "identity") {
        let bytes = encoded(encoding, HTML.repeat(50).as_bytes());
        let cut = decode(Body::from(bytes[..bytes.len() - 4].to_vec()), name).expect(name);
        assert!(collected(cut).await.is_err(), "{encoding} cut");
        let broken = decode(Body::from(vec![0xff; 100]), name).expect(name);
        assert!(collected(broken).await.is_err(), "{encoding} broken");
    }
}

#[tokio::test]
async fn what_unfolds_to_a_lot_does_so_in_small_pieces() {
    let plain = vec![b' '; 20_000_000];
    for (encoding, name) in [("gzip", "gzip"), ("deflate", "deflate"), ("br", "br")] {
        let mut body = decode(Body::from(encoded(encoding, &plain)), name).expect(name);
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            let data = frame.expect(name).into_data().expect("data");
            assert!(data.len() <= 32 * 1024);
            length += data.len();
        }
        assert_eq!(length, plain.len(), "{encoding}");
    }
}

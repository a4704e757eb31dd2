//! What the server sends.

use std::io::Write;

use bytes::Bytes;
use cable_axum::frame::{self, CloseCode, TextFrame};

/// A payload's length, and how the frame that holds it begins, after the first byte.
const LENGTHS: &[(usize, &[u8])] = &[
    (0, &[0]),
    (1, &[1]),
    (125, &[125]),
    (126, &[126, 0, 126]),
    (65_535, &[126, 255, 255]),
    (65_536, &[127, 0, 0, 0, 0, 0, 1, 0, 0]),
];

#[track_caller]
fn check(frame: &Bytes, parts: &[&[u8]]) {
    assert_eq!(frame, &parts.concat());
}

#[test]
fn a_length_takes_as_few_bytes_as_possible() {
    for (length, header) in LENGTHS {
        let payload = "x".repeat(*length);
        check(&frame::text(&payload), &[&[0x81], header, payload.as_bytes()]);
        check(&frame::binary(payload.as_bytes()), &[&[0x82], header, payload.as_bytes()]);
    }
}

#[test]
fn a_frame_written_in_place_is_the_same_as_one_made_of_a_text() {
    for (length, _) in LENGTHS {
        let payload = "x".repeat(*length);
        for capacity in [0, 10, *length] {
            let mut frame = TextFrame::with_capacity(capacity);
            frame.push_str(&payload[..length / 2]);
            frame.write_all(&payload.as_bytes()[length / 2..]).unwrap();
            assert_eq!(frame.finish(), frame::text(&payload));
        }
    }
}

#[test]
fn a_ping_and_its_pong_hold_the_same() {
    check(&frame::ping(b"7"), &[&[0x89, 1], b"7"]);
    check(&frame::pong(b"7"), &[&[0x8a, 1], b"7"]);
}

#[test]
fn a_control_frame_holds_no_more_than_it_may() {
    let long = [b'p'; 200];
    check(&frame::ping(&long), &[&[0x89, 125], &long[..125]]);
    check(&frame::pong(&long), &[&[0x8a, 125], &long[..125]]);
}

#[test]
fn a_close_frame_holds_code_and_reason() {
    check(&frame::close(CloseCode::TOO_BIG, "too big"), &[&[0x88, 9, 0x03, 0xf1], b"too big"]);
    check(&frame::close_empty(), &[&[0x88, 0]]);
}

#[test]
fn a_long_close_reason_is_cut_between_two_characters() {
    let reason = format!("{}€", "r".repeat(121));
    check(&frame::close(CloseCode::NORMAL, &reason), &[&[0x88, 123, 0x03, 0xe8], &[b'r'; 121]]);
    let fits = &reason[1..];
    check(&frame::close(CloseCode::NORMAL, fits), &[&[0x88, 125, 0x03, 0xe8], fits.as_bytes()]);
}

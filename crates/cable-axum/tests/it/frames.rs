//! Each rule of RFC 6455 that a server must hold its clients to.

use cable_axum::frame::{Close, CloseCode, Decoder, Message, Violation};

use crate::client::{BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, feed, frame};

const LIMIT: usize = 100_000;

/// Sends `frames` at once, and byte by byte, which must make no difference.
fn receive(frames: &[Frame]) -> (Vec<Message>, Option<Violation>) {
    let bytes: Vec<u8> = frames.iter().flat_map(Frame::bytes).collect();
    let at_once = feed(&mut Decoder::new(LIMIT), [&bytes[..]]);
    let byte_by_byte = feed(&mut Decoder::new(LIMIT), bytes.chunks(1));
    assert_eq!(at_once, byte_by_byte);
    at_once
}

#[track_caller]
fn check(frames: &[Frame], messages: &[Message]) {
    assert_eq!(receive(frames), (messages.to_vec(), None));
}

#[track_caller]
fn refuses(frames: &[Frame], violation: Violation) {
    let (messages, found) = receive(frames);
    assert_eq!((messages.len(), found), (0, Some(violation)));
}

/// What is said as soon as these bytes are there, whatever follows.
fn said_of(bytes: &[u8]) -> Option<Violation> {
    feed(&mut Decoder::new(LIMIT), [bytes]).1
}

fn text(text: &str) -> Message {
    Message::Text(text.to_owned())
}

#[test]
fn a_message_of_any_length_arrives() {
    for length in [0, 1, 2, 7, 8, 9, 125, 126, 127, 128, 65_535, 65_536, LIMIT] {
        let payload: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
        check(&[frame(BINARY, &payload)], &[Message::Binary(payload.clone())]);
        let letters = "é".repeat(length / 2);
        check(&[frame(TEXT, &letters)], &[text(&letters)]);
    }
}

#[test]
fn several_messages_arrive_in_their_order() {
    check(
        &[frame(TEXT, "a"), frame(BINARY, "b"), frame(TEXT, "")],
        &[text("a"), Message::Binary(b"b".into()), text("")],
    );
}

#[test]
fn fragments_are_one_message() {
    let frames =
        [frame(TEXT, "to").open(), frame(CONTINUATION, "").open(), frame(CONTINUATION, "gether"), frame(TEXT, "x")];
    check(&frames, &[text("together"), text("x")]);
    check(&[frame(BINARY, "").open(), frame(CONTINUATION, "")], &[Message::Binary(Vec::new())]);
}

#[test]
fn control_frames_may_stand_between_fragments() {
    let frames = [
        frame(TEXT, "a").open(),
        frame(PING, "1"),
        frame(CONTINUATION, "b").open(),
        frame(PONG, ""),
        frame(CONTINUATION, "c"),
    ];
    check(&frames, &[Message::Ping(b"1".into()), Message::Pong(Vec::new()), text("abc")]);
}

#[test]
fn a_frame_without_a_mask_is_refused() {
    for payload in ["", "x"] {
        refuses(&[Frame { mask: None, ..frame(TEXT, payload) }], Violation::Unmasked);
    }
    assert_eq!(said_of(&[0x81, 0x05]), Some(Violation::Unmasked));
}

#[test]
fn a_reserved_bit_is_refused() {
    for reserved in 1..=7 {
        refuses(&[Frame { reserved, ..frame(TEXT, "x") }], Violation::ReservedBit);
        refuses(&[Frame { reserved, ..frame(PING, "x") }], Violation::ReservedBit);
    }
    assert_eq!(said_of(&[0xc1]), Some(Violation::ReservedBit), "compression was not negotiated");
}

#[test]
fn a_reserved_opcode_is_refused() {
    for opcode in (0x3..=0x7).chain(0xb..=0xf) {
        refuses(&[frame(opcode, "x")], Violation::UnknownOpcode(opcode));
        assert_eq!(said_of(&[0x80 | opcode]), Some(Violation::UnknownOpcode(opcode)));
    }
}

#[test]
fn a_control_frame_holds_125_bytes_at_most() {
    check(&[frame(PING, [b'p'; 125])], &[Message::Ping(vec![b'p'; 125])]);
    for opcode in [CLOSE, PING, PONG] {
        refuses(&[frame(opcode, [b'p'; 126])], Violation::LongControl);
        refuses(&[frame(opcode, vec![b'p'; 70_000])], Violation::LongControl);
        assert_eq!(said_of(&[0x80 | opcode, 0xfe]), Some(Violation::LongControl));
    }
}

#[test]
fn a_control_frame_is_not_fragmented() {
    for opcode in [CLOSE, PING, PONG] {
        refuses(&[frame(opcode, "").open()], Violation::FragmentedControl);
    }
}

#[test]
fn a_length_is_encoded_in_as_few_bytes_as_possible() {
    let refused = |short, length: &[u8]| said_of(&frame(BINARY, "").header_with(short, length));
    for length in [0u16, 1, 125] {
        assert_eq!(refused(126, &length.to_be_bytes()), Some(Violation::LengthNotMinimal));
        assert_eq!(refused(127, &u64::from(length).to_be_bytes()), Some(Violation::LengthNotMinimal));
    }
    assert_eq!(refused(127, &65_535u64.to_be_bytes()), Some(Violation::LengthNotMinimal));
    assert_eq!(refused(126, &126u16.to_be_bytes()), None);
    assert_eq!(refused(127, &65_536u64.to_be_bytes()), None);
}

#[test]
fn a_length_has_63_bits() {
    for length in [1u64 << 63, u64::MAX] {
        assert_eq!(said_of(&frame(BINARY, "").header(length)), Some(Violation::LengthOutOfRange));
    }
    assert_eq!(said_of(&frame(BINARY, "").header(u64::MAX >> 1)), Some(Violation::TooLong { limit: LIMIT }));
}

#[test]
fn a_continuation_needs_a_beginning() {
    refuses(&[frame(CONTINUATION, "x")], Violation::NothingToContinue);
    refuses(&[frame(CONTINUATION, "x").open()], Violation::NothingToContinue);
    let (messages, found) = receive(&[frame(TEXT, "a").open(), frame(CONTINUATION, ""), frame(CONTINUATION, "")]);
    assert_eq!((messages, found), (vec![text("a")], Some(Violation::NothingToContinue)));
}

#[test]
fn a_message_ends_before_the_next_begins() {
    for opcode in [TEXT, BINARY] {
        refuses(&[frame(TEXT, "a").open(), frame(opcode, "b")], Violation::MessageNotEnded);
        refuses(&[frame(BINARY, "a").open(), frame(opcode, "b").open()], Violation::MessageNotEnded);
    }
}

#[test]
fn text_is_utf8() {
    for bad in [&b"\xff"[..], b"ok \xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"] {
        refuses(&[frame(TEXT, bad)], Violation::NotUtf8);
        check(&[frame(BINARY, bad)], &[Message::Binary(bad.to_vec())]);
    }
}

#[test]
fn a_character_may_be_cut_by_fragments_anywhere() {
    let whole = "a€😀é".as_bytes();
    for first in 0..=whole.len() {
        for second in first..=whole.len() {
            let frames = [
                frame(TEXT, &whole[..first]).open(),
                frame(CONTINUATION, &whole[first..second]).open(),
                frame(CONTINUATION, &whole[second..]),
            ];
            check(&frames, &[text("a€😀é")]);
        }
    }
}

#[test]
fn a_wrong_byte_is_found_in_the_fragment_that_holds_it() {
    for bad in [&b"\xff"[..], b"\xed\xa0", b"\xf4\x90", b"\xe0\x80"] {
        let frames = [frame(TEXT, "fine \u{20ac}").open(), frame(CONTINUATION, bad).open()];
        refuses(&frames, Violation::NotUtf8);
    }
    refuses(&[frame(TEXT, b"\xe2").open(), frame(CONTINUATION, b"x").open()], Violation::NotUtf8);
    refuses(&[frame(TEXT, b"\xe2\x82").open(), frame(CONTINUATION, "")], Violation::NotUtf8);
}

#[test]
fn a_wrong_byte_is_found_before_the_rest_of_its_frame_arrives() {
    let mut bytes = frame(TEXT, "").header(50_000);
    let mask = frame(TEXT, "").mask.unwrap();
    bytes.extend([b'a' ^ mask[0], 0xff ^ mask[1]]);
    assert_eq!(said_of(&bytes), Some(Violation::NotUtf8));
}

#[test]
fn a_close_frame_says_why_or_nothing() {
    check(&[frame(CLOSE, "")], &[Message::Close(None)]);
    let close = Close { code: CloseCode::NORMAL, reason: "bye €".to_owned() };
    check(&[frame(CLOSE, b"\x03\xe8bye \xe2\x82\xac")], &[Message::Close(Some(close))]);
    let longest = [&1001u16.to_be_bytes()[..], &[b'r'; 123]].concat();
    let close = Close { code: CloseCode::GOING_AWAY, reason: "r".repeat(123) };
    check(&[frame(CLOSE, longest)], &[Message::Close(Some(close))]);
}

#[test]
fn half_a_close_code_is_refused() {
    refuses(&[frame(CLOSE, b"\x03")], Violation::HalfCloseCode);
}

#[test]
fn a_close_code_must_be_one_that_may_be_sent() {
    for code in 0..=u16::MAX {
        let allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let (_, found) = feed(&mut Decoder::new(LIMIT), [&frame(CLOSE, code.to_be_bytes()).bytes()[..]]);
        assert_eq!(found, (!allowed).then_some(Violation::InvalidCloseCode(code)));
    }
}

#[test]
fn a_close_reason_is_utf8() {
    for reason in [&b"\xff"[..], b"ok\xe2\x82"] {
        refuses(&[frame(CLOSE, [&1000u16.to_be_bytes()[..], reason].concat())], Violation::NotUtf8);
    }
}

#[test]
fn nothing_is_read_after_a_close_frame() {
    let frames = [frame(CLOSE, ""), frame(TEXT, "x"), frame(0xf, [0xff; 200])];
    check(&frames, &[Message::Close(None)]);
}

#[test]
fn a_close_frame_within_a_message_ends_it() {
    check(&[frame(TEXT, "a").open(), frame(CLOSE, ""), frame(CONTINUATION, "b")], &[Message::Close(None)]);
}

#[test]
fn a_violation_stays() {
    let mut decoder = Decoder::new(LIMIT);
    let (messages, found) = feed(&mut decoder, [&frame(PING, "").bytes()[..], &[0xff]]);
    assert_eq!((messages, found), (vec![Message::Ping(Vec::new())], Some(Violation::ReservedBit)));
    assert_eq!(feed(&mut decoder, [&frame(TEXT, "x").bytes()[..]]), (Vec::new(), Some(Violation::ReservedBit)));
}

#[test]
fn a_message_may_be_as_long_as_the_limit() {
    let bytes = frame(TEXT, "12345").bytes();
    assert_eq!(feed(&mut Decoder::new(5), [&bytes[..]]), (vec![text("12345")], None));
    assert_eq!(feed(&mut Decoder::new(4), [&bytes[..]]), (Vec::new(), Some(Violation::TooLong { limit: 4 })));
}

#[test]
fn the_limit_counts_all_fragments() {
    let frames = [frame(TEXT, "123").open(), frame(CONTINUATION, "45").open(), frame(CONTINUATION, "6")];
    let bytes: Vec<u8> = frames.iter().flat_map(Frame::bytes).collect();
    assert_eq!(feed(&mut Decoder::new(6), [&bytes[..]]), (vec![text("123456")], None));
    assert_eq!(feed(&mut Decoder::new(5), [&bytes[..]]).1, Some(Violation::TooLong { limit: 5 }));
}

#[test]
fn a_message_that_will_be_too_long_is_refused_at_its_header() {
    let mut decoder = Decoder::new(10);
    assert_eq!(feed(&mut decoder, [&frame(TEXT, "12345").open().bytes()[..]]), (Vec::new(), None));
    let header = frame(CONTINUATION, "").header(6);
    assert_eq!(feed(&mut decoder, [&header[..]]).1, Some(Violation::TooLong { limit: 10 }));
}

#[test]
fn the_limit_does_not_count_control_frames() {
    let bytes = frame(PING, "123456").bytes();
    assert_eq!(feed(&mut Decoder::new(5), [&bytes[..]]), (vec![Message::Ping(b"123456".into())], None));
}

#[test]
fn a_violation_says_with_which_code_to_close() {
    assert_eq!(Violation::TooLong { limit: 1 }.close_code().get(), 1009);
    assert_eq!(Violation::NotUtf8.close_code().get(), 1007);
    for violation in
        [Violation::Unmasked, Violation::ReservedBit, Violation::InvalidCloseCode(7), Violation::LongControl]
    {
        assert_eq!(violation.close_code().get(), 1002);
    }
}

#[test]
fn an_idle_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 32, "{} bytes", size_of::<Decoder>());
}

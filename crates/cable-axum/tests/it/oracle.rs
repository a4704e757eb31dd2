//! Another implementation must read the same bytes in the same way.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use cable_axum::frame::{Decoder, Message};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, WebSocket};

use crate::client::{BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, feed};

const LIMIT: usize = 300;

/// What a decoder made of a connection's bytes.
#[derive(Debug, PartialEq)]
struct Reading {
    messages: Vec<Message>,
    refused: bool,
}

fn ours<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Reading {
    let (messages, violation) = feed(&mut Decoder::new(LIMIT), pieces);
    Reading { messages, refused: violation.is_some() }
}

fn theirs(pieces: Vec<Vec<u8>>) -> Reading {
    let config = WebSocketConfig::default().max_message_size(Some(LIMIT)).max_frame_size(Some(LIMIT));
    let mut socket = WebSocket::from_raw_socket(Wire(pieces.into()), Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(tungstenite::Message::Close(Some(close))) if close.reason == "Protocol violation" => {
                // This is how it reads a close code that must not be sent.
                return Reading { messages, refused: true };
            }
            Ok(message) => messages.push(translated(message)),
            Err(Error::ConnectionClosed) => return Reading { messages, refused: false },
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return Reading { messages, refused: false };
            }
            Err(_) => return Reading { messages, refused: true },
        }
    }
}

fn translated(message: tungstenite::Message) -> Message {
    match message {
        tungstenite::Message::Text(text) => Message::Text(text.to_string()),
        tungstenite::Message::Binary(bytes) => Message::Binary(bytes.to_vec()),
        tungstenite::Message::Ping(bytes) => Message::Ping(bytes.to_vec()),
        tungstenite::Message::Pong(bytes) => Message::Pong(bytes.to_vec()),
        tungstenite::Message::Close(close) => Message::Close(close.map(|close| cable_axum::frame::Close {
            code: cable_axum::frame::CloseCode::new(close.code.into()).unwrap(),
            reason: close.reason.to_string(),
        })),
        tungstenite::Message::Frame(frame) => panic!("a bare frame: {frame}"),
    }
}

/// A connection on which some pieces have arrived.
struct Wire(VecDeque<Vec<u8>>);

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.0.front_mut().ok_or(io::ErrorKind::WouldBlock)?;
        let length = piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&piece[..length]);
        piece.drain(..length);
        if piece.is_empty() {
            self.0.pop_front();
        }
        Ok(length)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[a-zé€😀]{0,20}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..20),
        1 => vec(Just(b'l'), 120..LIMIT + 2),
    ]
}

fn control() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let code = select(vec![1000u16, 1001, 1003, 1011, 3000, 4999, 999, 1005, 1006, 5000]);
    prop_oneof![
        4 => (select(vec![PING, PONG]), payload()),
        1 => (code, payload()).prop_map(|(code, reason)| (CLOSE, [&code.to_be_bytes()[..], &reason].concat())),
        1 => (Just(CLOSE), vec(any::<u8>(), 0..2)),
    ]
}

/// The fragments of a message, cut anywhere, with control frames between them.
fn message() -> impl Strategy<Value = Vec<(bool, u8, Vec<u8>)>> {
    let cuts = vec((any::<Index>(), proptest::option::weighted(0.2, control())), 0..3);
    (select(vec![TEXT, BINARY]), payload(), cuts).prop_map(|(opcode, mut rest, cuts)| {
        let (mut frames, mut opcode) = (Vec::new(), opcode);
        for (cut, between) in cuts {
            let tail = rest.split_off(cut.index(rest.len() + 1));
            frames.push((false, opcode, std::mem::replace(&mut rest, tail)));
            frames.extend(between.map(|(opcode, payload)| (true, opcode, payload)));
            opcode = CONTINUATION;
        }
        frames.push((true, opcode, rest));
        frames
    })
}

/// One thing that is wrong, perhaps.
#[derive(Debug, Clone)]
enum Fault {
    Fin,
    Reserved(u8),
    Opcode(u8),
    Unmasked,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Fin),
        (1..8u8).prop_map(Fault::Reserved),
        (0..16u8).prop_map(Fault::Opcode),
        Just(Fault::Unmasked),
    ]
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let masks = vec(any::<[u8; 4]>(), 1..8);
    let fault = proptest::option::weighted(0.3, (any::<Index>(), fault()));
    (vec(message(), 1..6), masks, fault).prop_map(|(messages, masks, fault)| {
        let plain = messages.into_iter().flatten().zip(masks.into_iter().cycle());
        let mut frames: Vec<_> = plain
            .map(|((fin, opcode, payload), mask)| Frame { fin, reserved: 0, opcode, mask: Some(mask), payload })
            .collect();
        if let Some((index, fault)) = fault {
            let index = index.index(frames.len());
            let frame = &mut frames[index];
            match fault {
                Fault::Fin => frame.fin = !frame.fin,
                Fault::Reserved(bits) => frame.reserved = bits,
                Fault::Opcode(opcode) => frame.opcode = opcode,
                Fault::Unmasked => frame.mask = None,
            }
        }
        frames
    })
}

/// Cuts `bytes` into pieces of the given lengths, over and over.
fn pieces<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(bytes.len().min(*length));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..8usize, 1..400usize], 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn another_implementation_reads_the_same(frames in frames(), lengths in lengths()) {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::bytes).collect();
        let pieces = pieces(&bytes, &lengths);
        let theirs = theirs(pieces.iter().map(|piece| piece.to_vec()).collect());
        prop_assert_eq!(ours(pieces), theirs);
    }

    #[test]
    fn pieces_make_no_difference(bytes in vec(any::<u8>(), 0..200), frames in frames(), lengths in lengths()) {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::bytes).chain(bytes).collect();
        prop_assert_eq!(ours(pieces(&bytes, &lengths)), ours([&bytes[..]]));
    }

    #[test]
    fn what_has_not_arrived_changes_nothing_before_it(frames in frames(), cut in any::<Index>()) {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::bytes).collect();
        let (part, whole) = (ours([&bytes[..cut.index(bytes.len() + 1)]]), ours([&bytes[..]]));
        prop_assert!(whole.messages.starts_with(&part.messages));
        prop_assert!(whole.refused || !part.refused);
    }
}

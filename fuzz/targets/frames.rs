//! Arbitrary bytes, in arbitrary pieces, to the decoder of WebSocket frames.

#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use cable_axum::frame::{Decoder, Message, Violation};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1_000;
/// What a decoder may hold beside a payload: what it knows about a message that is not whole.
const OVERHEAD: usize = 256;

/// Counts the bytes that are allocated.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn length(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(close) => close.as_ref().map_or(0, |close| close.reason.len()),
    }
}

/// Decodes `pieces`, and asserts after each that little is held.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Message>, Option<Violation>) {
    let mut decoder = Decoder::new(LIMIT);
    let (mut messages, mut arrived) = (Vec::new(), 0);
    for mut piece in pieces {
        arrived += piece.len();
        loop {
            let before = ALLOCATED.load(Relaxed);
            let result = decoder.next(&mut piece);
            let grown = ALLOCATED.load(Relaxed).saturating_sub(before);
            assert!(grown <= 2 * arrived.min(LIMIT) + OVERHEAD, "{grown} bytes for {arrived}");
            match result {
                Ok(Some(message)) => {
                    assert!(length(&message) <= LIMIT);
                    messages.push(message);
                }
                Ok(None) => break assert!(piece.is_empty()),
                Err(violation) => {
                    assert_eq!(decoder.next(&mut piece), Err(violation));
                    return (messages, Some(violation));
                }
            }
        }
    }
    (messages, None)
}

fuzz_target!(|input: &[u8]| {
    let Some(([first, second], bytes)) = input.split_first_chunk() else { return };
    let lengths = [usize::from(*first) + 1, usize::from(*second) + 1];
    let mut rest = bytes;
    let pieces = lengths.into_iter().cycle().map_while(|length| {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    });
    assert_eq!(decode(pieces), decode([bytes].into_iter()));
});

use super::*;

fn frame(bytes: &'static str) -> Bytes {
    Bytes::from_static(bytes.as_bytes())
}

fn waiting(out: &Outbox) -> Vec<&str> {
    out.queue.iter().map(|bytes| str::from_utf8(bytes).unwrap()).collect()
}

fn with(frames: &[&'static str]) -> Outbox {
    let mut out = Outbox::default();
    frames.iter().for_each(|bytes| out.push(frame(bytes)));
    out
}

#[test]
fn what_is_written_in_part_goes_on_where_it_stopped() {
    let mut out = with(&["abc", "de"]);
    out.advance(2);
    assert_eq!((waiting(&out), out.is_between_frames()), (vec!["c", "de"], false));
    out.advance(0);
    out.advance(1);
    assert_eq!((waiting(&out), out.is_between_frames()), (vec!["de"], true));
    out.advance(2);
    assert!(out.is_empty());
    assert_eq!((out.weight(), out.queue.capacity()), (0, 0));
}

#[test]
fn small_frames_weigh_more_than_their_bytes() {
    let out = with(&["a", "b"]);
    assert_eq!(out.weight(), 2 + 2 * EACH);
}

#[test]
fn a_ping_overtakes_what_waits_but_never_splits_a_begun_frame() {
    let mut out = with(&["abc", "de"]);
    assert_eq!(out.push_ping(frame("ping")), 1);
    assert_eq!(waiting(&out), ["ping", "abc", "de"]);

    let mut out = with(&["abc", "de"]);
    out.advance(1);
    out.push_ping(frame("ping"));
    assert_eq!(waiting(&out), ["bc", "ping", "de"]);
}

#[test]
fn only_one_ping_waits_and_the_later_ones_are_counted() {
    let mut out = with(&["abc", "de"]);
    out.advance(1);
    assert_eq!([1, 2, 3].map(|_| out.push_ping(frame("ping"))), [1, 2, 3]);
    assert_eq!(waiting(&out), ["bc", "ping", "de"]);
    out.advance(2);
    assert_eq!(out.push_ping(frame("ping")), 4, "it still waits");
    out.advance(4);
    assert_eq!(waiting(&out), ["de"]);
    assert_eq!(out.push_ping(frame("next")), 1, "it was written");
    assert_eq!(waiting(&out), ["next", "de"]);
}

#[test]
fn a_begun_frame_is_kept_whole_and_nothing_else_is() {
    let mut out = with(&["abc", "de"]);
    out.advance(1);
    out.push_ping(frame("ping"));
    out.keep_begun_frame();
    assert_eq!((waiting(&out), out.weight()), (vec!["bc"], 2 + EACH));

    let mut out = with(&["abc", "de"]);
    out.keep_begun_frame();
    assert!(out.is_empty());
}

#[test]
fn the_rest_of_a_frame_counts_as_begun() {
    let mut out = Outbox::default();
    out.push_rest(frame("bc"));
    out.push_ping(frame("ping"));
    assert_eq!(waiting(&out), ["bc", "ping"]);
}

use std::net::TcpStream as Std;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::*;

/// A plain socket whose other side keeps little.
async fn plain(at_most: usize) -> (Socket, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let theirs = Std::connect(listener.local_addr().unwrap()).unwrap();
    theirs.set_nonblocking(true).unwrap();
    let (ours, _) = listener.accept().await.unwrap();
    socket2::SockRef::from(&ours).set_send_buffer_size(4096).unwrap();
    (Socket::new(Wire::Tcp(ours), at_most), TcpStream::from_std(theirs).unwrap())
}

/// A socket that only its task may write to.
fn by_task(at_most: usize) -> Socket {
    Socket::new(Wire::Task, at_most)
}

/// Writes what waits, as a task does, at most `room` bytes of it.
fn write(socket: &Socket, mut room: usize) -> Vec<u8> {
    let mut written = Vec::new();
    let _ = socket.poll_flush_by(|bytes| {
        let fitting = bytes.len().min(room);
        if fitting == 0 {
            return Poll::Pending;
        }
        room -= fitting;
        written.extend_from_slice(&bytes[..fitting]);
        Poll::Ready(Ok(fitting))
    });
    written
}

/// Sends until something waits.
fn fill(socket: &Socket, frame: &Bytes) -> usize {
    let is_full = || !socket.lock().is_empty();
    (0..).take_while(|_| !is_full() && socket.send(frame)).count()
}

/// Reads to the end, while the task of the socket writes.
async fn everything(socket: Socket, mut theirs: TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    let writing = async {
        std::future::poll_fn(|context| socket.poll_flush(context)).await;
        socket.abandon();
    };
    let (_, arrived) = tokio::join!(writing, theirs.read_to_end(&mut read));
    arrived.unwrap();
    read
}

#[tokio::test]
async fn what_fits_is_written_at_once_and_the_rest_later_in_order() {
    let (socket, theirs) = plain(usize::MAX).await;
    let frames = (0..200).map(|nth| Bytes::from(vec![nth; 10_000])).collect::<Vec<_>>();
    assert!(frames.iter().all(|frame| socket.send(frame)));
    assert!(!socket.lock().is_empty());
    assert_eq!(everything(socket, theirs).await, frames.concat());
}

#[tokio::test]
async fn without_patience_a_client_that_reads_is_told_at_once() {
    let (socket, theirs) = plain(1000).await;
    assert!(socket.close(&Disconnect::REMOTE, Patience::None));
    assert_eq!(socket.standing(), Standing::Closing);
    assert!(!socket.close(&Disconnect::REMOTE, Patience::None));
    assert!(!socket.send(&frame::text("too late")));
    assert_eq!(everything(socket, theirs).await, last_words(Some(&Disconnect::REMOTE), CloseCode::NORMAL));
}

#[tokio::test]
async fn without_patience_a_backlog_is_cut_off_and_nothing_more_is_written() {
    let (socket, theirs) = plain(usize::MAX).await;
    let frame = Bytes::from(vec![b'x'; 10_000]);
    let sent = fill(&socket, &frame);
    assert!(socket.send(&frame));
    assert!(socket.close(&Disconnect::REMOTE, Patience::None));
    assert_eq!((socket.standing(), socket.lock().weight()), (Standing::Cut, 0));
    socket.ping(&frame::text("ping"));
    assert!(!socket.send(&frame));
    let read = everything(socket, theirs).await;
    assert!(read.len() < (sent + 1) * frame.len() && read.iter().all(|byte| *byte == b'x'));
}

#[tokio::test]
async fn too_slow_keeps_a_begun_frame_whole_and_forgets_the_others() {
    let (socket, theirs) = plain(50_000).await;
    let frame = Bytes::from(vec![b'x'; 10_000]);
    let taken = fill(&socket, &frame);
    while socket.send(&frame) {}
    assert_eq!(socket.standing(), Standing::Closing);
    let words = last_words(Some(&Disconnect::TOO_SLOW), CloseCode::NORMAL);
    assert!(socket.lock().weight() <= frame.len() + words.len() + 2 * 64);
    let read = everything(socket, theirs).await;
    let (frames, last) = read.split_at(read.len() - words.len());
    assert_eq!((last, frames.len() % frame.len()), (&words[..], 0));
    assert!(frames.len() / frame.len() <= taken && frames.iter().all(|byte| *byte == b'x'));
}

#[test]
fn a_socket_of_its_task_keeps_begun_frames_whole_too() {
    let socket = by_task(1000);
    let frame = Bytes::from_static(&[b'x'; 300]);
    assert!(socket.send(&frame));
    assert_eq!(write(&socket, 100).len(), 100);
    while socket.send(&frame) {}
    let words = last_words(Some(&Disconnect::TOO_SLOW), CloseCode::NORMAL);
    assert_eq!(write(&socket, usize::MAX), [&[b'x'; 200], &words[..]].concat());
}

#[test]
fn a_socket_of_its_task_gets_the_last_words_and_nothing_else() {
    let socket = by_task(10_000);
    socket.send(&frame::text("waiting"));
    assert!(socket.close(&Disconnect::REMOTE, Patience::None));
    assert!(!socket.close(&Disconnect::REMOTE, Patience::None), "and another one takes nothing from it");
    assert_eq!(write(&socket, usize::MAX), last_words(Some(&Disconnect::REMOTE), CloseCode::NORMAL));
}

#[test]
fn a_socket_of_its_task_is_cut_off_within_a_frame() {
    let socket = by_task(10_000);
    socket.send(&frame::text("waiting"));
    assert_eq!(write(&socket, 3).len(), 3);
    assert!(socket.close(&Disconnect::REMOTE, Patience::None));
    assert_eq!((socket.standing(), write(&socket, usize::MAX)), (Standing::Cut, Vec::new()));
}

#[test]
fn patience_ends_when_somebody_has_none() {
    let socket = by_task(10_000);
    socket.send(&frame::text("waiting"));
    write(&socket, 3);
    assert!(socket.close(&Disconnect::SERVER_RESTART, Patience::Some));
    assert_eq!(socket.standing(), Standing::Closing);
    assert!(!socket.close(&Disconnect::REMOTE, Patience::None));
    assert_eq!((socket.standing(), write(&socket, usize::MAX)), (Standing::Cut, Vec::new()));
}

#[test]
fn a_ping_goes_first_and_too_many_that_wait_are_too_slow() {
    let socket = by_task(10_000);
    socket.send(&frame::text("waiting"));
    let ping = frame::text("ping");
    for _ in 1..STALLED_PINGS {
        socket.ping(&ping);
        assert_eq!(socket.standing(), Standing::Open);
    }
    assert_eq!(write(&socket, usize::MAX), [ping.clone(), frame::text("waiting")].concat());
    for _ in 0..STALLED_PINGS {
        socket.ping(&ping);
    }
    assert_eq!(socket.standing(), Standing::Closing);
    assert_eq!(write(&socket, usize::MAX), last_words(Some(&Disconnect::TOO_SLOW), CloseCode::NORMAL));
}

#[test]
fn one_frame_larger_than_all_that_may_wait_reaches_whoever_has_read_everything() {
    let socket = by_task(1000);
    let large = Bytes::from(vec![7; 5000]);
    assert!(socket.send(&large));
    assert_eq!(write(&socket, usize::MAX).len(), 5000);
    assert!(socket.send(&large) && !socket.send(&large));
    assert_eq!(socket.standing(), Standing::Closing);
}

#[test]
fn many_small_frames_are_too_slow_before_they_take_much_memory() {
    let socket = by_task(64 * 1024);
    let pong = frame::pong(b"");
    let sent = (0..).take_while(|_| socket.send(&pong)).count();
    assert!(sent < 1024, "{sent}");
}

#[tokio::test]
async fn a_socket_whose_other_side_is_gone_is_cut() {
    let (socket, theirs) = plain(1000).await;
    socket2::SockRef::from(&theirs).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(theirs);
    std::future::poll_fn(|context| socket.tcp().unwrap().poll_read_ready(context)).await.unwrap();
    assert!(!socket.send(&frame::text("hello")));
    assert_eq!(socket.standing(), Standing::Cut);
}

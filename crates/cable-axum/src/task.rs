//! The task of a connection: reads, decides, and writes what others could not write at once.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::client::Client;
use crate::frame::{self, Message};
use crate::io::{Arrived, Io};
use crate::session::Session;
use crate::socket::Standing;

/// How long a client has to read its last words and to close from its side.
pub(crate) const LINGER: Duration = Duration::from_secs(5);

/// What happens to a connection next.
pub(crate) enum Next {
    Arrived(Arrived),
    /// Somebody else closed the socket, or asks for something.
    Told,
    /// A timer rings.
    Timer,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<I: Send + Sync + 'static>(mut session: Session<I>, mut io: Io) {
    let client = Arc::clone(session.client());
    while_writing(&mut io, &client, session.open()).await;
    while client.socket.standing() == Standing::Open {
        match next(&mut io, &client, session.next_timer()).await {
            Next::Arrived(arrived) => receive(&mut session, &mut io, &client, arrived).await,
            Next::Told => while_writing(&mut io, &client, session.end_what_was_asked()).await,
            Next::Timer => while_writing(&mut io, &client, session.tick()).await,
        }
    }
    while_writing(&mut io, &client, session.end()).await;
    // Nobody finds the connection any more, although the socket may still have something to say.
    drop(session);
    Box::pin(linger(io, &client)).await;
}

async fn receive<I: Send + Sync + 'static>(
    session: &mut Session<I>,
    io: &mut Io,
    client: &Client<I>,
    arrived: Arrived,
) {
    match arrived {
        Arrived::Message(Message::Text(text)) => while_writing(io, client, session.text(&text)).await,
        Arrived::Message(Message::Binary(_)) => while_writing(io, client, session.binary()).await,
        Arrived::Message(Message::Ping(_) | Message::Pong(_)) => {
            while_writing(io, client, session.control()).await;
            answer(client, arrived);
        }
        Arrived::Message(Message::Close(_)) | Arrived::Violation(_) | Arrived::End => answer(client, arrived),
    }
}

/// Answers what is about the connection itself and no message to anybody.
pub(crate) fn answer<I>(client: &Client<I>, arrived: Arrived) {
    match arrived {
        Arrived::Message(Message::Ping(payload)) => {
            client.socket.send(&frame::pong(&payload));
        }
        Arrived::Message(Message::Close(close)) => {
            client.left(close.map_or(frame::CloseCode::NORMAL, |close| close.code));
        }
        Arrived::Violation(violation) => {
            tracing::debug!(%violation, "a client breaks the WebSocket protocol");
            client.breaks_off(violation.close_code());
        }
        Arrived::End => client.is_gone(),
        Arrived::Message(_) => {}
    }
}

/// Returns what happens next. Writing goes on meanwhile.
pub(crate) async fn next<I>(io: &mut Io, client: &Client<I>, timer: Option<Instant>) -> Next {
    // Boxed, because most connections have none, and a timer is larger than all the rest.
    let mut timer: Option<Pin<Box<Sleep>>> = timer.map(|at| Box::pin(tokio::time::sleep_until(at)));
    poll_fn(|context| {
        client.socket.register(context);
        if client.socket.standing() != Standing::Open || client.is_asked() {
            return Poll::Ready(Next::Told);
        }
        // First what arrived, or a timer that rings without pause would keep it from being read.
        if let Poll::Ready(arrived) = poll_io(io, client, context) {
            return Poll::Ready(Next::Arrived(arrived));
        }
        match &mut timer {
            Some(timer) => timer.as_mut().poll(context).map(|()| Next::Timer),
            None => Poll::Pending,
        }
    })
    .await
}

fn poll_io<I>(io: &mut Io, client: &Client<I>, context: &mut Context<'_>) -> Poll<Arrived> {
    // Whether everything is written is not waited for: the task is woken for it.
    let _ = io.poll_write(&client.socket, context);
    io.poll_read(&client.socket, context)
}

/// Runs a piece of work, boxed because it is larger than a connection that says nothing, while what waits is written.
fn while_writing<I>(io: &mut Io, client: &Client<I>, work: impl Future<Output = ()>) -> impl Future<Output = ()> {
    // Boxed here, and not in an `async` block, which would have room for it unboxed as well.
    let mut work = Box::pin(work);
    poll_fn(move |context| {
        if work.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        client.socket.register(context);
        let _ = io.poll_write(&client.socket, context);
        Poll::Pending
    })
}

/// Writes the last words, and waits for the other side to close, but not for long.
pub(crate) async fn linger<I>(mut io: Io, client: &Client<I>) {
    let ending = async {
        closed(&mut io, client).await;
        io.shut_down().await;
    };
    let _ = tokio::time::timeout(LINGER, ending).await;
    client.socket.abandon();
}

/// Returns once everything is written and the other side has closed.
async fn closed<I>(io: &mut Io, client: &Client<I>) {
    let mut has_ended = false;
    poll_fn(|context| {
        client.socket.register(context);
        let is_written = io.poll_write(&client.socket, context).is_ready();
        // Whatever else it says is read and thrown away: to close with something unread would take our last words from it.
        while !has_ended && client.socket.standing() != Standing::Cut {
            match io.poll_read(&client.socket, context) {
                Poll::Ready(arrived) => has_ended = arrived == Arrived::End,
                Poll::Pending => break,
            }
        }
        let is_over = (has_ended && is_written) || client.socket.standing() == Standing::Cut;
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

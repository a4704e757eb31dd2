//! Group commit: one task writes what waits, in one transaction, and then tells everybody.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use vicarious_core::Entry;
use vicarious_core::ports::{Admission, Unavailable};

use crate::core::{Core, NotSealed};
use crate::insert::ROWS_AT_MOST;
use crate::open::closing;
use crate::record::Head;

mod batch;
mod known;

use batch::Batch;
use known::Known;

/// How many outcomes may wait for a database that does not answer.
const WAITING_AT_MOST: usize = 100_000;
/// How long the writer waits before it tries again to write outcomes that nobody waits for.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// How long outcomes wait for an intent to be written along with.
const LINGER: Duration = Duration::from_millis(10);
/// How often others go first before a batch is written.
const GATHERED_AT_MOST: usize = 2;
/// How often it tries, once nobody is left to give it work.
const LAST_TRIES: usize = 8;

/// Hands work to the writer task.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    sender: UnboundedSender<Work>,
    /// How many outcomes have been accepted and not yet written.
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum Work {
    /// To be written if its impersonation is active.
    Admit(Entry, oneshot::Sender<Result<Answer, Unavailable>>),
    /// To be written.
    Append(Entry, oneshot::Sender<Result<(), Unavailable>>),
    /// To be written some time soon.
    Later(Entry),
    /// To be answered when everything before it is written.
    Flush(oneshot::Sender<()>),
}

/// The answer to an admission, on its way to whoever asked.
#[derive(Debug)]
enum Answer {
    /// Without a permit where the request has run already.
    Admitted(Option<Box<Permit>>),
    Over(vicarious_core::EndCause),
}

/// That a request may run; if it is dropped on the way, the request never runs, and that is its outcome.
#[derive(Debug)]
struct Permit {
    intent: Option<Entry>,
    queue: Queue,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(intent) = self.intent.take() {
            self.queue.later(closing(intent, "not run", None));
        }
    }
}

impl Queue {
    /// Starts the writer, which ends when the last queue is dropped and everything is written.
    pub(crate) fn start(core: Arc<Core>) -> Self {
        let (sender, receiver) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let queue = Self { sender, waiting: waiting.clone() };
        let weak = queue.sender.downgrade();
        let writer = Writer {
            core,
            receiver,
            sender: weak,
            waiting,
            backlog: VecDeque::new(),
            doubt: None,
            known: Known::default(),
            flushes: Vec::new(),
        };
        tokio::spawn(writer.run());
        queue
    }

    pub(crate) async fn admit(&self, intent: Entry) -> Result<Admission, Unavailable> {
        let (sender, answer) = oneshot::channel();
        self.sender.send(Work::Admit(intent, sender)).map_err(|_| gone())?;
        match answer.await.map_err(|_| gone())?? {
            Answer::Over(cause) => Ok(Admission::Over(cause)),
            Answer::Admitted(permit) => {
                if let Some(mut permit) = permit {
                    permit.intent = None;
                }
                Ok(Admission::Admitted)
            }
        }
    }

    pub(crate) async fn append(&self, entry: Entry) -> Result<(), Unavailable> {
        let (sender, answer) = oneshot::channel();
        self.sender.send(Work::Append(entry, sender)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    pub(crate) fn later(&self, entry: Entry) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_AT_MOST {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            tracing::error!(request = ?entry.request.map(|request| request.id), "an outcome is lost: too many wait");
        } else if self.sender.send(Work::Later(entry)).is_err() {
            tracing::error!("an outcome is lost: the writer is gone");
        }
    }

    pub(crate) async fn flush(&self) {
        let (sender, answer) = oneshot::channel();
        if self.sender.send(Work::Flush(sender)).is_ok() {
            drop(answer.await);
        }
    }
}

struct Writer {
    core: Arc<Core>,
    receiver: UnboundedReceiver<Work>,
    /// For permits; weak, so that the writer does not keep itself alive.
    sender: tokio::sync::mpsc::WeakUnboundedSender<Work>,
    waiting: Arc<AtomicUsize>,
    /// Outcomes that could not be written yet, oldest first.
    backlog: VecDeque<Entry>,
    /// A batch of which nobody knows whether it was committed.
    doubt: Option<Doubt>,
    known: Known,
    /// To be told once nothing is left of what was accepted before they asked.
    flushes: Vec<oneshot::Sender<()>>,
}

/// What is to be done once it is known whether a batch was committed.
struct Doubt {
    /// Where the chain would have ended.
    head: Head,
    /// Intents that were answered with an error, and so did not run; those that have their answer in them did.
    intents: Vec<Entry>,
    /// Outcomes that must be written again if it was not committed.
    outcomes: Vec<Entry>,
}

impl Writer {
    async fn run(mut self) {
        let mut work = Vec::with_capacity(ROWS_AT_MOST);
        let mut tries_left = LAST_TRIES;
        loop {
            let taken = if self.backlog.is_empty() && self.doubt.is_none() {
                self.receiver.recv_many(&mut work, ROWS_AT_MOST).await
            } else {
                // Something is left from before, even if nobody gives new work.
                let more = self.receiver.recv_many(&mut work, ROWS_AT_MOST);
                tokio::time::timeout(RETRY_AFTER, more).await.unwrap_or(usize::MAX)
            };
            // Outcomes alone have nobody waiting for them; soon an intent comes along, and one commit serves both.
            if taken > 0 && self.backlog.is_empty() && work.iter().all(|work| matches!(work, Work::Later(_))) {
                let room = ROWS_AT_MOST.saturating_sub(work.len());
                let more = self.receiver.recv_many(&mut work, room);
                drop(tokio::time::timeout(LINGER, more).await);
            }
            self.gather(&mut work).await;
            if taken == 0 {
                if (self.backlog.is_empty() && self.doubt.is_none()) || tries_left == 0 {
                    break;
                }
                tries_left -= 1;
                tokio::time::sleep(RETRY_AFTER).await;
            }
            self.write(std::mem::take(&mut work)).await;
        }
        if !self.backlog.is_empty() {
            tracing::error!(lost = self.backlog.len(), "outcomes are lost: the database does not answer");
        }
    }

    /// Lets whoever is ready to run go first, as long as that brings more: the busier the process, the more requests
    /// share a commit, and an idle one waits for nothing.
    async fn gather(&mut self, work: &mut Vec<Work>) {
        for _ in 0..GATHERED_AT_MOST {
            let before = work.len();
            if before == 0 || before >= ROWS_AT_MOST {
                return;
            }
            tokio::task::yield_now().await;
            while work.len() < ROWS_AT_MOST
                && let Ok(more) = self.receiver.try_recv()
            {
                work.push(more);
            }
            if work.len() == before {
                return;
            }
        }
    }

    /// Writes a batch, and answers everybody in it.
    async fn write(&mut self, work: Vec<Work>) {
        let mut batch = Batch::sort(work, std::mem::take(&mut self.backlog));
        self.flushes.append(&mut batch.flushes);
        let result = match self.resolve_doubt(&mut batch).await {
            Ok(()) => batch.write(&self.core, &mut self.known).await,
            Err(error) => Err(NotSealed::NotWritten(error)),
        };
        match result {
            Ok(()) => self.succeed(batch),
            Err(not_sealed) => self.fail(batch, not_sealed),
        }
    }

    /// Finds out about a batch in doubt, before anything else is written.
    async fn resolve_doubt(&mut self, batch: &mut Batch) -> Result<(), sqlx::Error> {
        let Some(doubt) = &self.doubt else { return Ok(()) };
        let committed = self.core.was_committed(&doubt.head).await?;
        let Some(doubt) = self.doubt.take() else { return Ok(()) };
        let first = if committed {
            self.waiting.fetch_add(doubt.intents.len(), Ordering::Relaxed);
            self.written(&doubt.outcomes);
            doubt.intents.into_iter().map(|intent| closing(intent, "not run", None)).collect()
        } else {
            doubt.outcomes
        };
        batch.put_first(first);
        Ok(())
    }

    fn succeed(&mut self, batch: Batch) {
        self.written(&batch.later);
        for (entry, sender) in batch.appends {
            self.core.open.close(&entry);
            drop(sender.send(Ok(())));
        }
        for (sender, cause) in batch.over {
            drop(sender.send(Ok(Answer::Over(cause))));
        }
        for (sender, error) in batch.unknown {
            drop(sender.send(Err(error)));
        }
        for (intent, sender) in batch.admitted {
            let permit = if intent.is_open() {
                let Some(queue) = self.queue() else { continue };
                Some(Box::new(Permit { intent: Some(intent), queue }))
            } else {
                None
            };
            drop(sender.send(Ok(Answer::Admitted(permit))));
        }
        for sender in self.flushes.drain(..) {
            let _ = sender.send(());
        }
    }

    fn fail(&mut self, batch: Batch, not_sealed: NotSealed) {
        tracing::error!(error = ?not_sealed, "the ledger could not write");
        let text = "the ledger could not write";
        let mut intents = Vec::new();
        for (intent, sender) in batch.admitted.into_iter().chain(batch.admits) {
            drop(sender.send(Err(Unavailable::new(text))));
            if intent.is_open() {
                self.core.open.close(&intent);
                intents.push(intent);
            }
        }
        for (_, sender) in batch.appends {
            drop(sender.send(Err(Unavailable::new(text))));
        }
        for (sender, cause) in batch.over {
            drop(sender.send(Ok(Answer::Over(cause))));
        }
        for (sender, error) in batch.unknown {
            drop(sender.send(Err(error)));
        }
        match not_sealed {
            NotSealed::NotWritten(_) => self.backlog.extend(batch.later),
            NotSealed::InDoubt(head, _) => self.doubt = Some(Doubt { head, intents, outcomes: batch.later }),
        }
    }

    fn written(&self, outcomes: &[Entry]) {
        self.waiting.fetch_sub(outcomes.len(), Ordering::Relaxed);
        for outcome in outcomes {
            self.core.open.close(outcome);
        }
    }

    fn queue(&self) -> Option<Queue> {
        Some(Queue { sender: self.sender.upgrade()?, waiting: self.waiting.clone() })
    }
}

fn gone() -> Unavailable {
    Unavailable::new("the ledger is closed")
}

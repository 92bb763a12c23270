//! The recorder: one thread that writes hits in batches, so that an answered hit is in most cases a stored hit and
//! a slow database delays nobody.
//!
//! Batches form by themselves: while one is being committed the next one fills. A request waits for the commit of
//! its batch and no longer than [`PATIENCE`]. While the database does not answer, hits wait in bounded memory and
//! nobody waits for them; when it is full the oldest go and are counted.
//!
//! What is stored survives the death of the process and, on SQLite, a power cut (`synchronous=FULL`).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::db::Database;
use crate::domain::tracking::hit::{self, Hit};
use crate::error::{Error, Result};

/// How long a request waits for its hit to be stored. With what else a request takes, the answer comes within the
/// 50 ms that it is promised in (O-12).
pub const PATIENCE: Duration = Duration::from_millis(40);

/// The most hits of one transaction.
const BATCH: usize = 4096;

/// How many batches wait at most: 65,536 hits, some 2 MB.
const BATCHES_WAITING: usize = 16;

/// How long the writer rests after a failure.
const REST: Duration = Duration::from_millis(250);

/// How often a batch is tried that fails although the database answers: some five seconds.
const ATTEMPTS: u32 = 20;

/// What became of the hits so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Stored, or counted in the anonymous mode.
    pub stored: u64,
    /// Dropped by the gate: there is no permission.
    pub refused: u64,
    /// Lost, because the database did not answer for too long.
    pub shed: u64,
}

/// Takes hits; clones share one thread, which ends with the last of them after writing what waits.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
    writer: Arc<Writer>,
}

/// Hits that are stored together, and the bell for those who wait for it: it falls silent when they are settled.
struct Batch {
    hits: Vec<Hit>,
    settled: watch::Sender<()>,
}

#[derive(Default)]
struct Queue {
    batches: VecDeque<Batch>,
    /// The thread has nothing to do and wants to be woken.
    idle: bool,
    /// The last write failed; nobody should wait.
    down: bool,
    /// No more hits are taken.
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    bell: Condvar,
    stored: AtomicU64,
    refused: AtomicU64,
    shed: AtomicU64,
}

/// Owns the thread.
struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Recorder {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(db: Database) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let in_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || in_thread.run(|hits| db.write_here(|conn| hit::store(conn, hits))))?;
        let writer = Writer { shared: shared.clone(), thread: Mutex::new(Some(thread)) };
        Ok(Self { shared, writer: Arc::new(writer) })
    }

    /// Hands a hit over and waits until it is stored or dropped, but no longer than [`PATIENCE`]. Returns whether it
    /// was settled in that time; no answer ever depends on it.
    pub async fn record(&self, hit: Hit) -> bool {
        let Some(mut settled) = self.shared.push(hit) else { return false };
        // Nothing is ever sent: the batch is settled when its sender is gone.
        tokio::time::timeout(PATIENCE, settled.changed()).await.is_ok()
    }

    /// What became of the hits so far.
    pub fn counts(&self) -> Counts {
        Counts {
            stored: self.shared.stored.load(Ordering::Relaxed),
            refused: self.shared.refused.load(Ordering::Relaxed),
            shed: self.shared.shed.load(Ordering::Relaxed),
        }
    }

    /// Takes no more hits, writes those that wait, and ends the thread. Blocks until then; a second call does
    /// nothing.
    pub fn stop(&self) {
        self.writer.stop();
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Recorder").field(&self.counts()).finish()
    }
}

impl Writer {
    fn stop(&self) {
        let Some(thread) = lock(&self.thread).take() else { return };
        lock(&self.shared.queue).closed = true;
        self.shared.bell.notify_all();
        if thread.join().is_err() {
            tracing::error!("the recorder ended by a panic");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// Puts a hit into the newest batch. Returns what to wait for, unless there is nothing to wait for.
    fn push(&self, hit: Hit) -> Option<watch::Receiver<()>> {
        let mut queue = lock(&self.queue);
        if queue.closed {
            self.shed(1);
            return None;
        }
        if queue.batches.back().is_none_or(|batch| batch.hits.len() >= BATCH) {
            if queue.batches.len() >= BATCHES_WAITING {
                let oldest = queue.batches.pop_front();
                self.shed(oldest.map_or(0, |batch| batch.hits.len()));
            }
            queue.batches.push_back(Batch { hits: Vec::new(), settled: watch::Sender::new(()) });
        }
        let down = queue.down;
        let batch = queue.batches.back_mut()?;
        batch.hits.push(hit);
        let settled = (!down).then(|| batch.settled.subscribe());
        if queue.idle {
            queue.idle = false;
            drop(queue);
            self.bell.notify_one();
        }
        settled
    }

    fn shed(&self, hits: usize) {
        self.shed.fetch_add(hits as u64, Ordering::Relaxed);
    }

    /// The thread: writes batch after batch until there is none and no more is taken.
    fn run(&self, mut write: impl FnMut(&[Hit]) -> Result<usize>) {
        while let Some(batch) = self.next() {
            self.settle(&batch.hits, &mut write);
            // Dropping the batch wakes whoever waits for it.
        }
        let [stored, refused, shed] =
            [&self.stored, &self.refused, &self.shed].map(|counter| counter.load(Ordering::Relaxed));
        tracing::info!(stored, refused, shed, "the recorder has stopped");
    }

    /// The oldest batch; waits for one. None when the end has come.
    fn next(&self) -> Option<Batch> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.closed && queue.down {
                // Trying each of them would hold up the end for as long as the database does not answer.
                self.shed(queue.batches.drain(..).map(|batch| batch.hits.len()).sum());
                return None;
            }
            if let Some(batch) = queue.batches.pop_front() {
                return Some(batch);
            }
            if queue.closed {
                return None;
            }
            queue.idle = true;
            queue = self.bell.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes one batch, again and again if need be.
    fn settle(&self, hits: &[Hit], write: &mut impl FnMut(&[Hit]) -> Result<usize>) {
        let mut attempts = 0;
        let mut is_last = false;
        loop {
            let error = match write(hits) {
                Ok(stored) => {
                    self.stored.fetch_add(stored as u64, Ordering::Relaxed);
                    self.refused.fetch_add(hits.len().saturating_sub(stored) as u64, Ordering::Relaxed);
                    self.note(false);
                    return;
                }
                Err(error) => error,
            };
            if !matches!(error, Error::Unavailable(_)) {
                attempts += 1;
            }
            if !self.note(true) {
                tracing::warn!(cause = %error, "hits cannot be stored and wait");
            }
            if is_last || attempts >= ATTEMPTS {
                self.shed(hits.len());
                tracing::error!(cause = %error, hits = hits.len(), "hits are lost");
                return;
            }
            is_last = self.rest();
        }
    }

    /// Remembers whether the database answers, and returns what was known before.
    fn note(&self, down: bool) -> bool {
        let before = std::mem::replace(&mut lock(&self.queue).down, down);
        if before && !down {
            tracing::info!(shed = self.shed.load(Ordering::Relaxed), "hits are stored again");
        }
        before
    }

    /// Waits a little before the next attempt; returns whether the end has come, so that it is the last.
    fn rest(&self) -> bool {
        let queue = lock(&self.queue);
        let waited = self.bell.wait_timeout_while(queue, REST, |queue| !queue.closed);
        waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while holding one of these locks; if so, what they guard is whole all the same.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

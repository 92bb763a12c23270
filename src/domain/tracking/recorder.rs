//! The recorder: one thread that writes hits in batches, so that an answered hit is in most cases a stored hit and
//! a slow database delays nobody.
//!
//! Batches form by themselves: while one is being committed the next one fills. A request waits for the commit of
//! its batch and no longer than [`PATIENCE`]. While the database does not answer, hits wait in bounded memory and
//! nobody waits for them; when it is full the oldest go and are counted.
//!
//! Of one letter only so many hits are stored in a while (`flood`), so that nobody fills the table with one link.
//!
//! What is stored survives the death of the process and, on SQLite, a power cut (`synchronous=FULL`).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::db::Database;
use crate::domain::tracking::flood::Flood;
use crate::domain::tracking::hit::Hit;
use crate::domain::tracking::once::Once;
use crate::domain::tracking::waiting::{Wait, Waiting};
use crate::error::{Error, Result};

/// How long a request waits for its hit to be stored. With what else a request takes, the answer comes within the
/// 50 ms that it is promised in (O-12).
pub const PATIENCE: Duration = Duration::from_millis(40);

/// Requests that come within this time of each other share their patience, and the last of them has so much less of it.
pub const TOGETHER: Duration = Duration::from_millis(4);

/// The most hits of one transaction.
pub const BATCH: usize = 4096;

/// How many batches wait at most, that which is tried included: 65,536 hits, some 3 MB.
pub const BATCHES_WAITING: usize = 16;

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
    /// Not stored, because there were too many of one letter (`flood`).
    pub surplus: u64,
}

/// Takes hits; clones share one thread, which ends with the last of them after writing what waits.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
    writer: Arc<Writer>,
}

/// Hits that are stored together, and those who wait for it.
struct Batch {
    /// Tells it from all others of this process.
    number: i64,
    hits: Vec<Hit>,
    waiting: Waiting,
    /// It was tried before and takes no more hits.
    tried: bool,
    /// How often storing it failed although the database answered.
    attempts: u32,
}

impl Batch {
    fn new() -> Self {
        static NEXT: AtomicI64 = AtomicI64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { number, hits: Vec::new(), waiting: Waiting::new(), tried: false, attempts: 0 }
    }
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
    /// Hits were shed since the last write that worked.
    shedding: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    bell: Condvar,
    stored: AtomicU64,
    refused: AtomicU64,
    shed: AtomicU64,
    surplus: AtomicU64,
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
        let (in_thread, mut once) = (shared.clone(), Once::new(db)?);
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || in_thread.run(|batch, hits| once.store(batch, hits)))?;
        let writer = Writer { shared: shared.clone(), thread: Mutex::new(Some(thread)) };
        Ok(Self { shared, writer: Arc::new(writer) })
    }

    /// Hands a hit over and waits until it is stored or dropped, but no longer than [`PATIENCE`] and, where it is not, no
    /// less than [`TOGETHER`] before that. Returns whether it was settled in that time; no answer ever depends on it.
    pub async fn record(&self, hit: Hit) -> bool {
        let Some(settled) = self.shared.push(hit) else { return false };
        if let Some(patience) = settled.patience() {
            tokio::spawn(async move {
                tokio::time::sleep(PATIENCE).await;
                patience.end();
            });
        }
        settled.await
    }

    /// What became of the hits so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// How many hits wait to be written.
    pub fn waiting(&self) -> usize {
        lock(&self.shared.queue).batches.iter().map(|batch| batch.hits.len()).sum()
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
    fn push(&self, hit: Hit) -> Option<Wait> {
        let mut queue = lock(&self.queue);
        if queue.closed {
            drop(queue);
            self.shed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        if queue.batches.back().is_none_or(|batch| batch.tried || batch.hits.len() >= BATCH) {
            if queue.batches.len() >= BATCHES_WAITING {
                let oldest = queue.batches.pop_front();
                self.shed(&mut queue, oldest);
            }
            queue.batches.push_back(Batch::new());
        }
        let down = queue.down;
        let batch = queue.batches.back_mut()?;
        batch.hits.push(hit);
        let settled = (!down).then(|| batch.waiting.join(Instant::now()));
        if queue.idle {
            queue.idle = false;
            drop(queue);
            self.bell.notify_one();
        }
        settled
    }

    /// Counts hits that are lost; the first time since all was well it is worth a line in the log.
    fn shed(&self, queue: &mut Queue, batches: impl IntoIterator<Item = Batch>) {
        let hits: usize = batches.into_iter().map(|batch| batch.hits.len()).sum();
        self.shed.fetch_add(hits as u64, Ordering::Relaxed);
        if hits > 0 && !std::mem::replace(&mut queue.shedding, true) {
            tracing::error!(hits, "the database was away for too long; the oldest hits are lost");
        }
    }

    /// The thread: writes batch after batch until there is none and no more is taken.
    fn run(&self, mut write: impl FnMut(i64, &[Hit]) -> Result<usize>) {
        let mut flood = Flood::default();
        while let Some(mut batch) = self.next() {
            if !std::mem::replace(&mut batch.tried, true) {
                self.surplus.fetch_add(flood.thin(&mut batch.hits), Ordering::Relaxed);
            }
            match self.settle(&batch, &mut write) {
                Ok(()) => batch.waiting.settle(),
                Err(error) if self.keep(batch, &error) => self.rest(),
                Err(_) => {}
            }
        }
        let Counts { stored, refused, shed, surplus } = self.counts();
        tracing::info!(stored, refused, shed, surplus, "the recorder has stopped");
    }

    /// The oldest batch; waits for one. None when the end has come.
    fn next(&self) -> Option<Batch> {
        let mut queue = lock(&self.queue);
        loop {
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

    /// Writes the hits of one batch.
    fn settle(&self, batch: &Batch, write: &mut impl FnMut(i64, &[Hit]) -> Result<usize>) -> Result<()> {
        let hits = &batch.hits;
        if hits.is_empty() {
            return Ok(());
        }
        let stored = write(batch.number, hits)?;
        self.stored.fetch_add(stored as u64, Ordering::Relaxed);
        self.refused.fetch_add(hits.len().saturating_sub(stored) as u64, Ordering::Relaxed);
        let mut queue = lock(&self.queue);
        if std::mem::take(&mut queue.down) {
            queue.shedding = false;
            tracing::info!(shed = self.shed.load(Ordering::Relaxed), "hits are stored again");
        }
        Ok(())
    }

    /// Puts a batch that could not be written back to where it was: the oldest of all, so the first to go when memory
    /// is full. Returns whether to rest before it is tried again.
    fn keep(&self, mut batch: Batch, error: &Error) -> bool {
        let mut queue = lock(&self.queue);
        if !std::mem::replace(&mut queue.down, true) {
            tracing::warn!(cause = %error, "hits cannot be stored and wait");
        }
        // Nobody waits for what may take long, here or behind it.
        batch.waiting.release();
        for other in &mut queue.batches {
            other.waiting.release();
        }
        if !matches!(error, Error::Unavailable(_)) {
            batch.attempts += 1;
        }
        if queue.closed {
            // Trying each of them would hold up the end for as long as the database does not answer.
            let all: Vec<Batch> = std::iter::once(batch).chain(queue.batches.drain(..)).collect();
            self.shed(&mut queue, all);
            return false;
        }
        if batch.attempts >= ATTEMPTS || queue.batches.len() >= BATCHES_WAITING {
            tracing::error!(cause = %error, hits = batch.hits.len(), "hits are lost");
            self.shed(&mut queue, [batch]);
            return true;
        }
        queue.batches.push_front(batch);
        true
    }

    /// Waits a little before the next attempt, unless the end has come.
    fn rest(&self) {
        let queue = lock(&self.queue);
        drop(self.bell.wait_timeout_while(queue, REST, |queue| !queue.closed));
    }

    fn counts(&self) -> Counts {
        Counts {
            stored: self.stored.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            shed: self.shed.load(Ordering::Relaxed),
            surplus: self.surplus.load(Ordering::Relaxed),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while holding one of these locks; if so, what they guard is whole all the same.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    use super::*;
    use crate::clock::Moment;

    fn hit(subscriber: usize) -> Hit {
        let at = Moment::from_micros(1_800_000_000_000_000);
        Hit { campaign: 1, link: None, subscriber: subscriber as i64, at, sign: None }
    }

    #[test]
    fn when_memory_is_full_the_oldest_are_shed_and_the_rest_is_stored_when_the_database_is_back() {
        const PUSHED: usize = BATCH * (BATCHES_WAITING + 3) + 17;
        let shared = Arc::new(Shared::default());
        let (back, tries) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = {
            let (shared, back, tries, written) =
                (shared.clone(), back.clone(), tries.clone(), written.clone());
            std::thread::spawn(move || {
                shared.run(|_, hits| {
                    tries.fetch_add(1, Ordering::SeqCst);
                    if !back.load(Ordering::SeqCst) {
                        return Err(Error::Unavailable(anyhow::anyhow!("away")));
                    }
                    lock(&written).extend(hits.iter().map(|hit| hit.subscriber as usize));
                    Ok(hits.len())
                });
            })
        };
        for person in 1..=PUSHED {
            drop(shared.push(hit(person)));
        }
        assert!(lock(&shared.queue).batches.len() <= BATCHES_WAITING);
        // A try that began after the last of them: what is in hand then is the oldest of all that wait.
        let so_far = tries.load(Ordering::SeqCst);
        while tries.load(Ordering::SeqCst) < so_far + 2 {
            std::thread::yield_now();
        }
        back.store(true, Ordering::SeqCst);
        lock(&shared.queue).closed = true;
        shared.bell.notify_all();
        writer.join().unwrap();
        let (written, counts) = (lock(&written), shared.counts());
        let shed = usize::try_from(counts.shed).unwrap();
        assert!(shed >= PUSHED - BATCH * BATCHES_WAITING, "{counts:?}");
        assert_eq!(*written, (shed + 1..=PUSHED).collect::<Vec<_>>(), "the newest, in order");
        assert_eq!(counts.stored as usize, written.len());
    }
}

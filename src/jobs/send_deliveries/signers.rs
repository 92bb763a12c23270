//! The threads that write signed letters, one for each core. A signature takes a hundred times as long as the rest of a
//! letter and would keep the connections waiting; here whoever is done takes the next letter at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::error::{Error, Result};

type Work = Box<dyn FnOnce() + Send>;

/// Threads that work off a queue; they end with it.
pub(super) struct Signers {
    queue: mpsc::Sender<Work>,
}

impl Signers {
    /// Takes as many threads made for blocking as there are cores.
    pub(super) fn start(runtime: &Handle) -> Self {
        let (queue, letters) = mpsc::channel::<Work>();
        let letters = Arc::new(Mutex::new(letters));
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let letters = Arc::clone(&letters);
            runtime.spawn_blocking(move || {
                let next = || letters.lock().unwrap_or_else(PoisonError::into_inner).recv();
                while let Ok(work) = next() {
                    // Whoever waits for it sees that no result comes.
                    let _ = catch_unwind(AssertUnwindSafe(work));
                }
            });
        }
        Self { queue }
    }

    /// Does something in its turn.
    ///
    /// # Errors
    /// If it panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (done, result) = oneshot::channel();
        let work = move || {
            // Nobody may be waiting any more.
            let _ = done.send(work());
        };
        self.queue.send(Box::new(work)).map_err(|_| Error::internal("the signing threads are gone"))?;
        result.await.map_err(|_| Error::internal("a letter could not be signed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_that_panics_harms_no_other() {
        let signers = Signers::start(&Handle::current());
        for _ in 0..50 {
            assert!(signers.run(|| -> u32 { panic!("as it happens") }).await.is_err());
        }
        assert_eq!(signers.run(|| 1).await.unwrap(), 1);
    }
}

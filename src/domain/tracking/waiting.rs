//! Waiting for a batch: those who wait for the same one on the same thread are a party, and a party is woken with one
//! call. Whoever is woken wakes the others, on their own thread, where it costs next to nothing; waking each of them
//! from the writer's thread would cost more than storing their hits. A party also shares one limit to its patience, so
//! whoever comes later than a few milliseconds after its first begins another one.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::domain::tracking::recorder::TOGETHER;

/// Numbers the batches of all recorders of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The party that this thread joined last, the number of its batch, and when it began.
    static LAST: RefCell<Option<(u64, Instant, Arc<Party>)>> = const { RefCell::new(None) };
}

/// Everybody who waits for one batch: a party for each thread and few milliseconds.
#[derive(Debug)]
pub(super) struct Waiting {
    number: u64,
    parties: Vec<Arc<Party>>,
}

impl Waiting {
    /// Nobody yet.
    pub(super) fn new() -> Self {
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), parties: Vec::new() }
    }

    /// One more, on this thread.
    pub(super) fn join(&mut self, now: Instant) -> Wait {
        let (party, is_first) = LAST.with_borrow_mut(|last| match last {
            Some((number, began, party))
                if *number == self.number
                    && party.state() == ON_ITS_WAY
                    && now.duration_since(*began) < TOGETHER =>
            {
                (party.clone(), false)
            }
            _ => {
                let party = Arc::<Party>::default();
                self.parties.push(party.clone());
                *last = Some((self.number, now, party.clone()));
                (party, true)
            }
        });
        Wait { party, place: None, is_first }
    }

    /// The batch is settled.
    pub(super) fn settle(mut self) {
        self.end(SETTLED);
    }

    /// Nobody has to wait any longer, although it is not settled; the same as dropping it, but that others may join.
    pub(super) fn release(&mut self) {
        self.end(RELEASED);
        // They join a party of their own.
        self.number = NEXT.fetch_add(1, Ordering::Relaxed);
    }

    fn end(&mut self, how: u8) {
        for party in self.parties.drain(..) {
            party.end(how);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.end(RELEASED);
    }
}

/// Their batch is on its way.
const ON_ITS_WAY: u8 = 0;
/// Their batch is settled.
const SETTLED: u8 = 1;
/// They wait no longer, and it is not.
const RELEASED: u8 = 2;

/// Those of one thread who came at about the same time.
#[derive(Debug, Default)]
struct Party {
    /// One of the three above.
    state: AtomicU8,
    /// A place for each of them; empty where somebody gave up waiting.
    wakers: Mutex<Vec<Option<Waker>>>,
}

impl Party {
    /// The first end counts.
    fn end(&self, how: u8) {
        if self.state.compare_exchange(ON_ITS_WAY, how, Ordering::Release, Ordering::Relaxed).is_err() {
            return;
        }
        let first = self.wakers().iter_mut().find_map(Option::take);
        if let Some(waker) = first {
            waker.wake();
        }
    }

    fn state(&self) -> u8 {
        self.state.load(Ordering::Acquire)
    }

    fn wake_others(&self) {
        let others = std::mem::take(&mut *self.wakers());
        for waker in others.into_iter().flatten() {
            waker.wake();
        }
    }

    fn wakers(&self) -> MutexGuard<'_, Vec<Option<Waker>>> {
        // Nobody panics while holding it; if so, what it guards is whole all the same.
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends when the batch is settled, with true, or when there is nothing to wait for any more.
#[derive(Debug)]
pub(super) struct Wait {
    party: Arc<Party>,
    place: Option<usize>,
    is_first: bool,
}

impl Wait {
    /// What ends the waiting of the whole party: for the first of it, who has to see to that.
    pub(super) fn patience(&self) -> Option<Patience> {
        self.is_first.then(|| Patience(Arc::downgrade(&self.party)))
    }
}

/// A party's patience, which somebody watches.
#[derive(Debug)]
pub(super) struct Patience(Weak<Party>);

impl Patience {
    /// It is at its end: whoever still waits waits no longer.
    pub(super) fn end(&self) {
        if let Some(party) = self.0.upgrade() {
            party.end(RELEASED);
        }
    }
}

impl Future for Wait {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let wait = &mut *self;
        let mut wakers = wait.party.wakers();
        // Asked while holding the wakers: whoever ends it looks at them afterwards.
        let state = wait.party.state();
        if state != ON_ITS_WAY {
            drop(wakers);
            wait.party.wake_others();
            return Poll::Ready(state == SETTLED);
        }
        let waker = context.waker();
        match wait.place.and_then(|place| wakers.get_mut(place)) {
            Some(Some(known)) if known.will_wake(waker) => {}
            Some(place) => *place = Some(waker.clone()),
            None => {
                wait.place = Some(wakers.len());
                wakers.push(Some(waker.clone()));
            }
        }
        Poll::Pending
    }
}

impl Drop for Wait {
    /// Who gives up leaves the place empty, and hands on a call that may have come in between.
    fn drop(&mut self) {
        let own = self.place.and_then(|place| self.party.wakers().get_mut(place).and_then(Option::take));
        drop(own);
        if self.party.state() != ON_ITS_WAY {
            self.party.wake_others();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Calls(AtomicUsize);

    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Calls {
        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn join(waiting: &mut Waiting) -> Wait {
        waiting.join(Instant::now())
    }

    fn poll(wait: &mut Wait, calls: &Arc<Calls>) -> Option<bool> {
        let waker = Waker::from(calls.clone());
        match Pin::new(wait).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(settled) => Some(settled),
            Poll::Pending => None,
        }
    }

    #[test]
    fn one_call_wakes_a_thread_s_party_and_who_is_woken_wakes_the_others() {
        let mut waiting = Waiting::new();
        let now = Instant::now();
        let calls: Vec<Arc<Calls>> = (0..3).map(|_| Arc::default()).collect();
        let mut waits: Vec<Wait> = (0..3).map(|_| waiting.join(now)).collect();
        for (wait, calls) in waits.iter_mut().zip(&calls) {
            assert_eq!(poll(wait, calls), None);
            assert_eq!(poll(wait, calls), None, "asking again takes no second place");
        }
        waiting.settle();
        let counts = || calls.iter().map(|calls| calls.count()).collect::<Vec<_>>();
        assert_eq!(counts(), [1, 0, 0]);
        assert_eq!(poll(&mut waits[0], &calls[0]), Some(true));
        assert_eq!(counts(), [1, 1, 1]);
        assert_eq!([poll(&mut waits[1], &calls[1]), poll(&mut waits[2], &calls[2])], [Some(true); 2]);
    }

    #[test]
    fn who_gives_up_leaves_nobody_behind() {
        let [early, called, last] = [0; 3].map(|_| Arc::<Calls>::default());
        let mut waiting = Waiting::new();
        let now = Instant::now();
        let [mut first, mut second, mut third] = [0; 3].map(|_| waiting.join(now));
        for (wait, calls) in [(&mut first, &early), (&mut second, &called), (&mut third, &last)] {
            assert_eq!(poll(wait, calls), None);
        }
        drop(first);
        waiting.release();
        assert_eq!((early.count(), called.count(), last.count()), (0, 1, 0), "the next one is called");
        drop(second);
        assert_eq!(last.count(), 1, "who was called and is gone has handed it on");
        assert_eq!(poll(&mut third, &last), Some(false), "not settled, and nothing to wait for");
    }

    #[test]
    fn a_party_loses_its_patience_together_and_who_comes_later_has_new_patience() {
        let mut waiting = Waiting::new();
        let [one, other, late] = [0; 3].map(|_| Arc::<Calls>::default());
        let now = Instant::now();
        let (mut first, mut second) = (waiting.join(now), waiting.join(now));
        assert!(second.patience().is_none(), "the first sees to it for all");
        let patience = first.patience().unwrap();
        assert_eq!([poll(&mut first, &one), poll(&mut second, &other)], [None; 2]);
        patience.end();
        assert_eq!([poll(&mut first, &one), poll(&mut second, &other)], [Some(false); 2]);
        let mut third = join(&mut waiting);
        assert!(third.patience().is_some());
        assert_eq!(poll(&mut third, &late), None);
        waiting.settle();
        patience.end();
        assert_eq!(poll(&mut third, &late), Some(true));
    }

    #[test]
    fn who_comes_after_a_release_does_not_wait_for_what_is_over() {
        let mut waiting = Waiting::new();
        let calls = Arc::<Calls>::default();
        let before = join(&mut waiting);
        waiting.release();
        let mut after = join(&mut waiting);
        assert_eq!(poll(&mut after, &calls), None);
        drop(before);
        waiting.settle();
        assert_eq!(poll(&mut after, &calls), Some(true));
    }

    #[test]
    fn who_comes_later_to_the_same_batch_has_patience_of_their_own() {
        let mut waiting = Waiting::new();
        let [one, with, late] = [0; 3].map(|_| Arc::<Calls>::default());
        let now = Instant::now();
        let mut first = waiting.join(now);
        let mut second = waiting.join(now + TOGETHER / 2);
        let mut third = waiting.join(now + TOGETHER);
        assert!(second.patience().is_none());
        let (patience, another) = (first.patience().unwrap(), third.patience().unwrap());
        assert_eq!([poll(&mut first, &one), poll(&mut second, &with), poll(&mut third, &late)], [None; 3]);
        patience.end();
        assert_eq!([poll(&mut first, &one), poll(&mut second, &with)], [Some(false); 2]);
        assert_eq!(poll(&mut third, &late), None, "the first one's patience is not theirs");
        waiting.settle();
        another.end();
        assert_eq!(poll(&mut third, &late), Some(true));
    }
}

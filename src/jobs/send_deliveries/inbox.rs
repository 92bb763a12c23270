//! Where workers leave their reports: whoever waits for several is woken once, and not for each.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Things left by many for one.
pub(super) struct Inbox<T> {
    box_of: Mutex<Waiting<T>>,
    enough: Condvar,
}

struct Waiting<T> {
    things: Vec<T>,
    /// Somebody sleeps until there are so many.
    wanted: Option<usize>,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self { box_of: Mutex::new(Waiting { things: Vec::new(), wanted: None }), enough: Condvar::new() }
    }
}

impl<T> Inbox<T> {
    /// Leaves something.
    pub(super) fn put(&self, thing: T) {
        let mut waiting = self.waiting();
        waiting.things.push(thing);
        if waiting.wanted.is_some_and(|wanted| waiting.things.len() >= wanted) {
            waiting.wanted = None;
            drop(waiting);
            self.enough.notify_one();
        }
    }

    /// Takes all that is there, as soon as there are so many, and after this time however many there are.
    pub(super) fn take(&self, at_least: usize, limit: Duration) -> Vec<T> {
        let mut waiting = self.waiting();
        if waiting.things.len() < at_least {
            waiting.wanted = Some(at_least);
            let few = |waiting: &mut Waiting<T>| waiting.things.len() < at_least;
            let woken = self.enough.wait_timeout_while(waiting, limit, few);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
            waiting.wanted = None;
        }
        std::mem::take(&mut waiting.things)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        // Pushing and taking leave it whole, whatever panicked beside them.
        self.box_of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn whoever_waits_gets_all_when_there_are_enough_and_what_there_is_when_time_is_up() {
        let inbox = Arc::new(Inbox::default());
        assert_eq!(inbox.take(1, Duration::ZERO), Vec::<u32>::new());
        inbox.put(1);
        assert_eq!(inbox.take(2, Duration::ZERO), [1]);
        let other = Arc::clone(&inbox);
        let writer = std::thread::spawn(move || (1..=3).for_each(|number| other.put(number)));
        let mut taken = Vec::new();
        while taken.len() < 3 {
            taken.extend(inbox.take(3, Duration::from_secs(60)));
        }
        writer.join().unwrap();
        assert_eq!(taken, [1, 2, 3]);
    }
}

//! What could not be done for a reason of its own, and when it is tried again: so that one thing that fails for ever
//! holds up nothing else.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{HOUR, Moment};

/// How long the first wait is; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(60);

/// The longest wait.
const LONGEST_WAIT: Duration = HOUR;

/// Failures by name, in memory: after a start everything is tried at once again.
#[derive(Debug, Default)]
pub struct Setbacks(Mutex<HashMap<OsString, Setback>>);

#[derive(Debug)]
struct Setback {
    wait: Duration,
    again: Moment,
}

impl Setbacks {
    /// Whether its time has not come yet.
    pub fn waits(&self, name: &OsStr, now: Moment) -> bool {
        self.all().get(name).is_some_and(|setback| now < setback.again)
    }

    /// Notes that it failed. Returns whether it did for the first time, so that it is said once.
    pub fn note(&self, name: &OsStr, now: Moment) -> bool {
        let mut all = self.all();
        let before = all.get(name).map(|setback| setback.wait);
        let wait = before.map_or(FIRST_WAIT, |wait| LONGEST_WAIT.min(2 * wait));
        all.insert(name.to_owned(), Setback { wait, again: now.plus(wait) });
        before.is_none()
    }

    /// Forgets those that are not there any more, however they went.
    pub fn keep_only<'a>(&self, there: impl Iterator<Item = &'a OsStr>) {
        let mut all = self.all();
        if !all.is_empty() {
            let there: HashSet<&OsStr> = there.collect();
            all.retain(|name, _| there.contains(name.as_os_str()));
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<OsString, Setback>> {
        // Nothing in here is ever half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_a_minute_to_an_hour_and_the_first_failure_alone_is_news() {
        let (setbacks, mut now) = (Setbacks::default(), Moment::from_micros(0));
        let [a, b] = ["a", "b"].map(OsStr::new);
        assert!(!setbacks.waits(a, now));
        assert!(setbacks.note(a, now));
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            let again = now.plus(Duration::from_secs(60 * minutes));
            assert!(setbacks.waits(a, again.minus(Duration::from_micros(1))) && !setbacks.waits(b, now));
            now = again;
            assert!(!setbacks.waits(a, now));
            assert!(!setbacks.note(a, now));
        }
        setbacks.keep_only([b].into_iter());
        assert!(!setbacks.waits(a, now) && setbacks.note(a, now), "it went and another one of its name came");
    }
}

//! Mail that stays in memory: a mailbox for tests, which can be told how to answer.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::email_address::EmailAddress;
use crate::mail::transport::{Fault, NotConnected, Outcome, Reply};

/// A mailbox in memory; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    captured: Vec<Captured>,
    next: VecDeque<Outcome>,
    by_recipient: HashMap<EmailAddress, Outcome>,
    refuses_connections: bool,
}

/// One message that was accepted, or that may have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// Whom the envelope names.
    pub to: EmailAddress,
    /// Where bounces go.
    pub return_path: EmailAddress,
    /// The message as it would have gone over the wire, before dot-stuffing.
    pub bytes: Vec<u8>,
    /// Whether it came with a clearance.
    pub marketing: bool,
}

impl Memory {
    /// An empty mailbox that accepts everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next messages get this answer, after those already arranged.
    pub fn answer_next(&self, outcome: Outcome, times: usize) {
        self.state().next.extend(std::iter::repeat_n(outcome, times));
    }

    /// Every message to this person gets this answer, whatever else is arranged.
    pub fn answer_to(&self, recipient: &EmailAddress, outcome: Outcome) {
        self.state().by_recipient.insert(recipient.clone(), outcome);
    }

    /// Whether a server is pretended that cannot be reached.
    pub fn refuse_connections(&self, refuse: bool) {
        self.state().refuses_connections = refuse;
    }

    /// What has been handed over, oldest first.
    pub fn captured(&self) -> Vec<Captured> {
        self.state().captured.clone()
    }

    /// Empties the mailbox.
    pub fn take(&self) -> Vec<Captured> {
        std::mem::take(&mut self.state().captured)
    }

    pub(super) fn connect(&self) -> Result<(), NotConnected> {
        match self.state().refuses_connections {
            true => Err(NotConnected { fault: Fault::Unreachable, reply: None }),
            false => Ok(()),
        }
    }

    pub(super) fn keep(
        &self,
        to: &EmailAddress,
        return_path: &EmailAddress,
        message: &[u8],
        marketing: bool,
    ) -> Outcome {
        if let Err(why) = self.connect() {
            return why.into();
        }
        let mut state = self.state();
        let arranged = state.by_recipient.get(to).copied();
        let outcome = arranged
            .or_else(|| state.next.pop_front())
            .unwrap_or(Outcome::Accepted(Reply::new(250, Some((2, 0, 0)))));
        if matches!(outcome, Outcome::Accepted(_) | Outcome::Uncertain) {
            state.captured.push(Captured {
                to: to.clone(),
                return_path: return_path.clone(),
                bytes: message.to_vec(),
                marketing,
            });
        }
        outcome
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked while holding it has failed anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

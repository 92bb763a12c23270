//! DNS that stays in memory, for tests.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::mail::dns::{Answers, Question, Unanswered};

/// Records in memory; clones share them. While nothing was put in, there is no DNS at all.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Answers>>);

impl Memory {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts these records at a name in place of what was there; none of them is an answer too.
    pub fn put(&self, question: Question, records: &[&str]) {
        let records = records.iter().map(|record| (*record).to_owned()).collect();
        self.records().insert(question, Ok(records));
    }

    /// Nobody answers this question.
    pub fn fail(&self, question: Question) {
        self.records().insert(question, Err(Unanswered));
    }

    /// What is known of each; whatever was not put in does not exist.
    pub(super) fn answers(&self, questions: BTreeSet<Question>) -> Option<Answers> {
        let records = self.records();
        let known = |question: Question| {
            let found = records.get(&question).cloned().unwrap_or(Ok(Vec::new()));
            (question, found)
        };
        (!records.is_empty()).then(|| questions.into_iter().map(known).collect())
    }

    fn records(&self) -> MutexGuard<'_, Answers> {
        // A test that panicked while holding it has failed anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Letters in a row of which no answer came, by campaign: where a relay breaks one connection after the other, all of a
//! campaign would end as uncertain.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The counts of one server process.
#[derive(Debug, Default)]
pub struct Unanswered(Mutex<HashMap<i64, usize>>);

impl Unanswered {
    /// Notes whether a letter of a campaign was answered; returns of how many in a row no answer came.
    pub fn note(&self, campaign: i64, answered: bool) -> usize {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            counts.remove(&campaign);
            return 0;
        }
        let count = counts.entry(campaign).or_insert(0);
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_the_row_of_its_own_campaign_only() {
        let unanswered = Unanswered::default();
        assert_eq!([1, 1, 2].map(|campaign| unanswered.note(campaign, false)), [1, 2, 1]);
        assert_eq!(unanswered.note(1, true), 0);
        assert_eq!([1, 2].map(|campaign| unanswered.note(campaign, false)), [1, 2]);
    }
}

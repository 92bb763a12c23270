//! One letter fetched over and over: whoever asks for the same pixel or the same letter's links a million times fills
//! no table. So many hits of a letter and kind are stored in ten minutes; what comes on top is only counted.
//!
//! Kept in bounded memory by the writer, so it costs the database nothing. A few thousand letters at once would have to
//! be flooded before one of them is forgotten and may fill another share.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::Moment;
use crate::domain::tracking::Hit;

/// So many hits of one letter and kind are stored within [`WITHIN`]: more than a person makes, and enough to judge.
pub const HITS: u32 = 100;

/// The time in which they are counted.
pub const WITHIN: Duration = Duration::from_secs(10 * 60);

/// How many letters are remembered, some 600 KB; when there are more, those with few hits are forgotten.
const LETTERS: usize = 16_384;

/// Fewer hits than these are few.
const FEW: u32 = 8;

/// The letters of the last minutes, each with what was stored of it.
#[derive(Debug, Default)]
pub(super) struct Flood {
    seen: HashMap<(i64, i64, bool), (Moment, u32)>,
}

impl Flood {
    /// Keeps those of the hits that may be stored; returns how many may not. What all people share (the anonymous mode)
    /// is only a counter anyway.
    pub(super) fn thin(&mut self, hits: &mut Vec<Hit>) -> u64 {
        let before = hits.len();
        hits.retain(|hit| hit.subscriber == 0 || self.takes(hit));
        (before - hits.len()) as u64
    }

    fn takes(&mut self, hit: &Hit) -> bool {
        let key = (hit.campaign, hit.subscriber, hit.link.is_some());
        if self.seen.len() >= LETTERS && !self.seen.contains_key(&key) {
            self.forget(hit.at);
        }
        let (since, count) = self.seen.entry(key).or_insert((hit.at, 0));
        if *since < hit.at.minus(WITHIN) {
            (*since, *count) = (hit.at, 0);
        }
        *count = count.saturating_add(1);
        *count <= HITS
    }

    fn forget(&mut self, now: Moment) {
        let begin = now.minus(WITHIN);
        self.seen.retain(|_, (since, count)| *since >= begin && *count >= FEW);
        if self.seen.len() > LETTERS / 2 {
            self.seen.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(person: i64, link: Option<i64>, seconds: u64) -> Hit {
        let at = Moment::from_micros(1_800_000_000_000_000).plus(Duration::from_secs(seconds));
        Hit { campaign: 1, link, subscriber: person, at, sign: None }
    }

    #[test]
    fn so_many_of_a_letter_and_kind_pass_and_the_next_after_a_while() {
        let mut flood = Flood::default();
        let mut pixels = vec![hit(1, None, 0); 250];
        assert_eq!((flood.thin(&mut pixels), pixels.len()), (150, 100));
        // Whichever of its links it is; and nobody else's.
        let mut others: Vec<Hit> = (0..150).map(|link| hit(1, Some(link), 1)).collect();
        assert_eq!(flood.thin(&mut others), 50);
        assert_eq!(flood.thin(&mut vec![hit(2, None, 1); 100]), 0);
        assert_eq!(flood.thin(&mut vec![hit(1, None, 600)]), 1);
        assert_eq!(flood.thin(&mut vec![hit(1, None, 601)]), 0);
    }

    #[test]
    fn what_all_people_share_is_never_too_many() {
        assert_eq!(Flood::default().thin(&mut vec![hit(0, None, 0); 1000]), 0);
    }

    #[test]
    fn memory_is_bounded_and_a_flood_is_remembered_among_many_readers() {
        let mut flood = Flood::default();
        flood.thin(&mut vec![hit(1, None, 0); 250]);
        for person in 2..3 * LETTERS as i64 {
            assert_eq!(flood.thin(&mut vec![hit(person, None, 1)]), 0);
        }
        assert!(flood.seen.len() <= LETTERS);
        assert_eq!(flood.thin(&mut vec![hit(1, None, 2)]), 1);
    }
}

//! The second look: one person's hits of one letter side by side, once it has been quiet for a while (O-06).
//!
//! A pure function: hits in, a reason for each out. So the first click of a burst is judged with all the others.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::Moment;
use crate::domain::tracking::{Class, Reason};

/// What lies further apart than this is judged by itself.
pub const REACH: Duration = Duration::from_secs(60);

/// So many different links …
const BURST_LINKS: usize = 3;

/// … within this time are a burst; a pixel that comes within it of one belongs to it.
const BURST: Duration = Duration::from_secs(5);

/// Every link of a letter that has at least so many, within [`REACH`], is a program's work.
const ALL_LINKS: usize = 4;

/// Nobody reads a letter and follows a link this soon after it was handed over.
const AT_ONCE: Duration = Duration::from_secs(3);

/// Nobody opens a letter this soon.
const OPENED_AT_ONCE: Duration = Duration::from_secs(1);

/// The same once more within this time is the same (a double click, a reload, a program that tries again).
const AGAIN: Duration = Duration::from_secs(10);

/// One hit of the person and letter in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// The link; none for the pixel.
    pub link: Option<i64>,
    /// When it came.
    pub at: Moment,
    /// What the request itself gave away.
    pub sign: Option<Reason>,
    /// Its class if it was judged before: it is a neighbour then, and stays what it is.
    pub settled: Option<Class>,
}

/// The letter that the hits are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    /// When it was handed over, if that is known.
    pub sent_at: Option<Moment>,
    /// How many different links it carries.
    pub links: usize,
}

/// Why each hit is of its class, in the order given, which has to be that of time.
pub fn judge(facts: &[Fact], letter: Letter) -> Vec<Reason> {
    let bursts = bursts(facts, letter.links);
    let mut reasons = Vec::with_capacity(facts.len());
    // By link: the class and the moment of what came last.
    let mut last: HashMap<Option<i64>, (Option<Class>, Moment)> = HashMap::new();
    for (fact, burst) in facts.iter().zip(bursts) {
        let reason = alone(fact, burst, letter.sent_at);
        let class = fact.settled.unwrap_or(reason.class());
        let before = last.get(&fact.link).filter(|(_, at)| fact.at <= at.plus(AGAIN));
        let repeats = before.is_some_and(|(before, _)| before.is_none_or(|before| before == class));
        let may_repeat = !matches!(class, Class::Scanner | Class::Preview);
        let repeated = repeats && may_repeat && fact.settled.is_none();
        let chain = match (fact.settled, before) {
            // What was judged to be the same as something that is not among these facts any more.
            (Some(Class::Duplicate), None) => None,
            (Some(Class::Duplicate), Some((before, _))) => *before,
            _ => Some(class),
        };
        last.insert(fact.link, (chain, fact.at));
        reasons.push(if repeated { Reason::Repeated } else { reason });
    }
    reasons
}

/// Why a hit is of its class, but for repetition.
fn alone(fact: &Fact, burst: Option<Reason>, sent_at: Option<Moment>) -> Reason {
    let soon = if fact.link.is_some() { AT_ONCE } else { OPENED_AT_ONCE };
    let at_once = sent_at.is_some_and(|sent_at| fact.at < sent_at.plus(soon));
    match fact.sign {
        // What a request says of itself is more than what its time says; that of no sign at all is less.
        Some(sign) if sign.class() != Class::Unknown => sign,
        sign => burst.or(at_once.then_some(Reason::AtOnce)).or(sign).unwrap_or(Reason::Plausible),
    }
}

/// Which of the hits belong to a burst, or to a run through every link.
fn bursts(facts: &[Fact], links: usize) -> Vec<Option<Reason>> {
    let mut found = vec![None; facts.len()];
    let clicks: Vec<usize> = (0..facts.len()).filter(|n| facts[*n].link.is_some()).collect();
    let mut mark = |within: Duration, least: usize, reason: Reason| {
        // A window that moves over the clicks, with how often each link is in it.
        let mut inside: HashMap<i64, usize> = HashMap::new();
        let (mut from, mut marked) = (0, 0);
        for (to, click) in clicks.iter().enumerate() {
            *inside.entry(facts[*click].link.unwrap_or_default()).or_default() += 1;
            while facts[clicks[from]].at.plus(within) < facts[*click].at {
                let gone = facts[clicks[from]].link.unwrap_or_default();
                if let Some(times) = inside.get_mut(&gone) {
                    *times -= 1;
                    if *times == 0 {
                        inside.remove(&gone);
                    }
                }
                from += 1;
            }
            if inside.len() >= least {
                for click in &clicks[from.max(marked)..=to] {
                    found[*click].get_or_insert(reason);
                }
                marked = to + 1;
            }
        }
    };
    mark(BURST, BURST_LINKS, Reason::Burst);
    if links >= ALL_LINKS {
        mark(REACH, links, Reason::EveryLink);
    }
    let scanned: Vec<Moment> = clicks.iter().filter(|n| found[**n].is_some()).map(|n| facts[*n].at).collect();
    for (n, fact) in facts.iter().enumerate().filter(|(_, fact)| fact.link.is_none()) {
        let next = scanned.partition_point(|at| at.plus(BURST) < fact.at);
        if scanned.get(next).is_some_and(|at| *at <= fact.at.plus(BURST)) {
            found[n] = Some(Reason::Burst);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: Moment = Moment::from_micros(1_800_000_000_000_000);

    fn fact(link: i64, milliseconds: u64) -> Fact {
        let at = SENT.plus(Duration::from_millis(milliseconds));
        Fact { link: (link != 0).then_some(link), at, sign: None, settled: None }
    }

    fn judged(facts: &[Fact], links: usize) -> Vec<Reason> {
        judge(facts, Letter { sent_at: Some(SENT), links })
    }

    #[test]
    fn twelve_links_in_three_seconds_are_a_scanner_s_the_first_too_and_a_click_hours_later_is_a_person_s() {
        let mut facts: Vec<Fact> = (1..=12).map(|n| fact(n, 30_000 + 250 * n as u64)).collect();
        facts.push(fact(1, 7_200_000));
        let reasons = judged(&facts, 12);
        assert_eq!(reasons[..12], [Reason::Burst; 12]);
        assert_eq!(reasons[12], Reason::Plausible);
    }

    #[test]
    fn two_links_in_five_seconds_or_three_in_a_minute_are_a_person_s() {
        assert_eq!(judged(&[fact(1, 10_000), fact(2, 12_000)], 12), [Reason::Plausible; 2]);
        let slow = [fact(1, 10_000), fact(2, 30_000), fact(3, 60_000)];
        assert_eq!(judged(&slow, 12), [Reason::Plausible; 3]);
        assert_eq!(judged(&slow, 3), [Reason::Plausible; 3], "a letter with three links says little");
    }

    #[test]
    fn every_link_within_a_minute_is_a_scanner_s() {
        let all: Vec<Fact> = (1..=4).map(|n| fact(n, 10_000 * n as u64)).collect();
        assert_eq!(judged(&all, 4), [Reason::EveryLink; 4]);
        assert_eq!(judged(&all, 5), [Reason::Plausible; 4]);
    }

    #[test]
    fn the_pixel_beside_a_burst_belongs_to_it() {
        let facts = [fact(0, 9_000), fact(1, 10_000), fact(2, 10_100), fact(3, 10_200), fact(0, 60_000)];
        let reasons = judged(&facts, 9);
        assert_eq!(reasons[..4], [Reason::Burst; 4]);
        assert_eq!(reasons[4], Reason::Plausible);
    }

    #[test]
    fn a_click_within_seconds_of_the_hand_over_is_a_scanner_s() {
        assert_eq!(judged(&[fact(1, 2_900)], 2), [Reason::AtOnce]);
        assert_eq!(judged(&[fact(1, 3_100)], 2), [Reason::Plausible]);
        assert_eq!(judged(&[fact(0, 900), fact(0, 60_000)], 2), [Reason::AtOnce, Reason::Plausible]);
    }

    #[test]
    fn the_same_again_within_seconds_is_a_duplicate_of_its_own_class_only() {
        let again = [fact(1, 10_000), fact(1, 10_400), fact(1, 19_000), fact(1, 40_000)];
        let wanted = [Reason::Plausible, Reason::Repeated, Reason::Repeated, Reason::Plausible];
        assert_eq!(judged(&again, 2), wanted);
        let sign = Some(Reason::PrefetchAgent);
        let ahead = [Fact { sign, ..fact(0, 10_000) }, fact(0, 12_000), Fact { sign, ..fact(0, 13_000) }];
        let wanted = [Reason::PrefetchAgent, Reason::Plausible, Reason::PrefetchAgent];
        assert_eq!(judged(&ahead, 2), wanted, "a person opens what was fetched ahead");
    }

    #[test]
    fn what_was_judged_before_is_a_neighbour_like_any_other() {
        let settled = |class, fact: Fact| Fact { settled: Some(class), ..fact };
        let reasons =
            judged(&[settled(Class::Scanner, fact(1, 10_000)), fact(2, 11_000), fact(3, 12_000)], 9);
        assert_eq!(reasons[1..], [Reason::Burst; 2]);
        let reasons = judged(&[settled(Class::Duplicate, fact(1, 10_000)), fact(1, 11_000)], 9);
        assert_eq!(reasons[1], Reason::Repeated);
    }

    #[test]
    fn what_a_request_says_of_itself_holds_in_a_burst_and_no_sign_does_not() {
        let signed = |reason, fact: Fact| Fact { sign: Some(reason), ..fact };
        let facts = [
            signed(Reason::ImageProxy, fact(0, 10_000)),
            signed(Reason::NothingKnown, fact(0, 10_001)),
            fact(1, 10_000),
            fact(2, 10_001),
            fact(3, 10_002),
        ];
        let mut in_order = facts;
        in_order.sort_by_key(|fact| fact.at);
        let reasons: HashMap<(Option<i64>, Moment), Reason> =
            in_order.iter().map(|fact| (fact.link, fact.at)).zip(judged(&in_order, 9)).collect();
        assert_eq!(reasons[&(None, facts[0].at)], Reason::ImageProxy);
        assert_eq!(reasons[&(None, facts[1].at)], Reason::Burst);
    }
}

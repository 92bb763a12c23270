//! The token buckets behind the paces: how many letters may be claimed now, and when one that must wait is due.
//!
//! Letters are claimed only with tokens of the server, of their campaign and of a relay; tokens that were taken and not
//! used stay in hand. A domain is different: its letters must not stand in the way of all others, so a letter that
//! has to wait is given the next free slot of its domain as its due time, and the claim goes on behind it.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::{Clock, Moment, Ticks};
use crate::domain::delivery::pace::{EVERY_OTHER_DOMAIN, Pace, Scope};

/// Tokens that are there at once after a rest: what a pace yields in this time, and at least one.
const BURST: Duration = Duration::from_millis(250);

/// How far ahead slots are given. Whoever finds none comes back after this time: by then a pace may have changed, or a
/// campaign that took the slots before may have ended.
const SLOTS_AHEAD: Duration = Duration::from_secs(10 * 60);

/// From so many domains on, those without a slot to come are forgotten.
const DOMAINS_KEPT: usize = 10_000;

/// The buckets of one server.
pub struct Pacer {
    ticks: Ticks,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    paces: Vec<Pace>,
    /// Of the server, the relays and the campaigns.
    direct: HashMap<(Scope, String), Bucket>,
    domains: HashMap<String, Domain>,
    /// At so many domains those without a slot to come are forgotten; at [`DOMAINS_KEPT`] at least.
    domains_most: usize,
}

struct Bucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>,
    /// Tokens taken and not used yet.
    in_hand: usize,
}

/// One domain that has a pace.
struct Domain {
    bucket: Bucket,
    /// How far apart its letters are.
    interval: Duration,
    /// The next slot that no waiting letter has.
    next_slot: Moment,
}

impl Pacer {
    /// Without any pace.
    pub fn new(clock: &Clock) -> Self {
        Self { ticks: Ticks::of(clock), buckets: Mutex::default() }
    }

    /// Whether these paces of domains are others than those that hold now, so that letters wait for slots that are no
    /// longer right.
    pub fn changes_domains(&self, paces: &[Pace]) -> bool {
        let of_domains = |paces: &[Pace]| {
            paces.iter().filter(|pace| pace.scope == Scope::Domain).cloned().collect::<Vec<_>>()
        };
        of_domains(&self.buckets().paces) != of_domains(paces)
    }

    /// Takes over what is stored now; buckets whose pace did not change keep what is in them.
    pub fn adopt(&self, paces: Vec<Pace>) {
        let domains_changed = self.changes_domains(&paces);
        let mut buckets = self.buckets();
        if buckets.paces == paces {
            return;
        }
        let mut old = std::mem::take(&mut buckets.direct);
        for pace in paces.iter().filter(|pace| pace.scope != Scope::Domain) {
            let key = (pace.scope, pace.name.clone());
            let kept = old.remove(&key).filter(|_| buckets.paces.contains(pace));
            let bucket = kept.unwrap_or_else(|| Bucket::new(pace, &self.ticks));
            buckets.direct.insert(key, bucket);
        }
        if domains_changed {
            buckets.domains.clear();
        }
        buckets.paces = paces;
    }

    /// How many letters, at most `wanted`, this has tokens for. They stay in hand until they are
    /// [spent](Self::spend).
    pub fn room(&self, scope: Scope, name: &str, wanted: usize) -> usize {
        match self.buckets().direct.get_mut(&(scope, name.to_owned())) {
            Some(bucket) => bucket.take(wanted),
            None => wanted,
        }
    }

    /// Uses up tokens that are in hand.
    pub fn spend(&self, scope: Scope, name: &str, letters: usize) {
        if let Some(bucket) = self.buckets().direct.get_mut(&(scope, name.to_owned())) {
            bucket.in_hand = bucket.in_hand.saturating_sub(letters);
        }
    }

    /// Whether any domain has a pace, so that a claim has to look at domains.
    pub fn minds_domains(&self) -> bool {
        self.buckets().paces.iter().any(|pace| pace.scope == Scope::Domain)
    }

    /// Whether a letter to this domain may go now.
    ///
    /// # Errors
    /// When it may go: a slot that is now taken.
    pub fn admit(&self, domain: &str, now: Moment) -> Result<(), Moment> {
        let mut buckets = self.buckets();
        let buckets = &mut *buckets;
        let of =
            |name: &str| buckets.paces.iter().find(|pace| pace.scope == Scope::Domain && pace.name == name);
        let Some(pace) = of(domain).or_else(|| of(EVERY_OTHER_DOMAIN)) else { return Ok(()) };
        if buckets.domains.len() >= buckets.domains_most.max(DOMAINS_KEPT) {
            buckets.domains.retain(|_, domain| domain.next_slot > now);
            buckets.domains_most = 2 * buckets.domains.len();
        }
        let domain = buckets.domains.entry(domain.to_owned()).or_insert_with(|| Domain {
            bucket: Bucket::new(pace, &self.ticks),
            interval: interval(pace),
            next_slot: now,
        });
        match domain.bucket.limiter.check() {
            Ok(()) => {
                domain.next_slot = domain.next_slot.max(now.plus(domain.interval));
                Ok(())
            }
            Err(not_yet) => {
                let free = now.plus(not_yet.wait_time_from(self.ticks.now()));
                let slot = domain.next_slot.max(free);
                if slot > now.plus(SLOTS_AHEAD) {
                    return Err(now.plus(SLOTS_AHEAD));
                }
                domain.next_slot = slot.plus(domain.interval);
                Err(slot)
            }
        }
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        // Counters stay usable whatever panicked beside them.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Pacer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pacer")
    }
}

impl Bucket {
    fn new(pace: &Pace, ticks: &Ticks) -> Self {
        let interval = interval(pace);
        let burst = BURST.as_nanos() / interval.as_nanos().max(1);
        let burst = u32::try_from(burst).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        // A pace has at most 1,000,000,000 messages in a second, so its interval is never zero.
        let quota = Quota::with_period(interval).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self { limiter: RateLimiter::direct_with_clock(quota.allow_burst(burst), ticks.clone()), in_hand: 0 }
    }

    fn take(&mut self, wanted: usize) -> usize {
        while self.in_hand < wanted && self.limiter.check().is_ok() {
            self.in_hand += 1;
        }
        self.in_hand.min(wanted)
    }
}

/// How far apart the letters of a pace are.
fn interval(pace: &Pace) -> Duration {
    let nanos = pace.period.duration().as_nanos() / u128::from(pace.messages.unsigned_abs().max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::pace::Period;

    fn pace(scope: Scope, name: &str, messages: i64, period: Period) -> Pace {
        Pace { scope, name: name.into(), messages, period }
    }

    fn clock() -> Clock {
        Clock::fixed(Moment::from_micros(1_800_000_000_000_000))
    }

    #[test]
    fn without_a_pace_there_is_always_room() {
        let pacer = Pacer::new(&clock());
        assert_eq!(pacer.room(Scope::Server, "", 1000), 1000);
        assert_eq!(pacer.admit("example.com", clock().now()), Ok(()));
    }

    #[test]
    fn letters_are_spread_evenly_over_the_period() {
        let clock = clock();
        let pacer = Pacer::new(&clock);
        pacer.adopt(vec![pace(Scope::Relay, "main", 86_400, Period::Day)]);
        let mut sent = 0;
        for _ in 0..600 {
            let room = pacer.room(Scope::Relay, "main", 50);
            pacer.spend(Scope::Relay, "main", room);
            sent += room;
            clock.advance(Duration::from_millis(100));
        }
        assert_eq!(sent, 60, "one each second for a minute");
    }

    #[test]
    fn tokens_that_were_not_used_are_not_lost() {
        let pacer = Pacer::new(&clock());
        pacer.adopt(vec![pace(Scope::Campaign, "c", 40, Period::Second)]);
        assert_eq!(pacer.room(Scope::Campaign, "c", 50), 10);
        pacer.spend(Scope::Campaign, "c", 4);
        assert_eq!(pacer.room(Scope::Campaign, "c", 50), 6);
    }

    #[test]
    fn a_changed_pace_holds_at_once_and_others_keep_their_tokens() {
        let clock = clock();
        let pacer = Pacer::new(&clock);
        let other = pace(Scope::Campaign, "other", 40, Period::Second);
        pacer.adopt(vec![pace(Scope::Server, "", 1, Period::Day), other.clone()]);
        pacer.spend(Scope::Campaign, "other", pacer.room(Scope::Campaign, "other", 50));
        pacer.spend(Scope::Server, "", pacer.room(Scope::Server, "", 50));
        assert_eq!(pacer.room(Scope::Server, "", 50), 0);
        let changed = vec![pace(Scope::Server, "", 400, Period::Second), other];
        assert!(!pacer.changes_domains(&changed));
        pacer.adopt(changed);
        assert_eq!(pacer.room(Scope::Server, "", 500), 100);
        assert_eq!(pacer.room(Scope::Campaign, "other", 50), 0);
    }

    #[test]
    fn letters_of_a_slow_domain_get_slots_one_behind_the_other() {
        let clock = clock();
        let pacer = Pacer::new(&clock);
        let slow = vec![pace(Scope::Domain, "slow.example", 1, Period::Second)];
        assert!(pacer.changes_domains(&slow));
        pacer.adopt(slow);
        let now = clock.now();
        assert_eq!(pacer.admit("slow.example", now), Ok(()));
        let slots: Vec<Moment> = (0..3).filter_map(|_| pacer.admit("slow.example", now).err()).collect();
        let expected: Vec<Moment> = (1..=3).map(|second| now.plus(Duration::from_secs(second))).collect();
        assert_eq!(slots, expected);
        assert_eq!(pacer.admit("quick.example", now), Ok(()));
        clock.advance(Duration::from_secs(1));
        assert_eq!(pacer.admit("slow.example", clock.now()), Ok(()));
    }

    #[test]
    fn slots_are_given_ten_minutes_ahead_and_whoever_finds_none_comes_back() {
        let clock = clock();
        let pacer = Pacer::new(&clock);
        pacer.adopt(vec![pace(Scope::Domain, "slow.example", 1, Period::Minute)]);
        let now = clock.now();
        let slots: Vec<Moment> = (0..100).filter_map(|_| pacer.admit("slow.example", now).err()).collect();
        let last = now.plus(SLOTS_AHEAD);
        assert_eq!(slots.iter().filter(|slot| **slot < last).count(), 9);
        assert!(slots.iter().all(|slot| *slot <= last));
        // Those who had the slots are gone: after the time ahead the domain is free for others.
        clock.advance(SLOTS_AHEAD + Duration::from_secs(60));
        assert_eq!(pacer.admit("slow.example", clock.now()), Ok(()));
    }

    #[test]
    fn every_other_domain_has_its_own_bucket() {
        let pacer = Pacer::new(&clock());
        let now = clock().now();
        pacer.adopt(vec![
            pace(Scope::Domain, "*", 1, Period::Hour),
            pace(Scope::Domain, "quick.example", 1000, Period::Second),
        ]);
        assert!(pacer.admit("a.example", now).is_ok() && pacer.admit("b.example", now).is_ok());
        assert!(pacer.admit("a.example", now).is_err() && pacer.admit("b.example", now).is_err());
        assert!((0..100).all(|_| pacer.admit("quick.example", now).is_ok()));
    }
}

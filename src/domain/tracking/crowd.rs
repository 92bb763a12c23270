//! Many people from one network within seconds: a scanner in front of a whole organisation (O-05).
//!
//! That takes remembering where requests came from, for ten seconds and never on disk: a network is kept as a hash with a
//! key that dies with the process, beside the row numbers and times of at most 64 hits, in bounded memory. What is older is
//! forgotten as soon as anybody comes ten seconds later, and by a job every five seconds where nobody does: nothing is
//! older than some fifteen. Nobody's permission is known here: of whoever withdrew it after the letter was sent this is
//! all that remains, and it goes the same way.
//!
//! Hits that turn out to be of a crowd wait for the next judgement, by row numbers and time, without their network.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Moment;
use crate::domain::tracking::{Hit, Reason};

/// So many different people from one network are a crowd, …
pub const PEOPLE: usize = 10;

/// … if they come within this time.
pub const WITHIN: Duration = Duration::from_secs(10);

/// How many networks are remembered; when there are more, all are forgotten.
const NETWORKS: usize = 10_000;

/// How many hits of a network are remembered.
const HITS: usize = 64;

/// How many hits wait for the next judgement; more are judged without this.
const WAITING: usize = 65_536;

/// The networks of the last seconds; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Crowds {
    // Keyed anew in each process.
    key: Arc<RandomState>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    networks: HashMap<u64, Network>,
    /// Hits that were taken in before it was known that they belong to a crowd.
    found: Vec<Hit>,
    /// When everything was looked through last.
    tidied_at: Option<Moment>,
}

impl Seen {
    /// Forgets what came before `since`, and networks of which nothing is left.
    fn tidy(&mut self, now: Moment) {
        let since = now.minus(WITHIN);
        self.tidied_at = Some(now);
        self.networks.retain(|_, network| {
            network.forget_before(since);
            !network.hits.is_empty() || network.crowded_until.is_some_and(|until| until >= now)
        });
        if self.networks.capacity() > 4 * self.networks.len().max(64) {
            self.networks.shrink_to_fit();
        }
    }
}

#[derive(Debug, Default)]
struct Network {
    hits: VecDeque<Hit>,
    /// Everything that comes before this is of the crowd.
    crowded_until: Option<Moment>,
}

impl Crowds {
    /// Takes note of a hit from a client; says so if it is one of a crowd. Private and local addresses are not
    /// networks of anybody: what stands there is a proxy.
    pub fn see(&self, client: IpAddr, hit: &Hit) -> Option<Reason> {
        let key = self.key.hash_one(network_of(client)?);
        let mut seen = self.lock();
        if seen.tidied_at.is_none_or(|at| at < hit.at.minus(WITHIN)) {
            seen.tidy(hit.at);
        }
        let Seen { networks, found, .. } = &mut *seen;
        if networks.len() >= NETWORKS && !networks.contains_key(&key) {
            networks.clear();
        }
        networks.entry(key).or_default().see(hit, found)
    }

    /// Forgets what nobody needs any more, for when nobody comes.
    pub fn forget_old(&self, now: Moment) {
        self.lock().tidy(now);
    }

    /// Takes out the hits that turned out to be of a crowd after they were taken in.
    pub fn take(&self) -> Vec<Hit> {
        std::mem::take(&mut self.lock().found)
    }

    /// Puts hits back that were taken out and could not be noted, as far as there is room.
    pub fn put_back(&self, mut hits: Vec<Hit>) {
        let found = &mut self.lock().found;
        hits.append(found);
        hits.truncate(WAITING);
        *found = hits;
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Nobody panics while holding it; if so, what it guards is whole all the same.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Network {
    fn forget_before(&mut self, since: Moment) {
        while self.hits.front().is_some_and(|first| first.at < since) {
            self.hits.pop_front();
        }
    }

    fn see(&mut self, hit: &Hit, found: &mut Vec<Hit>) -> Option<Reason> {
        if self.crowded_until.is_some_and(|until| hit.at <= until) {
            self.crowded_until = Some(hit.at.plus(WITHIN));
            return Some(Reason::Crowd);
        }
        self.forget_before(hit.at.minus(WITHIN));
        if self.hits.len() >= HITS {
            self.hits.pop_front();
        }
        self.hits.push_back(*hit);
        if self.hits.len() < PEOPLE {
            return None;
        }
        let people: HashSet<i64> = self.hits.iter().map(|hit| hit.subscriber).collect();
        if people.len() < PEOPLE {
            return None;
        }
        self.crowded_until = Some(hit.at.plus(WITHIN));
        self.hits.pop_back();
        let room = WAITING.saturating_sub(found.len());
        found.extend(self.hits.drain(..).take(room));
        Some(Reason::Crowd)
    }
}

/// What one organisation gets: a /24 of IPv4 or a /48 of IPv6, if it is on the internet at all.
fn network_of(client: IpAddr) -> Option<Ipv6Addr> {
    match client.to_canonical() {
        IpAddr::V4(v4) => {
            let local = v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified();
            (!local).then(|| Ipv6Addr::from_bits(v4.to_ipv6_mapped().to_bits() & (u128::MAX << 8)))
        }
        IpAddr::V6(v6) => {
            let local =
                v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local();
            (!local).then(|| Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(person: i64, seconds: u64) -> Hit {
        let at = Moment::from_micros(1_800_000_000_000_000).plus(Duration::from_secs(seconds));
        Hit { campaign: 1, link: Some(1), subscriber: person, at, sign: None }
    }

    fn see(crowds: &Crowds, client: &str, hit: &Hit) -> Option<Reason> {
        crowds.see(client.parse().unwrap(), hit)
    }

    #[test]
    fn ten_people_of_one_network_within_seconds_are_a_crowd_the_first_of_them_too() {
        let crowds = Crowds::default();
        for person in 1..10 {
            assert_eq!(see(&crowds, "203.0.113.7", &hit(person, 0)), None);
        }
        assert_eq!(crowds.take(), []);
        assert_eq!(see(&crowds, "203.0.113.200", &hit(10, 1)), Some(Reason::Crowd));
        assert_eq!(crowds.take(), (1..10).map(|person| hit(person, 0)).collect::<Vec<_>>());
        assert_eq!(see(&crowds, "203.0.113.7", &hit(11, 5)), Some(Reason::Crowd), "as long as it goes on");
        assert_eq!(see(&crowds, "203.0.113.7", &hit(12, 60)), None, "and no longer");
    }

    #[test]
    fn one_person_several_networks_slow_people_and_a_proxy_of_ours_are_no_crowd() {
        let crowds = Crowds::default();
        for n in 0..50 {
            assert_eq!(see(&crowds, "203.0.113.7", &hit(1, 0)), None, "one person");
            assert_eq!(
                see(&crowds, &format!("198.51.{n}.1"), &hit(100 + n, 0)),
                None,
                "networks of their own"
            );
            assert_eq!(see(&crowds, "2001:db8::1", &hit(n, 2 * n as u64)), None, "one each two seconds");
            for local in ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "::ffff:192.168.0.1"] {
                assert_eq!(see(&crowds, local, &hit(n, 0)), None, "{local}");
            }
        }
        assert_eq!(crowds.take(), []);
    }

    #[test]
    fn nothing_older_than_the_window_stays_whether_anybody_comes_or_not() {
        let crowds = Crowds::default();
        let remembered = || {
            let seen = crowds.lock();
            seen.networks.values().map(|network| network.hits.len()).sum::<usize>() + seen.networks.len()
        };
        for n in 0..20 {
            see(&crowds, &format!("198.51.{n}.1"), &hit(n, 0));
            see(&crowds, &format!("198.51.{n}.1"), &hit(n, 1));
        }
        assert_eq!(remembered(), 60);
        // Somebody else comes, from elsewhere.
        see(&crowds, "203.0.113.7", &hit(99, 12));
        assert_eq!(remembered(), 2);
        // Nobody comes.
        crowds.forget_old(hit(0, 15).at);
        assert_eq!(remembered(), 2, "it is within the window");
        crowds.forget_old(hit(0, 23).at);
        assert_eq!(remembered(), 0);
        for person in 0..30 {
            see(&crowds, "203.0.113.7", &hit(person, 30));
        }
        crowds.forget_old(hit(0, 35).at);
        assert_eq!(see(&crowds, "203.0.113.7", &hit(31, 36)), Some(Reason::Crowd), "a crowd goes on");
        crowds.forget_old(hit(0, 60).at);
        assert_eq!(remembered(), 0);
    }

    #[test]
    fn what_could_not_be_noted_is_there_again() {
        let crowds = Crowds::default();
        for person in 0..10 {
            see(&crowds, "203.0.113.7", &hit(person, 0));
        }
        let taken = crowds.take();
        assert_eq!((taken.len(), crowds.take()), (9, Vec::new()));
        crowds.put_back(taken.clone());
        assert_eq!(crowds.take(), taken);
        crowds.put_back(vec![hit(1, 0); 2 * WAITING]);
        assert_eq!(crowds.take().len(), WAITING, "in bounded memory");
    }

    #[test]
    fn memory_is_bounded() {
        let crowds = Crowds::default();
        for n in 0..3 * NETWORKS as u32 {
            let client = Ipv6Addr::from_bits((0x2001_0db8 << 96) | (u128::from(n) << 80));
            crowds.see(IpAddr::V6(client), &hit(i64::from(n), 0));
        }
        assert!(crowds.seen.lock().unwrap().networks.len() <= NETWORKS);
    }
}

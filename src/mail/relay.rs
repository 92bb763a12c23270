//! The relays: each a way out with a name and a weight, and the connections to it that rest for a moment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Problem, Result};
use crate::mail::transport::{Clearance, Connection, Fault, MailUrl, NotConnected, Options, Transport};

/// What the only relay is called if the operator gives it no name.
pub const MAIN: &str = "main";

/// The largest weight.
pub const WEIGHT_MAX: u32 = 1000;

/// How long a connection rests at most before it is closed; relays hang up after five minutes (RFC 5321, section
/// 4.5.3.2.7).
const REST: Duration = Duration::from_secs(60);

/// How long a relay that could not be reached is left alone.
pub const AWAY: Duration = Duration::from_secs(5);

/// A relay as the operator writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayUrl {
    /// What brands and paces call it.
    pub name: String,
    /// Its share of the connections beside the other relays', 1 to [`WEIGHT_MAX`].
    pub weight: u32,
    /// Where it is.
    pub url: MailUrl,
}

impl RelayUrl {
    /// Reads one relay: `[NAME=]URL[?weight=N]`. A name has letters, digits and `-`.
    ///
    /// # Errors
    /// Says what is wrong, without repeating a password.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let is_name = |name: &&str| {
            !name.is_empty()
                && name.len() <= 40
                && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        };
        let (name, url) = match text.split_once('=') {
            Some((name, url)) if is_name(&name) => (name, url),
            _ => (MAIN, text),
        };
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (weights, others): (Vec<&str>, Vec<&str>) =
            query.split('&').filter(|pair| !pair.is_empty()).partition(|pair| pair.starts_with("weight="));
        let weight = match weights.as_slice() {
            [] => Some(1),
            [pair] => pair.trim_start_matches("weight=").parse().ok(),
            _ => None,
        };
        let weight = weight
            .filter(|weight| (1..=WEIGHT_MAX).contains(weight))
            .ok_or_else(|| Problem::new("mail", "A weight is one number from 1 to 1000"))?;
        let url =
            if others.is_empty() { address.to_owned() } else { format!("{address}?{}", others.join("&")) };
        Ok(Self { name: name.to_owned(), weight, url: MailUrl::parse(&url)? })
    }

    /// Reads several, separated by commas; each needs a name of its own.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and for two of the same name.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Problem> {
        let relays: Vec<Self> = text.split(',').map(Self::parse).collect::<Result<_, _>>()?;
        for (at, relay) in relays.iter().enumerate() {
            if relays[..at].iter().any(|other| other.name == relay.name) {
                let detail = format!("Two relays are called {}; write NAME=URL for each", relay.name);
                return Err(Problem::new("mail", detail));
            }
        }
        Ok(relays)
    }
}

/// All relays of a server, in the operator's order; cheap to clone. There is at least one.
pub struct Relays<P>(Arc<[Relay<P>]>);

impl<P> Clone for Relays<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// One relay.
pub struct Relay<P> {
    /// What brands and paces call it.
    pub name: String,
    /// Its share of the connections beside the other relays'.
    pub weight: u32,
    transport: Transport<P>,
    resting: Mutex<Vec<(Connection<P>, Instant)>>,
    away_until: Mutex<Option<Instant>>,
}

impl<P: Clearance> Relays<P> {
    /// Prepares the ways out; nothing is connected to yet.
    ///
    /// # Errors
    /// If TLS cannot be spoken.
    pub fn new(urls: &[RelayUrl], options: &Options) -> Result<Self> {
        let relays = urls
            .iter()
            .map(|relay| Ok(Relay::new(&relay.name, relay.weight, Transport::new(&relay.url, options)?)));
        Ok(Self(relays.collect::<Result<_>>()?))
    }

    /// These relays: a name, a weight and a way out each.
    pub fn of(relays: Vec<(&str, u32, Transport<P>)>) -> Self {
        Self(
            relays.into_iter().map(|(name, weight, transport)| Relay::new(name, weight, transport)).collect(),
        )
    }

    /// All of them.
    pub fn all(&self) -> &[Relay<P>] {
        &self.0
    }

    /// Whether all of them are on this machine: folders, or servers that answer here.
    pub fn are_local(&self) -> bool {
        self.0.iter().all(|relay| relay.transport.is_local())
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|relay| relay.name == name)
    }

    /// That there is one of this name, which stands in `field`.
    ///
    /// # Errors
    /// The problem, which names those that there are.
    pub fn check(&self, field: &str, name: &str) -> Result<(), Problem> {
        if self.has(name.trim()) {
            return Ok(());
        }
        let known: Vec<&str> = self.0.iter().map(|relay| relay.name.as_str()).collect();
        Err(Problem::new(field, format!("This server has no such relay; it has {}", known.join(", "))))
    }

    /// Connects for service mail: to the first relay that can be reached.
    ///
    /// # Errors
    /// Of the last one tried.
    pub async fn connect(&self) -> Result<Connection<P>, NotConnected> {
        let mut failure = NotConnected { fault: Fault::Unreachable, reply: None };
        for relay in self.all() {
            match relay.connect().await {
                Ok(connection) => return Ok(connection),
                Err(why) => failure = why,
            }
        }
        Err(failure)
    }

    /// Takes leave of the relays on all connections that rest.
    pub async fn close(&self) {
        for relay in self.all() {
            let resting = std::mem::take(&mut *relay.resting());
            for (connection, _) in resting {
                connection.close().await;
            }
        }
    }

    /// How many of `connections` each relay gets: one, and of the others each goes to the relay that is furthest below
    /// its weight (the method of Sainte-Laguë), so that together they are as many as there are.
    pub fn shares(&self, connections: usize) -> Vec<usize> {
        let mut shares = vec![1; self.0.len()];
        for _ in self.0.len()..connections {
            // A weight over twice the share and one, compared without dividing.
            let (mut most, mut best) = (0, (0, 1));
            for (at, relay) in self.0.iter().enumerate() {
                let this = (u64::from(relay.weight), 2 * shares[at] as u64 + 1);
                if this.0 * best.1 > best.0 * this.1 {
                    (most, best) = (at, this);
                }
            }
            shares[most] += 1;
        }
        shares
    }
}

impl<P: Clearance> Relay<P> {
    fn new(name: &str, weight: u32, transport: Transport<P>) -> Self {
        Self {
            name: name.to_owned(),
            weight,
            transport,
            resting: Mutex::default(),
            away_until: Mutex::default(),
        }
    }

    /// An open connection: one that rests, or a new one.
    ///
    /// # Errors
    /// If there is none to be had now.
    pub async fn connect(&self) -> Result<Connection<P>, NotConnected> {
        let rested = {
            let mut resting = self.resting();
            resting.retain(|(_, since)| since.elapsed() < REST);
            resting.pop()
        };
        match rested {
            Some((connection, _)) => Ok(connection),
            None => self.transport.connect().await,
        }
    }

    /// Lets a connection rest for whoever needs one next; one that was lost is not kept.
    pub fn rest(&self, connection: Connection<P>) {
        if connection.is_open() {
            self.resting().push((connection, Instant::now()));
        }
    }

    /// Says that the relay cannot be reached: it is left alone for a moment.
    pub fn leave_alone(&self) {
        *self.away_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + AWAY);
    }

    /// Forgets that the relay could not be reached.
    pub fn try_again(&self) {
        *self.away_until.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether the relay could not be reached a moment ago.
    pub fn is_away(&self) -> bool {
        let until = self.away_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, Vec<(Connection<P>, Instant)>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email_address::EmailAddress;
    use crate::mail::transport::Memory;

    struct Nobody;

    impl Clearance for Nobody {
        fn recipient(&self) -> &EmailAddress {
            unreachable!("nothing is sent here")
        }
    }

    fn names(text: &str) -> Option<Vec<(String, u32)>> {
        let relays = RelayUrl::parse_list(text).ok()?;
        Some(relays.into_iter().map(|relay| (relay.name, relay.weight)).collect())
    }

    #[test]
    fn one_relay_needs_no_name_and_several_do() {
        let of = |name: &str, weight| (name.to_owned(), weight);
        assert_eq!(names("smtp://mail.example").unwrap(), [of("main", 1)]);
        assert_eq!(names("smtp://me:p=1@mail.example?starttls=required&weight=3").unwrap(), [of("main", 3)]);
        assert_eq!(
            names("fast=smtps://a.example?weight=3, slow=smtp://b.example").unwrap(),
            [of("fast", 3), of("slow", 1)]
        );
        for wrong in [
            "smtp://a.example,smtp://b.example",
            "a=smtp://a.example?weight=0",
            "a=smtp://a.example?weight=1001",
            "a=smtp://a.example?weight=1&weight=2",
            "a=smtp://a.example?wait=1",
            "A B=smtp://a.example",
            "",
        ] {
            assert_eq!(names(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn connections_are_shared_by_weight_and_are_not_more_than_there_are() {
        let relay = |name, weight| (name, weight, Transport::<Nobody>::memory(&Memory::new()));
        let shares = |weights: &[u32], connections| {
            Relays::of(weights.iter().map(|weight| relay("x", *weight)).collect()).shares(connections)
        };
        assert_eq!(shares(&[1], 10), [10]);
        assert_eq!(shares(&[3, 1], 4), [3, 1]);
        assert_eq!(shares(&[3, 1], 10), [8, 2]);
        assert_eq!(shares(&[1000, 1], 10), [9, 1], "everyone has one");
        assert_eq!(shares(&[1, 1, 1], 10), [4, 3, 3]);
        assert_eq!(shares(&[1, 2, 3, 4], 100), [10, 20, 30, 40]);
    }
}

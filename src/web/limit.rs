//! Limits on how often forms and the API may be used: per network and per address, in memory only.
//!
//! Never on one-click POST, pixel or redirect: their answers must not depend on who else asks. Nothing here is
//! logged, and an address is kept only as a hash with a key that dies with the process.

use std::future::{Ready, ready};
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest, web};
use governor::clock::Clock as _;
use governor::middleware::{NoOpMiddleware, RateLimitingMiddleware, StateInformationMiddleware};
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{NotUntil, Quota, RateLimiter};

use crate::clock::{Clock, Ticks};
use crate::config::Options;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::web::problem::ApiError;

/// Forms from one network: so many at once, and then one each [`FORM_EVERY`].
pub const FORMS_AT_ONCE: u32 = 30;
/// See [`FORMS_AT_ONCE`].
pub const FORM_EVERY: Duration = Duration::from_secs(10);

/// Forms that name one address: so many at once, and then one each [`ADDRESS_EVERY`].
pub const ADDRESS_AT_ONCE: u32 = 10;
/// See [`ADDRESS_AT_ONCE`].
pub const ADDRESS_EVERY: Duration = Duration::from_secs(6 * 60);

/// API requests of one key: so many at once, and then one each [`API_EVERY`].
pub const API_AT_ONCE: u32 = 1000;
/// See [`API_AT_ONCE`].
pub const API_EVERY: Duration = Duration::from_millis(20);

/// API requests from one network, whatever key they bring or make up: so many at once, and then one each
/// [`NETWORK_EVERY`]. Several programs with keys of their own may share a network.
pub const NETWORK_AT_ONCE: u32 = 4 * API_AT_ONCE;
/// See [`NETWORK_AT_ONCE`].
pub const NETWORK_EVERY: Duration = Duration::from_millis(5);

/// What was not used for a while is forgotten each so many checks.
const SWEEP_EVERY: u32 = 1000;

type Limiter<Told = NoOpMiddleware<Nanos>> = RateLimiter<u64, DefaultKeyedStateStore<u64>, Ticks, Told>;

/// All limits of a server; one for all its workers.
pub struct Limits {
    forms: Limiter,
    addresses: Limiter,
    links: Limiter,
    networks: Limiter,
    api: Limiter<StateInformationMiddleware>,
    ticks: Ticks,
    hashes: RandomState,
    checks: AtomicU32,
    behind_proxy: bool,
}

impl Limits {
    /// Limits that nobody has touched yet.
    pub fn new(clock: &Clock, options: &Options) -> Self {
        let ticks = Ticks::of(clock);
        let limiter = |at_once, every| {
            RateLimiter::new(quota(at_once, every), DefaultKeyedStateStore::default(), ticks.clone())
        };
        Self {
            forms: limiter(FORMS_AT_ONCE, FORM_EVERY),
            addresses: limiter(ADDRESS_AT_ONCE, ADDRESS_EVERY),
            links: limiter(FORMS_AT_ONCE, FORM_EVERY),
            networks: limiter(NETWORK_AT_ONCE, NETWORK_EVERY),
            api: limiter(API_AT_ONCE, API_EVERY).with_middleware(),
            hashes: RandomState::new(),
            checks: AtomicU32::new(0),
            behind_proxy: options.behind_proxy,
            ticks,
        }
    }

    /// Counts a posted form of the network that the request came from.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn form(&self, request: &HttpRequest) -> Result<()> {
        self.check(&self.forms, self.network(request))
    }

    /// Counts a posted form that names this address, known or not.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn address(&self, email: &EmailAddress) -> Result<()> {
        self.check(&self.addresses, email)
    }

    /// Counts a form that was posted behind a link of this person, as often as [`Limits::form`] allows a network: a whole
    /// office may follow its links at once, and nobody presses so often.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn link(&self, person: i64) -> Result<()> {
        self.check(&self.links, person)
    }

    /// Counts an API request of the network that it came from, before anything is looked up for it.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn network_of(&self, request: &HttpRequest) -> Result<()> {
        self.check(&self.networks, self.network(request))
    }

    /// Counts an API request of this key. Returns how many it may send at once after this one.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn key(&self, key: i64) -> Result<u32> {
        self.check(&self.api, key).map(|state| state.remaining_burst_capacity())
    }

    fn check<Told>(&self, limiter: &Limiter<Told>, key: impl Hash) -> Result<Told::PositiveOutcome>
    where
        Told: RateLimitingMiddleware<Nanos, NegativeOutcome = NotUntil<Nanos>>,
    {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            for limiter in [&self.forms, &self.addresses, &self.links, &self.networks] {
                limiter.retain_recent();
            }
            self.api.retain_recent();
        }
        limiter
            .check_key(&self.hashes.hash_one(key))
            .map_err(|until| Error::TooMany { retry_after: until.wait_time_from(self.ticks.now()) })
    }

    fn network(&self, request: &HttpRequest) -> IpAddr {
        static SAID: Once = Once::new();
        if self.behind_proxy && !request.headers().contains_key("x-forwarded-for") {
            SAID.call_once(|| {
                tracing::warn!(
                    "a request came without X-Forwarded-For, which --behind-proxy relies on; the proxy has to write it, or                      everybody behind it shares one limit"
                );
            });
        }
        prefix(client(request.head(), self.behind_proxy).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)))
    }
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Limits")
    }
}

/// Tells a program how much of its key's limit is left, and in how many seconds all of it will be there again
/// (draft-ietf-httpapi-ratelimit-headers).
pub fn tell(headers: &mut HeaderMap, left: u32) {
    let all = API_EVERY.saturating_mul(API_AT_ONCE).as_secs();
    let missing = API_EVERY.saturating_mul(API_AT_ONCE.saturating_sub(left));
    let refilled = missing.as_secs() + u64::from(missing.subsec_nanos() > 0);
    let policy = format!("\"key\";q={API_AT_ONCE};w={all}");
    let limit = format!("\"key\";r={left};t={refilled}");
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
        // Digits and plain words make a header.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// A posted form that was counted. Named before the body, it spares reading what is one too many.
#[derive(Debug)]
pub struct FormCounted;

impl FromRequest for FormCounted {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let counted = match request.app_data::<web::Data<Limits>>() {
            Some(limits) => limits.form(request),
            None => Err(Error::internal("no Limits")),
        };
        ready(counted.map(|()| Self).map_err(|error| ApiError::from(error).into()))
    }
}

fn quota(at_once: u32, every: Duration) -> Quota {
    let burst = NonZeroU32::new(at_once).unwrap_or(NonZeroU32::MIN);
    // Only a period of zero makes none.
    Quota::with_period(every).unwrap_or(Quota::per_second(burst)).allow_burst(burst)
}

/// Where a request came from: the peer, or behind a proxy of ours what that proxy wrote.
pub fn client(request: &RequestHead, behind_proxy: bool) -> Option<IpAddr> {
    let forwarded = || request.headers().get_all("x-forwarded-for").last().and_then(|v| v.to_str().ok());
    let peer = || request.peer_addr.map(|address| address.ip());
    if behind_proxy { forwarded().and_then(nearest).or_else(peer) } else { peer() }
}

/// The last address of `X-Forwarded-For`: the only one that our own proxy wrote. All before it are claims.
fn nearest(header: &str) -> Option<IpAddr> {
    let last = header.rsplit(',').next()?.trim();
    let with_port = || last.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    last.parse().ok().or_else(with_port)
}

/// What one customer of a provider gets: a single IPv4 address, or a /56 of IPv6 (RFC 6177).
fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 72))),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::clock::Moment;
    use crate::domain::delivery::claim::LEASE;
    use crate::domain::intake;
    use crate::domain::tracking;

    fn limits(clock: &Clock, behind_proxy: bool) -> Limits {
        let options = Options {
            connections: 1,
            lease: LEASE,
            return_path: None,
            relay_signs: false,
            behind_proxy,
            client_timeout: crate::config::CLIENT_TIMEOUT,
            lmtp: None,
            maildir: None,
            demo_mail: None,
            intake: intake::Options::default(),
            tracking: tracking::Options::default(),
        };
        Limits::new(clock, &options)
    }

    fn clock() -> Clock {
        Clock::fixed(Moment::from_micros(1_800_000_000_000_000))
    }

    fn from(peer: &str, forwarded: &str) -> HttpRequest {
        let peer = format!("{peer}:1").parse().unwrap();
        TestRequest::default().peer_addr(peer).insert_header(("X-Forwarded-For", forwarded)).to_http_request()
    }

    #[test]
    fn a_network_may_post_so_many_forms_at_once_and_then_one_now_and_again() {
        let clock = clock();
        let limits = limits(&clock, false);
        let one = from("192.0.2.1", "");
        for _ in 0..FORMS_AT_ONCE {
            limits.form(&one).unwrap();
        }
        let Err(Error::TooMany { retry_after }) = limits.form(&one) else { panic!("one too many") };
        assert!(retry_after > Duration::ZERO && retry_after <= FORM_EVERY);
        limits.form(&from("192.0.2.2", "")).unwrap();
        clock.advance(FORM_EVERY);
        limits.form(&one).unwrap();
        limits.form(&one).unwrap_err();
    }

    #[test]
    fn an_address_has_a_limit_of_its_own_wherever_it_comes_from() {
        let limits = limits(&clock(), false);
        let email = EmailAddress::parse("ana@example.com").unwrap();
        for _ in 0..ADDRESS_AT_ONCE {
            limits.address(&email).unwrap();
        }
        limits.address(&email).unwrap_err();
        limits.address(&EmailAddress::parse("bob@example.com").unwrap()).unwrap();
    }

    #[test]
    fn api_requests_are_counted_for_their_network_whatever_key_they_bring() {
        let limits = limits(&clock(), false);
        let one = from("192.0.2.1", "");
        for _ in 0..NETWORK_AT_ONCE {
            limits.network_of(&one).unwrap();
        }
        limits.network_of(&one).unwrap_err();
        limits.network_of(&from("192.0.2.2", "")).unwrap();
        for _ in 0..API_AT_ONCE {
            limits.key(1).unwrap();
        }
        limits.key(1).unwrap_err();
        assert_eq!(limits.key(2).unwrap(), API_AT_ONCE - 1);
    }

    #[test]
    fn only_the_nearest_proxy_is_believed_and_only_if_there_is_one() {
        let request = from("192.0.2.1", "198.51.100.7, 203.0.113.9");
        let at = |behind_proxy| limits(&clock(), behind_proxy).network(&request).to_string();
        assert_eq!(at(true), "203.0.113.9");
        assert_eq!(at(false), "192.0.2.1");
        assert_eq!(nearest("[2001:db8::1]:443").unwrap().to_string(), "2001:db8::1");
        assert_eq!(nearest("unknown"), None);
        assert_eq!(limits(&clock(), true).network(&from("192.0.2.1", "x")).to_string(), "192.0.2.1");
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one() {
        let network = |text: &str| prefix(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2ff:3:4:5:6"), "2001:db8:1:200::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}

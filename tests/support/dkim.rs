//! DKIM as a stranger checks it: another implementation, with the records of the test's own database for a DNS.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::LazyLock;
use std::time::Instant;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DnsError, Error, MessageAuthenticator, Parameters, ResolverCache, Txt,
};
use mannerly::clock::Moment;
use mannerly::domain::catalog::dkim_key::{self, DkimKey, NewPair};
use mannerly::mail::dkim::{Algorithm, NewKey, Signer, SigningKey, record_name, record_text};
use mannerly::mail::dns::Question;

use crate::support::server::TestServer;

/// Looking for primes takes a while, so all tests share what they find.
static PAIRS: LazyLock<[NewPair; 2]> = LazyLock::new(|| [(); 2].map(|()| NewPair::generate().unwrap()));

impl TestServer {
    /// Keys for a domain, as `mannerly dkim create` makes them; the first ones sign.
    pub(crate) fn dkim_keys(&self, domain: &str, name: &str) -> Vec<DkimKey> {
        let pair = &PAIRS[name.len() % 2];
        self.write(|conn, now| {
            let made = dkim_key::store(conn, &self.app.keys, domain, Some(name), pair, now)?;
            match dkim_key::list(conn)?.iter().any(|key| key.domain == made[0].domain && key.id < made[0].id)
            {
                true => Ok(made),
                false => dkim_key::activate(conn, domain, name, now),
            }
        })
    }
}

/// What mail providers sign with, all of them.
static PROVIDERS: LazyLock<NewKey> = LazyLock::new(|| NewKey::generate(Algorithm::Ed25519Sha256).unwrap());

/// Where the key of a provider is, and what is there.
pub(crate) fn provider_record(domain: &str) -> (String, String) {
    (record_name(domain, "fbl"), record_text(PROVIDERS.algorithm, &PROVIDERS.public))
}

/// A message as the domain of its sender sends it: signed, with CRLF at the end of each line.
pub(crate) fn signed_by(domain: &str, message: &str) -> String {
    let message: String = message.lines().map(|line| format!("{line}\r\n")).collect();
    let key = SigningKey::read(PROVIDERS.algorithm, "fbl", &PROVIDERS.private).unwrap();
    let signed = Signer::new(domain, vec![key]).sign(message.as_bytes(), Moment::from_micros(0)).unwrap();
    String::from_utf8(signed).unwrap()
}

/// The domain in a message's `From`.
pub(crate) fn sender_domain(message: &str) -> &str {
    let from = message.lines().find_map(|line| line.strip_prefix("From: ")).unwrap();
    from.rsplit_once('@').unwrap().1.trim_end_matches('>')
}

impl TestServer {
    /// A message as its sender's domain signs it, whose key is in this server's DNS from now on.
    pub(crate) fn signed(&self, message: &str) -> String {
        let domain = sender_domain(message);
        let (name, text) = provider_record(domain);
        self.dns.put(Question::Txt(name), &[&text]);
        signed_by(domain, message)
    }
}

/// What the DNS of a test says: the records that `mannerly dkim` prints for these keys, and nothing else.
pub(crate) struct Verifier {
    authenticator: MessageAuthenticator,
    records: Records,
}

impl Verifier {
    /// A verifier that finds these records.
    pub(crate) fn new(published: &[DkimKey]) -> Self {
        let record = |key: &DkimKey| {
            let parsed = DomainKey::parse(key.record_text().as_bytes()).unwrap();
            (format!("{}.", key.record_name()), Txt::from(parsed))
        };
        Self {
            // It never asks anybody: what it does not find among the records does not exist.
            authenticator: MessageAuthenticator::new_cloudflare().unwrap(),
            records: Records(published.iter().map(record).collect()),
        }
    }

    /// The selectors whose signatures are good, in the order of the message, and how many are not.
    pub(crate) async fn check(&self, message: &str) -> (Vec<String>, usize) {
        let Some(parsed) = AuthenticatedMessage::parse(message.as_bytes()) else { return (Vec::new(), 0) };
        let checked =
            self.authenticator.verify_dkim(Parameters::new(&parsed).with_txt_cache(&self.records)).await;
        let good = checked.iter().filter(|output| *output.result() == DkimResult::Pass);
        let good: Vec<String> =
            good.filter_map(|output| output.signature()).map(|signature| signature.s.clone()).collect();
        (good.clone(), checked.len() - good.len())
    }
}

struct Records(HashMap<String, Txt>);

impl ResolverCache<Box<str>, Txt> for Records {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let found = self.0.iter().find(|(known, _)| {
            let known: Box<str> = known.as_str().into();
            known.borrow() == name
        });
        Some(found.map_or(Txt::Error(Error::Dns(DnsError::InvalidRecordType)), |(_, record)| record.clone()))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

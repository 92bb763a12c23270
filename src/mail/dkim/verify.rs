//! Whether a message that came in was signed by the domain that it says it is from (RFC 6376), as reports of complaints
//! have to be (RFC 9477, section 3.5; B-06).
//!
//! mail-auth reads the signatures and does the sums; whom it would ask in DNS is asked here before, as everything else
//! in this house is. `Authentication-Results` of whoever had the message before say nothing to us (D-07).

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

use mail_auth::common::crypto::Algorithm;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::dkim::Signature;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DnsError, Error, MessageAuthenticator, Parameters, ResolverCache, Txt,
};

use crate::mail::dns::{Answers, Dns, Question};

/// A message with more signatures is not looked at: each may want the whole of it read once more.
const SIGNATURES_MAX: usize = 8;

/// What the signatures of a message prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The domain of its one `From` address, or one above it, signed all of it.
    Signed,
    /// It did not, as far as anybody can tell.
    Doubtful(Doubt),
    /// Nobody answered where its key is; that may change.
    Unanswered,
}

impl Proof {
    /// What is known of a message that nobody looked into.
    pub const NONE: Self = Self::Doubtful(Doubt::Unsigned);
}

/// Why a message is not believed to be from whom it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// There is no signature of its sender's domain that covers `From` and the whole body, or not one sender.
    Unsigned,
    /// There is one, and no such key in DNS.
    NoKey,
    /// There is one, and it does not fit: something was changed, it is over, or it was never good.
    Broken,
    /// No name server may be asked.
    NoDns,
}

/// Looks into the signatures of a message, whatever its line ends. Nothing is kept, and DNS is asked at most once.
pub async fn verify(message: &[u8], dns: &Dns) -> Proof {
    let (message, dns) = (with_crlf(message).into_owned(), dns.clone());
    // Somebody else's parser over a stranger's octets: if it breaks off, only this message is not believed.
    let checked = tokio::spawn(async move { check(&message, &dns).await }).await;
    checked.unwrap_or(Proof::Doubtful(Doubt::Broken))
}

async fn check(message: &[u8], dns: &Dns) -> Proof {
    if count_signatures(message) > SIGNATURES_MAX {
        return Proof::NONE;
    }
    let Some(parsed) = AuthenticatedMessage::parse(message) else { return Proof::NONE };
    let Some(sender) = sender(&parsed) else { return Proof::NONE };
    let own = |signature: &&Signature| is_complete(signature) && speaks_for(&signature.d, sender);
    let signatures = parsed.dkim_headers.iter().map(|field| &field.header);
    let questions: BTreeSet<Question> =
        signatures.filter(own).filter_map(key_name).map(Question::Txt).collect();
    if questions.is_empty() {
        return Proof::NONE;
    }
    let Some(answers) = dns.ask(questions).await else { return Proof::Doubtful(Doubt::NoDns) };
    let keys = Keys::read(&answers);
    // It never asks anybody: whatever is not among the keys does not exist.
    let Ok(authenticator) = MessageAuthenticator::new_cloudflare() else {
        return Proof::Doubtful(Doubt::NoDns);
    };
    let checked = authenticator.verify_dkim(Parameters::new(&parsed).with_txt_cache(&keys)).await;
    let good = checked.iter().filter(|output| *output.result() == DkimResult::Pass);
    if good.filter_map(|output| output.signature()).any(|signature| own(&signature)) {
        Proof::Signed
    } else if answers.values().any(Result::is_err) {
        Proof::Unanswered
    } else {
        Proof::Doubtful(if keys.0.is_empty() { Doubt::NoKey } else { Doubt::Broken })
    }
}

/// The domain of the sender, if there is one sender and one `From`.
fn sender<'a>(message: &'a AuthenticatedMessage<'_>) -> Option<&'a str> {
    let is_from = |(name, _): &&(&[u8], &[u8])| name.trim_ascii().eq_ignore_ascii_case(b"from");
    match (message.headers.iter().filter(is_from).count(), message.from.as_slice()) {
        (1, [address]) => Some(address.rsplit_once('@')?.1),
        _ => None,
    }
}

/// Whether a signature stands for the sender and every octet of the message, by sums that are not broken (RFC 8301).
fn is_complete(signature: &Signature) -> bool {
    signature.l == 0
        && signature.a != Algorithm::RsaSha1
        && signature.h.iter().any(|name| name.eq_ignore_ascii_case("from"))
}

/// Whether it is the sender's domain or one above it: whoever has that has all that is below.
fn speaks_for(signing: &str, sender: &str) -> bool {
    let (signing, sender) = (signing.to_ascii_lowercase(), sender.to_ascii_lowercase());
    let above = sender.strip_suffix(&signing);
    signing.contains('.') && above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Where its key is, if that can be a name in DNS.
fn key_name(signature: &Signature) -> Option<String> {
    let name = super::record_name(&signature.d, &signature.s);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
    };
    (name.len() <= 253 && name.split('.').all(is_label)).then_some(name)
}

/// How many fields begin a signature; read without looking into any of them.
fn count_signatures(message: &[u8]) -> usize {
    let header = memchr::memmem::find(message, b"\r\n\r\n").map_or(message, |end| &message[..end]);
    let name = b"dkim-signature";
    let begins = |line: &&[u8]| line.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name));
    header.split(|octet| *octet == b'\n').filter(begins).count()
}

/// The message as it was signed: programs that keep mail in files end lines with LF, and some put a line `From ` before.
fn with_crlf(message: &[u8]) -> Cow<'_, [u8]> {
    let message = match message.strip_prefix(b"From ") {
        Some(rest) => memchr::memchr(b'\n', rest).map_or(message, |end| &rest[end + 1..]),
        None => message,
    };
    let is_bare = |at: usize| at == 0 || message[at - 1] != b'\r';
    if !memchr::memchr_iter(b'\n', message).any(is_bare) {
        return Cow::Borrowed(message);
    }
    let mut whole = Vec::with_capacity(message.len() + message.len() / 32);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                whole.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                whole.extend_from_slice(b"\r\n");
            }
            None => whole.extend_from_slice(line),
        }
    }
    Cow::Owned(whole)
}

/// The keys that DNS has, by their names with a dot at the end.
struct Keys(HashMap<Box<str>, Txt>);

impl Keys {
    fn read(answers: &Answers) -> Self {
        let key = |(question, records): (&Question, &Result<Vec<String>, _>)| {
            let (Question::Txt(name), Ok(records)) = (question, records) else { return None };
            let key = records.iter().find_map(|record| DomainKey::parse(record.as_bytes()).ok())?;
            Some((format!("{name}.").into(), Txt::from(key)))
        };
        Self(answers.iter().filter_map(key).collect())
    }
}

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.0.get(name).cloned().unwrap_or(Txt::Error(Error::Dns(DnsError::InvalidRecordType))))
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

#[cfg(test)]
mod tests;

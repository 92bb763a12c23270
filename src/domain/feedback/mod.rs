//! What comes back by mail, and what follows from it: bounces, complaints, unsubscribes by mail (B-03 to B-06, M-09).
//!
//! A bounce acts only on the letter whose token is in the address that it came to (VERP, B-01). Where providers send
//! complaints to one address for all, the token is in the returned letter's return path or Message-ID; that of a
//! Message-ID has a purpose of its own, so whoever was only shown a letter can complain about it and do nothing else.
//! What a provider says about a person counts only if the provider's domain signed it (B-06).
//! Names and addresses in a message are never believed. No message is ever answered, so no two programs can talk to
//! each other for ever (M-21).

pub mod unverified;

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{brand, campaign, delivery, subscriber};
use crate::domain::audience::former_address::{self, Reached};
use crate::domain::catalog::Channel;
use crate::domain::consent::suppression::{self, Reason};
use crate::domain::consent::{Method, lock};
use crate::domain::delivery::bounce::{self, Class, Returned};
use crate::domain::delivery::breaker::{self, Added};
use crate::domain::feedback::unverified::{Doubt, Kind, UnverifiedReport};
use crate::domain::preferences::{self, Way};
use crate::error::{Error, Result, if_there};
use crate::mail::dkim::Proof;
use crate::mail::report::{Incoming, Mailbox, What};
use crate::mail::transport::{Blame, Enhanced};
use crate::token::{Keys, LetterLink, MessageLink, UnsubscribeLink};

/// What a message did. Nothing in it is personal, so it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A letter did not arrive, and that was news.
    Bounced(Class),
    /// All marketing email of the brand to the address of a letter ended, because it was reported there.
    Complained,
    /// All marketing email of the brand ended.
    Unsubscribed,
    /// It says what was known already.
    Repeated,
    /// It is of a kind that has no consequence: an auto-reply, a delay, somebody's words.
    NoConsequence,
    /// A complaint or an opt-out that names a letter, and that its sender's domain did not sign: kept, and nothing else.
    Unverified(Doubt),
    /// It carries no token of ours, or one that was altered.
    NoSuchLetter,
    /// The person is erased or gone.
    NoSuchPerson,
}

/// The mailbox behind an address, if it is one of ours: its domain is the incoming domain of a brand, or its token is
/// of our making. So what old letters carry works on when a brand changes that domain and its old one still leads here.
///
/// # Errors
/// Of the database.
pub fn mailbox(conn: &mut DbConnection, keys: &Keys, address: &str) -> Result<Option<Mailbox>> {
    let Some((mailbox, domain)) = Mailbox::parse(address) else { return Ok(None) };
    let is_proved = match &mailbox {
        Mailbox::Letter(token) => keys.open_from_mail::<LetterLink>(token).is_some(),
        Mailbox::Unsubscribe(token) => keys.open_from_mail::<UnsubscribeLink>(token).is_some(),
        Mailbox::Feedback => false,
    };
    if is_proved {
        return Ok(Some(mailbox));
    }
    let ours = brand::table.filter(brand::incoming_domain.eq(domain));
    let is_ours: bool = diesel::select(diesel::dsl::exists(ours)).get_result(conn)?;
    Ok(is_ours.then_some(mailbox))
}

/// Whether it matters who signed a message: it is a report about one of our letters, from whoever passes it on.
pub fn needs_proof(keys: &Keys, to: &Mailbox, message: &Incoming) -> bool {
    matches!(message.what, What::Complaint | What::OptOut)
        && !matches!(to, Mailbox::Unsubscribe(_))
        && letter_of(keys, to, message).is_some()
}

/// Takes a message in: all its consequences, in the caller's transaction. `proof` is what is known of who signed it.
///
/// # Errors
/// Of the database. A message that is forged, foreign, broken or late is a [`Verdict`] and no error.
pub fn receive(
    conn: &mut DbConnection,
    keys: &Keys,
    to: &Mailbox,
    message: &Incoming,
    proof: Proof,
    now: Moment,
) -> Result<Verdict> {
    if let Mailbox::Unsubscribe(token) = to {
        return match (keys.open_from_mail(token), message.what) {
            (None, _) => Ok(Verdict::NoSuchLetter),
            (Some(link), What::Unsubscribe) => unsubscribe(conn, &link, Method::Mailto, now),
            (Some(_), _) => Ok(Verdict::NoConsequence),
        };
    }
    if !matches!(message.what, What::Failed { .. } | What::Complaint | What::OptOut) {
        return Ok(Verdict::NoConsequence);
    }
    let Some(link) = letter_of(keys, to, message) else {
        let can_name_one = matches!(to, Mailbox::Letter(_)) || !matches!(message.what, What::Failed { .. });
        return Ok(if can_name_one { Verdict::NoSuchLetter } else { Verdict::NoConsequence });
    };
    let Some(letter) = Letter::find(conn, link)? else { return Ok(Verdict::NoSuchPerson) };
    let kind = match message.what {
        What::Failed { blame, status } => return letter.failed(conn, blame, status, now),
        What::Complaint => Kind::Complaint,
        _ => Kind::OptOut,
    };
    match (proof, kind) {
        (Proof::Signed, Kind::Complaint) => letter.complained(conn, now),
        (Proof::Signed, Kind::OptOut) => unsubscribe(conn, &letter.unsubscribe_link(), Method::Mailto, now),
        (Proof::Doubtful(doubt), _) => letter.keep_unverified(conn, message, kind, doubt.into(), now),
        (Proof::Unanswered, _) => Err(Error::internal("a report was not judged")),
    }
}

/// The letter that a message is about, if it proves that it knows it.
fn letter_of(keys: &Keys, to: &Mailbox, message: &Incoming) -> Option<LetterLink> {
    match (to, message.what) {
        (Mailbox::Letter(token), _) => keys.open_from_mail(token),
        // Whoever was shown a letter knows its Message-ID, and must not be able to say that it bounced.
        (_, What::Failed { .. }) => None,
        _ => message.letters.iter().find_map(|token| named_letter(keys, token)),
    }
}

/// The letter that a complaint names: by its return path or by its Message-ID.
fn named_letter(keys: &Keys, token: &str) -> Option<LetterLink> {
    let shown = |MessageLink { campaign, subscriber }| LetterLink { campaign, subscriber };
    keys.open_from_mail(token).or_else(|| keys.open_from_mail(token).map(shown))
}

fn unsubscribe(
    conn: &mut DbConnection,
    link: &UnsubscribeLink,
    method: Method,
    now: Moment,
) -> Result<Verdict> {
    let done = if_there(preferences::unsubscribe(conn, link, Way::unseen(method), now))?;
    Ok(match done.filter(|done| done.known) {
        None => Verdict::NoSuchPerson,
        Some(done) if done.stopped => Verdict::Unsubscribed,
        Some(_) => Verdict::Repeated,
    })
}

/// A letter that was really written to somebody who is still here.
struct Letter {
    campaign: i64,
    person: i64,
    brand: i64,
    finished_at: Option<Moment>,
    resumed_at: Option<Moment>,
}

/// What is read of a letter: brand, when the person was erased, when the letter left, and when a person last let the
/// campaign go on.
type Row = (i64, Option<Moment>, Option<Moment>, Option<Moment>);

impl Letter {
    fn find(conn: &mut DbConnection, link: LetterLink) -> Result<Option<Self>> {
        let row: Option<Row> = delivery::table
            .inner_join(subscriber::table)
            .inner_join(campaign::table)
            .filter(delivery::campaign_id.eq(link.campaign).and(delivery::subscriber_id.eq(link.subscriber)))
            .select((campaign::brand_id, subscriber::erased_at, delivery::finished_at, campaign::resumed_at))
            .first(conn)
            .optional()?;
        Ok(row.filter(|(_, erased_at, ..)| erased_at.is_none()).map(|(brand, _, finished_at, resumed_at)| {
            Self { campaign: link.campaign, person: link.subscriber, brand, finished_at, resumed_at }
        }))
    }

    fn unsubscribe_link(&self) -> UnsubscribeLink {
        UnsubscribeLink { brand: self.brand, subscriber: self.person, campaign: self.campaign }
    }

    /// It came back, or was given up.
    fn failed(
        &self,
        conn: &mut DbConnection,
        blame: Blame,
        status: Option<Enhanced>,
        now: Moment,
    ) -> Result<Verdict> {
        // A letter that left before somebody let the campaign go on says nothing that they did not know.
        let is_old =
            matches!((self.finished_at, self.resumed_at), (Some(left), Some(resumed)) if left < resumed);
        let returned = Returned { blame, status, at_once: false, is_old };
        let is_news = bounce::record(conn, self.campaign, self.person, returned, now)?;
        Ok(if is_news { Verdict::Bounced(blame.into()) } else { Verdict::Repeated })
    }

    /// The person reported it as abuse: no marketing email of the brand any more, and a suppression for the brand that
    /// no new opt-in lifts (B-05). Who reports it from a mailbox that the person has left speaks for that address alone.
    fn complained(&self, conn: &mut DbConnection, now: Moment) -> Result<Verdict> {
        let is_news = delivery::complained_at.is_null();
        let news = diesel::update(delivery::table.find((self.campaign, self.person)).filter(is_news))
            .set(delivery::complained_at.eq(now))
            .execute(conn)?;
        if news > 0 {
            // Before the person's row is held, as the dispatcher does it: so that neither waits for the other for ever.
            breaker::count(conn, self.campaign, Added { complaints: 1, ..Added::default() }, now)?;
        }
        lock(conn, self.person)?;
        let reached = former_address::reached(conn, self.person, self.finished_at)?;
        if matches!(reached, Reached::Present(_)) {
            // Also when it is repeated: a complaint is newer than an opt-in that came in between.
            preferences::unsubscribe(conn, &self.unsubscribe_link(), Way::unseen(Method::Complaint), now)?;
        }
        if let Some(hash) = reached.hash() {
            suppression::add(conn, hash, Channel::Email, Some(self.brand), Reason::Complaint, now)?;
        }
        Ok(if news > 0 { Verdict::Complained } else { Verdict::Repeated })
    }

    /// Somebody says so whom nobody can ask. It ends nothing: it may be anybody who has seen a letter.
    fn keep_unverified(
        &self,
        conn: &mut DbConnection,
        message: &Incoming,
        kind: Kind,
        doubt: Doubt,
        now: Moment,
    ) -> Result<Verdict> {
        let report = UnverifiedReport { kind, doubt, domain: message.domain.clone(), at: now };
        let is_news = unverified::keep(conn, (self.campaign, self.person), &report)?;
        Ok(if is_news { Verdict::Unverified(doubt) } else { Verdict::Repeated })
    }
}

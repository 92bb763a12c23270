//! Hands over the service mails that are due: written at the last moment, sent outside any transaction, one by one.

use std::time::Duration;

use crate::app::App;
use crate::clock::{HOUR, Moment};
use crate::db::DbConnection;
use crate::domain::audience::{Subscriber, subscriber};
use crate::domain::catalog::look::ACCENTS;
use crate::domain::catalog::{Brand, Channel, brand, dkim_key};
use crate::domain::consent::Permit;
use crate::domain::consent::confirmation;
use crate::domain::consent::suppression::{self, Reason};
use crate::domain::delivery::bounce;
use crate::domain::intake::confirm::{Standing, look};
use crate::domain::outbox::letter::{
    AddressChangeMail, AddressChangedMail, AddressTakenMail, ConfirmationMail, DataLinkMail, MailHead,
    PreferenceLinkMail, Words,
};
use crate::domain::outbox::{self, DATA_LINK_HOURS, Kind, Mail, State};
use crate::domain::privacy::address_change;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::i18n::Lang;
use crate::jobs::Progress;
use crate::mail::letter::{Letter, Sender};
use crate::mail::transport::{Connection, Outcome, Reply, Stage};
use crate::token::{AddressChangeLink, ConfirmLink, DataRequestLink, Keys, PreferencesLink};

/// One mail is in hand at a time, so that a crash leaves no more than one of which nobody knows.
const AT_ONCE: i64 = 1;

/// How long an outcome waits before the database is tried again.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// How often it is tried again once the server is told to stop.
const TRIES_AT_THE_END: u32 = 10;

/// Sends what is due.
///
/// # Errors
/// Of the database; what is in hand then becomes uncertain when its lease ends.
pub async fn run_once(app: &App) -> Result<Progress> {
    let mut connection = None;
    loop {
        let (lease, now) = (app.options.lease, app.clock.now());
        let claimed = app.db.write(move |conn| outbox::claim_due(conn, AT_ONCE, lease, now)).await?.pop();
        let Some(mail) = claimed else { break };
        let connected = match connection.take() {
            Some(connection) => Ok(connection),
            None => app.relays.connect().await,
        };
        match connected {
            Ok(open) => connection = Some(hand_over(app, open, mail).await?),
            Err(why) => {
                tracing::warn!(%why, "service mails wait for the mail server");
                settle(app, mail, None, Outcome::from(why)).await?;
            }
        }
        if app.is_stopping() {
            break;
        }
    }
    if let Some(connection) = connection {
        connection.close().await;
    }
    Ok(Progress::Idle)
}

/// Writes one claimed mail, hands it over, and settles what became of it.
async fn hand_over(app: &App, mut connection: Connection<Permit>, mail: Mail) -> Result<Connection<Permit>> {
    let (keys, now, of) = (app.keys.clone(), app.clock.now(), mail.clone());
    let Written { to, from, octets } = match app.db.read(move |conn| write(conn, &keys, &of, now)).await {
        Ok(Some(written)) => written,
        Ok(None) => {
            app.db.write(move |conn| outbox::drop_moot(conn, &mail, now)).await?;
            return Ok(connection);
        }
        Err(error) => {
            tracing::error!(mail = mail.id, %error, "a service mail cannot be written yet");
            settle(app, mail, None, Outcome::Deferred { stage: Stage::Content, reply: None }).await?;
            return Ok(connection);
        }
    };
    let return_path = app.options.return_path.clone().unwrap_or(from);
    let outcome = match octets {
        Ok(octets) => connection.hand_over_service(&to, &return_path, &octets).await,
        Err(error) => {
            tracing::error!(mail = mail.id, %error, "a service mail cannot be written");
            Outcome::Refused { stage: Stage::Content, reply: Reply::new(554, Some((5, 6, 0))) }
        }
    };
    settle(app, mail, Some(to), outcome).await?;
    Ok(connection)
}

async fn settle(app: &App, mail: Mail, to: Option<EmailAddress>, outcome: Outcome) -> Result<()> {
    let (now, id) = (app.clock.now(), mail.id);
    let bad = to.filter(|_| outbox::address_is_bad(&outcome));
    let bad = bad.map(|to| to.keyed_hash(&app.keys));
    let mut tries_at_the_end = 0;
    let state = loop {
        let (mail, bad) = (mail.clone(), bad.clone());
        let written = app.db.write(move |conn| {
            let state = outbox::settle(conn, &mail, &outcome, now)?;
            if let Some(hash) = bad {
                suppression::add(conn, &hash, Channel::Email, None, Reason::HardBounce, now)?;
            }
            Ok(state)
        });
        match written.await {
            // What is known of a mail is not forgotten because the database is away.
            Err(Error::Unavailable(_)) if tries_at_the_end < TRIES_AT_THE_END => {
                tries_at_the_end += u32::from(app.is_stopping());
                tokio::time::sleep(DATABASE_PAUSE).await;
            }
            written => break written?,
        }
    };
    if matches!(state, State::Failed | State::Uncertain) {
        tracing::warn!(mail = id, %state, "a service mail did not get through");
    }
    Ok(())
}

/// A mail as it goes out.
struct Written {
    to: EmailAddress,
    from: EmailAddress,
    /// The signed letter, or why it can never be one.
    octets: Result<Vec<u8>>,
}

/// Writes a mail and signs it, if its sender's domain has a key; nothing if its reason is gone, or it must not be
/// sent: what counts for service mail too (erased, restricted, bad address).
fn write(conn: &mut DbConnection, keys: &Keys, mail: &Mail, now: Moment) -> Result<Option<Written>> {
    let brand = brand::get(conn, mail.brand_id)?;
    let person = subscriber::get(conn, mail.subscriber_id)?;
    let known = person.lang();
    let Some(to) = recipient(conn, mail, &person)? else { return Ok(None) };
    // Frozen data may still be asked for by the person: that answer the law demands (GDPR Art. 15).
    let frozen = person.restricted_at.is_some() && mail.kind != Kind::DataLink;
    if frozen || is_bad(conn, keys, mail.subscriber_id, &to)? {
        return Ok(None);
    }
    let Some(words) = words(conn, keys, mail, (&brand, &person, known), now)? else { return Ok(None) };
    let letter = Letter {
        from: Sender { name: brand.name.clone(), address: brand.service_from.clone() },
        reply_to: None,
        to: to.clone(),
        subject: words.subject,
        html: Some(words.html),
        text: words.text,
        message_id: format!("service.{}.{}", mail.id, mail.created_at.as_micros()),
        date: now,
    };
    let signer = dkim_key::signer_for(conn, keys, brand.service_from.domain())?;
    let octets = letter.to_bytes().and_then(|letter| match signer {
        Some(signer) => signer.sign(&letter, now),
        None => Ok(letter),
    });
    Ok(Some(Written { to, from: brand.service_from, octets }))
}

/// Where a mail goes: to the person, or to the address that a change is about.
fn recipient(conn: &mut DbConnection, mail: &Mail, person: &Subscriber) -> Result<Option<EmailAddress>> {
    let Some(change) = mail.address_change_id.filter(|_| person.erased_at.is_none()) else {
        return Ok(person.email.clone());
    };
    let change = address_change::get(conn, change)?;
    Ok(match mail.kind {
        Kind::AddressChange => change.new_email,
        Kind::AddressChanged => change.old_email,
        _ => person.email.clone(),
    })
}

/// Whether nothing may go to an address: a child's gets no mail of any kind (L-14). One that is bad by a mailed bounce
/// alone still gets what its person asks for: such a mail can be forged, and the link they press disproves it.
fn is_bad(conn: &mut DbConnection, keys: &Keys, person: i64, address: &EmailAddress) -> Result<bool> {
    let hash = address.keyed_hash(keys);
    let found = suppression::of_address(conn, &hash, Channel::Email)?;
    if found.iter().any(|suppressed| suppressed.reason == Reason::Under13) {
        return Ok(true);
    }
    for suppressed in found.iter().filter(|suppressed| suppressed.reason == Reason::HardBounce) {
        if !bounce::came_by_mail(conn, person, suppressed.created_at)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn words(
    conn: &mut DbConnection,
    keys: &Keys,
    mail: &Mail,
    (brand, person, known): (&Brand, &Subscriber, Option<Lang>),
    now: Moment,
) -> Result<Option<Words>> {
    let (head, lang) = (letterhead(brand), known.unwrap_or(brand.lang()));
    let (brand_id, subscriber) = (mail.brand_id, mail.subscriber_id);
    let words = match (mail.kind, mail.confirmation_id) {
        (Kind::Confirmation, None) => return Ok(None),
        (Kind::Confirmation, Some(confirmation)) => {
            let asked = look(conn, confirmation, now)?;
            let lang = asked.language.unwrap_or(brand.lang());
            let Standing::Open(items, _) = asked.state else { return Ok(None) };
            let items = items.iter().map(|item| item.say(lang)).collect();
            let token = keys.seal(&ConfirmLink { confirmation });
            let valid_days = confirmation::VALID_DAYS;
            let link = format!("{}/confirm/{token}", brand.base_url);
            ConfirmationMail { lang, brand: head, link, items, valid_days }.write()?
        }
        (Kind::PreferencesLink, _) => {
            let token = keys.seal(&PreferencesLink { brand: brand_id, subscriber, campaign: 0 });
            let link = format!("{}/p/{token}", brand.base_url);
            PreferenceLinkMail { lang, brand: head, link }.write()?
        }
        (Kind::DataLink, _) => {
            let expires_at = now.plus(HOUR * DATA_LINK_HOURS).as_micros();
            let token = keys.seal(&DataRequestLink { brand: brand_id, subscriber, expires_at });
            let link = format!("{}/d/{token}", brand.base_url);
            DataLinkMail { lang, brand: head, link, valid_hours: DATA_LINK_HOURS }.write()?
        }
        (Kind::AddressChange | Kind::AddressChanged | Kind::AddressTaken, _) => {
            return address_words(conn, keys, mail, (brand, person, lang), now);
        }
    };
    Ok(Some(words))
}

/// The words about a change of address.
fn address_words(
    conn: &mut DbConnection,
    keys: &Keys,
    mail: &Mail,
    (brand, person, lang): (&Brand, &Subscriber, Lang),
    now: Moment,
) -> Result<Option<Words>> {
    let head = letterhead(brand);
    let change = match mail.address_change_id {
        Some(change) => address_change::look(conn, keys, change, now)?,
        None => {
            let token = keys.seal(&PreferencesLink { brand: brand.id, subscriber: person.id, campaign: 0 });
            let link = format!("{}/p/{token}", brand.base_url);
            return Ok(Some(AddressTakenMail { lang, brand: head, link }.write()?));
        }
    };
    // Whoever reads the new address typed it in this language.
    let lang = change.wish.lang().unwrap_or(lang);
    Ok(match (mail.kind, change.standing) {
        (Kind::AddressChange, address_change::Standing::Open(_)) => {
            let token = keys.seal(&AddressChangeLink { change: change.wish.id });
            let link = format!("{}/a/{token}", brand.base_url);
            let valid_hours = address_change::VALID_HOURS;
            Some(AddressChangeMail { lang, brand: head, link, valid_hours }.write()?)
        }
        (Kind::AddressChanged, _) => {
            let new = person.masked_email();
            let day = lang.day(change.wish.done_at.unwrap_or(now));
            Some(AddressChangedMail { lang, brand: head, new, day }.write()?)
        }
        _ => None,
    })
}

fn letterhead(brand: &Brand) -> MailHead {
    MailHead {
        name: brand.name.clone(),
        legal_name: brand.legal_name.clone(),
        registered_address: brand.registered_address.clone(),
        contact_email: brand.contact_email.as_str().to_owned(),
        policy_url: brand.policy_url.clone(),
        accent: brand.accent.clone().unwrap_or_else(|| ACCENTS[0].to_owned()),
    }
}

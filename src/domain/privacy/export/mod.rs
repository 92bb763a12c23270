//! The copy (GDPR Art. 15 and 20): everything held about a person, with where it came from and what it is for.

mod acts;
mod copy;

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::prelude::*;

use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::db::schema::{
    brand, brand_choice, campaign, confirmation, delivery, hit, link, opt_in, outbox, permission,
    source as sources, topic, unverified_report,
};
use crate::domain::audience::{Subscriber, source, subscriber};
use crate::domain::catalog::{Channel, brand as brands, notice};
use crate::domain::consent::{brand_choice as choices, confirmation as confirmations, ledger, suppression};
use crate::domain::preferences::act;
use crate::domain::privacy::address_change;
use crate::domain::tracking::hit::START;
use crate::error::{Error, Result};
use crate::token::Keys;

pub use acts::{ActCopy, AddressChangeCopy, ChoiceCopy, PermissionChangeCopy};
pub use copy::{
    About, BrandChoiceCopy, BrandChoiceEntryCopy, ConfirmationCopy, DeliveryCopy, EntryCopy, Export, HitCopy,
    OptInCopy, Origin, PermissionCopy, Person, Responsible, ServiceMailCopy, SuppressionCopy,
};

/// Entries of the ledger are read in portions.
const PORTION: i64 = 1_000;

/// Gathers everything held about a person. Opens and clicks are deleted when they are older than `kept_hits`.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person or they were erased.
pub fn export(
    conn: &mut DbConnection,
    keys: &Keys,
    person: i64,
    kept_hits: Duration,
    now: Moment,
) -> Result<Export> {
    let known = subscriber::get(conn, person)?;
    if known.erased_at.is_some() {
        return Err(Error::NotFound("subscriber"));
    }
    let ledger = ledger_of(conn, person)?;
    let origin = source::get(conn, known.source_id)?;
    Ok(Export {
        made_at: now,
        about: about(conn, &ledger, kept_hits)?,
        source: Origin::of(origin),
        opt_ins: opt_ins_of(conn, person)?,
        permissions: permissions_of(conn, person)?,
        brand_choices: brand_choices_of(conn, person)?,
        brand_choice_entries: brand_choice_entries_of(conn, person)?,
        acts: acts_of(conn, person)?,
        address_changes: address_changes_of(conn, person)?,
        ledger,
        deliveries: deliveries_of(conn, person)?,
        hits: hits_of(conn, person)?,
        service_mail: service_mail_of(conn, person)?,
        confirmations: confirmations_of(conn, person)?,
        suppressions: suppressions_of(conn, keys, &known)?,
        person: Person::of(known),
    })
}

/// What each part of the copy is held for.
const PURPOSES: [(&str, &str); 14] = [
    ("person", "to reach you in the ways you agreed to, and to address you by name"),
    ("source", "to tell you where the data came from"),
    ("opt_ins", "to send only what you agreed to"),
    ("permissions", "to record opens and clicks only where you allowed it"),
    ("brand_choices", "to pause, and to write no more often than you want"),
    ("brand_choice_entries", "to prove when you chose that"),
    ("acts", "to show you what you did, to give you a receipt, and to undo it"),
    (
        "address_changes",
        "to write to your new address, to tell the old one, and never to take it for yours again",
    ),
    ("ledger", "to prove what you agreed to and when you ended it"),
    ("deliveries", "to send each message once, and to answer what was sent"),
    ("hits", "to count opens and clicks, where you allowed it"),
    ("service_mail", "to send what you asked for, such as a link, once and not too often"),
    ("confirmations", "to start only what you confirm yourself, from your own mailbox"),
    ("suppressions", "never to use an address again that must not be used"),
];

/// How long each part of the copy is held.
fn retention(kept_hits: Duration) -> BTreeMap<&'static str, String> {
    const ACCOUNT: &str = "until you close your account";
    let days = |time: Duration| match time.as_secs().div_ceil(DAY.as_secs()) {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    let said = |part: &str| match part {
        "address_changes" => format!(
            "a new address until it is used, or {} hours; the old one until its notice has left, at most {}, and then for good as a scrambled form alone; the dates {ACCOUNT}",
            address_change::VALID_HOURS,
            days(address_change::OLD_KEPT),
        ),
        "hits" => format!("{}, or until you take the permission back or close your account", days(kept_hits)),
        "confirmations" => {
            format!(
                "what you typed and did not confirm for {}; the dates {ACCOUNT}",
                days(confirmations::VALID)
            )
        }
        "deliveries" => {
            "that you opened or followed something until you take the permission back; the rest for good, \
                         without your data once you close your account"
                .to_owned()
        }
        "ledger" | "brand_choice_entries" => {
            "for good, without your data once you close your account".to_owned()
        }
        "suppressions" => "for good, as a scrambled form of the address".to_owned(),
        _ => ACCOUNT.to_owned(),
    };
    PURPOSES.iter().map(|(part, _)| (*part, said(part))).collect()
}

fn about(conn: &mut DbConnection, ledger: &[EntryCopy], kept_hits: Duration) -> Result<About> {
    let mut slugs: Vec<&str> = ledger.iter().map(|entry| entry.brand.as_str()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    let mut responsible = Vec::with_capacity(slugs.len());
    for slug in slugs {
        let brand = brands::find(conn, slug)?;
        let notices = notice::of_brand(conn, &brand)?;
        responsible.push(Responsible {
            notices,
            brand: brand.name,
            legal_name: brand.legal_name,
            registered_address: brand.registered_address,
            contact_email: brand.contact_email.as_str().to_owned(),
            policy_url: brand.policy_url,
        });
    }
    Ok(About {
        brands: responsible,
        purposes: BTreeMap::from(PURPOSES),
        recipients: "the brands named here and the mail servers that carry their letters; nobody else",
        retention: retention(kept_hits),
        profiling: "what you did is not used to choose what you get",
    })
}

fn ledger_of(conn: &mut DbConnection, person: i64) -> Result<Vec<EntryCopy>> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let portion = ledger::of_subscriber(conn, person, after, PORTION)?;
        let Some(last) = portion.last() else { return Ok(all) };
        after = last.id;
        all.extend(portion.into_iter().map(EntryCopy::of));
    }
}

fn opt_ins_of(conn: &mut DbConnection, person: i64) -> Result<Vec<OptInCopy>> {
    Ok(opt_in::table
        .inner_join(brand::table)
        .inner_join(topic::table)
        .left_join(sources::table)
        .filter(opt_in::subscriber_id.eq(person))
        .order((opt_in::brand_id, topic::kind, topic::position, opt_in::channel))
        .select((
            brand::name,
            topic::name,
            opt_in::channel,
            opt_in::state,
            opt_in::basis,
            opt_in::changed_at,
            opt_in::expires_at,
            sources::name.nullable(),
        ))
        .load(conn)?)
}

fn permissions_of(conn: &mut DbConnection, person: i64) -> Result<Vec<PermissionCopy>> {
    Ok(permission::table
        .inner_join(brand::table.on(brand::id.eq(permission::brand_id)))
        .filter(permission::subscriber_id.eq(person))
        .order((permission::brand_id, permission::kind))
        .select((brand::name, permission::kind, permission::state, permission::changed_at))
        .load(conn)?)
}

fn brand_choices_of(conn: &mut DbConnection, person: i64) -> Result<Vec<BrandChoiceCopy>> {
    Ok(brand_choice::table
        .inner_join(brand::table)
        .filter(brand_choice::subscriber_id.eq(person))
        .order(brand_choice::brand_id)
        .select((brand::name, brand_choice::paused_until, brand_choice::at_most, brand_choice::changed_at))
        .load(conn)?)
}

fn brand_choice_entries_of(conn: &mut DbConnection, person: i64) -> Result<Vec<BrandChoiceEntryCopy>> {
    Ok(choices::entries(conn, person)?.into_iter().map(BrandChoiceEntryCopy::of).collect())
}

fn acts_of(conn: &mut DbConnection, person: i64) -> Result<Vec<ActCopy>> {
    let all = act::of_person(conn, person)?;
    let number = |id: i64| all.iter().find(|act| act.id == id).map(|act| act.public_id);
    let mut copies = Vec::with_capacity(all.len());
    for done in &all {
        let (brand, changes) = (act::brand_of(conn, done)?.name, act::changes(conn, done)?);
        copies.push(ActCopy::of(done, brand, changes, done.undoes.and_then(number)));
    }
    Ok(copies)
}

fn address_changes_of(conn: &mut DbConnection, person: i64) -> Result<Vec<AddressChangeCopy>> {
    Ok(address_change::of_person(conn, person)?.into_iter().map(AddressChangeCopy::of).collect())
}

fn deliveries_of(conn: &mut DbConnection, person: i64) -> Result<Vec<DeliveryCopy>> {
    let about_it = unverified_report::campaign_id
        .eq(delivery::campaign_id)
        .and(unverified_report::subscriber_id.eq(delivery::subscriber_id));
    Ok(delivery::table
        .inner_join(campaign::table.inner_join(brand::table))
        .left_join(unverified_report::table.on(about_it))
        .filter(delivery::subscriber_id.eq(person))
        .order(delivery::campaign_id)
        .select((
            brand::name,
            campaign::public_id,
            campaign::name,
            campaign::channel,
            delivery::state,
            delivery::reason,
            delivery::finished_at,
            delivery::opened_at,
            delivery::clicked_at,
            delivery::bounce,
            delivery::bounce_status,
            delivery::bounced_at,
            delivery::complained_at,
            unverified_report::at.nullable(),
        ))
        .load(conn)?)
}

fn hits_of(conn: &mut DbConnection, person: i64) -> Result<Vec<HitCopy>> {
    let recorded = || {
        hit::table
            .inner_join(campaign::table.on(campaign::id.eq(hit::campaign_id)))
            .left_join(link::table.on(hit::link_id.eq(link::id.nullable())))
            .filter(hit::subscriber_id.eq(person))
            .order((hit::at, hit::id))
            .select((hit::at, hit::kind, campaign::public_id, link::url.nullable(), hit::class, hit::reason))
    };
    // Judged and waiting hits are found by an index each.
    let mut copies: Vec<HitCopy> = recorded().filter(hit::class.is_not_null()).load(conn)?;
    copies.extend(recorded().filter(hit::class.is_null()).filter(hit::at.ge(START)).load::<HitCopy>(conn)?);
    Ok(copies)
}

fn service_mail_of(conn: &mut DbConnection, person: i64) -> Result<Vec<ServiceMailCopy>> {
    Ok(outbox::table
        .inner_join(brand::table.on(brand::id.eq(outbox::brand_id)))
        .filter(outbox::subscriber_id.eq(person))
        .order(outbox::id)
        .select((brand::name, outbox::kind, outbox::state, outbox::created_at))
        .load(conn)?)
}

fn confirmations_of(conn: &mut DbConnection, person: i64) -> Result<Vec<ConfirmationCopy>> {
    Ok(confirmation::table
        .inner_join(brand::table.on(brand::id.eq(confirmation::brand_id)))
        .filter(confirmation::subscriber_id.eq(person))
        .order(confirmation::id)
        .select((
            brand::name,
            confirmation::created_at,
            confirmation::expires_at,
            confirmation::confirmed_at,
            confirmation::profile,
        ))
        .load(conn)?)
}

fn suppressions_of(conn: &mut DbConnection, keys: &Keys, known: &Subscriber) -> Result<Vec<SuppressionCopy>> {
    let mut all = Vec::new();
    for channel in Channel::ALL.iter().copied() {
        let Some(hash) = suppression::hash_of(keys, known, channel) else { continue };
        let found = suppression::of_address(conn, &hash, channel)?;
        let numbers: Vec<i64> = found.iter().map(|s| s.id).collect();
        let exceptions = suppression::exceptions(conn, &numbers)?;
        all.extend(found.into_iter().map(|s| SuppressionCopy {
            channel: s.channel,
            reason: s.reason,
            all_brands: s.brand_id.is_none() && !exceptions.iter().any(|(id, _)| *id == s.id),
            since: s.created_at,
        }));
    }
    Ok(all)
}

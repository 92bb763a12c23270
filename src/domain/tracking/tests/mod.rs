//! A small house with a campaign that was sent, for the tests of this room.

mod gate;
mod recording;
mod reporting;

use std::time::Duration;

use diesel::prelude::*;
use tempfile::TempDir;

use super::hit::{self, Hit};
use super::{Options, permission, settle};
use crate::clock::Moment;
use crate::db::schema::{
    anonymous_count, brand, campaign, delivery, hit as hit_table, hit_count, link, subscriber, topic,
};
use crate::db::{Database, DatabaseUrl, DbConnection, Schema};
use crate::domain::audience::source::{self, SourceForm};
use crate::domain::consent::ledger::{self, SUBSCRIBER, Shown};
use crate::domain::consent::permission::{Change, Kind};
use crate::domain::consent::{Method, Statement};
use crate::error::Result;
use crate::id::PublicId;

const NOW: Moment = Moment::from_micros(1_800_000_000_000_000);
const CAMPAIGN: i64 = 1;
const LINK: i64 = 7;
const BRAND: i64 = 1;
const ANA: i64 = 1;
const BEN: i64 = 2;
const KINDS: [Kind; 2] = [Kind::Opens, Kind::Clicks];

struct House {
    db: Database,
    _folder: TempDir,
}

/// One brand, one campaign that was sent with one link, and two people who were never asked anything.
fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db").to_str().unwrap().to_owned();
    let db = Database::open(&DatabaseUrl::Sqlite(path), Schema::Migrate).unwrap();
    db.write_here(furnish).unwrap();
    House { db, _folder: folder }
}

fn furnish(conn: &mut DbConnection) -> Result<()> {
    diesel::insert_into(brand::table)
        .values((
            brand::id.eq(BRAND),
            brand::slug.eq("acme"),
            brand::name.eq("Acme"),
            brand::legal_name.eq("Acme Ltd"),
            brand::registered_address.eq("1 High Street"),
            brand::contact_email.eq("privacy@acme.test"),
            brand::marketing_from.eq("news@acme.test"),
            brand::service_from.eq("service@acme.test"),
            brand::base_url.eq("https://mail.acme.test"),
            brand::policy_url.eq("https://acme.test/privacy"),
            brand::policy_version.eq("1"),
            brand::consent_wording.eq("I agree"),
            brand::anonymous_tracking.eq(false),
            brand::changed_at.eq(NOW),
        ))
        .execute(conn)?;
    diesel::insert_into(topic::table)
        .values((
            topic::id.eq(1),
            topic::brand_id.eq(BRAND),
            topic::slug.eq("newsletter"),
            topic::kind.eq("communication"),
            topic::name.eq("Newsletter"),
            topic::description.eq(""),
            topic::sensitive.eq(false),
            topic::offers_email.eq(true),
            topic::offers_phone.eq(false),
            topic::offers_post.eq(false),
            topic::position.eq(1),
        ))
        .execute(conn)?;
    diesel::insert_into(campaign::table)
        .values((
            campaign::id.eq(CAMPAIGN),
            campaign::public_id.eq(PublicId::new()),
            campaign::brand_id.eq(BRAND),
            campaign::name.eq("May"),
            campaign::channel.eq("email"),
            campaign::topic_id.eq(1),
            campaign::state.eq("sent"),
            campaign::subject.eq("May"),
            campaign::html.eq("<p>May</p>"),
            campaign::plan_cursor.eq(0),
            campaign::created_at.eq(NOW),
            campaign::changed_at.eq(NOW),
        ))
        .execute(conn)?;
    diesel::insert_into(link::table)
        .values((
            link::id.eq(LINK),
            link::campaign_id.eq(CAMPAIGN),
            link::position.eq(1),
            link::url.eq("https://example.com/a?b=%20c&d#e"),
        ))
        .execute(conn)?;
    let form = SourceForm {
        name: "Form".into(),
        kind: source::Kind::Form,
        policy_url: None,
        licence_from: None,
        licence_until: None,
    };
    let source = source::ensure(conn, &form, NOW)?.id;
    for person in [ANA, BEN] {
        diesel::insert_into(subscriber::table)
            .values((
                subscriber::id.eq(person),
                subscriber::public_id.eq(PublicId::new()),
                subscriber::email.eq(format!("{person}@example.com")),
                subscriber::email_hash.eq(vec![person as u8; 32]),
                subscriber::attributes.eq("{}"),
                subscriber::source_id.eq(source),
                subscriber::created_at.eq(NOW),
            ))
            .execute(conn)?;
    }
    Ok(())
}

impl House {
    fn write<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T>) -> T {
        self.db.write_here(work).unwrap()
    }

    fn set_permission(&self, person: i64, kind: Kind, granted: bool, at: Moment) -> Change {
        self.write(|conn| {
            let statement = statement(conn, person, at)?;
            permission::set(conn, &statement, kind, granted)
        })
    }

    /// A letter that was handed over at [`NOW`], tracked or not.
    fn deliver(&self, person: i64, tracked: bool) {
        self.write(|conn| {
            diesel::insert_into(delivery::table)
                .values((
                    delivery::campaign_id.eq(CAMPAIGN),
                    delivery::subscriber_id.eq(person),
                    delivery::state.eq("sent"),
                    delivery::attempts.eq(1),
                    delivery::due_at.eq(NOW),
                    delivery::tracks_opens.eq(tracked),
                    delivery::tracks_clicks.eq(tracked),
                    delivery::finished_at.eq(NOW),
                ))
                .execute(conn)?;
            Ok(())
        });
    }

    /// What is recorded of a person, and whether each leads somewhere.
    fn recorded(&self, person: i64) -> Vec<(Kind, bool)> {
        self.write(|conn| {
            let recorded = hit_table::table.filter(hit_table::subscriber_id.eq(person)).order(hit_table::id);
            Ok(recorded.select((hit_table::kind, hit_table::link_id.is_not_null())).load(conn)?)
        })
    }

    fn store(&self, hits: &[Hit]) -> usize {
        self.write(|conn| hit::store(conn, hits))
    }

    fn is_untouched(&self) -> bool {
        self.write(|conn| {
            let hits: i64 = hit_table::table.count().get_result(conn)?;
            let tallies: i64 = anonymous_count::table.count().get_result(conn)?;
            let tallies = tallies + hit_count::table.count().get_result::<i64>(conn)?;
            let marked: i64 = delivery::table
                .filter(delivery::opened_at.is_not_null().or(delivery::clicked_at.is_not_null()))
                .count()
                .get_result(conn)?;
            Ok((hits, tallies, marked) == (0, 0, 0))
        })
    }

    /// What the anonymous mode counted.
    fn tally(&self, kind: Kind) -> i64 {
        self.write(|conn| {
            let link = if kind == Kind::Clicks { LINK } else { 0 };
            let key = (CAMPAIGN, kind, link, later(60).start_of_hour());
            let found = anonymous_count::table.find(key).select(anonymous_count::hits);
            Ok(found.first(conn).optional()?.unwrap_or_default())
        })
    }

    /// Judges everything, a day later.
    fn settle(&self) {
        let options = Options::default();
        while settle::settle(&self.db, &options, later(24 * 60 * 60)).unwrap() > 0 {}
    }

    /// What was counted of the campaign: hits of all classes, and people.
    fn counted(&self, kind: Kind) -> (i64, i64) {
        self.write(|conn| {
            let counts = hit_count::table
                .filter(hit_count::campaign_id.eq(CAMPAIGN).and(hit_count::kind.eq(kind)))
                .filter(hit_count::link_id.eq(0))
                .select((hit_count::hits, hit_count::people));
            let counts: Vec<(i64, i64)> = counts.load(conn)?;
            Ok(counts.into_iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1)))
        })
    }

    fn first_at(&self, person: i64, kind: Kind) -> Option<Moment> {
        self.write(|conn| {
            let letter = delivery::table.find((CAMPAIGN, person));
            Ok(match kind {
                Kind::Opens => letter.select(delivery::opened_at).first(conn)?,
                _ => letter.select(delivery::clicked_at).first(conn)?,
            })
        })
    }
}

fn statement(conn: &mut DbConnection, person: i64, at: Moment) -> Result<Statement<'static>> {
    let shown = Shown {
        form: "preferences".into(),
        wording: "Count my opens".into(),
        boxes: Vec::new(),
        policy_version: "1".into(),
        language: None,
    };
    let evidence = ledger::keep(conn, &shown)?;
    Ok(Statement {
        subscriber: person,
        brand: BRAND,
        evidence,
        method: Method::PreferencePage,
        actor: SUBSCRIBER,
        campaign: Some(CAMPAIGN),
        at,
        source: None,
    })
}

fn request(person: i64, kind: Kind) -> Hit {
    let link = (kind == Kind::Clicks).then_some(LINK);
    Hit { campaign: CAMPAIGN, link, subscriber: person, at: later(60), sign: None }
}

fn later(seconds: u64) -> Moment {
    NOW.plus(Duration::from_secs(seconds))
}

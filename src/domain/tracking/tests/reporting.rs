//! The report: its parts equal the whole.

use diesel::prelude::*;

use super::*;
use crate::db::schema::hit_count;
use crate::domain::catalog::Channel::Email;
use crate::domain::consent::opt_in;
use crate::domain::tracking::class::Class;
use crate::domain::tracking::report::count::{count_all, total};

#[test]
fn the_report_s_parts_equal_the_whole() {
    let house = house();
    let source: i64 = house.write(|conn| Ok(subscriber::table.select(subscriber::source_id).first(conn)?));
    let letters = [
        ("sent", None, 1, true, false),
        ("sent", None, 1, false, false),
        ("uncertain", None, 1, true, true),
        ("skipped", Some("no_opt_in"), 0, false, false),
        ("skipped", Some("no_opt_in"), 0, false, false),
        ("skipped", Some("suppressed"), 0, false, false),
        ("failed", Some("550 5.1.1"), 1, true, true),
        ("planned", None, 0, false, false),
        ("planned", None, 2, false, false),
        ("claimed", None, 1, true, true),
    ];
    house.write(|conn| {
        for (person, (state, reason, attempts, opens, clicks)) in (100..).zip(letters) {
            diesel::insert_into(subscriber::table)
                .values((
                    subscriber::id.eq(person),
                    subscriber::public_id.eq(PublicId::new()),
                    subscriber::attributes.eq("{}"),
                    subscriber::source_id.eq(source),
                    subscriber::created_at.eq(NOW),
                ))
                .execute(conn)?;
            diesel::insert_into(delivery::table)
                .values((
                    delivery::campaign_id.eq(CAMPAIGN),
                    delivery::subscriber_id.eq(person),
                    delivery::state.eq(state),
                    delivery::reason.eq(reason),
                    delivery::attempts.eq(attempts),
                    delivery::due_at.eq(NOW),
                    delivery::tracks_opens.eq(opens),
                    delivery::tracks_clicks.eq(clicks),
                    delivery::finished_at.eq(NOW),
                ))
                .execute(conn)?;
        }
        Ok(())
    });
    // Two topics ended by one person, and a tracking permission withdrawn by another: one person left.
    house.write(|conn| {
        let statement = statement(conn, 101, NOW)?;
        let granted = opt_in::Answer::Granted(opt_in::Basis::Consent, None);
        opt_in::set(conn, &Statement { campaign: None, ..statement }, 1, Email, granted)?;
        opt_in::set(conn, &statement, 1, Email, opt_in::Answer::Withdrawn)
    });
    house.set_permission(100, Kind::Clicks, true, NOW);
    house.set_permission(100, Kind::Clicks, false, NOW);

    house.write(|conn| {
        let hours = [
            ("opens", 0, NOW, "human", 2, 1),
            ("opens", 0, NOW, "prefetch", 5, 0),
            ("clicks", 0, NOW, "human", 3, 1),
        ];
        for (kind, link, at, class, hits, people) in hours
            .into_iter()
            .chain([("clicks", LINK, NOW, "human", 3, 1), ("clicks", LINK, NOW, "scanner", 9, 0)])
        {
            diesel::insert_into(hit_count::table)
                .values((
                    hit_count::campaign_id.eq(CAMPAIGN),
                    hit_count::kind.eq(kind),
                    hit_count::link_id.eq(link),
                    hit_count::hour.eq(at.start_of_hour()),
                    hit_count::class.eq(class),
                    hit_count::hits.eq(hits),
                    hit_count::people.eq(people),
                ))
                .execute(conn)?;
        }
        Ok(())
    });

    let counts = house.write(|conn| count_all(conn, CAMPAIGN));
    assert_eq!(counts.audience(), 10);
    let (skipped, failed) = (total(&counts.skipped), total(&counts.failed));
    assert_eq!(counts.sent + counts.uncertain + skipped + failed + counts.waiting(), counts.audience());
    assert_eq!((counts.sent, counts.uncertain, counts.delivered()), (2, 1, 3));
    assert_eq!((counts.planned, counts.deferred, counts.claimed), (1, 1, 1));
    assert_eq!(counts.skipped, [("no_opt_in".to_owned(), 2), ("suppressed".to_owned(), 1)]);
    assert_eq!(counts.failed, [("550 5.1.1".to_owned(), 1)]);
    assert_eq!(counts.unsubscribed, 1);
    assert_eq!((counts.opens.measurable, counts.opens.people), (2, 1));
    assert_eq!((counts.clicks.measurable, counts.clicks.people), (1, 1));
    assert_eq!(
        counts.opens.classes.into_iter().collect::<Vec<_>>(),
        [(Class::Human, 2), (Class::Prefetch, 5)]
    );
    assert_eq!((counts.opens.hours[0], counts.opens.hours.iter().sum::<i64>()), (1, 1));
    assert_eq!(
        counts.links.iter().map(|(link, people, hits)| (link.id, *people, *hits)).collect::<Vec<_>>(),
        [(LINK, 1, 3)]
    );
}

#[test]
fn the_report_of_a_campaign_without_deliveries_is_all_zero() {
    let house = house();
    let counts = house.write(|conn| count_all(conn, CAMPAIGN));
    assert_eq!((counts.audience(), counts.opens.measurable, counts.unsubscribed), (0, 0, 0));
}

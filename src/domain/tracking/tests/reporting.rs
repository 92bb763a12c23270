//! The report: its parts equal the whole.

use diesel::prelude::*;

use super::*;
use crate::domain::catalog::Channel::Email;
use crate::domain::consent::opt_in;
use crate::domain::tracking::report;

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
    house.set_permission(100, Kind::Opens, true, NOW);
    house.store(&[request(100, Kind::Opens), request(100, Kind::Opens)]);
    house.settle();
    // Two topics ended by one person, and a tracking permission withdrawn by another: one person left.
    house.write(|conn| {
        let statement = statement(conn, 101, NOW)?;
        let granted = opt_in::Answer::Granted(opt_in::Basis::Consent, None);
        opt_in::set(conn, &Statement { campaign: None, ..statement }, 1, Email, granted)?;
        opt_in::set(conn, &statement, 1, Email, opt_in::Answer::Withdrawn)
    });
    house.set_permission(100, Kind::Clicks, true, NOW);
    house.set_permission(100, Kind::Clicks, false, NOW);

    let report = house.write(|conn| report::report(conn, CAMPAIGN));
    assert_eq!(report.audience, 10);
    assert_eq!(
        report.sent + report.uncertain + report.skipped.total + report.failed.total + report.waiting.total,
        report.audience
    );
    assert_eq!((report.sent, report.uncertain), (2, 1));
    assert_eq!((report.waiting.planned, report.waiting.deferred, report.waiting.claimed), (1, 1, 1));
    let reasons: Vec<_> = report.skipped.reasons.iter().map(|r| (r.reason.as_str(), r.people)).collect();
    assert_eq!(reasons, [("no_opt_in", 2), ("suppressed", 1)]);
    assert_eq!(report.failed.reasons[0].reason, "550 5.1.1");
    assert_eq!(report.unsubscribed, 1);
    assert_eq!((report.opens.measurable, report.opens.people, report.opens.hits), (2, 1, 2));
    assert_eq!((report.clicks.measurable, report.clicks.people, report.clicks.hits), (1, 0, 0));
    assert_eq!(report.opens.coverage, "We may measure opens of 2 of 3 delivered letters");
    assert_eq!((report.anonymous.opens, report.anonymous.clicks), (0, 0));
}

#[test]
fn the_report_of_a_campaign_without_deliveries_is_all_zero() {
    let house = house();
    let report = house.write(|conn| report::report(conn, CAMPAIGN));
    assert_eq!((report.audience, report.opens.measurable, report.unsubscribed), (0, 0, 0));
}

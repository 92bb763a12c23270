//! The report of a campaign that really went out: parts that equal the whole, and rates over nobody but those who
//! allow it.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::db::schema::brand;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::Statement;
use mannerly::domain::consent::opt_in::{self, Scope};
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::tracking::report::{Report, report};
use mannerly::email_address::EmailAddress;
use mannerly::mail::transport::{Enhanced, Outcome, Reply, Stage};

use crate::tracking::{allow, browse, link_of, pixel_of, reader, send};

fn sum(report: &Report) -> i64 {
    report.sent + report.skipped.total + report.failed.total + report.uncertain + report.waiting.total
}

both_databases! {
    async fn a_report_says_what_became_of_everybody(server: TestServer) {
        let brand = server.demo_brand();
        let ana = reader(&server, &brand, "ana@example.com", Some(true));
        reader(&server, &brand, "ben@example.com", Some(true));
        let cleo = reader(&server, &brand, "cleo@example.com", None);
        reader(&server, &brand, "dan@example.com", Some(false));
        server.person(&brand, "eve@example.com");
        server.person(&brand, "finn@example.com");
        let campaign = send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        for address in ["ben", "cleo", "dan"] {
            server.mail_to(&format!("{address}@example.com"));
        }
        server.advance(Duration::from_secs(60));
        for _ in 0..3 {
            browse(&server, &pixel_of(&letter).unwrap()).await.expect(200);
        }
        browse(&server, &link_of(&letter)).await.expect(302);
        server.advance(Duration::from_secs(11 * 60));
        server.run_jobs().await;
        cleo.state(|conn, statement| {
            let by_letter = Statement { campaign: Some(campaign), ..*statement };
            opt_in::withdraw_all(conn, &by_letter, Scope::Channel(Channel::Email))
        });

        let before = server.read(|conn| report(conn, campaign));
        assert_eq!((before.audience, sum(&before)), (6, 6));
        assert_eq!((before.sent, before.skipped.total, before.unsubscribed), (4, 2, 1));
        assert_eq!((before.opens.measurable, before.opens.people, before.opens.hits), (2, 1, 3));
        assert_eq!((before.clicks.measurable, before.clicks.people, before.clicks.hits), (2, 1, 1));
        assert_eq!(before.opens.coverage, "We may measure opens of 2 of 4 delivered letters");

        // Whoever withdraws takes their hits along; the counters, which hold no person, stay as they are.
        allow(&ana, Kind::Opens, false);
        assert_eq!(server.read(|conn| report(conn, campaign)), before);
    }

    async fn what_the_relay_refused_or_left_open_is_told_apart(server: TestServer) {
        let brand = server.demo_brand();
        for address in ["ok@example.com", "gone@example.com", "cut@example.com"] {
            reader(&server, &brand, address, Some(true));
        }
        let gone = Reply { code: 550, enhanced: Some(Enhanced { class: 5, subject: 1, detail: 1 }) };
        let refused = Outcome::Refused { stage: Stage::Recipient, reply: gone };
        for (address, outcome) in [("gone@example.com", refused), ("cut@example.com", Outcome::Uncertain)] {
            server.relay.answer_to(&EmailAddress::parse(address).unwrap(), outcome);
        }
        let campaign = send(&server, &brand).await;
        server.mails();
        let report = server.read(|conn| report(conn, campaign));
        assert_eq!((report.audience, sum(&report)), (3, 3));
        assert_eq!((report.sent, report.uncertain, report.failed.total), (1, 1, 1));
        assert_eq!(report.failed.reasons[0].reason, gone.to_string());
        assert_eq!(report.opens.measurable, 2, "a letter that may have arrived can be opened");
    }

    async fn anonymous_counts_stand_apart(server: TestServer) {
        let brand = server.demo_brand();
        server.write(|conn, _| {
            diesel::update(brand::table.find(brand.id)).set(brand::anonymous_tracking.eq(true)).execute(conn)?;
            Ok(())
        });
        reader(&server, &brand, "ana@example.com", None);
        let campaign = send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        server.get(&pixel_of(&letter).unwrap()).await.expect(200);
        server.get(&link_of(&letter)).await.expect(302);
        let report = server.read(|conn| report(conn, campaign));
        assert_eq!((report.anonymous.opens, report.anonymous.clicks), (1, 1));
        assert_eq!((report.opens.measurable, report.opens.people, report.opens.hits), (0, 0, 0));
    }
}

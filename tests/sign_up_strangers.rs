//! Signing up while others may do it in one's name: what a stranger typed, how many mails come, and who gets none.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::db::schema::subscriber;
use mannerly::domain::audience::subscriber::{Profile, find_by_email, restrict};
use mannerly::domain::consent::suppression::Reason;
use mannerly::domain::intake::request::mail_link;
use mannerly::domain::outbox::Kind;
use mannerly::email_address::EmailAddress;

use crate::sign_up::{sign_up, sign_up_for_the_newsletter, states};
use crate::support::people::own_source;
use crate::support::server::TestServer;

/// How many rows each table has.
fn sizes(server: &TestServer) -> std::collections::BTreeMap<String, usize> {
    let mut sizes = std::collections::BTreeMap::new();
    for row in server.snapshot() {
        *sizes.entry(row.split(':').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    sizes
}

both_databases! {
    async fn a_form_does_the_same_whether_or_not_its_address_is_known(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "known@example.com").agrees("newsletter");
        for path in ["/b/civic/link", "/b/civic/sign-up"] {
            let mut left = Vec::new();
            for address in ["known@example.com", "nobody@example.com"] {
                let before = sizes(&server);
                let fields = [("email", address), ("shown", "newsletter:email"), ("choice", "newsletter:email")];
                let answer = if path.ends_with("link") {
                    server.post_form(path, &fields[..1]).await
                } else {
                    server.post_read(path, &fields).await
                };
                let mut after = sizes(&server);
                after.retain(|table, rows| before.get(table) != Some(rows));
                left.push((answer.expect(200).text, after.into_keys().collect::<Vec<_>>()));
                server.run_jobs().await;
                server.mails();
            }
            assert_eq!(left[0], left[1], "{path}");
            assert_eq!(left[0].1, ["request"], "{path}: one row, whoever sent it");
        }
    }

    async fn a_hundred_sign_ups_at_two_brands_are_one_mail_a_day_and_none_is_lost(server: TestServer) {
        server.demo_brand();
        server.other_brand();
        let harbour = [("email", "ana@example.com"), ("shown", "newsletter:email"), ("choice", "newsletter:email")];
        for number in 0..100 {
            if number % 2 == 0 {
                sign_up_for_the_newsletter(&server, "ana@example.com").await;
            } else {
                server.post_read("/b/harbour/sign-up", &harbour).await;
            }
            server.advance(Duration::from_secs(6 * 60));
            server.run_jobs().await;
        }
        let first = server.mails();
        assert_eq!(first.len(), 1, "within ten hours");
        assert!(first[0].subject.contains("Civic Notes"));
        server.advance(Duration::from_secs(24 * 3600));
        server.run_jobs().await;
        let second = server.mails();
        assert_eq!(second.len(), 1, "the other brand's mail leaves when the day is over");
        assert!(second[0].subject.contains("Harbour"), "{}", second[0].subject);
        for mail in [&first[0], &second[0]] {
            server.confirm(&mail.link("/confirm/")).await.expect(200);
        }
        assert_eq!(states(&server), ["granted", "granted"]);
    }

    async fn what_a_stranger_typed_before_is_not_the_persons(server: TestServer) {
        server.demo_brand();
        let typed = || server.read(|conn| {
            let all: Vec<(Option<String>, Option<String>)> =
                subscriber::table.select((subscriber::first_name, subscriber::phone)).load(conn)?;
            Ok(all)
        });
        let by_phone = [("choice", "newsletter:email"), ("shown", "events:phone"), ("choice", "events:phone")];
        let form = |name, phone| [&by_phone[..], &[("first_name", name), ("phone", phone)]].concat();
        sign_up(&server, "ana@example.com", &form("Rude", "+44 118 496 0666")).await.expect(200);
        server.run_jobs().await;
        assert_eq!(typed(), [(None, None)], "nothing before the press");
        let link = server.mail_to("ana@example.com").link("/confirm/");
        sign_up(&server, "ana@example.com", &form("Ana", "+44 118 496 0111")).await.expect(200);
        server.run_jobs().await;
        server.confirm(&link).await.expect(200);
        let ana = (Some("Ana".to_owned()), Some("+44 118 496 0111".to_owned()));
        assert_eq!(typed(), std::slice::from_ref(&ana));
        assert!(!server.snapshot().iter().any(|row| row.contains("Rude") || row.contains("0666")), "all is cleared");
        sign_up(&server, "ana@example.com", &form("Later", "+44 118 496 0222")).await.expect(200);
        server.run_jobs().await;
        assert_eq!(typed(), [ana], "and nothing is asked where nothing is new");
    }

    async fn a_press_fills_what_is_empty_and_the_number_that_a_new_channel_needs(server: TestServer) {
        let brand = server.demo_brand();
        let profile = Profile {
            first_name: Some("Ana".into()), phone: Some("+44 118 496 0999".into()), ..Profile::default()
        };
        server.person_from(&brand, "ana@example.com", &own_source(), profile).agrees("newsletter");
        let more = [
            ("shown", "events:phone"), ("choice", "newsletter:email"), ("choice", "events:phone"),
            ("first_name", "Anna"), ("last_name", "Lee"), ("phone", "+44 118 496 0111"),
        ];
        sign_up(&server, "ana@example.com", &more).await.expect(200);
        server.run_jobs().await;
        server.confirm(&server.mail_to("ana@example.com").link("/confirm/")).await.expect(200);
        let ana = server.read(|conn| find_by_email(conn, &EmailAddress::parse("ana@example.com").unwrap())).unwrap();
        assert_eq!((ana.first_name.as_deref(), ana.last_name.as_deref()), (Some("Ana"), Some("Lee")));
        assert_eq!(ana.phone.as_deref(), Some("+44 118 496 0111"));
    }

    async fn what_nobody_confirms_is_forgotten_with_the_link(server: TestServer) {
        server.demo_brand();
        sign_up(&server, "ana@example.com", &[("choice", "newsletter:email"), ("first_name", "Canaria")])
            .await
            .expect(200);
        server.run_jobs().await;
        server.mail_to("ana@example.com");
        let held = || server.snapshot().iter().any(|row| row.contains("Canaria"));
        server.advance(Duration::from_secs(7 * 24 * 3600));
        server.run_jobs().await;
        assert!(held());
        server.advance(Duration::from_secs(1));
        server.run_jobs().await;
        assert!(!held());
    }

    async fn service_mail_goes_to_no_bad_address_and_to_nobody_whose_data_is_frozen(server: TestServer) {
        let brand = server.demo_brand();
        let ana = server.person(&brand, "ana@example.com").agrees("newsletter").id;
        let ask = [("email", "ana@example.com")];
        server.write(|conn, now| restrict(conn, ana, Some(now)));
        server.post_form("/b/civic/link", &ask).await.expect(200);
        server.run_jobs().await;
        assert!(server.mails().is_empty());
        server.write(|conn, now| {
            mail_link(conn, Kind::DataLink, brand.id, ana, now)
        });
        server.run_jobs().await;
        assert!(server.mail_to("ana@example.com").text.contains("/d/"), "the law demands this answer");
        server.write(|conn, _| restrict(conn, ana, None));
        server.suppress("ana@example.com", None, Reason::HardBounce);
        server.post_form("/b/civic/link", &ask).await.expect(200);
        sign_up(&server, "ana@example.com", &[("choice", "newsletter:email"), ("choice", "transport:email")]).await.expect(200);
        server.run_jobs().await;
        assert!(server.mails().is_empty());
    }
}

//! Complaints whose provider did not sign them: kept to be looked at, and not acted on (B-06).

use std::time::Duration;

use diesel::prelude::*;
use mannerly::clock::Moment;
use mannerly::db::schema::unverified_report;
use mannerly::domain::delivery::breaker::{self, Added};
use mannerly::domain::privacy;
use mannerly::domain::tracking::report::count::count_all;
use mannerly::mail::dns::Question;
use serde_json::{Value, json};

use crate::api::admin;
use crate::incoming_corpus::{Fate, Letter, receiving_brand, running_campaign};
use crate::support::dkim::{provider_record, signed_by};
use crate::support::lmtp::Lmtp;
use crate::support::server::TestServer;

/// Who reports, in the message of the corpus that these tests use.
const PROVIDER: &str = "hotmail.com";

/// The reports that an operator sees, newest first.
async fn shown(server: &TestServer, key: &str, campaign: i64) -> Vec<Value> {
    let id = server.read(|conn| Ok(mannerly::domain::campaign::get(conn, campaign)?.public_id));
    let path = format!("/campaigns/{id}/unverified-reports");
    let answer = server.api(key, "GET", &path, Value::Null).await.expect(200).json();
    answer["reports"].as_array().unwrap().clone()
}

both_databases! {
    async fn a_report_that_its_provider_did_not_sign_is_kept_to_be_looked_at_and_not_acted_on(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let (key, brand) = (admin(&server), receiving_brand(&server));
        let campaign = running_campaign(&server, &brand);
        server.write(|conn, now| breaker::count(conn, campaign, Added { sent: 100, ..Added::default() }, now));
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        let (name, text) = provider_record(PROVIDER);
        let published = Question::Txt(name);
        let mut letters = Vec::new();
        for (number, doubt) in ["no_dns", "no_key", "unsigned", "broken", "unsigned", "broken"].into_iter().enumerate() {
            let letter = Letter::sent(&server, &brand, campaign, &format!("p{number}@example.com"));
            let report = letter.message(if number == 5 { "jmrp_opt_out" } else { "jmrp_abuse" });
            let signed = signed_by(PROVIDER, &report);
            let came = match number {
                0 => signed,
                1 => {
                    server.dns.put(published.clone(), &[]);
                    signed
                }
                2 => report,
                3 => {
                    server.dns.put(published.clone(), &[&text]);
                    signed.replace("Hello reader.", "Hello writer.")
                }
                // By somebody who has a domain, in another's name.
                4 => {
                    let (name, text) = provider_record("attacker.example");
                    server.dns.put(Question::Txt(name), &[&text]);
                    signed_by("attacker.example", &report)
                }
                _ => signed.replace("Subject: complaint", "Subject: complaints"),
            };
            server.advance(Duration::from_secs(60));
            assert!(mta.deliver(&letter.mailbox("fbl"), &came).await.starts_with("250 "), "{doubt}");
            let kept = shown(&server, &key, campaign).await;
            let kind = if number == 5 { "opt_out" } else { "complaint" };
            let seen = json!({"kind": kind, "doubt": doubt, "domain": PROVIDER, "at": server.now()});
            assert_eq!((kept.len(), &kept[0]), (number + 1, &seen));
            let before = server.snapshot();
            assert!(mta.deliver(&letter.mailbox("fbl"), &came).await.starts_with("250 "));
            assert!(server.snapshot() == before, "{doubt}: the same message twice is one event");
            letters.push(letter);
        }
        for letter in &letters {
            assert_eq!(letter.fate(&server), Fate::untouched());
        }
        assert_eq!(server.read(|conn| count_all(conn, campaign)).complaints, 0);
        let keys = server.app.keys.clone();
        let copy = server.read(|conn| privacy::export(conn, &keys, letters[0].person, mannerly::clock::DAY, Moment::from_micros(0)));
        assert!(copy.deliveries[0].unverified_report_at.is_some());
        server.write(|conn, now| privacy::erase(conn, &keys, letters[0].person, "test", now));
        let left: i64 = server.read(|conn| Ok(unverified_report::table.count().get_result(conn)?));
        assert_eq!(left as usize, letters.len() - 1);

        // The provider itself is believed, whoever wrote before it.
        mta.deliver(&letters[2].mailbox("fbl"), &letters[2].report(&server, "jmrp_abuse")).await;
        let fate = letters[2].fate(&server);
        assert_eq!((fate.complained, fate.gets_email, fate.suppressed), (true, false, vec!["complaint".to_owned()]));
    }

    async fn a_report_waits_with_the_mta_while_nobody_answers_for_its_signature(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
        let report = letter.report(&server, "jmrp_abuse");
        let (name, _) = provider_record(PROVIDER);
        server.dns.fail(Question::Txt(name));
        let before = server.snapshot();
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        let reply = mta.deliver(&letter.mailbox("fbl"), &report).await;
        assert!(reply.starts_with("451 4.7.5"), "{reply}");
        assert_eq!(server.snapshot(), before);
        let report = letter.report(&server, "jmrp_abuse");
        assert!(mta.deliver(&letter.mailbox("fbl"), &report).await.starts_with("250 "));
        assert!(letter.fate(&server).complained);
    }
}

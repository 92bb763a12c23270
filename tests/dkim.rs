//! Signed letters as they arrive, checked by another implementation: what must break a signature, and what must not.

use std::sync::Arc;

use diesel::prelude::*;
use mannerly::app::App;
use mannerly::db::schema::brand as brand_table;
use mannerly::domain::campaign::{State, state};
use mannerly::domain::catalog::{Brand, dkim_key};
use mannerly::error::Error;
use mannerly::jobs;
use mannerly::token::Keys;
use serde_json::json;

use crate::api::admin;
use crate::support::dkim::Verifier;
use crate::support::mail::Mail;
use crate::support::server::{SECRET, TestServer};

/// The server as it is where no relay signs.
fn without_a_signing_relay(server: &TestServer) -> App {
    let mut app = server.app.clone();
    let mut options = (*app.options).clone();
    options.relay_signs = false;
    app.options = Arc::new(options);
    app
}

/// A campaign to one person, and their letter.
async fn letter(server: &TestServer, brand: &Brand) -> Mail {
    server.campaign(brand);
    jobs::run_until_idle(&without_a_signing_relay(server)).await.unwrap();
    server.mail_to("ana@example.com")
}

/// The demo's brand with a person and keys for its domain.
fn brand_with_keys(server: &TestServer) -> (Brand, Verifier) {
    let brand = server.demo_brand();
    server.person(&brand, "ana@example.com").agrees("newsletter");
    let keys = server.dkim_keys("civic.example.com", "one");
    (brand, Verifier::new(&keys))
}

const BOTH: [&str; 2] = ["one-rsa", "one-ed25519"];

both_databases! {
    async fn every_letter_of_a_campaign_has_two_good_signatures_and_promises_one_click(server: TestServer) {
        let (brand, verifier) = brand_with_keys(&server);
        let mail = letter(&server, &brand).await;
        assert_eq!(verifier.check(&mail.raw).await, (BOTH.map(String::from).to_vec(), 0));
        assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        let signatures = mail.headers("DKIM-Signature");
        for (signature, algorithm) in signatures.iter().zip(["a=rsa-sha256;", "a=ed25519-sha256;"]) {
            assert!(signature.contains(algorithm) && signature.contains("d=civic.example.com;"), "{signature}");
            assert!(signature.contains("c=relaxed/relaxed;") && signature.contains("t=1795255200;"), "{signature}");
            assert!(!signature.contains(" l="), "{signature}");
        }
        let first = mail.raw.split("\r\n").take_while(|line| !line.starts_with("From:"));
        assert!(first.into_iter().all(|line| line.len() <= 78), "{}", mail.raw);
    }

    async fn a_second_header_of_each_oversigned_name_breaks_both_signatures(server: TestServer) {
        let (brand, verifier) = brand_with_keys(&server);
        let mail = letter(&server, &brand).await;
        for name in [
            "From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID", "MIME-Version", "Content-Type",
            "Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID",
            "CFBL-Address", "CFBL-Feedback-ID",
        ] {
            // The same value as before where there is one, so that nothing but the number has changed.
            let value = mail.headers(name).first().map_or("eve@example.com", |value| *value).to_owned();
            let forged = format!("{name}: {value}\r\n{}", mail.raw);
            assert_eq!(verifier.check(&forged).await.0, Vec::<String>::new(), "{name}");
        }
        let harmless = format!("Received: from a.test by b.test\r\nX-Spam: no\r\n{}", mail.raw);
        assert_eq!(verifier.check(&harmless).await, (BOTH.map(String::from).to_vec(), 0));
    }

    async fn an_address_for_complaints_is_named_only_where_the_senders_own_domain_signs_for_it(server: TestServer) {
        let (brand, _) = brand_with_keys(&server);
        let named = async |incoming: &str| {
            server.write(|conn, _| {
                let own = diesel::update(brand_table::table.find(brand.id));
                Ok(own.set(brand_table::incoming_domain.eq(incoming)).execute(conn)?)
            });
            letter(&server, &brand).await
        };
        let from = brand.marketing_from.domain();
        let below = format!("in.{from}");
        // The domain above the sender's signs, which is good for DMARC and not for this.
        assert!(named(&below).await.headers("CFBL-Address").is_empty());
        let verifier = Verifier::new(&server.dkim_keys(from, "two"));
        for incoming in [from, &below] {
            let mail = named(incoming).await;
            assert_eq!(mail.header("CFBL-Address"), format!("fbl@{incoming}; report=arf"));
            assert_eq!(verifier.check(&mail.raw).await, (["two-rsa", "two-ed25519"].map(String::from).to_vec(), 0));
            let changed = mail.raw.replacen("CFBL-Address: fbl@", "CFBL-Address: eve@", 1);
            assert_eq!(verifier.check(&changed).await.0, Vec::<String>::new());
        }
        for elsewhere in ["in.civic.example.com", &format!("not{from}"), "example.com"] {
            assert!(named(elsewhere).await.headers("CFBL-Address").is_empty(), "{elsewhere}");
        }
    }

    async fn what_was_altered_on_the_way_fails_and_what_was_only_refolded_passes(server: TestServer) {
        let (brand, verifier) = brand_with_keys(&server);
        let raw = letter(&server, &brand).await.raw;
        let (header, body) = raw.split_once("\r\n\r\n").unwrap();
        let post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
        for (what, altered) in [
            ("another link", raw.replacen("List-Unsubscribe: <http", "List-Unsubscribe: <https", 1)),
            ("no -Post", raw.replacen(post, "", 1)),
            ("another subject", raw.replacen("Subject: News", "Subject: Views", 1)),
            ("another list", raw.replacen("List-Id: ", "List-Id: x", 1)),
            ("another sender", raw.replacen("hello@", "hallo@", 1)),
            ("more text", format!("{raw}Buy now!\r\n")),
            ("less text", raw[..raw.len() - 40].to_owned()),
        ] {
            assert_ne!(altered, raw, "{what}");
            assert_eq!(verifier.check(&altered).await.0, Vec::<String>::new(), "{what}");
        }
        let unfolded = header.replace("\r\n ", " ").replace("\r\n\t", " ");
        let spaced = header.replace("\r\n ", "\r\n\t  ").replace(": ", ":  ");
        let trailing = body.replace("\r\n", " \t\r\n");
        for (what, refolded) in [
            ("unfolded", format!("{unfolded}\r\n\r\n{body}")),
            ("other folds", format!("{spaced}\r\n\r\n{body}")),
            ("white space at line ends", format!("{header}\r\n\r\n{trailing}")),
            ("empty lines at the end", format!("{raw}\r\n\r\n")),
        ] {
            assert_ne!(refolded, raw, "{what}");
            assert_eq!(verifier.check(&refolded).await, (BOTH.map(String::from).to_vec(), 0), "{what}");
        }
    }

    async fn after_a_rotation_old_letters_and_new_ones_are_good_under_their_own_selectors(server: TestServer) {
        let (brand, before) = brand_with_keys(&server);
        let domain = "civic.example.com";
        let old = letter(&server, &brand).await;
        let waiting = server.dkim_keys(domain, "second");
        assert!(waiting.iter().all(|key| key.state == dkim_key::State::Waiting));
        assert_eq!(before.check(&letter(&server, &brand).await.raw).await.0, BOTH);

        server.write(|conn, now| dkim_key::activate(conn, domain, "second", now));
        let new = letter(&server, &brand).await;
        let all = server.read(dkim_key::list);
        let states: Vec<_> = all.iter().map(|key| (key.selector.as_str(), key.state.as_str())).collect();
        assert_eq!(
            states,
            [("one-rsa", "retired"), ("one-ed25519", "retired"), ("second-rsa", "signing"), ("second-ed25519", "signing")]
        );
        let verifier = Verifier::new(&all);
        assert_eq!(verifier.check(&old.raw).await, (BOTH.map(String::from).to_vec(), 0));
        assert_eq!(verifier.check(&new.raw).await.0, ["second-rsa", "second-ed25519"]);
        assert_eq!(before.check(&new.raw).await, (Vec::new(), 2), "nothing is good without its record");

        server.write(|conn, now| dkim_key::retire(conn, domain, "second-rsa", now));
        assert_eq!(verifier.check(&letter(&server, &brand).await.raw).await.0, ["second-ed25519"]);
        server.write(|conn, now| dkim_key::retire(conn, domain, "second", now));
        let unsigned = letter(&server, &brand).await;
        assert!(unsigned.headers("DKIM-Signature").is_empty());
        assert!(unsigned.headers("List-Unsubscribe-Post").is_empty(), "nobody would believe it");
    }

    async fn the_nearest_domain_above_the_sender_signs(server: TestServer) {
        let (brand, _) = brand_with_keys(&server);
        server.dkim_keys("example.com", "above");
        server.dkim_keys("other.example.com", "beside");
        server.dkim_keys("a.news.civic.example.com", "below");
        assert_eq!(brand.marketing_from.domain(), "news.civic.example.com");
        let above = letter(&server, &brand).await;
        assert!(above.headers("DKIM-Signature").iter().all(|s| s.contains("d=civic.example.com;")));
        server.dkim_keys("news.civic.example.com", "own");
        let own = letter(&server, &brand).await;
        assert_eq!(own.headers("DKIM-Signature").len(), 2);
        assert!(own.headers("DKIM-Signature").iter().all(|s| s.contains("d=news.civic.example.com;")));
    }

    async fn service_mail_and_tests_are_signed_for_their_own_sender(server: TestServer) {
        let (brand, verifier) = brand_with_keys(&server);
        server.post_form("/b/civic/link", &[("email", "ana@example.com")]).await.expect(200);
        server.run_jobs().await;
        let service = server.mail_to("ana@example.com");
        assert!(!service.marketing);
        assert_eq!(verifier.check(&service.raw).await, (BOTH.map(String::from).to_vec(), 0));
        let forged = service.raw.replacen("Auto-Submitted: auto-generated", "Auto-Submitted: no", 1);
        assert_eq!(verifier.check(&forged).await.0, Vec::<String>::new());

        let key = admin(&server);
        let path = format!("/campaigns/{}/test", server.draft(&brand, |_| {}).public_id);
        let to = json!({"to": ["colleague@civic.example.com"]});
        server.api(&key, "POST", &path, to).await.expect(200);
        let test = server.mail_to("colleague@civic.example.com");
        assert_eq!(verifier.check(&test.raw).await, (BOTH.map(String::from).to_vec(), 0));
    }

    async fn keys_sign_after_the_secret_was_rotated_and_a_lost_secret_pauses_the_campaign(server: TestServer) {
        let (brand, verifier) = brand_with_keys(&server);
        let mut app = without_a_signing_relay(&server);
        let newer = "a newer secret of the tests and of nothing else";
        app.keys = Keys::from_secrets(&format!("{newer},{SECRET}")).unwrap();
        server.campaign(&brand);
        jobs::run_until_idle(&app).await.unwrap();
        assert_eq!(verifier.check(&server.mail_to("ana@example.com").raw).await.0, BOTH);

        app.keys = Keys::from_secrets(newer).unwrap();
        let campaign = server.campaign(&brand);
        jobs::run_until_idle(&app).await.unwrap();
        let paused = server.reload(&campaign);
        assert_eq!(paused.state, State::Paused);
        let why = paused.pause_reason.unwrap();
        assert!(why.contains("one-rsa") && why.contains("MANNERLY_SECRET") && why.contains("dkim create"), "{why}");
        server.write(|conn, now| state::cancel(conn, campaign.id, now));
    }

    async fn keys_have_selectors_of_their_own_and_domains_that_mail_can_have(server: TestServer) {
        let made = server.dkim_keys("Civic.Example.COM.", "One");
        assert_eq!(made.iter().map(|key| key.record_name()).collect::<Vec<_>>(), [
            "one-rsa._domainkey.civic.example.com", "one-ed25519._domainkey.civic.example.com"
        ]);
        let pair = dkim_key::NewPair::generate().unwrap();
        let store = |domain: &str, name: Option<&str>| {
            let now = server.now();
            server.app.db.write_here(|conn| dkim_key::store(conn, &server.app.keys, domain, name, &pair, now))
        };
        assert!(matches!(store("civic.example.com", Some("one")), Err(Error::Conflict(_))));
        for wrong in ["", "a b", "-a", "a-", "a.b", "a_b", "über", "a-rsa", &"a".repeat(51)] {
            assert!(matches!(store("civic.example.com", Some(wrong)), Err(Error::Invalid(_))), "{wrong}");
        }
        for wrong in ["", "localhost", "a b.test", "me@civic.example.com", "[1.2.3.4]"] {
            assert!(matches!(store(wrong, None), Err(Error::Invalid(_))), "{wrong}");
        }
        let names = [(); 2].map(|()| store("civic.example.com", None).unwrap()[0].selector.clone());
        assert_eq!(names, ["m20261121-rsa", "m20261121-2-rsa"]);
        let unknown = server.app.db.write_here(|conn| dkim_key::activate(conn, "civic.example.com", "x", server.now()));
        assert!(matches!(unknown, Err(Error::NotFound(_))));
    }
}

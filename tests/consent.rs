//! Consent over its life: what an import may not undo, where an answer came from, what a suppression for all brands
//! means after a person opts in again, and what makes an answer another one.

use std::time::Duration;

use mannerly::clock::Moment;
use mannerly::domain::account::Scope;
use mannerly::domain::audience::source::SourceForm;
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::{Brand, Channel};
use mannerly::domain::consent::opt_in::{self, Answer, Basis};
use mannerly::domain::consent::suppression::{self, Reason};
use mannerly::domain::intake::import::{self, ImportForm, ImportReport};
use mannerly::domain::privacy::export::export;
use mannerly::id::Slug;
use serde_json::{Value, json};

use crate::api::{evidence, key, person};
use crate::person::{ADDRESS, Person};
use crate::support::http::seen;
use crate::support::people::{own_source, supplier};
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Imports one person who agreed to the newsletter then.
fn import(server: &TestServer, source: SourceForm, email: &str, agreed: &str) -> ImportReport {
    let file = format!("email,topics,consented_at\n{email},newsletter:email,{agreed}\n");
    import_file(server, source, &file)
}

/// Imports a file of people of the demo's first brand.
pub(crate) fn import_file(server: &TestServer, source: SourceForm, file: &str) -> ImportReport {
    let form = ImportForm {
        brand: "civic".into(),
        source,
        basis: Basis::Consent,
        wording: Some("I agree that Civic Notes writes to me.".into()),
        policy_version: None,
        optout_offered_at_collection: false,
    };
    let (db, keys) = (&server.app.db, &server.app.keys);
    import::run(db, keys, &form, file.as_bytes(), server.now(), |_| {}).unwrap()
}

/// Signs an address up and answers with the link of the confirmation mail, unless there was one already.
async fn sign_up(server: &TestServer, email: &str) -> Option<String> {
    let form = server.get("/b/civic/sign-up").await.expect(200).text;
    let fields = [
        ("email", email),
        ("shown", "newsletter:email"),
        ("choice", "newsletter:email"),
        ("seen", seen(&form)),
    ];
    server.post_form("/b/civic/sign-up", &fields).await.expect(200);
    server.run_jobs().await;
    server.mails().first().map(|mail| mail.link("/confirm/"))
}

/// What becomes of a campaign about the newsletter that is sent now, and whether its letter names the supplier.
async fn outcome(server: &TestServer, brand: &Brand) -> String {
    let campaign = server.campaign(brand);
    server.run_jobs().await;
    let letters = server.mails();
    let mut told: Vec<String> = server.outcomes(&campaign).into_iter().map(|(what, _)| what).collect();
    if let Some(letter) = letters.first() {
        let named = letter.text.contains("Lists & Co");
        assert_eq!(named, letter.text.contains("https://lists.example/transparency"));
        told.extend(named.then(|| "with the source".to_owned()));
    }
    told.join(" ")
}

both_databases! {
    async fn an_old_file_does_not_undo_what_was_ended_although_somebody_signed_the_address_up(server: TestServer) {
        let reader = Person::reader(&server);
        server.advance(DAY);
        reader.answer(&server, "newsletter", Channel::Email, Answer::Withdrawn);
        server.advance(DAY);
        let link = sign_up(&server, ADDRESS).await.unwrap();
        assert_eq!(reader.state(&server, "newsletter", Channel::Email), Some(opt_in::State::Pending));
        let report = import(&server, own_source(), ADDRESS, "2026-03-01T00:00:00Z");
        assert_eq!((report.opt_ins, report.kept_withdrawn), (0, 1));
        assert_eq!(reader.state(&server, "newsletter", Channel::Email), Some(opt_in::State::Pending));
        server.confirm(&link).await.expect(200);
        assert_eq!(reader.state(&server, "newsletter", Channel::Email), Some(opt_in::State::Granted));
    }

    async fn a_stop_counts_for_older_files_even_if_nothing_was_running(server: TestServer) {
        let brand = server.demo_brand();
        let person = Person::new(&server, brand);
        let stop = person.unsubscribe(&server);
        let one_click = [("List-Unsubscribe", "One-Click")];
        let stops = || server.snapshot().iter().filter(|row| row.contains("one_click")).count();
        for _ in 0..3 {
            server.post_form(&stop, &one_click).await.expect(200);
        }
        assert_eq!(stops(), 1, "written down once");
        let report = import(&server, own_source(), ADDRESS, "2026-03-01T00:00:00Z");
        assert_eq!((report.opt_ins, report.kept_withdrawn), (0, 1));
    }

    async fn a_stop_that_is_said_again_days_later_counts_from_then_for_files(server: TestServer) {
        let reader = Person::reader(&server);
        let stop = reader.unsubscribe(&server);
        let one_click = [("List-Unsubscribe", "One-Click")];
        server.post_form(&stop, &one_click).await.expect(200);
        server.advance(DAY);
        let on_paper = server.now().to_string();
        server.advance(DAY);
        server.post_form(&stop, &one_click).await.expect(200);
        server.advance(DAY);
        let report = import(&server, own_source(), ADDRESS, &on_paper);
        assert_eq!((report.opt_ins, report.kept_withdrawn), (0, 1));
        assert_eq!(outcome(&server, &reader.brand).await, "skipped withdrawn");
        let later = Moment::parse(&on_paper).unwrap().plus(2 * DAY).to_string();
        assert_eq!(import(&server, own_source(), ADDRESS, &later).opt_ins, 1, "what was agreed to since counts");
    }

    async fn lifting_an_objection_brings_back_only_what_is_confirmed_now(server: TestServer) {
        let reader = Person::reader(&server);
        reader.answer(&server, "webinars", Channel::Email, Answer::Granted(Basis::Consent, None));
        server.advance(DAY);
        server.suppress(ADDRESS, None, Reason::Objection);
        server.advance(DAY);
        let form = server.get("/b/civic/sign-up").await.expect(200).text;
        let fields = [
            ("email", ADDRESS),
            ("shown", "product-updates:email"),
            ("choice", "product-updates:email"),
            ("seen", seen(&form)),
        ];
        server.post_form("/b/civic/sign-up", &fields).await.expect(200);
        server.run_jobs().await;
        let link = server.mail_to(ADDRESS).link("/confirm/");
        server.confirm(&link).await.expect(200);
        let state = |topic| reader.state(&server, topic, Channel::Email);
        assert_eq!(state("product-updates"), Some(opt_in::State::Granted));
        assert_eq!(state("newsletter"), Some(opt_in::State::Withdrawn));
        assert_eq!(state("webinars"), Some(opt_in::State::Withdrawn));
        assert_eq!(outcome(&server, &reader.brand).await, "skipped withdrawn");
    }

    async fn a_file_with_a_newer_consent_renews_what_has_lapsed(server: TestServer) {
        let brand = server.demo_brand();
        let until = server.now().plus(DAY);
        let reader = Person::new(&server, brand);
        reader.answer(&server, "newsletter", Channel::Email, Answer::Granted(Basis::Consent, Some(until)));
        server.advance(3 * DAY);
        let older = import(&server, own_source(), ADDRESS, "2020-03-01T00:00:00Z");
        assert_eq!(older.opt_ins, 0);
        assert_eq!(outcome(&server, &reader.brand).await, "skipped basis_expired");
        let newer = Moment::from_micros(until.as_micros() + 1_000_000).to_string();
        assert_eq!(import(&server, own_source(), ADDRESS, &newer).opt_ins, 1);
        assert_eq!(import(&server, own_source(), ADDRESS, &newer).opt_ins, 0, "the second time is nothing new");
        assert_eq!(outcome(&server, &reader.brand).await, "sent");
    }

    async fn a_suppliers_file_binds_those_whom_the_brand_knew_before(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com");
        server.advance(60 * DAY);
        import(&server, supplier(), "ana@example.com", "2020-03-01T00:00:00Z");
        server.advance(29 * DAY);
        assert_eq!(outcome(&server, &brand).await, "sent with the source");
        server.advance(10 * DAY);
        assert_eq!(outcome(&server, &brand).await, "sent with the source", "told in time");
        let ended = SourceForm { licence_until: Some(server.now()), ..supplier() };
        import(&server, ended, "somebody.else@example.com", "2026-03-01T00:00:00Z");
        assert_eq!(outcome(&server, &brand).await, "skipped source_terms");
    }

    async fn whoever_is_not_told_of_a_new_supplier_within_a_month_is_left_alone(server: TestServer) {
        let brand = server.demo_brand();
        import(&server, supplier(), "ana@example.com", "2020-03-01T00:00:00Z");
        assert_eq!(outcome(&server, &brand).await, "sent with the source");
        server.advance(DAY);
        let person = server.person_id("ana@example.com");
        let reader = Person { id: person, brand: brand.clone() };
        reader.answer(&server, "newsletter", Channel::Email, Answer::Withdrawn);
        let again = server.now().plus(Duration::from_secs(60)).to_string();
        server.advance(DAY);
        let other = SourceForm { name: "More Lists".into(), ..supplier() };
        assert_eq!(import(&server, other, "ana@example.com", &again).opt_ins, 1);
        server.advance(31 * DAY);
        assert_eq!(outcome(&server, &brand).await, "skipped art14_overdue");
    }

    async fn being_told_of_one_supplier_is_not_being_told_of_another(server: TestServer) {
        let brand = server.demo_brand();
        let file = |topic: &str| format!("email,topics,consented_at\nana@example.com,{topic}:email,2020-03-01T00:00:00Z\n");
        import_file(&server, supplier(), &file("newsletter"));
        let other = SourceForm { name: "More Lists".into(), ..supplier() };
        import_file(&server, other, &file("events"));
        assert_eq!(outcome(&server, &brand).await, "sent with the source");
        server.advance(31 * DAY);
        assert_eq!(outcome(&server, &brand).await, "sent with the source", "they know of this one");
        let about_events = server.draft(&brand, |form| form.topic = Slug::parse("events").unwrap());
        server.write(|conn, now| state::schedule(conn, about_events.id, None, now));
        server.run_jobs().await;
        assert_eq!(server.outcomes(&about_events), [("skipped art14_overdue".to_owned(), 1)]);
    }

    async fn a_suppliers_contact_who_signs_up_is_no_longer_the_suppliers(server: TestServer) {
        let brand = server.demo_brand();
        let licensed = SourceForm { licence_until: Some(server.now().plus(5 * DAY)), ..supplier() };
        import(&server, licensed, "ana@example.com", "2026-03-01T00:00:00Z");
        let person = server.person_id("ana@example.com");
        let source = || {
            let found = server.read(|conn| export(conn, &server.app.keys, person, mannerly::clock::DAY, server.now()));
            found.opt_ins[0].source.clone()
        };
        assert_eq!(source().as_deref(), Some("Lists & Co"));
        let link = sign_up(&server, "ana@example.com").await.unwrap();
        for _ in 0..3 {
            assert_eq!(sign_up(&server, "ana@example.com").await, None);
        }
        assert_eq!(outcome(&server, &brand).await, "sent with the source", "asking ends nothing");
        let entries = server.read(|conn| mannerly::domain::consent::ledger::of_subscriber(conn, person, 0, 100));
        assert_eq!(entries.len(), 2, "asked four times, written once");
        server.confirm(&link).await.expect(200);
        assert_eq!(source(), None);
        server.advance(40 * DAY);
        assert_eq!(outcome(&server, &brand).await, "sent", "although the licence has ended");
        assert_eq!(import(&server, supplier(), "ana@example.com", "2026-04-01T00:00:00Z").opt_ins, 0);
        assert_eq!(source(), None, "a file does not take the place of the person's own act");
    }

    async fn an_objection_to_all_brands_holds_for_new_ones_after_an_opt_in_to_one(server: TestServer) {
        let brand = server.demo_brand();
        server.suppress(ADDRESS, None, Reason::Objection);
        server.suppress(ADDRESS, None, Reason::Erasure);
        let link = sign_up(&server, ADDRESS).await.unwrap();
        server.confirm(&link).await.expect(200);
        assert_eq!(outcome(&server, &brand).await, "sent");

        let new = server.other_brand();
        let reader = Person { id: server.person_id(ADDRESS), brand: brand.clone() };
        reader.at(new.clone()).grant(&server, "newsletter", Channel::Email);
        assert_eq!(outcome(&server, &new).await, "skipped erased");
        let copy = server.read(|conn| export(conn, &server.app.keys, reader.id, mannerly::clock::DAY, server.now()));
        assert_eq!(copy.suppressions.iter().map(|s| s.all_brands).collect::<Vec<_>>(), [false, false]);

        server.suppress(ADDRESS, None, Reason::Objection);
        assert_eq!(outcome(&server, &brand).await, "skipped suppressed_objection", "said again for all");
    }

    async fn what_is_recorded_follows_the_exception(server: TestServer) {
        use mannerly::domain::consent::permission::Kind;
        let reader = Person::reader(&server);
        reader.allow(&server, Kind::Opens);
        server.campaign(&reader.brand);
        server.run_jobs().await;
        let pixel = server.mail_to(ADDRESS).html.split('"').find(|word| word.contains("/o/")).unwrap().to_owned();
        let hits = || server.snapshot().iter().filter(|row| row.starts_with("hit: ")).count();
        let hash = suppression::hash(&server.app.keys, Channel::Email, ADDRESS).unwrap();
        server.suppress(ADDRESS, None, Reason::Objection);
        server.get(&pixel).await.expect(200);
        assert_eq!(hits(), 0);
        server.write(|conn, now| suppression::lift_by_own_act(conn, &hash, reader.brand.id, now));
        server.get(&pixel).await.expect(200);
        assert_eq!(hits(), 1);
    }

    async fn a_nearer_end_and_another_basis_are_other_answers(server: TestServer) {
        let brand = server.demo_brand();
        let key = key(&server, &[Scope::Admin]);
        let id = person(&server, &key, "ana@council.test").await;
        let path = format!("/subscribers/{id}/opt-ins");
        let (server, key, path) = (&server, &key, &path);
        let put = async |basis: &str, until: Option<Moment>| {
            let change = json!({"brand": brand.slug, "topic": "newsletter", "channel": "email", "state": "granted",
                "basis": basis, "optout_offered_at_collection": basis == "soft_opt_in", "expires_at": until.map(|until| until.to_string())});
            let body = json!({"opt_ins": [change], "evidence": evidence()});
            server.api(key, "PUT", path, body).await.expect(200).json()["items"][0].clone()
        };
        let entries = async || {
            let page = server.api(key, "GET", &format!("/subscribers/{id}/ledger"), Value::Null).await;
            page.expect(200).json()["items"].as_array().unwrap().len()
        };
        put("consent", None).await;
        let near = server.now().plus(DAY);
        assert_eq!(put("consent", Some(near)).await["expires_at"], near.to_string());
        put("consent", Some(near)).await;
        assert_eq!(entries().await, 2, "the same answer again is nothing new");
        assert_eq!(put("soft_opt_in", Some(near)).await["basis"], "soft_opt_in");
        assert_eq!(entries().await, 3);
        server.advance(2 * DAY);
        assert_eq!(outcome(server, &brand).await, "skipped basis_expired");
    }
}

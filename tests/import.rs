//! Importing people with the evidence of what they agreed to.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::clock::Moment;
use mannerly::db::schema::{opt_in, permission, subscriber};
use mannerly::domain::audience::source::{Kind, SourceForm};
use mannerly::domain::audience::subscriber::find_by_email;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::opt_in::{Answer, Basis, Scope};
use mannerly::domain::consent::suppression::Reason;
use mannerly::domain::consent::{Method, Statement, ledger, opt_in as opt_ins};
use mannerly::domain::intake::import::{self, ImportForm, ImportReport};
use mannerly::email_address::EmailAddress;
use mannerly::error::{Error, Result};

use crate::support::server::TestServer;

const WORDING: &str = "I agree that Civic Notes sends me what I tick.";

fn form() -> ImportForm {
    ImportForm {
        brand: "civic".into(),
        source: SourceForm {
            name: "Contacts of the old system".into(),
            kind: Kind::Import,
            policy_url: None,
            licence_from: None,
            licence_until: None,
        },
        basis: Basis::Consent,
        wording: Some(WORDING.into()),
        policy_version: None,
        optout_offered_at_collection: false,
    }
}

fn try_import(server: &TestServer, form: &ImportForm, file: &[u8]) -> Result<ImportReport> {
    import::run(&server.app.db, &server.app.keys, form, file, server.now(), |_| {})
}

pub(crate) fn import(server: &TestServer, file: impl AsRef<[u8]>) -> ImportReport {
    try_import(server, &form(), file.as_ref()).unwrap()
}

fn refused_lines(report: &ImportReport) -> Vec<u64> {
    report.problems.iter().map(|problem| problem.line).collect()
}

fn person(server: &TestServer, email: &str) -> i64 {
    let email = EmailAddress::parse(email).unwrap();
    server.read(|conn| find_by_email(conn, &email)).unwrap().id
}

fn count(server: &TestServer) -> (i64, i64) {
    server.read(|conn| {
        Ok((subscriber::table.count().get_result(conn)?, opt_in::table.count().get_result(conn)?))
    })
}

fn statement(brand: i64, person: i64, evidence: i64, at: Moment) -> Statement<'static> {
    let (method, actor) = (Method::PreferencePage, ledger::SUBSCRIBER);
    Statement { subscriber: person, brand, evidence, method, actor, campaign: None, at, source: None }
}

both_databases! {
    async fn people_come_in_with_their_consent_and_the_evidence_of_it(server: TestServer) {
        server.demo_brand();
        let file = "\u{feff}email,first_name,country,attributes.plan,topics,consented_at,permission_opens,permission_clicks\r\n\
            ana@example.com,Ana,gb,gold,newsletter:email transport:email,2026-03-01T09:30:00Z,yes,no\r\n\
            Bob@EXAMPLE.com,,,,newsletter:post;newsletter:email,2026-03-02T09:30:00+01:00,,\r\n";
        let report = import(&server, file);
        assert_eq!(refused_lines(&report), [3], "a letter needs an address");
        let file = file.replace("newsletter:post;", "");
        let report = import(&server, &file);
        assert_eq!((report.rows, report.created, report.updated, report.opt_ins, report.refused), (2, 1, 0, 1, 0));
        let ana = server.read(|conn| find_by_email(conn, &EmailAddress::parse("ana@example.com").unwrap())).unwrap();
        assert_eq!((ana.first_name.as_deref(), ana.country.as_deref()), (Some("Ana"), Some("GB")));
        assert_eq!(ana.attributes()["plan"], "gold");
        let entries = server.read(|conn| ledger::of_subscriber(conn, ana.id, 0, 10));
        let consented = Moment::parse("2026-03-01T09:30:00Z").unwrap();
        assert_eq!(entries.len(), 4);
        for entry in &entries {
            assert_eq!((entry.at, entry.wording.as_str(), entry.method), (consented, WORDING, Method::Import));
            assert_eq!(entry.shown, "[]", "nobody said which boxes there were");
        }
        let permissions: Vec<(String, String)> = server.read(|conn| {
            Ok(permission::table.order(permission::kind).select((permission::kind, permission::state)).load(conn)?)
        });
        assert_eq!(permissions, [("clicks".into(), "refused".into()), ("opens".into(), "granted".into())]);
        assert!(server.mails().is_empty());
    }

    async fn the_same_file_again_changes_nothing(server: TestServer) {
        server.demo_brand();
        let file = "email,company,topics,consented_at\n\
            ana@example.com,Ltd,newsletter:email,2026-03-01T09:30:00Z\n\
            ana@example.com,Other Ltd,transport:email,2026-03-01T09:30:00Z\n\
            bob@example.com,,,\n";
        let report = import(&server, file);
        assert_eq!((report.created, report.updated, report.opt_ins), (2, 1, 2));
        let before = server.snapshot();
        let report = import(&server, file);
        assert_eq!((report.rows, report.created, report.updated, report.opt_ins), (3, 0, 0, 0));
        assert_eq!(server.snapshot(), before);
    }

    async fn bad_rows_are_named_by_their_line_without_their_values_and_the_good_ones_kept(server: TestServer) {
        server.demo_brand();
        let mut file = b"email,first_name,topics,consented_at,state,permission_opens\n\
            good@example.com,\"two\nlines\",,,,\n\
            no-address,,,,,\n\
            a@example.com,,no-such:email,2026-03-01T00:00:00Z,,\n\
            b@example.com,,newsletter:phone,2026-03-01T00:00:00Z,,\n\
            c@example.com,,newsletter:email,,,\n\
            d@example.com,,newsletter:email,2036-03-01T00:00:00Z,,\n\
            e@example.com,,newsletter:email,yesterday,,\n\
            f@example.com,,,,maybe,\n\
            g@example.com,,,2026-03-01T00:00:00Z,,perhaps\n\
            h@example.com,,,,,yes\n\
            i@example.com,too,few\n".to_vec();
        file.extend(b"j@example.com,\xff\xfe,,,,\n");
        file.extend(b"k@example.com,Kay,newsletter:email,2026-03-01T00:00:00Z,,\n");
        file.extend(format!("l@example.com,{},,,,\n", "x".repeat(50_000)).bytes());
        file.extend(b"canary@exa mple.com,canary,,,,\n");
        file.extend(b"z@example.com,,,,,\n");
        let report = import(&server, &file);
        assert_eq!(refused_lines(&report), [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17]);
        assert_eq!((report.rows, report.refused, report.created), (16, 14, 2));
        let told = format!("{:?}", report.problems);
        assert!(!told.contains("canary") && !told.contains("no-address") && !told.contains("example.com,"), "{told}");
        assert_eq!(count(&server), (2, 1));
    }

    async fn a_quote_that_is_never_closed_ends_the_import_at_its_line(server: TestServer) {
        server.demo_brand();
        let file = format!("email,first_name\nana@example.com,Ana\nbob@example.com,\"{}", "x\n".repeat(3_000_000));
        let report = import(&server, file);
        assert_eq!((report.created, refused_lines(&report)), (1, vec![3]));
    }

    async fn what_concerns_the_whole_file_is_refused_before_anything_is_kept(server: TestServer) {
        server.demo_brand();
        let before = server.snapshot();
        let good = b"email\nana@example.com\n".as_slice();
        for header in ["email,shoe_size", "name", "", "email,email", "ana@example.com", "email,attributes", "\u{0}"] {
            let file = format!("{header}\nana@example.com,1\n");
            let error = try_import(&server, &form(), file.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Invalid(_)), "{header}: {error}");
            assert!(!error.to_string().contains("ana@"), "{error}");
        }
        let supplier = SourceForm { kind: Kind::Supplier, name: "Lists Ltd".into(), ..form().source };
        let wrong = [
            ImportForm { wording: None, ..form() },
            ImportForm { wording: Some("I agree to hear from selected partners.".into()), source: supplier.clone(), ..form() },
            ImportForm { basis: Basis::SoftOptIn, ..form() },
            ImportForm { basis: Basis::SoftOptIn, optout_offered_at_collection: true, source: supplier, ..form() },
            ImportForm { source: SourceForm { kind: Kind::Form, ..form().source }, ..form() },
        ];
        for form in &wrong {
            assert!(matches!(try_import(&server, form, good).unwrap_err(), Error::Invalid(_)), "{form:?}");
        }
        let unknown = ImportForm { brand: "nobody".into(), ..form() };
        assert!(matches!(try_import(&server, &unknown, good).unwrap_err(), Error::NotFound(_)));
        assert_eq!(server.snapshot(), before);
    }

    async fn a_soft_opt_in_allows_letters_and_never_tracking(server: TestServer) {
        server.demo_brand();
        let soft = ImportForm { basis: Basis::SoftOptIn, wording: None, optout_offered_at_collection: true, ..form() };
        let file = "email,topics,consented_at,permission_opens\n\
            ana@example.com,newsletter:email,2026-03-01T00:00:00Z,\n\
            bob@example.com,newsletter:email,2026-03-01T00:00:00Z,yes\n";
        let report = try_import(&server, &soft, file.as_bytes()).unwrap();
        assert_eq!((report.opt_ins, refused_lines(&report)), (1, vec![3]));
        let bases: Vec<String> = server.read(|conn| Ok(opt_in::table.select(opt_in::basis).load(conn)?));
        assert_eq!(bases, ["soft_opt_in"]);
    }

    async fn what_a_person_ended_stays_ended_unless_they_agreed_again_later(server: TestServer) {
        let brand = server.demo_brand();
        let agreed = |when: &str| {
            format!(
                "email,topics,consented_at\nana@example.com,newsletter:email,{when}\n\
                 bob@example.com,newsletter:email events:email,{when}\n"
            )
        };
        import(&server, agreed("2026-03-01T00:00:00Z").replace(" events:email", ""));
        let (ana, bob) = (person(&server, "ana@example.com"), person(&server, "bob@example.com"));
        let ended = Moment::parse("2026-05-01T00:00:00Z").unwrap();
        server.write(|conn, _| {
            let topic = mannerly::domain::catalog::topic::find(conn, brand.id, "newsletter")?.id;
            let evidence = mannerly::db::schema::evidence::table
                .select(mannerly::db::schema::evidence::id).first(conn)?;
            opt_ins::set(conn, &statement(brand.id, ana, evidence, ended), topic, Channel::Email, Answer::Withdrawn)?;
            opt_ins::withdraw_all(conn, &statement(brand.id, bob, evidence, ended), Scope::Everything)
        });
        let report = import(&server, agreed("2026-04-30T00:00:00Z"));
        assert_eq!((report.opt_ins, report.kept_withdrawn), (0, 3), "events too: the stop was about everything");
        let pending = agreed("").replacen("consented_at\n", "state\n", 1).replace(",\n", ",pending\n");
        let report = import(&server, pending);
        assert_eq!((report.opt_ins, report.kept_withdrawn), (0, 3));
        server.advance(Duration::from_secs(1));
        let report = import(&server, agreed("2026-06-01T00:00:00Z"));
        assert_eq!((report.opt_ins, report.kept_withdrawn), (3, 0));
    }

    async fn no_import_undoes_a_suppression(server: TestServer) {
        let (brand, other) = (server.demo_brand(), server.other_brand());
        for (email, of, reason) in [
            ("everywhere@example.com", None, Reason::Erasure),
            ("here@example.com", Some(brand.id), Reason::Objection),
            ("elsewhere@example.com", Some(other.id), Reason::Objection),
        ] {
            server.suppress(email, of, reason);
        }
        let report = import(&server, "email\nEverywhere@example.com\nhere@example.com\nelsewhere@example.com\n");
        assert_eq!((report.rows, report.suppressed, report.created), (3, 2, 1));
        assert_eq!(count(&server), (1, 0));
    }

    async fn pending_people_are_recorded_and_not_written_to(server: TestServer) {
        server.demo_brand();
        let report = import(&server, "email,topics,state\nana@example.com,newsletter:email,pending\n");
        assert_eq!((report.created, report.opt_ins), (1, 1));
        let states: Vec<String> = server.read(|conn| Ok(opt_in::table.select(opt_in::state).load(conn)?));
        assert_eq!(states, ["pending"]);
        server.run_jobs().await;
        assert!(server.mails().is_empty());
    }

    async fn tracking_that_a_person_allows_is_not_taken_back_by_a_file(server: TestServer) {
        server.demo_brand();
        let file = |answer| format!("email,consented_at,permission_opens\nana@example.com,2026-03-01T00:00:00Z,{answer}\n");
        import(&server, file("yes"));
        let report = import(&server, file("no"));
        assert_eq!(refused_lines(&report), [2]);
        let states: Vec<String> = server.read(|conn| Ok(permission::table.select(permission::state).load(conn)?));
        assert_eq!(states, ["granted"]);
    }

    async fn a_file_of_many_batches_tells_how_far_it_is(server: TestServer) {
        server.demo_brand();
        let mut file = String::from("email,topics,consented_at\n");
        for number in 0..2500 {
            file += &format!("p{number}@example.com,newsletter:email transport:email,2026-03-01T00:00:00Z\n");
        }
        let mut told = Vec::new();
        let report = import::run(
            &server.app.db, &server.app.keys, &form(), file.as_bytes(), server.now(), |rows| told.push(rows),
        );
        assert_eq!(told, [2000, 2500]);
        assert_eq!(report.unwrap().created, 2500);
        assert_eq!(count(&server), (2500, 5000));
    }
}

//! The address that somebody has left: no file brings it back, no link that was mailed there speaks for the new one, and
//! what comes back from it is held against it alone.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::db::schema::{former_address, suppression};
use mannerly::domain::catalog::{Brand, Channel};
use mannerly::domain::consent::opt_in::State;
use mannerly::domain::consent::suppression::of_address;
use mannerly::email_address::EmailAddress;
use mannerly::token::DataRequestLink;
use serde_json::json;

use crate::address_change::{NEW, ask};
use crate::api::{admin, expect_problem};
use crate::import::import;
use crate::incoming_corpus::{Letter, receiving_brand, running_campaign};
use crate::person::{ADDRESS, ONE_CLICK, Person};
use crate::sign_up::{sign_up, sign_up_for_the_newsletter};
use crate::support::lmtp::Lmtp;
use crate::support::server::TestServer;

const LATER: Duration = Duration::from_secs(60);

/// What is ticked on a form: a subject alone brings no message.
const BOTH: [(&str, &str); 2] = [("choice", "newsletter:email"), ("choice", "transport:email")];

/// A file of one person who agreed to the newsletter then.
fn file(address: &str, when: &str) -> String {
    format!("email,first_name,topics,consented_at\n{address},Ana,newsletter:email,{when}\n")
}

fn old_file(address: &str) -> String {
    file(address, "2026-05-04T09:00:00Z")
}

/// A person as a file brought them.
fn imported(server: &TestServer, brand: &Brand, address: &str) -> Person {
    assert_eq!(import(server, old_file(address)).created, 1);
    Person { id: server.acquaintance(brand, address).id, brand: brand.clone() }
}

/// Changes a person's address on the pages, a minute later, and takes no more note of the mails about it.
async fn moves(server: &TestServer, person: &Person, to: &str) {
    server.advance(LATER);
    let expires_at = server.now().plus(Duration::from_secs(24 * 3600)).as_micros();
    let data = DataRequestLink { brand: person.brand.id, subscriber: person.id, expires_at };
    ask(server, &format!("/d/{}", server.app.keys.seal(&data)), to).await.expect(200);
    server.run_jobs().await;
    let link = server.mail_to(to).link("/a/");
    server.post_form(&link, &[]).await.expect(200);
    server.run_jobs().await;
    server.mails();
    server.advance(LATER);
}

fn suppressed(server: &TestServer, address: &str) -> Vec<String> {
    let hash = EmailAddress::parse(address).unwrap().keyed_hash(&server.app.keys);
    let found = server.read(|conn| of_address(conn, &hash, Channel::Email));
    found.into_iter().map(|found| found.reason.to_string()).collect()
}

/// To whom the next campaign goes.
async fn reached(server: &TestServer, brand: &Brand) -> Vec<String> {
    server.campaign(brand);
    server.run_jobs().await;
    server.mails().into_iter().map(|mail| mail.to).collect()
}

both_databases! {
    async fn a_file_with_an_address_that_its_person_has_left_brings_nobody_back(server: TestServer) {
        let brand = server.demo_brand();
        let olga = imported(&server, &brand, ADDRESS);
        server.post_form(&olga.unsubscribe(&server), &ONE_CLICK).await.expect(200);
        moves(&server, &olga, NEW).await;
        let before = server.snapshot();
        let asked_for = format!("email,topics,consented_at,state\n{ADDRESS},newsletter:email,2026-05-04T09:00:00Z,pending\n");
        for file in [old_file(ADDRESS), asked_for, format!("email,first_name\n{ADDRESS},Ana\n")] {
            let report = import(&server, &file);
            assert_eq!((report.rows, report.former, report.created, report.updated), (1, 1, 0, 0), "{file}");
        }
        assert_eq!(server.snapshot(), before);
        assert!(reached(&server, &brand).await.is_empty());
        // Whoever has the mailbox now may have agreed there since.
        let report = import(&server, file(ADDRESS, &server.now().to_string()));
        assert_eq!((report.former, report.created, report.opt_ins), (0, 1, 1));
        assert_eq!(reached(&server, &brand).await, [ADDRESS]);
    }

    async fn an_erased_person_is_written_to_at_no_address_that_they_ever_had(server: TestServer) {
        let brand = server.demo_brand();
        let piet = imported(&server, &brand, ADDRESS);
        moves(&server, &piet, NEW).await;
        piet.erase(&server);
        for address in [ADDRESS, NEW] {
            assert_eq!(suppressed(&server, address), ["erasure"]);
            let report = import(&server, old_file(address));
            assert_eq!((report.created, report.suppressed), (0, 1), "{address}");
        }
        assert!(reached(&server, &brand).await.is_empty());
        let kept: i64 = server.read(|conn| Ok(former_address::table.count().get_result(conn)?));
        assert_eq!(kept, 0, "nothing says whose they were");
    }

    async fn whoever_has_the_mailbox_now_comes_in_by_their_own_press_and_stays(server: TestServer) {
        let brand = server.demo_brand();
        let gone = imported(&server, &brand, ADDRESS);
        moves(&server, &gone, NEW).await;
        let before = server.snapshot();
        let told = json!({"email": ADDRESS, "source": {"name": "Shop", "kind": "api"}});
        let problem = expect_problem(server.api(&admin(&server), "POST", "/subscribers", told).await, 409);
        assert!(problem["detail"].as_str().unwrap().contains("can sign up on a form"), "{problem}");
        let people = |rows: Vec<String>| rows.into_iter().filter(|row| row.contains(".example")).collect::<Vec<_>>();
        assert_eq!(people(server.snapshot()), people(before));

        sign_up_for_the_newsletter(&server, ADDRESS).await.expect(200);
        server.run_jobs().await;
        // An old file does not press the button for them.
        assert_eq!(import(&server, old_file(ADDRESS)).former, 1);
        server.confirm(&server.mail_to(ADDRESS).link("/confirm/")).await.expect(200);
        let mut both = reached(&server, &brand).await;
        both.sort();
        assert_eq!(both, [ADDRESS, NEW]);
        // What ends for who was there before does not end for them.
        gone.erase(&server);
        assert_eq!((suppressed(&server, ADDRESS).len(), suppressed(&server, NEW).len()), (0, 1));
        assert_eq!(reached(&server, &brand).await, [ADDRESS]);
        assert_eq!(import(&server, old_file(ADDRESS)).former, 1);
    }

    async fn who_moves_back_is_at_home_there_and_has_left_the_other(server: TestServer) {
        let brand = server.demo_brand();
        let person = imported(&server, &brand, ADDRESS);
        moves(&server, &person, NEW).await;
        moves(&server, &person, ADDRESS).await;
        let report = import(&server, old_file(ADDRESS));
        assert_eq!((report.former, report.created), (0, 0));
        assert_eq!(import(&server, old_file(NEW)).former, 1);
        assert_eq!(reached(&server, &brand).await, [ADDRESS]);
    }

    async fn a_link_that_was_mailed_to_the_old_address_confirms_nothing_for_the_new_one(server: TestServer) {
        let person = Person::reader(&server);
        sign_up(&server, ADDRESS, &BOTH).await.expect(200);
        server.run_jobs().await;
        let link = server.mail_to(ADDRESS).link("/confirm/");
        server.get(&link).await.expect(200);
        moves(&server, &person, NEW).await;
        let before = server.snapshot();
        for page in [server.get(&link).await, server.post_form(&link, &[]).await] {
            let page = page.expect(410).text;
            assert!(page.contains("changed since") && page.contains("/b/civic/sign-up"), "{page}");
            assert!(!page.contains("Transport by email") && !page.contains("/p/"), "{page}");
        }
        assert_eq!(server.snapshot(), before);
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Pending));

        // The new address is asked anew, on the same day, and its own link works.
        sign_up(&server, NEW, &BOTH).await.expect(200);
        server.run_jobs().await;
        let link = server.mail_to(NEW).link("/confirm/");
        server.confirm(&link).await.expect(200);
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Granted));
        // Not even what was confirmed is shown to who reads the old mail.
        moves(&server, &person, "third@elsewhere.example").await;
        let page = server.get(&link).await.expect(410).text;
        assert!(page.contains("changed since") && !page.contains("/p/"), "{page}");
    }

    async fn a_confirmation_that_waits_while_the_address_changes_is_not_mailed(server: TestServer) {
        let (person, other) = (Person::reader(&server), server.other_brand());
        sign_up(&server, ADDRESS, &BOTH).await.expect(200);
        server.run_jobs().await;
        let form = format!("/b/{}/sign-up", other.slug);
        let fields = [("email", ADDRESS), ("shown", "newsletter:email"), ("choice", "newsletter:email")];
        server.post_read(&form, &fields).await.expect(200);
        server.run_jobs().await;
        moves(&server, &person, NEW).await;
        server.advance(Duration::from_secs(25 * 3600));
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "what was typed was the old address");
    }

    async fn what_comes_back_from_the_old_address_is_held_against_it_alone(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letters = ["ana@example.com", "ben@example.com"].map(|to| Letter::sent(&server, &brand, campaign, to));
        for letter in &letters {
            let person = Person { id: letter.person, brand: brand.clone() };
            moves(&server, &person, &format!("new-{}", letter.address)).await;
        }
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        let [ana, ben] = &letters;
        mta.deliver(&ana.mailbox("b"), &ana.message("postfix_unknown_user")).await;
        mta.deliver(&ben.mailbox("fbl"), &ben.report(&server, "yahoo_cfl_abuse")).await;
        let (anas, bens) = (ana.fate(&server), ben.fate(&server));
        assert_eq!((anas.bounce.as_deref(), anas.gets_email, anas.suppressed), (Some("bad_address"), true, vec!["hard_bounce".to_owned()]));
        assert_eq!((bens.complained, bens.gets_email, bens.suppressed), (true, true, vec!["complaint".to_owned()]));
        for letter in &letters {
            assert!(suppressed(&server, &format!("new-{}", letter.address)).is_empty());
        }
        // Whoever has an old letter can still end everything with it.
        mta.deliver(&ben.mailbox("u"), &ben.message("outlook_mailto_no_subject")).await;
        assert!(!ben.fate(&server).gets_email);
    }

    async fn a_late_bounce_does_not_meet_who_has_the_old_address_now(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let letter = Letter::sent(&server, &brand, campaign, "ana@example.com");
        moves(&server, &Person { id: letter.person, brand: brand.clone() }, NEW).await;
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let mut mta = Lmtp::connect(server.open_lmtp()).await;
        mta.deliver(&letter.mailbox("b"), &letter.message("postfix_unknown_user")).await;
        mta.deliver(&letter.mailbox("fbl"), &letter.report(&server, "yahoo_cfl_abuse")).await;
        assert!(letter.fate(&server).complained && letter.fate(&server).gets_email);
        let all: i64 = server.read(|conn| Ok(suppression::table.count().get_result(conn)?));
        assert_eq!(all, 0);
        // A letter that left after the change is about the address that they have now.
        let later = running_campaign(&server, &brand);
        let letter = Letter::to(&server, &brand, later, (letter.person, NEW));
        mta.deliver(&letter.mailbox("b"), &letter.message("postfix_unknown_user")).await;
        assert_eq!(suppressed(&server, NEW), ["hard_bounce"]);
    }
}

//! Another address: typed on the page of one's data, used after the button behind the link that is mailed there. Consents
//! and refusals go along, the old address is told, and nobody learns whose address it is.

use std::time::Duration;

use mannerly::domain::audience::subscriber;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::ledger::{Decision, Method};
use mannerly::domain::consent::opt_in::State;
use mannerly::domain::consent::suppression::Reason;

use crate::person::{ADDRESS, CANARIES, Person};
use crate::support::http::Answer;
use crate::support::server::TestServer;

pub(crate) const NEW: &str = "moved@elsewhere.example";

pub(crate) async fn ask(server: &TestServer, url: &str, address: &str) -> Answer {
    server.press(&server.form(url, "change-address").await.set("new_email", address)).await
}

/// Asks, and takes the link out of the mail to the new address.
pub(crate) async fn asked(server: &TestServer, person: &Person) -> String {
    ask(server, &person.data(server), NEW).await.expect(200);
    server.run_jobs().await;
    server.mail_to(NEW).link("/a/")
}

fn address_of(server: &TestServer, person: &Person) -> String {
    server.read(|conn| subscriber::get(conn, person.id)).email.unwrap().as_str().to_owned()
}

both_databases! {
    async fn a_new_address_takes_the_old_ones_place_after_its_button(server: TestServer) {
        let person = Person::reader(&server);
        let (old_preferences, old_unsubscribe) = (person.preferences(&server), person.unsubscribe(&server));
        let entries = person.ledger(&server).len();
        let page = ask(&server, &person.data(&server), " Moved@Elsewhere.example ").await.expect(200).text;
        assert!(page.contains("Check the new inbox") && page.contains(NEW), "{page}");
        server.run_jobs().await;
        let mail = server.mail_to(NEW);
        assert!(!mail.marketing && mail.text.contains("24 hours"));
        assert!(CANARIES.iter().all(|word| !mail.raw.contains(word)), "the new address learns nothing");
        let link = mail.link("/a/");

        let before = server.snapshot();
        let page = server.get(&link).await.expect(200).text;
        assert!(page.contains("Use this address?") && page.contains("m•••@e•••.example"), "{page}");
        assert_eq!((server.snapshot(), address_of(&server, &person)), (before, ADDRESS.to_owned()), "looking does nothing");

        let page = server.post_form(&link, &[("shown_language", "en")]).await.expect(200).text;
        assert!(page.contains("Your address is changed") && page.contains("m•••@e•••.example"), "{page}");
        assert_eq!(address_of(&server, &person), NEW);
        let said = person.ledger(&server).split_off(entries);
        assert_eq!(said.len(), 1, "the one consent to email, with its new evidence");
        let entry = &said[0];
        assert_eq!((entry.method, entry.decision), (Method::AddressChange, Decision::Granted));
        assert_eq!((entry.topic.as_deref(), entry.channel), (Some("newsletter"), Some(Channel::Email)));
        assert!(entry.wording.starts_with("What I chose at Civic Notes"), "{}", entry.wording);

        // The old address is told, and not where its owner went.
        server.run_jobs().await;
        let notice = server.mail_to(ADDRESS);
        assert!(notice.subject.contains("was changed") && notice.text.contains("m•••@e•••.example"));
        assert!(!notice.raw.contains(NEW) && notice.text.contains("privacy@civic.example.com"));

        // Old links are still this person's; a letter goes to the new address.
        server.get(&old_preferences).await.expect(200);
        server.campaign(&person.brand);
        server.run_jobs().await;
        server.mail_to(NEW);
        server.post_form(&old_unsubscribe, &[("List-Unsubscribe", "One-Click")]).await.expect(200);
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Withdrawn));
    }

    async fn a_link_to_the_data_that_went_to_the_old_address_shows_the_new_one_to_nobody(server: TestServer) {
        let person = Person::reader(&server);
        let old = person.data(&server);
        let link = asked(&server, &person).await;
        server.advance(Duration::from_secs(60));
        server.post_form(&link, &[]).await.expect(200);
        server.run_jobs().await;
        server.mail_to(ADDRESS);
        let page = server.get(&old).await.expect(410).text;
        assert!(!page.contains("elsewhere") && page.contains("before your address was changed") && page.contains("/b/civic/link"));
        server.post_form(&old, &[("action", "copy")]).await.expect(410);
        server.advance(Duration::from_secs(24 * 3600));
        server.get(&person.data(&server)).await.expect(200);
    }

    async fn whoever_has_the_address_the_answer_is_the_same(server: TestServer) {
        let person = Person::reader(&server);
        server.person(&person.brand, "taken@elsewhere.example").agrees("newsletter");
        server.suppress("child@elsewhere.example", None, Reason::Under13);
        let url = person.data(&server);
        let mut pages = Vec::new();
        for address in ["taken@elsewhere.example", "child@elsewhere.example", "fresh@elsewhere.example"] {
            pages.push(ask(&server, &url, address).await.expect(200).text.replace(address, "…"));
        }
        assert_eq!((&pages[0], &pages[1]), (&pages[2], &pages[2]));
        server.run_jobs().await;
        // Only the last wish stands; the others were given up for it before anybody looked at them.
        let mail = server.mail_to("fresh@elsewhere.example");
        assert!(mail.subject.contains("confirm your new address"));
    }

    async fn the_owner_of_an_address_is_told_how_to_get_there_and_nothing_is_merged(server: TestServer) {
        let person = Person::reader(&server);
        server.person(&person.brand, "taken@elsewhere.example").agrees("newsletter");
        ask(&server, &person.data(&server), "taken@elsewhere.example").await.expect(200);
        server.run_jobs().await;
        let mail = server.mail_to("taken@elsewhere.example");
        assert!(mail.subject.contains("known to Civic Notes already"), "{}", mail.subject);
        assert!(CANARIES.iter().all(|word| !mail.raw.contains(word)));
        assert!(server.get(&mail.link("/p/")).await.expect(200).text.contains("t•••@e•••.example"));
        assert_eq!(address_of(&server, &person), ADDRESS);
    }

    async fn an_address_that_found_an_owner_meanwhile_is_left_to_them(server: TestServer) {
        let person = Person::reader(&server);
        let link = asked(&server, &person).await;
        server.person(&person.brand, NEW);
        let before = server.snapshot();
        let page = server.post_form(&link, &[]).await.expect(409).text;
        assert!(page.contains("has an account of its own") && page.contains("/b/civic/link"));
        assert_eq!(server.snapshot(), before);
    }

    async fn a_childs_address_and_one_that_complained_get_no_mail(server: TestServer) {
        let person = Person::reader(&server);
        for (address, reason) in [("child@elsewhere.example", Reason::Under13), ("no@elsewhere.example", Reason::Complaint)] {
            server.suppress(address, None, reason);
            ask(&server, &person.data(&server), address).await.expect(200);
            server.run_jobs().await;
            assert!(server.mails().is_empty(), "{address}");
        }
    }

    async fn the_owner_of_an_address_that_complained_is_not_written_to_because_a_stranger_typed_it(server: TestServer) {
        let person = Person::reader(&server);
        server.person(&person.brand, "taken@elsewhere.example").agrees("newsletter");
        server.suppress("taken@elsewhere.example", None, Reason::Complaint);
        ask(&server, &person.data(&server), "taken@elsewhere.example").await.expect(200);
        server.run_jobs().await;
        assert!(server.mails().is_empty());
    }

    async fn an_address_that_once_said_no_gets_no_marketing_and_the_person_is_told(server: TestServer) {
        let person = Person::reader(&server);
        server.suppress(NEW, None, Reason::Objection);
        let link = asked(&server, &person).await;
        let page = server.post_form(&link, &[]).await.expect(200).text;
        assert!(page.contains("no emails to this address"), "{page}");
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Withdrawn));
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Granted));
        server.run_jobs().await;
        server.mail_to(ADDRESS);
        // Chosen anew behind a link of theirs, it comes.
        let choices = server.form(&person.preferences(&server), "save").await.tick("choice", "newsletter:email");
        server.press(&choices).await.expect(200);
        server.campaign(&person.brand);
        server.run_jobs().await;
        server.mail_to(NEW);
    }

    async fn nobody_gets_rid_of_a_suppression_by_another_address(server: TestServer) {
        let person = Person::reader(&server);
        let link = asked(&server, &person).await;
        server.suppress(ADDRESS, Some(person.brand.id), Reason::Complaint);
        server.suppress(ADDRESS, None, Reason::HardBounce);
        server.post_form(&link, &[]).await.expect(200);
        let campaign = server.campaign(&person.brand);
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "the old address does not exist, and the person complained");
        assert_eq!(server.outcomes(&campaign), [("skipped suppressed_complaint".to_owned(), 1)]);
    }

    async fn of_two_links_only_the_newer_one_works_and_none_for_ever(server: TestServer) {
        let person = Person::reader(&server);
        let first = asked(&server, &person).await;
        ask(&server, &person.data(&server), "other@elsewhere.example").await.expect(200);
        server.run_jobs().await;
        let second = server.mail_to("other@elsewhere.example").link("/a/");
        let page = server.get(&first).await.expect(410).text;
        assert!(page.contains("A newer link took its place") && page.contains("Civic Notes") && page.contains("/b/civic/link"));
        server.post_form(&first, &[]).await.expect(410);
        server.advance(Duration::from_secs(24 * 3600 + 1));
        let page = server.get(&second).await.expect(410).text;
        assert!(page.contains("works for 24 hours") && page.contains("Civic Notes"), "{page}");
        server.post_form(&second, &[]).await.expect(410);
        assert_eq!(address_of(&server, &person), ADDRESS);
        server.run_jobs().await;
        let kept = server.snapshot();
        assert!(!kept.iter().any(|row| row.contains("elsewhere.example")), "what was typed is forgotten");
    }

    async fn what_was_typed_goes_with_the_person_and_the_old_address_after_its_notice(server: TestServer) {
        let person = Person::reader(&server);
        let link = asked(&server, &person).await;
        server.post_form(&link, &[]).await.expect(200);
        server.run_jobs().await;
        server.mail_to(ADDRESS);
        server.advance(Duration::from_secs(7 * 24 * 3600));
        server.run_jobs().await;
        assert!(!server.snapshot().iter().any(|row| row.contains(ADDRESS)));
        ask(&server, &person.data(&server), "third@elsewhere.example").await.expect(200);
        person.erase(&server);
        assert!(!server.snapshot().iter().any(|row| row.contains("elsewhere.example")));
        server.run_jobs().await;
        server.get(&link).await.expect(404);
    }

    async fn an_address_that_is_none_is_said_beside_the_field(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.data(&server);
        let before = server.snapshot();
        for (typed, says) in [("", "Enter an email address"), ("ana@", "domain"), (ADDRESS, "This is the address we have")] {
            let page = ask(&server, &url, typed).await.expect(422).text;
            assert!(page.contains("href=\"#new_email\"") && page.contains(says), "{typed}");
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn nobody_is_flooded_with_links(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.data(&server);
        for _ in 0..3 {
            ask(&server, &url, NEW).await.expect(200);
            server.run_jobs().await;
        }
        assert_eq!(server.mails().len(), 1, "the same wish is one wish");
        for number in 0..5 {
            ask(&server, &url, &format!("a{number}@elsewhere.example")).await.expect(200);
            server.run_jobs().await;
        }
        assert_eq!(server.mails().len(), 2, "three a day are enough for anyone");
        let second = server.person(&person.brand, "second@council.example").id;
        let second = Person { id: second, brand: person.brand.clone() };
        ask(&server, &second.data(&server), "a1@elsewhere.example").await.expect(200);
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "one address is mailed about one wish a day");
    }

    async fn an_inbox_gets_one_mail_a_day_whatever_becomes_of_the_wishes(server: TestServer) {
        let brand = server.demo_brand();
        for number in 0..4 {
            let id = server.person(&brand, &format!("p{number}@council.example")).id;
            let person = Person { id, brand: brand.clone() };
            let url = person.data(&server);
            ask(&server, &url, "victim@elsewhere.example").await.expect(200);
            server.run_jobs().await;
            ask(&server, &url, &format!("nobody{number}@elsewhere.example")).await.expect(200);
            server.run_jobs().await;
            person.erase(&server);
        }
        server.mail_to("victim@elsewhere.example");
        let kept = server.snapshot().into_iter().filter(|row| row.starts_with("address_change"));
        assert!(kept.clone().all(|row| !row.contains("elsewhere")), "{:?}", kept.collect::<Vec<_>>());
        server.advance(Duration::from_secs(24 * 3600 + 1));
        server.run_jobs().await;
        server.mails();
        let id = server.person(&brand, "tomorrow@council.example").id;
        ask(&server, &Person { id, brand }.data(&server), "victim@elsewhere.example").await.expect(200);
        server.run_jobs().await;
        server.mail_to("victim@elsewhere.example");
    }

    async fn whoever_comes_back_to_the_first_address_finds_its_link_working(server: TestServer) {
        let person = Person::reader(&server);
        let first = asked(&server, &person).await;
        ask(&server, &person.data(&server), "other@elsewhere.example").await.expect(200);
        server.run_jobs().await;
        let second = server.mail_to("other@elsewhere.example").link("/a/");
        server.get(&first).await.expect(410);
        ask(&server, &person.data(&server), NEW).await.expect(200);
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "they have the link");
        server.post_form(&second, &[]).await.expect(410);
        server.post_form(&first, &[]).await.expect(200);
        assert_eq!(address_of(&server, &person), NEW);
        server.run_jobs().await;
        server.mail_to(ADDRESS);
    }
}

//! Correcting one's data, on the page behind the mailed link: it holds at once, two tabs do not undo each other, and taking
//! away a number or a postal address ends what was agreed to by that way.

use mannerly::domain::audience::subscriber;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::ledger::{Decision, Method};
use mannerly::domain::consent::opt_in::State;

use crate::person::Person;
use crate::support::form::BrowserForm;

both_databases! {
    async fn what_was_corrected_is_used_at_once_and_shown_again(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.data(&server);
        let open = server.form(&url, "correct").await
            .set("first_name", "Ana")
            .set("last_name", " Marlowe ")
            .set("company", "Council of Exampleton")
            .set("country", "United Kingdom")
            .set("phone", "+44 118 496 0999")
            .set("postal_address", "1 New Road\r\nExampleton")
            .set("locale", "cy");
        let saved = server.press(&open).await.expect(200);
        assert_eq!(saved.header("content-language"), "cy", "it is read on in the language that was chosen");
        let page = server.get(&format!("{url}?lang=en")).await.expect(200).text.replace("&#43;", "+");
        for word in ["Marlowe", "Council of Exampleton", "value=\"United Kingdom\"", "+44 118 496 0999", "1 New Road, Exampleton"] {
            assert!(page.contains(word), "{word}");
        }
        let stored = server.read(|conn| subscriber::get(conn, person.id));
        assert_eq!((stored.last_name.as_deref(), stored.locale.as_deref()), (Some("Marlowe"), Some("cy")));
        assert_eq!(stored.country.as_deref(), Some("GB"));
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Granted), "a new address keeps it");
        server.campaign(&person.brand);
        server.run_jobs().await;
        assert!(server.mail_to(crate::person::ADDRESS).text.contains("Ana"), "the next letter greets as corrected");
    }

    async fn a_number_that_is_taken_away_takes_its_consents_along_at_every_brand(server: TestServer) {
        let person = Person::reader(&server);
        let elsewhere = person.at(server.other_brand());
        person.grant(&server, "events", Channel::Phone);
        elsewhere.grant(&server, "transport", Channel::Phone);
        let (url, entries) = (person.data(&server), person.ledger(&server).len());
        let page = server.get(&url).await.expect(200).text;
        assert!(page.contains("If you empty this, we call you no more"), "it is said before");
        let open = BrowserForm::with_button(&page, "correct").set("phone", "");
        let saved = server.press(&open).await.expect(200).text;
        assert!(saved.contains("what you chose by phone or by post has ended"), "and after: {saved}");
        assert_eq!(person.state(&server, "events", Channel::Phone), Some(State::Withdrawn));
        assert_eq!(elsewhere.state(&server, "transport", Channel::Phone), Some(State::Withdrawn));
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Granted));
        let said = person.ledger(&server).split_off(entries);
        let brands: Vec<&str> = said.iter().map(|entry| entry.brand.as_str()).collect();
        assert_eq!(brands, ["civic", "harbour"]);
        for entry in &said {
            assert_eq!((entry.method, entry.decision), (Method::DataPage, Decision::Withdrawn));
            assert_eq!((entry.channel, entry.topic.as_deref()), (Some(Channel::Phone), None));
            assert!(entry.wording.starts_with("If you empty this, we call you no more"), "{}", entry.wording);
        }
        // A number that comes back later wakes nothing up.
        server.press(&server.form(&url, "correct").await.set("phone", "+44 118 496 0123")).await.expect(200);
        assert_eq!(person.state(&server, "events", Channel::Phone), Some(State::Withdrawn));
    }

    async fn a_program_that_takes_a_number_away_ends_the_same_and_no_file_wakes_it_up(server: TestServer) {
        let person = Person::reader(&server);
        let elsewhere = person.at(server.other_brand());
        person.grant(&server, "events", Channel::Phone);
        elsewhere.grant(&server, "transport", Channel::Phone);
        let key = crate::api::admin(&server);
        let id = server.read(|conn| subscriber::get(conn, person.id)).public_id;
        let entries = person.ledger(&server).len();
        let profile = serde_json::json!({"first_name": "Canaria", "postal_address": "9 Canary Row"});
        server.api(&key, "PUT", &format!("/subscribers/{id}/profile"), profile).await.expect(200);
        let said = person.ledger(&server).split_off(entries);
        let brands: Vec<&str> = said.iter().map(|entry| entry.brand.as_str()).collect();
        assert_eq!(brands, ["civic", "harbour"]);
        for entry in &said {
            assert_eq!((entry.method, entry.decision, entry.channel), (Method::Api, Decision::Withdrawn, Some(Channel::Phone)));
        }
        let file = format!("email,phone,topics,consented_at\n{},+44 118 496 0777,newsletter:email,2026-03-01T09:30:00Z\n", crate::person::ADDRESS);
        crate::import::import(&server, file);
        let stored = server.read(|conn| subscriber::get(conn, person.id));
        assert_eq!(stored.phone.as_deref(), Some("+44 118 496 0777"));
        assert_eq!(person.state(&server, "events", Channel::Phone), Some(State::Withdrawn));
        assert_eq!(elsewhere.state(&server, "transport", Channel::Phone), Some(State::Withdrawn));
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Granted));
    }

    async fn what_cannot_be_stored_is_said_beside_the_field_and_what_was_typed_stays(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.data(&server);
        let before = server.snapshot();
        for (field, typed) in [("phone", "call me"), ("country", "Atlantis"), ("company", &*"x".repeat(300))] {
            let open = server.form(&url, "correct").await.set(field, typed).set("first_name", "Ana");
            let page = server.press(&open).await.expect(422).text;
            assert!(page.contains("<title>Error") && page.contains(&format!("href=\"#{field}\"")), "{field}");
            assert!(page.contains(typed) && page.contains("value=\"Ana\""), "{field}: what was typed stays");
        }
        // A form that lacks a field is none of this page: nothing is emptied for it.
        let open = server.form(&url, "correct").await;
        let fields: Vec<_> = open.pressed().into_iter().filter(|(name, _)| *name != "phone").collect();
        server.post_form(&url, &fields).await.expect(422);
        let open = server.form(&url, "correct").await.set("locale", "xx");
        server.press(&open).await.expect(422);
        assert_eq!(server.snapshot(), before);
    }

    async fn a_country_is_typed_as_people_call_it_and_shown_by_its_name_in_the_language_of_the_page(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.data(&server);
        for (lang, typed, shown) in [
            ("fr", "Grande Bretagne", "Royaume-Uni"), ("de", "uk", "Vereinigtes Königreich"), ("cy", "Cymru", "Y Deyrnas Unedig"),
        ] {
            let page = server.get(&format!("{url}?lang={lang}")).await.expect(200).text;
            let form = BrowserForm::with_button(&page, "correct").set("country", typed).set("company", lang);
            server.press(&form).await.expect(200);
            let page = server.get(&format!("{url}?lang={lang}")).await.expect(200).text;
            assert!(page.contains(&format!("<dd>{shown}</dd>")) && page.contains(&format!("value=\"{shown}\"")), "{page}");
            assert_eq!(server.read(|conn| subscriber::get(conn, person.id)).country.as_deref(), Some("GB"));
        }
        server.press(&server.form(&url, "correct").await.set("country", "")).await.expect(200);
        assert_eq!(server.read(|conn| subscriber::get(conn, person.id)).country, None);
    }

    async fn two_tabs_do_not_undo_each_other(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.data(&server);
        let (one, two) = (server.form(&url, "correct").await, server.form(&url, "correct").await);
        server.press(&one.set("company", "Council")).await.expect(200);
        let between = server.snapshot();
        let again = server.press(&two.set("first_name", "Ana")).await.expect(409).text;
        assert!(again.contains("Your data changed in the meantime") && again.contains("value=\"Ana\""));
        assert_eq!(server.snapshot(), between);
        // Looked at once more, it is saved as typed.
        server.press(&BrowserForm::with_button(&again, "correct").set("company", "Council")).await.expect(200);
        let stored = server.read(|conn| subscriber::get(conn, person.id));
        assert_eq!((stored.first_name.as_deref(), stored.company.as_deref()), (Some("Ana"), Some("Council")));
    }

    async fn a_language_that_was_not_touched_stays_as_it_is_written(server: TestServer) {
        let person = Person::reader(&server);
        server.write(|conn, _| subscriber::set_locale(conn, person.id, Some("fr-BE")));
        let url = person.data(&server);
        server.press(&server.form(&url, "correct").await.set("first_name", "Ana")).await.expect(200);
        assert_eq!(server.read(|conn| subscriber::get(conn, person.id)).locale.as_deref(), Some("fr-BE"));
        server.press(&server.form(&url, "correct").await.set("locale", "")).await.expect(200);
        assert_eq!(server.read(|conn| subscriber::get(conn, person.id)).locale, None);
    }
}

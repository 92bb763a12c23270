//! The data page: it shows everything, hands out a copy, and erases, behind a link that is good for a short time.

use std::time::Duration;

use mannerly::domain::audience::subscriber;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::ledger::Method;
use mannerly::domain::consent::opt_in::State;
use mannerly::domain::consent::permission::Kind;
use mannerly::i18n::Lang;
use mannerly::web::page::PreferencesPage;
use serde_json::{Value, json};

use crate::person::{CANARIES, Person};
use crate::support::form::BrowserForm;
use crate::support::http::link_to;

const ERASE: [(&str, &str); 2] = [("action", "erase"), ("understood", "yes")];

both_databases! {
    async fn the_choices_lead_to_every_right_and_to_whoever_hears_complaints(server: TestServer) {
        let person = Person::reader(&server);
        let contact = format!("href=\"mailto:{}\"", person.brand.contact_email.as_str());
        for lang in Lang::ALL {
            let page = server.get(&format!("{}?lang={}", person.preferences(&server), lang.tag())).await.expect(200).text;
            let rights = page.split("id=\"data\"").nth(1).unwrap().split("</section>").next().unwrap();
            for link in [&*contact, &format!("href=\"{}\"", PreferencesPage::ICO), &format!("href=\"{}\"", PreferencesPage::EDPB)] {
                assert!(rights.contains(link), "{lang:?}: {link}");
            }
            assert!(page.contains("href=\"#data\""), "they are one link away from the top");
            server.press(&BrowserForm::with_button(&page, "data-link")).await.expect(200);
            server.run_jobs().await;
            let data = server.get(&server.mail_to(CANARIES[0]).link("/d/")).await.expect(200).text;
            for right in ["copy", "correct", "change-address", "erase"] {
                assert!(data.contains(&format!("name=\"action\" value=\"{right}\"")), "{lang:?}: {right}");
            }
            assert!(data.contains(&contact) && data.contains(&person.brand.policy_url), "{lang:?}");
            server.advance(Duration::from_secs(24 * 60 * 60));
        }
        let result = server.post_form(&person.preferences(&server), &[("action", "stop")]).await.expect(200).text;
        for page in [&result, &server.get(&person.unsubscribe(&server)).await.expect(200).text] {
            assert!(page.contains(&contact) && page.contains(&person.brand.policy_url));
            server.get(link_to(page, "/p/")).await.expect(200);
        }
    }

    async fn the_page_shows_what_is_held_and_looking_changes_nothing(server: TestServer) {
        let person = Person::reader(&server);
        let before = server.snapshot();
        let page = server.get(&person.data(&server)).await.expect(200).text.replace("&#43;", "+");
        for word in CANARIES {
            assert!(page.contains(word), "{word}");
        }
        assert!(page.contains("A sign-up form of ours") && page.contains("Newsletter by post"));
        for heading in ["About you", "What you answered", "What else we have written down"] {
            assert!(page.contains(&format!("<h2>{heading}</h2>")), "{heading}");
        }
        assert!(!page.contains("What you did on our pages") && !page.contains("forbid us"), "what there is none of is not shown");
        let page = server.get(&format!("{}?lang=de", person.data(&server))).await.expect(200).text;
        assert!(page.contains("Ein Anmeldeformular von uns") && !page.contains("Sign-up form"), "{page}");
        assert_eq!(server.snapshot(), before);
    }

    async fn the_copy_is_a_file_with_everything(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Opens);
        let answer = server.post_form(&person.data(&server), &[("action", "copy")]).await.expect(200);
        assert!(answer.header("content-disposition").starts_with("attachment"));
        let copy = answer.json();
        assert_eq!(copy["person"]["email"], CANARIES[0]);
        assert_eq!(copy["source"]["name"], "Sign-up form");
        assert_eq!(copy["opt_ins"].as_array().unwrap().len(), 2);
        assert_eq!(copy["permissions"][0]["kind"], "opens");
        assert_eq!(copy["ledger"].as_array().unwrap().len(), 3);
        assert_eq!(copy["ledger"][0]["wording"], person.brand.consent_wording);
        assert_eq!(copy["about"]["brands"][0]["legal_name"], "Civic Notes Publishing Ltd");
    }

    async fn the_copy_and_the_page_tell_what_the_person_did(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        server.post_form(&url, &[("action", "pause"), ("pause_for", "3")]).await.expect(200);
        server.advance(Duration::from_secs(60));
        server.post_form(&url, &[("action", "stop")]).await.expect(200);
        let copy = server.post_form(&person.data(&server), &[("action", "copy")]).await.expect(200).json();
        let acts = copy["acts"].as_array().unwrap();
        assert_eq!((&acts[0]["kind"], &acts[1]["kind"]), (&"paused".into(), &"stopped".into()));
        assert_eq!(acts[0]["at"], "2026-11-21T10:00:00Z");
        assert_eq!(acts[1]["withdrawn"][0], serde_json::json!({ "topic": "Newsletter", "channel": "email" }));
        assert_eq!(copy["brand_choices"][0]["at_most"], "each");
        assert!(copy["address_changes"].as_array().unwrap().is_empty());
        let page = server.get(&person.data(&server)).await.expect(200).text.replace("&#43;", "+");
        for words in ["21 November 2026, 10:01 UTC", "You stopped everything.", "You asked for a pause.", "until 21 February 2027"] {
            assert!(page.contains(words), "{words}: {page}");
        }
    }

    async fn a_closed_account_says_what_is_gone_and_what_stays_however_often_it_is_closed(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.data(&server);
        let first = server.post_form(&url, &ERASE).await.expect(200).text;
        for words in ["Your account is closed", "What is gone", "What stays", "scrambled form", "leads to nobody"] {
            assert!(first.contains(words), "{words}");
        }
        assert_eq!(server.post_form(&url, &ERASE).await.expect(200).text, first);
    }

    async fn what_a_closed_account_says_of_the_links_in_old_letters_is_so(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Clicks);
        crate::tracking::send(&server, &person.brand).await;
        let letter = server.mail_to(CANARIES[0]);
        let page = server.post_form(&person.data(&server), &ERASE).await.expect(200).text;
        for words in ["links to other pages keep working, and so does Unsubscribe", "link to your choices leads nowhere"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let rows = server.snapshot();
        server.get(&crate::tracking::link_of(&letter)).await.expect(302);
        server.get(&letter.link("/u/")).await.expect(200);
        server.get(&letter.link("/p/")).await.expect(404);
        assert_eq!(server.snapshot(), rows, "nothing is recorded");
    }

    async fn erasing_needs_a_box_ticked_by_the_person(server: TestServer) {
        let person = Person::reader(&server);
        let before = server.snapshot();
        let url = person.data(&server);
        let page = server.post_form(&url, &[("action", "erase")]).await.expect(422).text;
        assert!(page.contains("Tick the box") && page.contains("I understand that my data will be erased"));
        server.post_form(&url, &[("action", "")]).await.expect(422);
        assert_eq!(server.snapshot(), before);
    }

    async fn after_erasure_no_row_of_any_table_holds_anything_personal(server: TestServer) {
        let person = Person::reader(&server);
        let elsewhere = person.at(server.other_brand());
        elsewhere.grant(&server, "newsletter", Channel::Email);
        let entries = person.ledger(&server).len();
        let url = person.data(&server);
        let holds = |word: &str| server.snapshot().iter().any(|row| row.contains(word));
        assert!(CANARIES.iter().all(|word| holds(word)));
        server.post_form(&url, &ERASE).await.expect(200);
        for word in CANARIES {
            assert!(!holds(word), "{word}");
        }
        let ledger = person.ledger(&server).split_off(entries);
        let brands: Vec<&str> = ledger.iter().map(|entry| entry.brand.as_str()).collect();
        assert_eq!(brands, ["civic", "harbour"], "every brand that knew the person");
        assert!(ledger.iter().all(|entry| entry.method == Method::Erasure));
        let suppressed = |row: &&String| row.starts_with("suppression: ") && row.contains("erasure");
        assert_eq!(server.snapshot().iter().filter(suppressed).count(), 3, "email, phone and post");
        let after = server.snapshot();
        server.get(&url).await.expect(404);
        server.post_form(&url, &ERASE).await.expect(200);
        server.post_form(&url, &[("action", "copy")]).await.expect(404);
        assert_eq!(server.snapshot(), after, "a second press finds nothing to erase");
    }

    async fn what_was_shown_at_an_erasure_is_kept_in_its_language_and_nothing_where_nothing_was(server: TestServer) {
        let person = Person::reader(&server);
        let german = server.request("POST", &person.data(&server)).header("accept-language", "de").form(&ERASE);
        assert_eq!(german.send().await.unwrap().status(), 200);
        let entry = person.ledger(&server).pop().unwrap();
        assert_eq!((entry.form.as_str(), entry.language.as_deref()), ("erasure", Some("de")));
        assert!(entry.wording.starts_with("Ich verstehe, dass meine Daten"), "{}", entry.wording);

        let ana = server.person(&person.brand, "ana@example.com").agrees("newsletter");
        let key = crate::api::admin(&server);
        let id = server.read(|conn| mannerly::domain::audience::subscriber::get(conn, ana.id)).public_id;
        let path = format!("/subscribers/{id}");
        server.api(&key, "DELETE", &path, serde_json::Value::Null).await.expect(204);
        let ledger = server.read(|conn| mannerly::domain::consent::ledger::of_subscriber(conn, ana.id, 0, 100));
        let entry = ledger.last().unwrap();
        assert_eq!((entry.form.as_str(), entry.wording.as_str(), &entry.language), ("api", "", &None));
    }

    async fn an_old_link_shows_nothing_and_does_nothing(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.data(&server);
        server.advance(Duration::from_secs(3601));
        let page = server.get(&url).await.expect(410).text;
        assert!(!page.contains("canary"));
        for words in ["worked for 24 hours only", "Civic Notes", &person.brand.registered_address, "href=\"/b/civic/link\"", "?lang=cy"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        server.write(|conn, _| subscriber::set_locale(conn, person.id, Some("cy")));
        let before = server.snapshot();
        assert_eq!(server.get(&url).await.expect(410).header("content-language"), "cy", "what the person reads");
        server.post_form(&url, &ERASE).await.expect(410);
        server.post_form(&url, &[("action", "copy")]).await.expect(410);
        assert_eq!(server.snapshot(), before);
    }

    async fn a_link_to_the_data_goes_to_the_address_and_only_there(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        for _ in 0..5 {
            let page = server.post_form(&url, &[("action", "data-link")]).await.expect(200).text;
            assert!(page.contains("c•••@c•••.example") && !page.contains("/d/"));
            assert!(CANARIES.iter().all(|word| !page.contains(word)));
        }
        server.run_jobs().await;
        let mails = server.mails();
        assert_eq!(mails.len(), 3, "three a day are enough for anyone");
        assert!(mails.iter().all(|mail| mail.to == CANARIES[0] && !mail.marketing));
        let link = mails[0].text.split_whitespace().find(|word| word.contains("/d/")).unwrap();
        let page = server.get(link).await.expect(200).text;
        assert!(page.contains(CANARIES[0]));
        server.advance(Duration::from_secs(24 * 3600 + 1));
        server.get(link).await.expect(410);
    }

    async fn what_waits_when_a_person_is_erased_never_comes_back(server: TestServer) {
        let person = Person::reader(&server);
        server.post_form("/b/civic/link", &[("email", CANARIES[0])]).await.expect(200);
        server.post_form(&person.preferences(&server), &[("action", "data-link")]).await.expect(200);
        person.erase(&server);
        let after = server.snapshot();
        assert!(CANARIES.iter().all(|word| !after.iter().any(|row| row.contains(word))));
        server.run_jobs().await;
        assert!(server.mails().is_empty());
        assert_eq!(server.snapshot(), after);
    }

    async fn who_is_suppressed_as_a_child_or_as_erased_is_erased_by_the_same_request(server: TestServer) {
        let person = Person::reader(&server);
        let key = crate::api::admin(&server);
        let id = server.read(|conn| subscriber::get(conn, person.id)).public_id;
        server.post_form(&person.preferences(&server), &[("action", "data-link")]).await.expect(200);
        let mut form = json!({"address": CANARIES[0].to_uppercase(), "channel": "email", "reason": "under_13", "brand": "civic"});
        let before = server.snapshot();
        server.api(&key, "POST", "/suppressions", form.clone()).await.expect(422);
        assert_eq!(server.snapshot(), before, "a child is one at every brand");
        form.as_object_mut().unwrap().remove("brand");
        let made = server.api(&key, "POST", "/suppressions", form.clone()).await.expect(200).json();
        assert_eq!(made["reason"], "under_13");
        server.api(&key, "GET", &format!("/subscribers/{id}"), Value::Null).await.expect(404);
        for word in CANARIES {
            assert!(!server.snapshot().iter().any(|row| row.contains(word)), "{word}");
        }
        assert_eq!(person.ledger(&server).pop().unwrap().method, Method::Erasure);
        assert_eq!(server.api(&key, "POST", "/suppressions", form).await.expect(200).json(), made, "once more");

        let ana = server.person(&person.brand, "ana@example.com");
        let (id, erased) = (server.read(|conn| subscriber::get(conn, ana.id)).public_id, "erasure");
        let form = json!({"address": "ana@example.com", "channel": "email", "reason": erased});
        server.api(&key, "POST", "/suppressions", form).await.expect(200);
        server.api(&key, "GET", &format!("/subscribers/{id}"), Value::Null).await.expect(404);
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "what waited for a child is taken back");
    }

    async fn a_number_or_an_address_by_post_that_a_child_may_share_erases_nobody(server: TestServer) {
        let person = Person::reader(&server);
        let key = crate::api::admin(&server);
        for (channel, address) in [("phone", CANARIES[3]), ("post", CANARIES[4])] {
            let form = json!({"address": address, "channel": channel, "reason": "under_13"});
            server.api(&key, "POST", "/suppressions", form).await.expect(200);
        }
        assert_eq!(server.person_id(CANARIES[0]), person.id);
    }

    async fn a_childs_data_does_not_come_back_by_any_door_and_no_mail_goes_there(server: TestServer) {
        let brand = server.demo_brand();
        let key = crate::api::admin(&server);
        let child = "child@example.com";
        // Somebody whom an earlier version left as they were.
        let person = server.person(&brand, child).agrees("newsletter");
        server.suppress(child, None, mannerly::domain::consent::suppression::Reason::Under13);
        server.post_form("/b/civic/link", &[("email", child)]).await.expect(200);
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "no link either");
        let keys = server.app.keys.clone();
        server.write(|conn, now| mannerly::domain::privacy::erase(conn, &keys, person.id, "test", now));
        let form = json!({"email": "Child@Example.com", "source": {"name": "CRM", "kind": "api"}});
        server.api(&key, "POST", "/subscribers", form).await.expect(409);
        let file = format!("email,topics,consented_at\n{child},newsletter:email,2026-11-21T09:00:00Z\n");
        let report = crate::consent::import_file(&server, crate::support::people::own_source(), &file);
        assert_eq!((report.created, report.suppressed), (0, 1));
        crate::sign_up::sign_up_for_the_newsletter(&server, child).await.expect(200);
        server.run_jobs().await;
        assert!(server.mails().is_empty());
        assert!(!server.snapshot().iter().any(|row| row.contains(child)));
    }

    async fn while_use_of_their_data_is_restricted_a_persons_pages_say_that_nothing_is_sent(server: TestServer) {
        let person = Person::reader(&server);
        let key = crate::api::admin(&server);
        let id = server.read(|conn| subscriber::get(conn, person.id)).public_id;
        let path = format!("/subscribers/{id}/restriction");
        let choices = person.preferences(&server);
        let told = "Nothing is sent to you at the moment: use of your data is restricted since 21 November 2026";
        assert!(!server.get(&choices).await.expect(200).text.contains("restricted"));
        server.api(&key, "PUT", &path, Value::Null).await.expect(200);
        let form = server.form(&choices, "save").await.tick("choice", "events:email");
        let saved = server.press(&form).await.expect(200).text;
        let pages = [
            saved, server.get(&choices).await.expect(200).text, server.get(&person.data(&server)).await.expect(200).text,
        ];
        for page in pages {
            assert!(page.contains(told), "{page}");
        }
        let german = server.get(&format!("{choices}?lang=de")).await.expect(200).text;
        assert!(german.contains("Zurzeit wird Ihnen nichts gesendet"), "{german}");
        server.campaign(&person.brand);
        server.run_jobs().await;
        assert!(server.mails().is_empty(), "it is true");
        server.api(&key, "DELETE", &path, Value::Null).await.expect(200);
        assert!(!server.get(&choices).await.expect(200).text.contains("restricted"));
        assert_eq!(person.state(&server, "events", Channel::Email), Some(State::Granted), "it counts now");
    }
}

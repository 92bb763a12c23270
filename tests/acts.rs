//! What a person decides on the preference page and what they find afterwards: the walk from one mail through all of it,
//! and each button of the page.

use std::time::Duration;

use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::ledger::Decision;
use mannerly::domain::consent::opt_in::{Answer as Answered, State};
use mannerly::domain::consent::permission::{Kind, State as PermissionState};
use mannerly::token::ConfirmLink;
use serde_json::Value;

use crate::person::{ADDRESS, CANARIES, Person};
use crate::receipts::verified;
use crate::support::form::{BrowserForm, field};
use crate::support::http::{Answer, link_to, links};

both_databases! {
    async fn from_one_mail_to_webinars_only_a_pause_no_tracking_undo_and_a_receipt(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Opens);
        server.campaign(&person.brand);
        server.run_jobs().await;
        let mail = server.mail_to(ADDRESS);
        let url = mail.link("/p/");

        // Webinars by email only, and no tracking.
        let page = server.get(&url).await.expect(200).text;
        let choices = BrowserForm::with_button(&page, "save")
            .untick_all("choice")
            .tick("choice", "webinars:email")
            .untick("permission", "opens");
        let saved = server.press(&choices).await.expect(200).text;
        for words in [
            "Saved, and it works now", "by email", "no longer count when you open",
            "Done on 21 November 2026 at 10:00 UTC, and in force since then.",
            "An email that had left us before", "Post that was already being printed or on its way.",
        ] {
            assert!(saved.contains(words), "{words}:\n{saved}");
        }
        assert_eq!(person.state(&server, "webinars", Channel::Email), Some(State::Granted));
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Withdrawn));
        assert_eq!(person.permission(&server, Kind::Opens), Some(PermissionState::Refused));

        // A pause of a month, whose receipt says in which language it was asked for.
        let pause = server.form(&url, "pause").await.set("pause_for", "1");
        let paused = server.press(&pause).await.expect(200).text;
        assert!(paused.contains("<h1>Paused until 21 December 2026</h1>"), "{paused}");
        let receipt = server.get(link_to(&paused, "/receipt.json")).await.expect(200).json();
        assert_eq!(verified(&server, &receipt).await["events"][0]["language"], "en-GB");
        let again = server.get(&url).await.expect(200).text;
        assert!(again.contains("pauses until 21 December 2026") && again.contains("value=\"resume\""));
        // Nothing else changed, and nothing comes before its end.
        assert!(!paused.contains("Also changed") && !paused.contains("What changed"), "{paused}");
        assert!(paused.contains("Unchanged, and it comes again after the pause"), "{paused}");

        // Taken back.
        let undone = server.press(&BrowserForm::with_button(&paused, "undo")).await.expect(200).text;
        assert!(undone.contains("<h1>Undone</h1>") && undone.contains("The pause is over."), "{undone}");
        assert!(server.get(&url).await.expect(200).text.contains("value=\"pause\""));

        // The receipt of the first step.
        let receipt = server.get(link_to(&saved, "/receipt.json")).await.expect(200);
        assert!(receipt.header("content-disposition").starts_with("attachment"));
        let signed = verified(&server, &receipt.json()).await;
        assert_eq!(receipt.json()["receipt"], signed, "what is shown is what is signed");
        let purposes = signed["processing"]["purposes"].as_array().unwrap();
        assert_eq!(purposes.len(), 1);
        assert_eq!(purposes[0]["scope"]["topic"], "webinars");
        let states: Vec<&str> =
            signed["events"].as_array().unwrap().iter().map(|e| e["event_state"].as_str().unwrap()).collect();
        for state in ["ConsentGiven", "ConsentWithdrawn"] {
            assert!(states.contains(&state), "{states:?}");
        }
        for word in CANARIES {
            assert!(!receipt.text.contains(word), "{word}");
        }
    }

    async fn everything_by_email_and_nothing_at_all_are_one_press_each(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let all = server.press(&server.form(&url, "all-email").await).await.expect(200).text;
        assert!(all.contains("Transport by email") && all.contains("Newsletter by post"));
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Granted));
        assert_eq!(person.state(&server, "transport", Channel::Phone), None, "only email");
        let granted = person.ledger(&server).pop().unwrap();
        assert_eq!((granted.decision, granted.wording), (Decision::Granted, person.brand.consent_wording.clone()));
        let none = server.press(&server.form(&url, "none").await).await.expect(200).text;
        assert!(none.contains("You get nothing from"), "{none}");
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Withdrawn));
    }

    async fn everything_by_email_is_agreed_to_only_for_the_list_that_was_shown(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let open = server.form(&url, "all-email").await;
        person.grant(&server, "transport", Channel::Phone);
        let before = server.snapshot();
        let again = server.press(&open).await.expect(409).text;
        assert!(again.contains("changed in the meantime"));
        assert_eq!(server.snapshot(), before);
    }

    async fn a_form_that_is_sent_twice_or_from_two_tabs_is_done_once(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        for button in ["save", "pause", "stop"] {
            let open = server.form(&url, button).await;
            let open = if button == "save" { open.untick("choice", "newsletter:email") } else { open };
            let first = server.press(&open).await.expect(200).text;
            let after = server.snapshot();
            let second = server.press(&open).await.expect(200).text;
            assert_eq!(second, first, "{button}: the second press leads to what the first one did");
            assert_eq!(server.snapshot(), after, "{button}");
            server.advance(Duration::from_secs(60));
        }
        // Opened after it was done: nothing to do, and nothing is said to have been done.
        let late = server.form(&url, "stop").await;
        assert!(server.press(&late).await.expect(200).text.contains("Nothing changed"));
    }

    async fn what_a_form_did_is_at_an_address_of_its_own_that_can_be_reloaded(server: TestServer) {
        let person = Person::reader(&server);
        let open = server.form(&person.preferences(&server), "stop").await;
        let answer = Answer::to(server.request("POST", &open.action).form(&open.pressed())).await.expect(303);
        let there = answer.header("location").to_owned();
        assert!(there.starts_with("/r/") && there.ends_with("?lang=en-GB"));
        let before = server.snapshot();
        let pages = [server.get(&there).await.expect(200).text, server.get(&there).await.expect(200).text];
        assert_eq!(pages[0], pages[1]);
        assert!(CANARIES.iter().all(|word| !pages[0].contains(word) && !there.contains(word)));
        assert_eq!(server.snapshot(), before);
        person.erase(&server);
        let nothing = server.get("/no-such-page").await.expect(404);
        let there = there.trim_end_matches("?lang=en-GB");
        for path in [there.to_owned(), format!("{there}/receipt.json"), "/r/AAAA".to_owned()] {
            assert_eq!(server.get(&path).await.expect(404).bytes, nothing.bytes, "{path}");
        }
    }

    async fn a_day_that_cannot_be_chosen_is_said_beside_the_field(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let before = server.snapshot();
        for day in ["2026-11-21", "2020-01-01", "2028-01-01", "2026-02-30", "soon"] {
            let open = server.form(&url, "pause").await.set("pause_until", day);
            let page = server.press(&open).await.expect(422).text;
            assert!(page.contains("href=\"#pause_until\"") && page.contains("<title>Error"), "{day}");
            assert!(page.contains(&format!("value=\"{day}\"")), "what was typed stays: {day}");
        }
        assert_eq!(server.snapshot(), before);
        let open = server.form(&url, "pause").await.set("pause_until", "2026-12-24");
        let page = server.press(&open).await.expect(200).text;
        assert!(page.contains("Paused until 24 December 2026"));
    }

    async fn a_pause_ends_when_the_person_says_so(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        server.press(&server.form(&url, "pause").await.set("pause_for", "3")).await.expect(200);
        let campaign = server.campaign(&person.brand);
        server.run_jobs().await;
        assert_eq!(server.outcomes(&campaign), [("skipped paused".to_owned(), 1)]);
        let page = server.press(&server.form(&url, "resume").await).await.expect(200).text;
        assert!(page.contains("The pause is over"));
        let campaign = server.campaign(&person.brand);
        server.run_jobs().await;
        server.mail_to(ADDRESS);
        assert_eq!(server.outcomes(&campaign), [("sent".to_owned(), 1)]);
    }

    async fn keeping_one_kind_alone_ends_the_rest_in_every_way_and_grants_nothing(server: TestServer) {
        let person = Person::reader(&server);
        for (topic, channel) in [
            ("events", Channel::Phone), ("webinars", Channel::Email), ("transport", Channel::Email),
            ("transport", Channel::Post),
        ] {
            person.grant(&server, topic, channel);
        }
        let url = person.preferences(&server);
        let open = server.form(&url, "only").await.set("only", "webinars:email");
        let page = server.press(&open).await.expect(200).text;
        assert!(page.contains("Saved, and it works now") && page.contains("value=\"undo\""));
        for (topic, channel, state) in [
            ("webinars", Channel::Email, Some(State::Granted)), ("transport", Channel::Email, Some(State::Granted)),
            ("transport", Channel::Post, Some(State::Withdrawn)), ("events", Channel::Phone, Some(State::Withdrawn)),
            ("newsletter", Channel::Email, Some(State::Withdrawn)), ("newsletter", Channel::Post, Some(State::Withdrawn)),
            ("offers", Channel::Email, None),
        ] {
            assert_eq!(person.state(&server, topic, channel), state, "{topic} {channel}");
        }
        let rest = server.get(&url).await.expect(200).text;
        assert!(!rest.contains("value=\"only\""), "there is nothing to choose between any more");
        // What was ended elsewhere since the page was opened is not brought back by keeping it.
        person.answer(&server, "webinars", Channel::Email, Answered::Withdrawn);
        let before = server.snapshot();
        server.post_form(&url, &open.pressed()).await.expect(409);
        for wrong in ["webinars", "none:email", "webinars:fax"] {
            let answer = server.post_form(&url, &[("action", "only"), ("only", wrong)]).await;
            assert!([409, 422].contains(&answer.status), "{wrong}");
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn recording_nothing_is_one_press_that_deletes_and_keeps_the_emails(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        assert!(!server.get(&url).await.expect(200).text.contains("no-tracking"), "nothing is recorded anyway");
        person.allow(&server, Kind::Opens);
        person.allow(&server, Kind::Clicks);
        let page = server.press(&server.form(&url, "no-tracking").await).await.expect(200).text;
        assert!(page.contains("no longer count when you open"), "{page}");
        for kind in [Kind::Opens, Kind::Clicks] {
            assert_eq!(person.permission(&server, kind), Some(PermissionState::Refused));
        }
        assert_eq!(person.permission(&server, Kind::Profiling), None, "what was not asked is not answered");
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Granted));
    }

    async fn the_link_for_another_brand_goes_by_mail_and_only_to_brands_that_know_the_person(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let harbour = server.other_brand();
        assert!(!server.get(&url).await.expect(200).text.contains(&harbour.name));
        server.post_form(&url, &[("action", "other-link:harbour")]).await.expect(422);
        person.at(harbour.clone()).grant(&server, "newsletter", Channel::Email);
        let page = server.get(&url).await.expect(200).text;
        assert!(page.contains("<details") && page.contains(&harbour.name));
        let sent = server.press(&BrowserForm::with_button(&page, "other-link:harbour")).await.expect(200).text;
        assert!(sent.contains("Check your inbox"), "{sent}");
        let choices: Vec<&str> = links(&sent).filter(|link| link.contains("/p/")).collect();
        assert_eq!(choices, [url.as_str()], "the way to the other brand's choices is in the mail alone");
        server.run_jobs().await;
        let mail = server.mail_to(ADDRESS);
        let link = mail.link("/p/");
        assert!(server.get(&link).await.expect(200).text.contains(&format!("Your choices at {}", harbour.name)));
    }

    async fn a_topic_says_how_often_it_comes_and_shows_an_example(server: TestServer) {
        let person = Person::reader(&server);
        let key = crate::api::admin(&server);
        let path = "/brands/civic/topics/newsletter";
        let mut topic = server.api(&key, "GET", path, Value::Null).await.expect(200).json();
        topic["frequency_note"] = "About two a month.".into();
        for (url, status) in [("http://civic.example/7", 422), ("javascript:alert(1)", 422), ("https://a@b.example/", 422)] {
            topic["example_url"] = url.into();
            server.api(&key, "PUT", path, topic.clone()).await.expect(status);
        }
        topic["example_url"] = "https://civic.example/news/7".into();
        server.api(&key, "PUT", path, topic).await.expect(200);
        let page = server.get(&person.preferences(&server)).await.expect(200).text;
        assert!(page.contains("About two a month.") && page.contains("href=\"https://civic.example/news/7\""));
    }

    async fn a_confirmation_is_pressed_for_the_list_that_was_shown_and_no_other(server: TestServer) {
        let person = Person::reader(&server);
        let confirmation = person.pending_confirmation(&server);
        let url = format!("/confirm/{}", server.app.keys.seal(&ConfirmLink { confirmation }));
        let open = server.get(&url).await.expect(200).text;
        person.answer(&server, "grants", Channel::Email, Answered::Pending);
        let before = server.snapshot();
        let again = server.post_form(&url, &[("list", field(&open, "list"))]).await.expect(409).text;
        assert!(again.contains("changed in the meantime") && again.contains("Grants and Funding by email"));
        assert_eq!(server.snapshot(), before);
        server.post_form(&url, &[("list", field(&again, "list"))]).await.expect(200);
        assert_eq!(person.state(&server, "grants", Channel::Email), Some(State::Granted));
    }
}

//! The preference page: what is shown, and what a save does.

use std::time::Duration;

use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::ledger::{Decision, Method};
use mannerly::domain::consent::opt_in::{Answer as OptIn, State};
use mannerly::domain::consent::permission::{Kind, State as PermissionState};
use mannerly::domain::consent::suppression::{self, Reason};

use crate::person::{ADDRESS, CANARIES, Person};
use crate::support::form::{BrowserForm, attribute, field, inputs};
use crate::support::http::Answer;

/// The value of each ticked box.
pub(crate) fn ticked(html: &str) -> Vec<&str> {
    inputs(html).filter(|tag| tag.contains(" checked")).map(|tag| attribute(tag, "value")).collect()
}

both_databases! {
    async fn the_page_shows_each_topic_by_channel_and_ticks_what_is_granted(server: TestServer) {
        let person = Person::reader(&server);
        person.answer(&server, "webinars", Channel::Email, OptIn::Pending);
        let page = server.get(&person.preferences(&server)).await.expect(200).text;
        assert_eq!(ticked(&page), ["newsletter:email", "newsletter:post", "each"]);
        let boxes: Vec<&str> = inputs(&page)
            .filter(|tag| tag.contains("checkbox") && attribute(tag, "name") == "choice")
            .map(|tag| attribute(tag, "value"))
            .collect();
        let shown = field(&page, "shown");
        let started = |name: &&str| format!("{name}:{}", if ticked(&page).contains(name) { "on" } else { "off" });
        let expected: Vec<String> = boxes.iter().map(started).collect();
        let parted = shown.split(' ').flat_map(|topic| {
            let parts: Vec<&str> = topic.split(':').collect();
            let pairs: Vec<String> = parts[1..].chunks(2).map(|pair| format!("{}:{}", parts[0], pair.join(":"))).collect();
            pairs
        });
        assert_eq!(expected, parted.collect::<Vec<_>>(), "what was shown, and how, is posted with what was ticked");
        assert!(boxes.contains(&"offers:phone") && !boxes.contains(&"newsletter:phone"));
        assert_eq!(page.matches("<legend><h2>").count(), 4, "communications, subjects, how often, tracking");
        assert_eq!(page.matches("<legend>").count(), 4 + 18);
        assert!(page.contains("have not confirmed it yet"));
        // Before it there is only what stands for Enter, which nobody sees or reaches.
        assert!(page.find("value=\"stop\"").unwrap() < page.find("value=\"save\">").unwrap(), "stop is first");
        assert!(!page.contains("<script"));
    }

    async fn tracking_is_two_boxes_of_its_own_with_what_is_stored(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let page = server.get(&url).await.expect(200).text;
        assert_eq!(page.matches("You have not been asked yet, so it is off.").count(), 3);
        person.allow(&server, Kind::Clicks);
        let page = server.get(&url).await.expect(200).text;
        assert!(page.contains("You allowed this on 21 November 2026."));
        assert!(ticked(&page).contains(&"clicks") && !ticked(&page).contains(&"opens"));
    }

    async fn the_page_never_shows_more_of_the_person_than_a_masked_address(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let page = server.get(&url).await.expect(200).text;
        assert!(page.contains("c•••@c•••.example"));
        let saved = server.post_read(&url, &[("action", "save")]).await.expect(200).text;
        for word in CANARIES {
            assert!(!page.contains(word) && !saved.contains(word), "{word}");
        }
    }

    async fn a_save_says_what_changed_and_that_it_works_now(server: TestServer) {
        let person = Person::reader(&server);
        let fields = [
            ("action", "save"),
            ("shown", "newsletter:email:on"),
            ("shown", "newsletter:post:on"),
            ("shown", "transport:email:off"),
            ("choice", "newsletter:post"),
            ("choice", "transport:email"),
            ("shown_permission", "opens:off"),
            ("shown_permission", "clicks:off"),
            ("permission", "clicks"),
        ];
        let page = server.post_read(&person.preferences(&server), &fields).await.expect(200).text;
        for words in ["works now", "Transport by email", "Newsletter by email", "Newsletter by post"] {
            assert!(page.contains(words), "{words}");
        }
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Withdrawn));
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Granted));
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Granted));
        assert_eq!(person.permission(&server, Kind::Opens), Some(PermissionState::Refused));
        assert_eq!(person.permission(&server, Kind::Clicks), Some(PermissionState::Granted));
    }

    async fn the_ledger_keeps_the_words_that_the_page_shows(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let page = server.get(&url).await.expect(200).text;
        let old = person.ledger(&server).len();
        let fields = [
            ("action", "save"),
            ("shown", "newsletter:email:on"),
            ("shown", "transport:email:off"),
            ("choice", "newsletter:email"),
            ("choice", "transport:email"),
            ("shown_permission", "opens:off"),
            ("permission", "opens"),
        ];
        server.post_read(&url, &fields).await.expect(200);
        server.post_form(&url, &[("action", "stop")]).await.expect(200);
        let ledger = person.ledger(&server).split_off(old);
        assert_eq!(ledger.len(), 4);
        for entry in &ledger {
            assert!(page.contains(&entry.wording), "{}", entry.wording);
            assert_eq!(entry.method, Method::PreferencePage);
            assert_eq!(entry.policy_version, person.brand.policy_version);
        }
        assert_eq!(
            ledger[0].shown,
            concat!(
                r#"[{"name":"newsletter:email","ticked":true,"words":"Newsletter\nWhat happened this month, in ten minutes "#,
                r#"of reading. About one a month."},{"name":"transport:email","ticked":false,"words":"Transport\nRoads, "#,
                r#"rail and buses."},{"name":"permission:opens","ticked":false}]"#
            )
        );
        assert_eq!((ledger[2].channel, ledger[2].decision), (None, Decision::Withdrawn));
        assert_eq!((ledger[3].permission, ledger[3].decision), (Some(Kind::Opens), Decision::Withdrawn));
    }

    async fn a_box_that_was_not_shown_is_left_as_it_was(server: TestServer) {
        let person = Person::reader(&server);
        let before = server.snapshot();
        let fields = [("action", "save"), ("shown", "transport:email:off")];
        let page = server.post_read(&person.preferences(&server), &fields).await.expect(200).text;
        assert!(page.contains("Nothing changed"));
        assert_eq!(server.snapshot(), before);
    }

    async fn a_box_that_could_bring_nothing_is_not_there_and_subjects_alone_are_said_to_bring_nothing(server: TestServer) {
        let brand = server.demo_brand();
        let id = server.person(&brand, "bare@example.com").agrees("newsletter").id;
        let url = Person { id, brand }.preferences(&server);
        let page = server.get(&url).await.expect(200).text;
        assert!(page.contains("transport:email") && !page.contains("transport:phone") && !page.contains("transport:post"));
        let fields = [
            ("action", "save"),
            ("shown", "newsletter:email:on"),
            ("shown", "transport:email:off"),
            ("choice", "transport:email"),
        ];
        let result = server.post_read(&url, &fields).await.expect(200).text;
        assert!(result.contains("no kind of message that could be about them"), "{result}");
    }

    async fn a_browser_that_asks_not_to_be_tracked_changes_no_answer_by_its_empty_boxes(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Opens);
        let url = person.preferences(&server);
        let page = Answer::to(server.request("GET", &url).header("sec-gpc", "1")).await.expect(200).text;
        assert!(page.contains("The empty box does not change that; the button below ends it."), "{page}");
        let save = BrowserForm::with_button(&page, "save").tick("choice", "transport:email");
        assert!(!save.pressed().iter().any(|(name, _)| *name == "permission"));
        server.post_form(&url, &save.pressed()).await.expect(200);
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Granted));
        assert_eq!(person.permission(&server, Kind::Opens), Some(PermissionState::Granted), "O-17");
        assert_eq!(person.permission(&server, Kind::Clicks), None, "an empty box was no answer");
        // What the person does by hand counts.
        let ticked = BrowserForm::with_button(&page, "save").tick("permission", "clicks");
        server.post_form(&url, &ticked.pressed()).await.expect(200);
        assert_eq!(person.permission(&server, Kind::Clicks), Some(PermissionState::Granted));
        let told = person.ledger(&server).pop().unwrap();
        assert!(told.shown.contains(r#"{"name":"permission:clicks","ticked":false}"#), "{}", told.shown);
        server.post_form(&url, &BrowserForm::with_button(&page, "no-tracking").pressed()).await.expect(200);
        assert_eq!(person.permission(&server, Kind::Opens), Some(PermissionState::Refused));
    }

    async fn a_button_that_leaves_changed_boxes_says_that_they_are_not_saved(server: TestServer) {
        let person = Person::reader(&server);
        person.at(server.other_brand()).grant(&server, "newsletter", Channel::Email);
        let url = person.preferences(&server);
        const SAID: &str = "without saving it. That is not saved.";
        for button in ["pause", "resume", "data-link", "other-link:harbour", "none", "none", "stop"] {
            let page = server.get(&url).await.expect(200).text;
            let form = BrowserForm::with_button(&page, button);
            let touched = form.clone().tick("choice", "transport:email");
            assert!(server.post_form(&url, &touched.pressed()).await.expect(200).text.contains(SAID), "{button}");
            assert_eq!(person.state(&server, "transport", Channel::Email), None, "{button}");
            if button.ends_with("link") {
                let told = server.post_form(&url, &form.pressed()).await.expect(200).text;
                assert!(!told.contains(SAID), "{button}");
            }
            server.run_jobs().await;
            server.mails();
            server.advance(Duration::from_secs(1));
        }
    }

    async fn a_result_says_that_a_pause_runs_and_that_nothing_comes_before_its_end(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        server.post_form(&url, &[("action", "pause"), ("pause_for", "1")]).await.expect(200);
        server.advance(Duration::from_secs(60));
        let fields = [("action", "save"), ("shown", "transport:email:off"), ("choice", "transport:email")];
        let saved = server.post_read(&url, &fields).await.expect(200).text;
        for words in [
            "Civic Notes pauses until 21 December 2026.", "You will get, once the pause is over",
            "Unchanged, and it comes again after the pause",
        ] {
            assert!(saved.contains(words), "{words}:\n{saved}");
        }
        assert!(!saved.contains("you still get") && !saved.contains("You will now get"), "{saved}");
    }

    async fn a_language_that_was_chosen_is_named_in_the_language_of_the_page(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let page = BrowserForm::with_button(&server.get(&url).await.expect(200).text, "save").set("locale", "de");
        let saved = server.post_form(&url, &page.pressed()).await.expect(200).text;
        assert!(saved.contains("Diese Seiten und unsere Service-E-Mails an Sie sind auf Deutsch."), "{saved}");
        let again = server.get(&url).await.expect(200).text;
        assert!(!again.contains("name=\"shown_locale\" value=\"\""), "it is stored");
    }

    async fn stopping_everything_ends_every_channel_of_this_brand_only(server: TestServer) {
        let person = Person::reader(&server);
        person.grant(&server, "transport", Channel::Phone);
        let elsewhere = person.at(server.other_brand());
        elsewhere.grant(&server, "newsletter", Channel::Email);
        let url = person.preferences(&server);
        let before = person.ledger(&server).len();
        for _ in 0..2 {
            let page = server.post_form(&url, &[("action", "stop")]).await.expect(200).text;
            assert!(page.contains("Everything is stopped"));
        }
        for (slug, channel) in
            [("newsletter", Channel::Email), ("newsletter", Channel::Post), ("transport", Channel::Phone)]
        {
            assert_eq!(person.state(&server, slug, channel), Some(State::Withdrawn), "{slug} by {channel}");
        }
        assert_eq!(elsewhere.state(&server, "newsletter", Channel::Email), Some(State::Granted));
        assert_eq!(person.ledger(&server).len(), before + 1);
    }

    async fn a_browser_that_asks_not_to_be_tracked_finds_the_boxes_empty_and_nothing_changed(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Opens);
        let url = person.preferences(&server);
        let before = server.snapshot();
        for (name, value, asks) in [
            ("sec-gpc", "1", true),
            ("sec-gpc", "1, 1", true),
            ("dnt", "1", true),
            ("sec-gpc", "0", false),
            ("sec-gpc", "true", false),
            ("x-other", "1", false),
        ] {
            let page = Answer::to(server.request("GET", &url).header(name, value)).await.expect(200).text;
            assert_eq!(page.contains("Your browser asks not to be tracked"), asks, "{name}: {value}");
            assert_eq!(ticked(&page).contains(&"opens"), !asks, "{name}: {value}");
        }
        assert_eq!(server.snapshot(), before);
        let told = server.get("/.well-known/gpc.json").await.expect(200).json();
        assert_eq!(told["gpc"], true);
    }

    async fn a_person_who_ticks_again_takes_back_their_own_objection(server: TestServer) {
        let person = Person::reader(&server);
        for reason in [Reason::Objection, Reason::Under13] {
            server.suppress(ADDRESS, Some(person.brand.id), reason);
        }
        let fields = [("action", "save"), ("shown", "transport:email:off"), ("choice", "transport:email")];
        server.post_read(&person.preferences(&server), &fields).await.expect(200);
        let left = server.read(|conn| {
            let hash = suppression::hash(&server.app.keys, Channel::Email, ADDRESS)?;
            suppression::of_address(conn, &hash, Channel::Email)
        });
        assert_eq!(left.iter().map(|s| s.reason).collect::<Vec<_>>(), [Reason::Under13]);
    }

    async fn what_has_lapsed_is_an_empty_box_and_a_tick_makes_it_good_again(server: TestServer) {
        let person = Person::reader(&server);
        server.advance(Duration::from_secs(60));
        let now = server.now();
        server.write(|conn, _| {
            use diesel::prelude::*;
            use mannerly::db::schema::brand;
            diesel::update(brand::table.find(person.brand.id))
                .set(brand::refresh_consents_before.eq(now))
                .execute(conn)?;
            Ok(())
        });
        let lapsed = server.campaign(&person.brand);
        server.run_jobs().await;
        assert_eq!(server.outcomes(&lapsed), [("skipped needs_refresh".to_owned(), 1)]);
        let url = person.preferences(&server);
        assert_eq!(ticked(&server.get(&url).await.expect(200).text), ["each"]);
        let fields = [("action", "save"), ("shown", "newsletter:email:off"), ("choice", "newsletter:email")];
        server.post_read(&url, &fields).await.expect(200);
        assert_eq!(ticked(&server.get(&url).await.expect(200).text), ["newsletter:email", "each"]);
        let renewed = server.campaign(&person.brand);
        server.run_jobs().await;
        server.mail_to(ADDRESS);
        assert_eq!(server.outcomes(&renewed), [("sent".to_owned(), 1)]);
    }

    async fn emptying_a_tracking_box_deletes_what_was_recorded_and_the_mail_goes_on(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Opens);
        server.campaign(&person.brand);
        server.run_jobs().await;
        let mail = server.mail_to(ADDRESS);
        let link = |part: &str| {
            let links = mail.html.split('"').filter(|word| word.starts_with("http"));
            links.into_iter().find(|url| url.contains(part)).unwrap().to_owned()
        };
        server.get(&link("/o/")).await.expect(200);
        let hits = || server.snapshot().iter().filter(|row| row.starts_with("hit: ")).count();
        assert_eq!(hits(), 1);
        let fields = [("action", "save"), ("shown_permission", "opens:on")];
        let page = server.post_read(&link("/p/"), &fields).await.expect(200).text;
        assert!(page.contains("no longer count when you open our emails"));
        server.get(&link("/o/")).await.expect(200);
        assert_eq!(hits(), 0, "deleted, and the old letter's pixel records nothing more");
        assert_eq!(person.permission(&server, Kind::Opens), Some(PermissionState::Refused));
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Granted));
    }
}

//! What the preference page refuses, and what it says then: forms that are old, wrong or not its own, and links that are
//! nobody's.

use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::opt_in::State;
use mannerly::domain::consent::permission::{Kind, State as PermissionState};

use crate::person::Person;
use crate::preferences::ticked;
use crate::support::form::{BrowserForm, field};
use crate::support::http::{Answer, seen};

both_databases! {
    async fn a_page_left_open_grants_nothing_again_after_a_stop(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let open = server.get(&url).await.expect(200).text;
        server.post_form(&person.unsubscribe(&server), &[("List-Unsubscribe", "One-Click")]).await.expect(200);
        let before = server.snapshot();
        let fields = BrowserForm::with_button(&open, "save");
        let again = server.post_form(&url, &fields.pressed()).await.expect(409).text;
        assert!(again.contains("Your choices changed in the meantime") && again.contains("<title>Error"));
        assert_eq!(ticked(&again), ["newsletter:post", "each"], "the page is shown as things are");
        assert_eq!(server.snapshot(), before);
    }

    async fn a_page_with_words_that_changed_is_shown_anew(server: TestServer) {
        use diesel::prelude::*;
        use mannerly::db::schema::brand;
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let open = server.get(&url).await.expect(200).text;
        let fields = [("action", "save"), ("shown", "transport:email:off"), ("choice", "transport:email")];
        server.post_form(&url, &fields).await.expect(409);
        let set = |wording: &str, policy: &str| {
            server.write(|conn, _| {
                diesel::update(brand::table.find(person.brand.id))
                    .set((brand::consent_wording.eq(wording), brand::policy_version.eq(policy)))
                    .execute(conn)?;
                Ok(())
            });
        };
        let read = [&fields[..], &[("seen", seen(&open))]].concat();
        for (wording, policy) in [("Other words", "2026-1"), (&*person.brand.consent_wording, "other")] {
            set(wording, policy);
            let again = server.post_form(&url, &read).await.expect(409).text;
            assert!(again.contains(wording) && again.contains("has changed since you opened this page"));
        }
        assert_eq!(person.state(&server, "transport", Channel::Email), None);
        // To end something nobody has to read the newest words.
        let ended = [("action", "save"), ("shown", "newsletter:post:on"), ("seen", seen(&open))];
        server.post_form(&url, &ended).await.expect(200);
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Withdrawn));
        set(&person.brand.consent_wording, &person.brand.policy_version);
        server.post_form(&url, &read).await.expect(200);
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Granted));
    }

    async fn save_takes_along_the_day_of_a_pause_and_gives_back_what_was_ticked_where_it_is_none(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Opens);
        let url = person.preferences(&server);
        let page = server.get(&url).await.expect(200).text;
        let form = BrowserForm::with_button(&page, "save")
            .tick("choice", "transport:email")
            .untick("choice", "newsletter:post")
            .untick("permission", "opens")
            .set("at_most", "weekly")
            .set("locale", "de");
        let before = server.snapshot();
        for button in ["save", "pause"] {
            let wrong = form.clone().set("pause_until", "2020-01-01").pressing(button);
            let again = server.post_form(&url, &wrong.pressed()).await.expect(422).text;
            assert_eq!(ticked(&again), ["newsletter:email", "transport:email", "weekly"], "{button}");
            assert!(again.contains("value=\"2020-01-01\"") && again.contains("value=\"de\" lang=\"de\" selected"));
            let shown = field(&again, "shown");
            assert!(shown.contains("newsletter:email:on:post:on") && shown.contains("transport:email:off"), "as it is stored");
        }
        assert_eq!(server.snapshot(), before);
        let day = form.set("pause_until", "2026-12-24");
        let saved = server.post_form(&url, &day.pressed()).await.expect(200).text;
        assert!(saved.contains("24. Dezember 2026"), "{saved}");
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Granted));
        assert_eq!(person.permission(&server, Kind::Opens), Some(PermissionState::Refused));
    }

    async fn the_fourth_link_of_a_day_is_said_not_to_have_been_sent(server: TestServer) {
        let person = Person::reader(&server);
        person.at(server.other_brand()).grant(&server, "newsletter", Channel::Email);
        let url = person.preferences(&server);
        for button in ["data-link", "other-link:harbour"] {
            for time in 1..=4 {
                let told = server.post_form(&url, &[("action", button)]).await.expect(200).text;
                server.run_jobs().await;
                assert_eq!(server.mails().len(), usize::from(time < 4), "{button} {time}");
                assert_eq!(told.contains("We have sent a link"), time < 4, "{button} {time}");
                assert_eq!(told.contains("We sent nothing just now") && told.contains("at most 3 in a day"), time == 4);
            }
        }
    }

    async fn unknown_foreign_and_erased_find_the_same_page(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let nothing = server.get("/no-such-page").await.expect(404);
        person.erase(&server);
        let before = server.snapshot();
        for path in [url.as_str(), "/p/AAAA", "/p/%00", "/p/%F0%9F%92%A9"] {
            assert_eq!(server.get(path).await.expect(404).bytes, nothing.bytes, "{path}");
            let posted = server.post_form(path, &[("action", "stop")]).await.expect(404);
            assert_eq!(posted.bytes, nothing.bytes, "{path}");
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn a_form_that_is_not_the_pages_is_refused_and_changes_nothing(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let before = server.snapshot();
        for fields in [
            &[][..],
            &[("action", "")],
            &[("action", "erase")],
            &[("action", "save"), ("action", "stop")],
            &[("action", "save"), ("shown", "newsletter:email:on"), ("choice", "transport:email")],
            &[("action", "save"), ("shown", "no-such-topic:email:off")],
            &[("action", "save"), ("shown", "newsletter:off")],
            &[("action", "save"), ("shown", "newsletter:email:on:post")],
            &[("action", "save"), ("shown", "newsletter:email:on:fax:off")],
            &[("action", "save"), ("shown", "newsletter:email")],
            &[("action", "save"), ("shown", "newsletter:email:maybe")],
            &[("action", "save"), ("shown", "newsletter:fax:off")],
            &[("action", "save"), ("shown", "newsletter:phone:off"), ("choice", "newsletter:phone")],
            &[("action", "save"), ("shown_permission", "opens")],
            &[("action", "save"), ("shown_permission", "reading:off")],
            &[("action", "save"), ("shown", "newsletter:email:on"), ("permission", "opens")],
        ] {
            let answer = server.post_read(&url, fields).await;
            assert!((400..500).contains(&answer.status), "{fields:?}: {}", answer.status);
        }
        let damaged = server.request("POST", &url).header("content-type", "application/x-www-form-urlencoded");
        Answer::to(damaged.body("action=save&shown=newsletter%3Aemail&choice=%")).await.expect(400);
        let json = server.request("POST", &url).header("content-type", "application/json").body("{}");
        Answer::to(json).await.expect(415);
        assert_eq!(server.snapshot(), before);
    }
}

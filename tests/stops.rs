//! What "Stop everything" and "Get nothing" end besides what comes: all tracking. And who comes back after that agrees to
//! what they tick then, and is told of nothing else.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::db::schema::hit;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::permission::{Kind, State as Permission};

use crate::person::{ADDRESS, Person};
use crate::sign_up::{sign_up, sign_up_for_the_newsletter};
use crate::support::form::BrowserForm;
use crate::support::http::link_to;
use crate::support::server::TestServer;
use crate::tracking::{pixel_of, send};

const TRACKED: [Kind; 2] = [Kind::Opens, Kind::Clicks];

fn hits(server: &TestServer) -> i64 {
    server.read(|conn| Ok(hit::table.count().get_result(conn)?))
}

/// A person who gets the newsletter and lets us record opens and clicks.
fn tracked(server: &TestServer) -> Person {
    let person = Person::reader(server);
    TRACKED.into_iter().for_each(|kind| person.allow(server, kind));
    person
}

both_databases! {
    async fn stopping_everything_and_getting_nothing_end_all_tracking_too_until_it_is_undone(server: TestServer) {
        let person = tracked(&server);
        let url = person.preferences(&server);
        for button in ["stop", "none"] {
            send(&server, &person.brand).await;
            let pixel = pixel_of(&server.mail_to(ADDRESS)).expect("a pixel");
            server.get(&pixel).await.expect(200);
            assert_eq!(hits(&server), 1, "{button}");
            let done = server.press(&server.form(&url, button).await).await.expect(200).text;
            for words in ["no longer count when you open", "no longer count when you follow"] {
                assert!(done.contains(words), "{button}: {words}: {done}");
            }
            assert_eq!(hits(&server), 0, "{button}: what was recorded is deleted");
            server.get(&pixel).await.expect(200);
            assert_eq!(hits(&server), 0, "{button}: nothing more is recorded");
            let receipt = server.get(link_to(&done, "/receipt.json")).await.expect(200).json();
            let events = receipt["receipt"]["events"].as_array().unwrap();
            for subject in ["tracking: opens", "tracking: clicks"] {
                let ended = events.iter().find(|event| event["subject"] == subject).expect(subject);
                assert_eq!(ended["event_state"], "ConsentWithdrawn", "{button}");
            }
            let undo = BrowserForm::with_button(&done, "undo");
            server.press(&undo).await.expect(200);
            for kind in TRACKED {
                assert_eq!(person.permission(&server, kind), Some(Permission::Granted), "{button}: {kind}");
            }
            server.advance(Duration::from_secs(24 * 60 * 60));
        }
    }

    async fn tracking_that_was_allowed_after_a_stop_is_ended_by_the_next_one_at_once(server: TestServer) {
        let person = tracked(&server);
        let url = person.preferences(&server);
        for button in ["stop", "none", "stop"] {
            server.press(&server.form(&url, button).await).await.expect(200);
            assert_eq!(person.permission(&server, Kind::Opens), Some(Permission::Refused), "{button}");
            server.advance(Duration::from_secs(60));
            let again = server.press(&server.form(&url, button).await).await.expect(200).text;
            assert!(again.contains("Nothing changed"), "{button}: a repeat is no act: {again}");
            person.allow(&server, Kind::Opens);
        }
    }

    async fn who_signs_up_again_after_a_stop_is_tracked_only_if_they_tick_that(server: TestServer) {
        let person = tracked(&server);
        server.press(&server.form(&person.preferences(&server), "stop").await).await.expect(200);
        server.advance(Duration::from_secs(60));
        sign_up_for_the_newsletter(&server, ADDRESS).await.expect(200);
        server.run_jobs().await;
        let done = server.confirm(&server.mail_to(ADDRESS).link("/confirm/")).await.expect(200).text;
        assert!(done.contains("Newsletter by email") && !done.contains("Counting"), "{done}");
        send(&server, &person.brand).await;
        assert_eq!(pixel_of(&server.mail_to(ADDRESS)), None);
    }

    async fn the_page_after_confirming_lists_what_the_press_granted_and_nothing_else(server: TestServer) {
        let person = tracked(&server);
        person.grant(&server, "webinars", Channel::Email);
        let asked = [("choice", "transport:email"), ("choice", "newsletter:email")];
        sign_up(&server, ADDRESS, &asked).await.expect(200);
        server.run_jobs().await;
        let link = server.mail_to(ADDRESS).link("/confirm/");
        let done = server.confirm(&link).await.expect(200).text;
        assert!(done.contains("Transport by email"), "{done}");
        for other in ["Webinars", "Newsletter by", "Counting"] {
            assert!(!done.contains(other), "{other} was agreed to before: {done}");
        }
        // Ended since: nothing of it is left, although the newsletter goes on.
        let choices = server.form(&person.preferences(&server), "save").await;
        server.press(&choices.untick("choice", "transport:email")).await.expect(200);
        let later = server.get(&link).await.expect(200).text;
        assert!(later.contains("You have ended all of it since.") && !later.contains("Transport by"), "{later}");
    }
}

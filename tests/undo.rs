//! Undo of what a person did on the preference page, and what a tick, a stop and an Undo do to what stood before:
//! objections, suppliers, later files.

use std::time::Duration;

use mannerly::domain::audience::subscriber::Profile;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::brand_choice::{self, AtMost};
use mannerly::domain::consent::ledger::{Decision, Method};
use mannerly::domain::consent::opt_in::{Answer as Answered, State};
use mannerly::domain::consent::permission::{Kind, State as Permission};
use mannerly::domain::consent::suppression::{self, Reason};
use mannerly::domain::tracking::permission::words;
use mannerly::i18n::Lang;
use serde_json::json;

use crate::person::{ADDRESS, ONE_CLICK, Person, YEAR};
use crate::support::form::BrowserForm;
use crate::support::http::{language, seen};
use crate::support::people::{own_source, supplier};
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Sends a newsletter and says what became of it.
async fn outcome(server: &TestServer, person: &Person) -> String {
    let campaign = server.campaign(&person.brand);
    server.run_jobs().await;
    server.mails();
    server.outcomes(&campaign).remove(0).0
}

/// Objects to all marketing email, at the organisation.
async fn object(server: &TestServer) {
    let key = crate::api::admin(server);
    let form = json!({"address": ADDRESS, "channel": "email", "reason": "objection"});
    server.api(&key, "POST", "/suppressions", form).await.expect(200);
}

/// What stands against the brand's email now.
fn against(server: &TestServer, person: &Person) -> Vec<Reason> {
    server.read(|conn| {
        let hash = suppression::hash(&server.app.keys, Channel::Email, ADDRESS)?;
        Ok(suppression::standing(conn, &hash, person.brand.id)?
            .into_iter()
            .map(|found| found.reason)
            .collect())
    })
}

both_databases! {
    async fn undo_puts_back_exactly_what_was_before_as_a_new_act_of_the_person(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Clicks);
        let url = person.preferences(&server);
        let entries = person.ledger(&server).len();
        let choices = server.form(&url, "save").await
            .untick("choice", "newsletter:email")
            .tick("choice", "transport:email")
            .untick("permission", "clicks")
            .set("at_most", "monthly")
            .set("locale", "de");
        let saved = server.press(&choices).await.expect(200).text;
        assert_eq!(language(&saved), "de", "who chose another language reads on in that one");
        assert_eq!(server.read(|conn| brand_choice::find(conn, person.id, person.brand.id)).at_most, AtMost::Monthly);
        let middle = person.ledger(&server);
        server.press(&BrowserForm::with_button(&saved, "undo")).await.expect(200);
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Granted));
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Granted));
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Withdrawn));
        assert_eq!(person.permission(&server, Kind::Clicks), Some(Permission::Granted));
        assert_eq!(server.read(|conn| brand_choice::find(conn, person.id, person.brand.id)).at_most, AtMost::Each);
        let locale = server.read(|conn| mannerly::domain::audience::subscriber::get(conn, person.id)).locale;
        assert_eq!(locale, None);
        let ledger = person.ledger(&server);
        assert!(middle.len() > entries);
        assert_eq!(format!("{:?}", &ledger[..middle.len()]), format!("{middle:?}"), "what was written stays as it was");
        let undone = &ledger[middle.len()..];
        assert_eq!(undone.len(), 3);
        for entry in undone {
            assert_eq!((entry.method, entry.form.as_str(), entry.actor.as_str()), (Method::Undo, "undo", "subscriber"));
            let agrees = entry.topic.is_some() && entry.decision == Decision::Granted;
            assert_eq!(entry.wording.contains(&person.brand.consent_wording), agrees, "who agrees has read to what");
        }
    }

    async fn an_undo_that_was_pressed_twice_is_done_once_and_can_itself_be_undone(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let stopped = server.press(&server.form(&url, "stop").await).await.expect(200).text;
        let undo = BrowserForm::with_button(&stopped, "undo");
        let first = server.press(&undo).await.expect(200).text;
        let after = server.snapshot();
        let second = server.press(&undo).await.expect(200).text;
        assert_eq!((first, server.snapshot()), (second.clone(), after));
        let old = server.get(&undo.action).await.expect(200).text;
        assert!(old.contains("This was undone.") && !old.contains("value=\"undo\""));
        server.press(&BrowserForm::with_button(&second, "undo")).await.expect(200);
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Withdrawn));
    }

    async fn nothing_is_undone_once_something_was_said_since(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let choices = server.form(&url, "save").await.untick("choice", "newsletter:email");
        let saved = server.press(&choices).await.expect(200).text;
        let undo = BrowserForm::with_button(&saved, "undo");
        server.post_form(&person.unsubscribe(&server), &ONE_CLICK[..1]).await.expect(200);
        let before = server.snapshot();
        let refused = server.press(&undo).await.expect(409).text;
        assert!(refused.contains("can no longer be undone") && refused.contains("Something about this changed since"));
        assert_eq!(server.snapshot(), before);
    }

    async fn undo_never_brings_back_what_a_suppression_forbids(server: TestServer) {
        let person = Person::reader(&server);
        let page = server.post_form(&person.unsubscribe(&server), &ONE_CLICK).await.expect(200).text;
        let undo = BrowserForm::with_button(&page, "undo");
        server.suppress(ADDRESS, None, Reason::Complaint);
        let before = server.snapshot();
        let refused = server.press(&undo).await.expect(409).text;
        assert!(refused.contains("For another reason we may no longer use your address"), "{refused}");
        assert_eq!(server.snapshot(), before);
    }

    async fn undo_is_there_for_a_month_and_not_under_other_words(server: TestServer) {
        use diesel::prelude::*;
        use mannerly::db::schema::brand;
        let person = Person::reader(&server);
        let page = server.post_form(&person.unsubscribe(&server), &ONE_CLICK).await.expect(200).text;
        let undo = BrowserForm::with_button(&page, "undo");
        server.write(|conn, _| {
            let words = diesel::update(brand::table.find(person.brand.id));
            Ok(words.set(brand::consent_wording.eq("Other words")).execute(conn)?)
        });
        let again = server.press(&undo).await.expect(409).text;
        assert!(again.contains("Other words") && again.contains("has changed since you opened this page"));
        server.advance(30 * DAY + Duration::from_micros(1));
        let old = server.get(&undo.action).await.expect(200).text;
        assert!(!old.contains("value=\"undo\"") && old.contains("Your receipt"));
        server.press(&undo).await.expect(409);
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Withdrawn));
    }

    async fn a_tick_after_an_objection_brings_back_only_what_is_ticked_and_undo_puts_the_objection_back(server: TestServer) {
        let person = Person::reader(&server);
        server.advance(DAY);
        object(&server).await;
        server.advance(DAY);
        let choices = server.form(&person.preferences(&server), "save").await;
        assert!(!choices.pressed().contains(&("choice", "newsletter:email")), "it is not sent, so it is not ticked");
        let saved = server.press(&choices.tick("choice", "transport:email")).await.expect(200).text;
        assert!(saved.contains("Transport by email") && !saved.contains("Newsletter by email"), "{saved}");
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Granted));
        assert_eq!(outcome(&server, &person).await, "skipped withdrawn");
        assert_eq!(against(&server, &person), []);

        server.press(&BrowserForm::with_button(&saved, "undo")).await.expect(200);
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Withdrawn));
        assert_eq!(against(&server, &person), [Reason::Objection]);
        assert!(!outcome(&server, &person).await.starts_with("sent"));
    }

    async fn undo_puts_back_an_objection_to_one_brand_too(server: TestServer) {
        let person = Person::reader(&server);
        server.suppress(ADDRESS, Some(person.brand.id), Reason::Objection);
        let choices = server.form(&person.preferences(&server), "save").await.tick("choice", "newsletter:email");
        let saved = server.press(&choices).await.expect(200).text;
        assert_eq!(outcome(&server, &person).await, "sent", "ticked anew, it comes again");
        server.press(&BrowserForm::with_button(&saved, "undo")).await.expect(200);
        assert_eq!(against(&server, &person), [Reason::Objection]);
    }

    async fn a_confirmation_leaves_alone_what_was_agreed_to_again_after_an_objection(server: TestServer) {
        let person = Person::reader(&server);
        object(&server).await;
        let choices = server.form(&person.preferences(&server), "save").await.tick("choice", "newsletter:email");
        server.press(&choices).await.expect(200);
        let page = server.get("/b/civic/sign-up").await.expect(200).text;
        let item = "product-updates:email";
        let fields = [("email", ADDRESS), ("shown", item), ("choice", item), ("seen", seen(&page))];
        server.post_form("/b/civic/sign-up", &fields).await.expect(200);
        server.run_jobs().await;
        let link = server.mail_to(ADDRESS).link("/confirm/");
        server.confirm(&link).await.expect(200);
        assert_eq!(person.state(&server, "product-updates", Channel::Email), Some(State::Granted));
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Granted));
    }

    async fn undo_that_allows_tracking_again_agrees_to_that_and_to_nothing_else(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Opens);
        let saved = server.press(&server.form(&person.preferences(&server), "no-tracking").await).await.expect(200).text;
        let undo = saved.split("<form").find(|form| form.contains("value=\"undo\"")).unwrap().to_owned();
        let opens = words(Kind::Opens, Lang::English, YEAR);
        assert!(undo.contains(&opens) && !undo.contains(&person.brand.consent_wording), "{undo}");
        server.press(&BrowserForm::with_button(&saved, "undo")).await.expect(200);
        assert_eq!(person.permission(&server, Kind::Opens), Some(Permission::Granted));
        let entry = person.ledger(&server).pop().unwrap();
        let press = "One press makes your choices at Civic Notes what they were before this.";
        assert_eq!(entry.wording, format!("{press}\n\nWith Undo I agree again to:\n{opens}"));
        assert_eq!(entry.shown, r#"[{"name":"permission:opens","ticked":false}]"#);
    }

    async fn undo_of_both_keeps_what_comes_and_what_is_counted_apart(server: TestServer) {
        let person = Person::reader(&server);
        person.allow(&server, Kind::Clicks);
        let choices = server.form(&person.preferences(&server), "save").await
            .untick("choice", "newsletter:email")
            .tick("choice", "transport:email")
            .untick("permission", "clicks");
        let saved = server.press(&choices).await.expect(200).text;
        server.press(&BrowserForm::with_button(&saved, "undo")).await.expect(200);
        let undone = "One press makes your choices at Civic Notes what they were before this.";
        let (clicks, own) = (words(Kind::Clicks, Lang::English, YEAR), &person.brand.consent_wording);
        let told: Vec<(Option<String>, Decision, String)> = person.ledger(&server).into_iter().rev().take(3).rev()
            .map(|entry| (entry.topic, entry.decision, entry.wording)).collect();
        assert_eq!(told, [
            (Some("newsletter".into()), Decision::Granted, format!("{undone}\n\nWith Undo I agree again to:\nNewsletter by email\n\n{own}")),
            (Some("transport".into()), Decision::Withdrawn, undone.to_owned()),
            (None, Decision::Granted, format!("{undone}\n\nWith Undo I agree again to:\n{clicks}")),
        ]);
    }

    async fn several_steps_are_taken_back_one_after_the_other_the_last_one_first(server: TestServer) {
        let person = Person::reader(&server);
        person.grant(&server, "webinars", Channel::Email);
        person.allow(&server, Kind::Opens);
        let url = person.preferences(&server);
        let first = server.press(&server.form(&url, "only").await.set("only", "webinars:email")).await.expect(200).text;
        let second = server.press(&server.form(&url, "pause").await).await.expect(200).text;
        let third = server.press(&server.form(&url, "none").await).await.expect(200).text;
        let [first, second, third] = [first, second, third].map(|page| BrowserForm::with_button(&page, "undo"));
        // The last one ended what the first one kept, so it has to go first; the pause is another matter.
        let page = server.press(&first).await.expect(409).text;
        assert!(page.contains("Something about this changed since"), "{page}");
        for (undo, step) in [(&third, "third"), (&second, "second"), (&first, "first")] {
            let again = server.get(&undo.action).await.expect(200).text;
            server.press(&BrowserForm::with_button(&again, "undo")).await.expect(200);
            assert!(server.get(&undo.action).await.expect(200).text.contains("This was undone."), "{step}");
        }
        for (topic, channel) in [("newsletter", Channel::Email), ("newsletter", Channel::Post), ("webinars", Channel::Email)] {
            assert_eq!(person.state(&server, topic, channel), Some(State::Granted), "{topic} {channel}");
        }
        assert_eq!(outcome(&server, &person).await, "sent", "the pause is over");
    }

    async fn undo_of_one_matter_leaves_another_that_was_chosen_since(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let weekly = server.press(&server.form(&url, "save").await.set("at_most", "weekly")).await.expect(200).text;
        server.press(&server.form(&url, "pause").await).await.expect(200);
        server.press(&BrowserForm::with_button(&weekly, "undo")).await.expect(200);
        let choice = server.read(|conn| brand_choice::find(conn, person.id, person.brand.id));
        assert_eq!(choice.at_most, AtMost::Each);
        assert!(choice.paused_until.is_some(), "the pause goes on");
    }

    async fn a_step_whose_undoing_was_undone_is_in_force_again_for_those_before_it(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let first = server.press(&server.form(&url, "save").await.untick("choice", "newsletter:post")).await.expect(200).text;
        let stopped = server.press(&server.form(&url, "stop").await).await.expect(200).text;
        let undone = server.press(&BrowserForm::with_button(&stopped, "undo")).await.expect(200).text;
        let undo = BrowserForm::with_button(&first, "undo");
        assert!(server.get(&undo.action).await.expect(200).text.contains("value=\"undo\""));
        server.press(&BrowserForm::with_button(&undone, "undo")).await.expect(200);
        server.press(&undo).await.expect(409);
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Withdrawn));
    }

    async fn undo_says_what_is_no_longer_offered_and_leaves_it_out(server: TestServer) {
        use diesel::prelude::*;
        use mannerly::db::schema::topic;
        let person = Person::reader(&server);
        let stopped = server.press(&server.form(&person.preferences(&server), "stop").await).await.expect(200).text;
        server.write(|conn, _| {
            let newsletter = topic::table.filter(topic::slug.eq("newsletter").and(topic::brand_id.eq(person.brand.id)));
            Ok(diesel::update(newsletter).set(topic::offers_post.eq(false)).execute(conn)?)
        });
        let undo = BrowserForm::with_button(&stopped, "undo");
        let page = server.get(&undo.action).await.expect(200).text;
        assert!(page.contains("No longer offered, so it does not come back: Newsletter by post."), "{page}");
        server.press(&undo).await.expect(200);
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Granted));
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Withdrawn));
    }

    async fn undo_does_not_turn_back_a_language_that_was_chosen_since(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let first = server.press(&server.form(&url, "save").await.set("locale", "de")).await.expect(200).text;
        let undo = BrowserForm::with_button(&first, "undo");
        server.press(&server.form(&url, "save").await.set("locale", "fr")).await.expect(200);
        server.press(&undo).await.expect(409);
        let locale = server.read(|conn| mannerly::domain::audience::subscriber::get(conn, person.id)).locale;
        assert_eq!(locale.as_deref(), Some("fr"));
    }

    async fn undo_leaves_the_month_to_tell_a_suppliers_contact_as_it_was(server: TestServer) {
        let brand = server.demo_brand();
        let contact = server.person_from(&brand, ADDRESS, &supplier(), Profile::default()).agrees("newsletter");
        let person = Person { id: contact.id, brand: brand.clone() };
        server.advance(20 * DAY);
        let stopped = server.press(&server.form(&person.preferences(&server), "stop").await).await.expect(200).text;
        server.press(&BrowserForm::with_button(&stopped, "undo")).await.expect(200);
        server.advance(20 * DAY);
        assert_eq!(outcome(&server, &person).await, "skipped art14_overdue");
    }

    async fn nothing_below_counts_for_older_files_about_topics_that_were_never_asked_for(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let told = server.press(&server.form(&url, "none").await).await.expect(200).text;
        assert!(told.contains("You get nothing from"), "{told}");
        let entry = person.ledger(&server).pop().unwrap();
        assert_eq!((entry.topic, entry.channel, entry.decision), (None, None, Decision::Withdrawn));
        assert!(entry.wording.starts_with("Get nothing\n") && entry.shown.contains("transport:email"));
        let file = format!("email,topics,consented_at\n{ADDRESS},transport:email,2026-03-01T00:00:00Z\n");
        let report = crate::consent::import_file(&server, own_source(), &file);
        assert_eq!((report.opt_ins, report.kept_withdrawn), (0, 1));
        assert_eq!(person.state(&server, "transport", Channel::Email), None);
        server.press(&BrowserForm::with_button(&told, "undo")).await.expect(200);
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Granted));
    }

    async fn everything_by_email_leaves_a_sensitive_topic_to_its_own_box(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        server.press(&server.form(&url, "all-email").await).await.expect(200);
        assert_eq!(person.state(&server, "transport", Channel::Email), Some(State::Granted));
        assert_eq!(person.state(&server, "sexual-health", Channel::Email), None);
        let own = server.form(&url, "save").await.tick("choice", "sexual-health:email");
        server.press(&own).await.expect(200);
        server.press(&server.form(&url, "all-email").await).await.expect(200);
        assert_eq!(person.state(&server, "sexual-health", Channel::Email), Some(State::Granted), "what is on stays on");
    }

    async fn a_brand_at_which_a_stranger_may_have_typed_the_address_is_not_named(server: TestServer) {
        let person = Person::reader(&server);
        let harbour = server.other_brand();
        person.at(harbour.clone()).answer(&server, "newsletter", Channel::Email, Answered::Pending);
        let url = person.preferences(&server);
        assert!(!server.get(&url).await.expect(200).text.contains(&harbour.name));
        server.post_form(&url, &[("action", "other-link:harbour")]).await.expect(422);
    }

    async fn a_pause_until_a_day_lasts_until_that_day_has_begun_everywhere(server: TestServer) {
        let person = Person::reader(&server);
        let open = server.form(&person.preferences(&server), "pause").await.set("pause_until", "2026-11-24");
        server.press(&open).await.expect(200);
        // 11:59 UTC on that day: in the last places it is still the evening before.
        server.advance(3 * DAY + Duration::from_secs(2 * 60 * 60 - 60));
        assert_eq!(outcome(&server, &person).await, "skipped paused");
        server.advance(Duration::from_secs(60));
        assert_eq!(outcome(&server, &person).await, "sent");
    }
}

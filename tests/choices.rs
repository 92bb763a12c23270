//! What a person chose about a brand as a whole, against real campaigns: a pause that ends by itself, and how often the
//! brand may write at most.

use std::time::Duration;

use mannerly::clock::Moment;
use mannerly::domain::account::Scope;
use mannerly::domain::campaign::audience::preview;
use mannerly::domain::campaign::{Campaign, state};
use mannerly::domain::catalog::Brand;
use mannerly::domain::consent::brand_choice::{self, AtMost, BrandChoice};
use mannerly::domain::consent::gate::Refusal;
use mannerly::domain::delivery::claim::{Holder, LEASE, Wanted, claim};
use mannerly::domain::privacy;
use mannerly::mail::transport::Outcome;
use serde_json::{Value, json};

use crate::api::{admin, evidence, evidence_of, expect_problem, key, person, pointer};
use crate::support::people::Person;
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn at_most(at_most: AtMost) -> BrandChoice {
    BrandChoice { at_most, ..BrandChoice::default() }
}

fn paused_until(until: Moment) -> BrandChoice {
    BrandChoice { paused_until: Some(until), ..BrandChoice::default() }
}

fn chooses<'a>(server: &'a TestServer, brand: &'a Brand, name: &str, choice: BrandChoice) -> Person<'a> {
    let person = server.person(brand, &format!("{name}@example.com")).agrees("newsletter");
    person.state(|conn, statement| brand_choice::set(conn, statement, choice));
    person
}

/// Sends a campaign of the brand now and says what became of it.
async fn send(server: &TestServer, brand: &Brand) -> Vec<(String, i64)> {
    let campaign = server.campaign(brand);
    server.run_jobs().await;
    server.mails();
    server.outcomes(&campaign)
}

fn outcome(word: &str) -> Vec<(String, i64)> {
    vec![(word.to_owned(), 1)]
}

async fn plan(server: &TestServer, brand: &Brand) -> Campaign {
    let campaign = server.campaign(brand);
    mannerly::jobs::plan_campaigns::run_once(&server.app).await.unwrap();
    assert_eq!(server.outcomes(&campaign), outcome("planned"));
    campaign
}

both_databases! {
    async fn a_pause_holds_letters_back_and_ends_by_itself(server: TestServer) {
        let (brand, other) = (server.demo_brand(), server.other_brand());
        let until = server.now().plus(30 * DAY);
        let person = chooses(&server, &brand, "ana", paused_until(until));
        assert_eq!(send(&server, &brand).await, outcome("skipped paused"));
        server.advance(30 * DAY - Duration::from_micros(1));
        assert_eq!(send(&server, &brand).await, outcome("skipped paused"));
        server.advance(Duration::from_micros(1));
        assert_eq!(send(&server, &brand).await, outcome("sent"));
        let entries = server.read(|conn| brand_choice::entries(conn, person.id));
        assert_eq!(entries.len(), 1, "it ended without anybody's act");
        assert_eq!(send(&server, &other).await, outcome("skipped other_brand"));
    }

    async fn a_pause_chosen_after_planning_wins(server: TestServer) {
        let brand = server.demo_brand();
        let person = server.person(&brand, "ana@example.com").agrees("newsletter");
        let campaign = plan(&server, &brand).await;
        let until = paused_until(server.now().plus(DAY));
        person.state(|conn, statement| brand_choice::set(conn, statement, until));
        server.run_jobs().await;
        assert_eq!(server.outcomes(&campaign), outcome("skipped paused"));
    }

    async fn who_wants_a_letter_a_week_gets_the_next_one_after_a_week(server: TestServer) {
        let brand = server.demo_brand();
        chooses(&server, &brand, "ana", at_most(AtMost::Weekly));
        assert_eq!(send(&server, &brand).await, outcome("sent"));
        assert_eq!(send(&server, &brand).await, outcome("skipped frequency_cap"));
        server.advance(6 * DAY);
        assert_eq!(send(&server, &brand).await, outcome("skipped frequency_cap"));
        // A weekly letter that is sent an hour earlier than last time.
        server.advance(DAY - Duration::from_secs(3600));
        assert_eq!(send(&server, &brand).await, outcome("sent"));
    }

    async fn who_wants_a_letter_a_month_gets_the_next_one_after_a_short_february(server: TestServer) {
        let brand = server.demo_brand();
        chooses(&server, &brand, "ana", at_most(AtMost::Monthly));
        assert_eq!(send(&server, &brand).await, outcome("sent"));
        server.advance(27 * DAY);
        assert_eq!(send(&server, &brand).await, outcome("skipped frequency_cap"));
        server.advance(DAY);
        assert_eq!(send(&server, &brand).await, outcome("sent"));
    }

    async fn letters_of_other_brands_and_letters_that_did_not_go_do_not_count(server: TestServer) {
        let (brand, other) = (server.demo_brand(), server.other_brand());
        chooses(&server, &brand, "ana", at_most(AtMost::Weekly));
        let of_other = server.acquaintance(&other, "ana@example.com").agrees("newsletter");
        of_other.state(|conn, statement| brand_choice::set(conn, statement, at_most(AtMost::Weekly)));
        assert_eq!(send(&server, &other).await, outcome("sent"));
        server.relay.answer_next(Outcome::Uncertain, 1);
        assert_eq!(send(&server, &brand).await, outcome("uncertain connection_lost"), "it may have arrived");
        assert_eq!(send(&server, &brand).await, outcome("skipped frequency_cap"));
        server.advance(7 * DAY);
        let cancelled = plan(&server, &brand).await;
        server.write(|conn, now| state::cancel(conn, cancelled.id, now));
        assert_eq!(send(&server, &brand).await, outcome("sent"));
    }

    async fn of_two_letters_that_are_planned_the_second_sees_the_first_in_hand(mut server: TestServer) {
        server.leave_work_behind();
        let brand = server.demo_brand();
        chooses(&server, &brand, "ana", at_most(AtMost::Weekly));
        let (first, second) = (plan(&server, &brand).await, plan(&server, &brand).await);
        let holder = Holder { node: 7, lease: LEASE };
        let take = |campaign: &Campaign| {
            let wanted = Wanted { campaign: campaign.id, letters: 5, holder };
            server.write(|conn, now| claim(conn, wanted, &server.app.pacer, now)).letters.len()
        };
        assert_eq!((take(&first), take(&second)), (1, 0));
        assert_eq!(server.outcomes(&first), outcome("claimed"));
        assert_eq!(server.outcomes(&second), outcome("skipped frequency_cap"));
    }

    async fn a_preview_counts_who_paused_and_who_had_a_letter(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "each@example.com").agrees("newsletter");
        chooses(&server, &brand, "weekly", at_most(AtMost::Weekly));
        assert_eq!(send(&server, &brand).await, [("sent".to_owned(), 2)]);
        chooses(&server, &brand, "paused", paused_until(server.now().plus(DAY)));
        chooses(&server, &brand, "monthly", at_most(AtMost::Monthly));
        let draft = server.draft(&brand, |_| {});
        let foreseen = preview(&server.app.db, draft.public_id, server.now()).unwrap();
        assert_eq!((foreseen.people, foreseen.allowed), (4, 2));
        assert_eq!((foreseen.refused[&Refusal::Paused], foreseen.refused[&Refusal::FrequencyCap]), (1, 1));
    }

    async fn a_choice_is_read_and_set_by_a_program_and_letting_more_through_needs_evidence(server: TestServer) {
        let all = admin(&server);
        let brand = server.demo_brand().slug.to_string();
        let id = person(&server, &all, "ana@council.test").await;
        let path = format!("/subscribers/{id}/brand-choices");
        let empty = server.api(&all, "GET", &path, Value::Null).await.expect(200).json();
        assert_eq!(empty, json!({"items": [], "next": null}));
        let one = |choice: Value| {
            let mut change = json!({"brand": brand});
            change.as_object_mut().unwrap().extend(choice.as_object().unwrap().clone());
            json!({"brand_choices": [change]})
        };
        let less = one(json!({"paused_until": "2026-12-21T00:00:00Z", "at_most": "monthly"}));
        let page = server.api(&all, "PUT", &path, less.clone()).await.expect(200).json();
        assert_eq!(page["items"][0]["paused_until"], "2026-12-21T00:00:00Z");
        assert_eq!((&page["items"][0]["at_most"], &page["items"][0]["brand"]), (&json!("monthly"), &json!(brand)));
        let before = server.snapshot();
        server.api(&all, "PUT", &path, less).await.expect(200);
        assert_eq!(server.snapshot(), before, "the same again writes nothing");
        let refusal = server.api(&all, "PUT", &path, one(json!({}))).await;
        assert_eq!(pointer(&expect_problem(refusal, 422)), "/evidence");
        for (pause, at) in [
            ("2026-11-21T10:00:00Z", "/brand_choices/0/paused_until"),
            ("2028-01-01T00:00:00Z", "/brand_choices/0/paused_until"),
        ] {
            let refusal = server.api(&all, "PUT", &path, one(json!({"paused_until": pause, "at_most": "monthly"}))).await;
            let problem = expect_problem(refusal, 422);
            assert!(["/evidence", at].contains(&pointer(&problem)), "{problem}");
        }
        assert_eq!(server.snapshot(), before);
        let mut more = one(json!({}));
        more["evidence"] = evidence();
        expect_problem(server.api(&all, "PUT", &path, more.clone()).await, 409);
        assert_eq!(server.snapshot(), before, "less was chosen since");
        server.advance(Duration::from_secs(1));
        more["evidence"] = evidence_of(server.now());
        let page = server.api(&all, "PUT", &path, more).await.expect(200).json();
        assert_eq!((&page["items"][0]["paused_until"], &page["items"][0]["at_most"]), (&Value::Null, &json!("each")));
        let reader = key(&server, &[Scope::ReadPerson]);
        expect_problem(server.api(&reader, "PUT", &path, one(json!({"at_most": "weekly"}))).await, 403);
    }

    async fn the_copy_shows_choices_with_their_history_and_erasure_takes_them_away(server: TestServer) {
        let brand = server.demo_brand();
        let person = chooses(&server, &brand, "ana", at_most(AtMost::Weekly));
        person.state(|conn, statement| brand_choice::set(conn, statement, at_most(AtMost::Monthly)));
        let keys = server.app.keys.clone();
        let now = server.now();
        let copy = server.read(|conn| privacy::export::export(conn, &keys, person.id, mannerly::clock::DAY, now));
        let words: Vec<AtMost> = copy.brand_choice_entries.iter().map(|entry| entry.at_most).collect();
        assert_eq!(words, [AtMost::Weekly, AtMost::Monthly]);
        assert_eq!((copy.brand_choices.len(), copy.brand_choices[0].at_most), (1, AtMost::Monthly));
        server.write(|conn, now| privacy::erase(conn, &keys, person.id, "test", now));
        assert!(server.read(|conn| brand_choice::of_subscriber(conn, person.id)).is_empty());
        assert_eq!(server.read(|conn| brand_choice::entries(conn, person.id)).len(), 2, "the proof stays");
    }
}

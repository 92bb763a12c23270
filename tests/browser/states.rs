//! States of pages in which something stands in the way: what was open is out of date, a link is too old, a day's links are
//! used up, the server refuses; and a brand at a host of its own.

use std::time::Duration;

use mannerly::db::Kind;
use mannerly::domain::campaign::state;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::opt_in::Answer;
use mannerly::i18n::Lang;
use mannerly::token::ConfirmLink;
use mannerly::web;
use mannerly::web::page::ProblemPage;

use super::driver::Browser;
use super::own::{MOVED, SAVES};
use super::pages::Tour;
use crate::person::Person;
use crate::support::server::TestServer;

/// What a page says when something goes wrong that no test brings about in a browser: written by the server's own code
/// into a page of the server's.
pub(super) async fn go_wrong(tour: &mut Tour<'_>) {
    let after = Some(Duration::from_secs(600));
    for (status, name, heading) in [
        (400, "damaged", "That did not work"),
        (409, "conflict", "That is no longer possible"),
        (413, "too-large", "That was too much"),
        (429, "too-many", "Too many tries"),
        (500, "our-fault", "Something went wrong"),
        (503, "unavailable", "We cannot answer just now"),
    ] {
        let page = web::page::render(&ProblemPage::for_status(tour.lang, status, after)).unwrap();
        tour.open("/").await;
        let write = format!("document.open(); document.write({}); document.close()", serde_json::json!(page));
        tour.browser.run(&write).await;
        let is_there = "return document.readyState === 'complete' && document.styleSheets.length === 1";
        let wait = async { while tour.browser.run(is_there).await != true {} };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the page should be there");
        tour.look(name, "*", heading).await;
    }
}

/// Looks at a page that was shown anew, with what stands in the way.
async fn refused(tour: &mut Tour<'_>, name: &str, route: &'static str, heading: &str) {
    let summary = tour.browser.run("return document.querySelectorAll('.problem').length").await;
    assert_eq!(summary, 1, "{name} has no summary of what is wrong");
    tour.look(name, route, heading).await;
}

/// The brand changes the words that people agree to.
fn change_the_words(server: &TestServer, words: &str) {
    use diesel::prelude::*;
    use mannerly::db::schema::brand;
    server.write(|conn, _| {
        Ok(diesel::update(brand::table).set(brand::consent_wording.eq(words)).execute(conn)?)
    });
}

/// Choices on pages that were open while the world went on.
async fn choose_too_late(tour: &mut Tour<'_>, person: &Person) {
    const ACT: &str = "POST /r/{token}";
    let (server, choices) = (tour.server, person.preferences(tour.server));
    let confirmation = person.pending_confirmation(server);
    tour.open(&format!("/confirm/{}", server.app.keys.seal(&ConfirmLink { confirmation }))).await;
    person.answer(server, "grants", Channel::Email, Answer::Pending);
    tour.submit("main button").await;
    refused(tour, "confirm-outdated", "POST /confirm/{token}", "Is this what you want?").await;
    tour.submit("main button").await;
    server.advance(Duration::from_secs(1));

    tour.open(&choices).await;
    tour.click("[name=choice][value='compliance:email']").await;
    change_the_words(server, "I agree to other words.");
    tour.submit(SAVES).await;
    refused(tour, "preferences-other-words", "POST /p/{token}", "Your choices at Civic Notes").await;

    tour.open(&choices).await;
    tour.submit("button[value=stop]").await;
    tour.browser.run("document.querySelector('#reason input').value = 'something'").await;
    tour.click("#reason input").await;
    tour.submit("button[value=reason]").await;
    tour.look("reason-unknown", ACT, "That did not work").await;
    tour.browser.client.back().await.unwrap();
    change_the_words(server, "I agree to other words again.");
    tour.submit("button[value=undo]").await;
    refused(tour, "undo-other-words", ACT, "Everything is stopped").await;
    server.advance(Duration::from_secs(1));
    person.grant(server, "newsletter", Channel::Email);
    tour.submit("button[value=undo]").await;
    refused(tour, "undo-too-late", ACT, "Everything is stopped").await;
}

/// Data that was corrected in another tab, and a link to a new address that nobody followed in time.
async fn correct_too_late(tour: &mut Tour<'_>, person: &Person) {
    let (server, data) = (tour.server, person.data(tour.server));
    tour.open(&data).await;
    tour.browser.fill("#new_email", MOVED).await;
    tour.submit("button[value=change-address]").await;
    let late = tour.mailed_link(MOVED, "/a/").await;
    tour.open(&data).await;
    let other = server.form(&data, "correct").await.set("company", "Exampleton Council");
    server.press(&other).await.expect(200);
    tour.browser.fill("#company", "Council of Exampleton").await;
    tour.submit("button[value=correct]").await;
    refused(tour, "data-outdated", "POST /d/{token}", "Your data at Civic Notes").await;
    server.advance(Duration::from_secs(25 * 60 * 60));
    tour.open(&late).await;
    tour.look("address-expired", "GET /a/{token}", "This link is no longer valid").await;
}

/// More links in a day than are mailed.
async fn ask_too_often(tour: &mut Tour<'_>, person: &Person) {
    let (server, choices) = (tour.server, person.preferences(tour.server));
    person.at(server.other_brand()).grant(server, "newsletter", Channel::Email);
    for (button, name) in [
        ("button[value=data-link]", "data-link-not-sent"),
        ("button[value='other-link:harbour']", "other-link-not-sent"),
    ] {
        let mut mails = 1;
        while mails > 0 {
            tour.open(&choices).await;
            tour.browser
                .run("document.querySelectorAll('details').forEach(details => details.open = true)")
                .await;
            tour.submit(button).await;
            server.run_jobs().await;
            mails = server.mails().len();
        }
        let said = tour.browser.run("return document.querySelector('.lead').textContent").await;
        let no_further = tour.lang.say("link-not-sent-lead").to_string();
        let no_further = no_further.split('<').next().unwrap();
        assert!(said.as_str().unwrap().starts_with(no_further), "{name}: {said}");
        tour.look(name, "POST /p/{token}", "Check your inbox").await;
    }
}

/// More letters than one page of the archive has.
async fn turn_the_page(tour: &mut Tour<'_>, person: &Person) {
    for number in 0..21 {
        let draft = tour.server.draft(&person.brand, |form| {
            form.subject = format!("Letter {number}");
            form.archive = true;
        });
        tour.server.write(|conn, now| state::schedule(conn, draft.id, None, now));
    }
    tour.server.run_jobs().await;
    tour.server.mails();
    tour.open("/b/civic/archive").await;
    tour.submit("[rel=next]").await;
    tour.look("archive-second-page", "GET /b/{brand}/archive", "Emails from Civic Notes").await;
}

/// The front page of a brand at a host of its own.
async fn visit_its_own_host(tour: &mut Tour<'_>) {
    crate::hosts::move_to(tour.server, "harbour", &["news.localhost"]).await.expect(200);
    tour.open(&tour.server.url("/").replace("127.0.0.1", "news.localhost")).await;
    tour.look("own-host", "GET /", "Marketing mail that asks first").await;
}

async fn come_too_late(lang: Lang) {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    browser.speak(lang.tag()).await;
    let person = Person::reader(&server);
    let mut tour = Tour::begin(&server, &browser, lang);
    turn_the_page(&mut tour, &person).await;
    correct_too_late(&mut tour, &person).await;
    ask_too_often(&mut tour, &person).await;
    choose_too_late(&mut tour, &person).await;
    visit_its_own_host(&mut tour).await;
    tour.end();
    browser.stop().await;
}

#[tokio::test]
async fn who_comes_too_late_or_too_often_reads_why_in_english() {
    come_too_late(Lang::English).await;
}

#[tokio::test]
async fn who_comes_too_late_or_too_often_reads_why_in_the_other_languages() {
    for lang in [Lang::Welsh, Lang::German, Lang::French] {
        come_too_late(lang).await;
    }
}

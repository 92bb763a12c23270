//! What a page weighs: its HTML and its one style sheet together, in every language and in its heaviest state.

use mannerly::domain::audience::subscriber;
use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::opt_in::Answer as Answered;
use mannerly::domain::consent::permission::Kind;
use mannerly::i18n::Lang;

use crate::person::Person;
use crate::readonly::Sample;
use crate::sign_up_safety::summary;
use crate::support::form::BrowserForm;
use crate::support::http::{Answer, language, seen};
use crate::support::server::TestServer;

/// No page is heavier, in octets before compression.
const MOST: usize = 30_000;

/// Everything that makes a page heavy and that a brand or a person can have, besides the logo that is there: colours, a line
/// on how often and an example of each kind of message, something of everything, tracking allowed, another brand, and use of
/// their data restricted.
fn furnish(server: &TestServer, person: &Person) {
    use diesel::prelude::*;
    use mannerly::db::schema::{brand, topic};
    server.write(|conn, _| {
        let colours = (brand::accent.eq("#5b2a86"), brand::accent_dark.eq("#d7b8f3"));
        diesel::update(brand::table).set(colours).execute(conn)?;
        let communications = topic::table.filter(topic::kind.eq("communication"));
        let said = (
            topic::frequency_note.eq("About two a month."),
            topic::example_url.eq("https://www.civic.example.com/newsletter/2026/11"),
        );
        Ok(diesel::update(communications).set(said).execute(conn)?)
    });
    for topic in ["webinars", "events", "product-updates", "social-care", "grants", "offers", "whitepapers"] {
        person.grant(server, topic, Channel::Email);
    }
    for topic in ["events", "grants", "offers"] {
        person.grant(server, topic, Channel::Phone);
    }
    for topic in ["group-news", "company-updates"] {
        person.answer(server, topic, Channel::Email, Answered::Pending);
    }
    for kind in [Kind::Opens, Kind::Clicks, Kind::Profiling] {
        person.allow(server, kind);
    }
    server.write(|conn, now| subscriber::restrict(conn, person.id, Some(now)));
    let harbour = server.read(|conn| mannerly::domain::catalog::brand::find(conn, "harbour"));
    person.at(harbour).grant(server, "newsletter", Channel::Email);
}

/// The pages as answers to what a person posts, wrong or right.
async fn answers(server: &TestServer, person: &Person, lang: Lang) -> Vec<(String, Answer)> {
    let in_lang = |path: &str| format!("{path}?lang={}", lang.tag());
    let choices = in_lang(&person.preferences(server));
    let page = Answer::to(server.request("GET", &choices).header("sec-gpc", "1")).await.expect(200);
    let form = |button: &str| BrowserForm::with_button(&page.text, button);
    let wrong = form("pause").set("pause_until", "2020-01-01").tick("choice", "transport:email");
    let wrong = server.request("POST", &choices).header("sec-gpc", "1").form(&wrong.pressed());
    let mut found = vec![
        (format!("{choices} with Sec-GPC"), Answer::to(wrong).await.expect(422)),
        ("the same, untouched".to_owned(), page.clone()),
    ];
    let sign_up = in_lang("/b/civic/sign-up");
    let empty = server.get(&sign_up).await.expect(200).text;
    let fields = [
        ("seen", seen(&empty)),
        ("shown_language", lang.tag()),
        ("email", "ana@"),
        ("country", "Great Britain"),
        ("shown", "events:phone"),
        ("choice", "events:phone"),
        ("shown", "events:post"),
        ("choice", "events:post"),
    ];
    found.push((sign_up.clone(), server.post_form(&sign_up, &fields).await.expect(422)));
    let data = in_lang(&person.data(server));
    for (button, name, typed) in [
        ("correct", "country", "Atlantis"),
        ("change-address", "new_email", "x@"),
        ("erase", "understood", ""),
    ] {
        let form = server.form(&data, button).await.set(name, typed);
        let again = server.press(&form).await.expect(422);
        assert_eq!(summary(&again.text), [name], "the page comes back and says what is wrong");
        found.push((format!("{data} {button}"), again));
    }
    // Something of everything at once, then everything ended, then both taken back.
    let save = form("save")
        .untick("choice", "newsletter:post")
        .tick("choice", "transport:phone")
        .tick("permission", "opens")
        .set("at_most", "monthly")
        .set("pause_until", "2027-03-01");
    found.push(("saved".into(), server.post_form(&choices, &save.pressed()).await.expect(200)));
    for button in ["no-tracking", "stop"] {
        let page = server.get(&choices).await.expect(200).text;
        let touched = BrowserForm::with_button(&page, button).tick("choice", "compliance:email");
        found.push((button.into(), server.post_form(&choices, &touched.pressed()).await.expect(200)));
    }
    let undo = BrowserForm::with_button(&found.last().unwrap().1.text, "undo");
    found.push(("undone".into(), server.post_form(&undo.action, &undo.pressed()).await.expect(200)));
    let link = in_lang(&person.unsubscribe(server));
    let press = [("List-Unsubscribe", "One-Click"), ("page", "1"), ("shown_language", lang.tag())];
    found.push((link.clone(), server.post_form(&link, &press).await.expect(200)));
    found
}

/// What it weighs with the style sheet that it names.
async fn weight(server: &TestServer, page: &Answer) -> usize {
    let sheet = page.text.split("<link rel=\"stylesheet\" href=\"").nth(1).expect("a style sheet");
    let sheet = sheet.split('"').next().unwrap();
    page.bytes.len() + server.get(sheet).await.expect(200).bytes.len()
}

#[tokio::test]
async fn every_page_is_under_30_kb_with_its_style_sheet_in_every_language_and_its_heaviest_state() {
    let mut heaviest = Vec::new();
    for lang in Lang::ALL {
        let mut server = TestServer::start(mannerly::db::Kind::Sqlite).await;
        server.leave_work_behind();
        let sample = Sample::new(&server).await;
        furnish(&server, &sample.person);
        let mut pages = Vec::new();
        for (path, _) in sample.every_path(&server) {
            let answer = server.get(&format!("{path}?lang={}", lang.tag())).await;
            let is_page = answer.header("content-type").starts_with("text/html");
            // The API's documentation is for programmers, and as long as the API, a report is for marketers and has a chart
            // for each question, and a letter is as long as its author likes.
            let is_for_people = path != "/api/docs" && !path.starts_with("/report/");
            if is_page && is_for_people && answer.text.contains("rel=\"stylesheet\"") {
                pages.push((path, answer));
            }
        }
        assert!(pages.len() >= 10, "only {} pages were weighed", pages.len());
        pages.extend(answers(&server, &sample.person, lang).await);
        for (name, page) in &pages {
            if !["/", "/b/civic/privacy/1.1"].contains(&name.as_str()) {
                assert_eq!(language(&page.text), lang.tag(), "{name}");
            }
            heaviest.push((weight(&server, page).await, lang.tag(), name.clone()));
        }
    }
    heaviest.sort();
    let (most, ..) = heaviest.last().unwrap();
    assert!(*most < MOST, "{:#?}", &heaviest[heaviest.len().saturating_sub(12)..]);
}

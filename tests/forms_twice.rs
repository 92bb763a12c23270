//! Every form on which a person decides something, as people really use forms: reloaded, gone back to and sent again, pressed
//! twice at once, open in two tabs, or found in an old mail. Nothing is done twice, nothing is lost, and the page says how
//! things stand.

use std::time::Duration;

use mannerly::domain::consent::opt_in::{self, State};
use mannerly::token::ReceiptLink;

use crate::person::Person;
use crate::support::form::BrowserForm;
use crate::support::http::Answer;
use crate::support::server::TestServer;

/// A form that is open in a browser, with what its reader did to it.
#[derive(Debug, Clone)]
struct Open {
    action: String,
    fields: Vec<(String, String)>,
}

impl Open {
    fn of(form: &BrowserForm) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self { action: form.action.clone(), fields: form.pressed().into_iter().map(own).collect() }
    }

    fn request(&self, server: &TestServer) -> reqwest::RequestBuilder {
        server.request("POST", &self.action).form(&self.fields)
    }

    /// Presses its button, and goes where that leads.
    async fn press(&self, server: &TestServer) -> Answer {
        let fields: Vec<(&str, &str)> = self.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        server.post_form(&self.action, &fields).await
    }
}

/// The forms, by the page they are on and the button.
const FORMS: [(&str, &str); 17] = [
    ("p", "save"),
    ("p", "only"),
    ("p", "all-email"),
    ("p", "none"),
    ("p", "no-tracking"),
    ("p", "pause"),
    ("p", "resume"),
    ("p", "stop"),
    ("p", "data-link"),
    ("p", "other-link:harbour"),
    ("u", "unsubscribe"),
    ("r", "undo"),
    ("r", "reason"),
    ("d", "correct"),
    ("d", "change-address"),
    ("d", "erase"),
    ("a", "confirm"),
];

/// A house where each of these forms has something to do.
async fn furnish(server: &TestServer) -> Person {
    use mannerly::domain::catalog::Channel;
    use mannerly::domain::consent::permission::Kind;
    let person = Person::reader(server);
    for topic in ["events", "webinars"] {
        person.grant(server, topic, Channel::Email);
    }
    person.allow(server, Kind::Opens);
    person.at(server.other_brand()).grant(server, "newsletter", Channel::Email);
    person
}

/// A house for one form, on the same kind of database, and the page that the form is on.
async fn house(beside: &TestServer, form: (&str, &str)) -> (TestServer, Person, String) {
    let mut server = TestServer::start(beside.app.db.kind()).await;
    server.leave_work_behind();
    let person = furnish(&server).await;
    let url = page(&server, &person, form).await;
    (server, person, url)
}

/// The page that a form is on, made so that the form is there.
async fn page(server: &TestServer, person: &Person, (page, button): (&str, &str)) -> String {
    match page {
        "p" if button == "resume" => {
            let url = person.preferences(server);
            open(server, &url, "pause").await.press(server).await.expect(200);
            server.advance(Duration::from_secs(5));
            url
        }
        "p" => person.preferences(server),
        "u" => person.unsubscribe(server),
        "d" => person.data(server),
        "a" => crate::address_change::asked(server, person).await,
        _ => {
            let done = if button == "undo" { "only" } else { "stop" };
            let open = open(server, &person.preferences(server), done).await;
            let answer = Answer::to(open.request(server)).await.expect(303);
            let there = answer.header("location").to_owned();
            server.advance(Duration::from_secs(5));
            there
        }
    }
}

async fn open(server: &TestServer, url: &str, button: &str) -> Open {
    let text = server.get(url).await.expect(200).text;
    let form = |button: &str| BrowserForm::with_button(&text, button);
    Open::of(&match button {
        "unsubscribe" => {
            let fields = [("List-Unsubscribe", "One-Click"), ("page", "1"), ("shown_language", "en-GB")];
            let fields = fields.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
            return Open { action: url.to_owned(), fields };
        }
        "confirm" => {
            let fields = vec![("shown_language".to_owned(), "en-GB".to_owned())];
            return Open { action: url.to_owned(), fields };
        }
        "save" => form("save").untick("choice", "newsletter:email").tick("choice", "transport:email"),
        "only" => form("only").set("only", "webinars:email"),
        "reason" => form("reason").tick("reason", "other"),
        "correct" => form("correct").set("first_name", "Ana").set("phone", ""),
        "change-address" => form("change-address").set("new_email", crate::address_change::NEW),
        "erase" => form("erase").tick("understood", "yes"),
        other => form(other),
    })
}

/// What is at an answer, without what says when it was asked for.
fn said(answer: &Answer) -> (u16, String) {
    let heading = answer.text.split("<h1>").nth(1).and_then(|rest| rest.split("</h1>").next());
    (answer.status, heading.unwrap_or_default().to_owned())
}

/// The rows, without what every link that is mailed anew adds: that is counted by its own tests.
fn rows(server: &TestServer) -> Vec<String> {
    server.snapshot().into_iter().filter(|row| !row.starts_with("outbox: ")).collect()
}

both_databases! {
    async fn a_form_that_is_sent_again_does_nothing_more_and_says_the_same(server: TestServer) {
        for (on, button) in FORMS {
            let (server, _, url) = house(&server, (on, button)).await;
            let form = open(&server, &url, button).await;
            let first = form.press(&server).await.expect(200);
            let after = rows(&server);
            // At once, from the browser's history, and much later on the same day.
            for wait in [0, 1, 600] {
                server.advance(Duration::from_secs(wait));
                let again = form.press(&server).await.expect(200);
                assert_eq!(said(&again), said(&first), "{on} {button} after {wait} s");
                assert_eq!(rows(&server), after, "{on} {button} after {wait} s");
            }
        }
    }

    async fn of_two_tabs_the_second_finds_what_the_first_did(server: TestServer) {
        for (on, button) in FORMS {
            let (server, _, url) = house(&server, (on, button)).await;
            let tabs = [open(&server, &url, button).await, open(&server, &url, button).await];
            // At the same moment: one comes first, whichever it is.
            let (one, two) = tokio::join!(tabs[0].press(&server), tabs[1].press(&server));
            assert_eq!(said(&one), said(&two), "{on} {button}");
            assert_eq!(one.status, 200, "{on} {button}: {}", one.text);
            let after = rows(&server);
            let again = tabs[1].press(&server).await;
            assert_eq!((said(&again), rows(&server)), (said(&one), after), "{on} {button}");
        }
    }

    async fn a_form_of_an_earlier_page_never_undoes_what_was_said_since(server: TestServer) {
        for (on, button) in FORMS.into_iter().filter(|(_, button)| !["data-link", "other-link:harbour", "reason"].contains(button)) {
            let (server, person, url) = house(&server, (on, button)).await;
            let old = open(&server, &url, button).await;
            let stop = open(&server, &person.preferences(&server), "stop").await;
            stop.press(&server).await.expect(200);
            let late = old.press(&server).await;
            assert!([200, 409].contains(&late.status), "{on} {button}: {}", late.text);
            assert!(late.text.contains("<h1>"), "{on} {button}: a page in words");
            let granted = server.read(|conn| opt_in::of_subscriber(conn, person.id));
            let granted = granted.iter().filter(|answer| answer.brand_id == person.brand.id && answer.state == State::Granted);
            // Only a box that was ticked by hand on the old page is a wish of its own.
            let wished = if button == "save" { 1 } else { 0 };
            assert!(granted.count() <= wished, "{on} {button}");
        }
    }

    async fn a_page_that_is_reloaded_is_the_same_and_does_nothing(server: TestServer) {
        for (on, button) in FORMS.into_iter().filter(|(_, button)| *button != "erase") {
            let (server, _, url) = house(&server, (on, button)).await;
            let form = open(&server, &url, button).await;
            let answer = Answer::to(form.request(&server)).await;
            let there = if answer.status == 303 { answer.header("location").to_owned() } else { url };
            let (after, pages) = (rows(&server), [server.get(&there).await, server.get(&there).await]);
            assert_eq!(pages[0].text, pages[1].text, "{on} {button}");
            assert!([200, 410].contains(&pages[0].status), "{on} {button}: {}", pages[0].status);
            assert_eq!(rows(&server), after, "{on} {button}");
        }
    }

    async fn an_old_mail_still_ends_things_and_shows_nothing_personal(server: TestServer) {
        let person = furnish(&server).await;
        let links = [
            (person.preferences(&server), 200), (person.unsubscribe(&server), 200), (person.data(&server), 410),
            (crate::address_change::asked(&server, &person).await, 410), (format!("/r/{}", stopped(&server, &person).await), 200),
        ];
        server.advance(Duration::from_secs(2 * 365 * 24 * 3600));
        server.run_jobs().await;
        let before = server.snapshot();
        for (link, status) in links {
            let page = server.get(&link).await.expect(status).text;
            assert!(page.contains("<h1>") && crate::person::CANARIES.iter().all(|word| !page.contains(word)), "{link}");
            if status == 410 {
                let form = [("action", "correct"), ("first_name", "Ana")];
                let page = server.post_form(&link, &form).await.expect(410).text;
                assert!(page.contains("This link is no longer valid") && page.contains("/b/civic/link"));
            }
        }
        assert_eq!(server.snapshot(), before);
        let stop = [("List-Unsubscribe", "One-Click")];
        server.post_form(&person.unsubscribe(&server), &stop).await.expect(200);
    }
}

/// The token of an act.
async fn stopped(server: &TestServer, person: &Person) -> String {
    let form = open(server, &person.preferences(server), "stop").await;
    form.press(server).await.expect(200);
    let act =
        server.read(|conn| mannerly::domain::preferences::act::of_person(conn, person.id)).pop().unwrap();
    server.app.keys.seal(&ReceiptLink { act: act.id })
}

//! One click ends it (RFC 8058; M-01 to M-11), whatever sends the POST and whenever it comes.

use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::ledger::{Decision, Method};
use mannerly::domain::consent::opt_in::State;

use crate::person::{ADDRESS, Person};
use crate::support::http::{Answer, link_to};
use crate::support::server::TestServer;

const URLENCODED: &str = "application/x-www-form-urlencoded";
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

async fn post(server: &TestServer, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = server.request("POST", path).header("content-type", content_type).body(body);
    Answer::to(request).await
}

async fn click(server: &TestServer, path: &str) -> Answer {
    post(server, path, URLENCODED, ONE_CLICK).await
}

fn gets_email(server: &TestServer, person: &Person) -> bool {
    person.state(server, "newsletter", Channel::Email) == Some(State::Granted)
}

/// A multipart body, as mail programs build it.
fn multipart(boundary: &str, value: &str) -> String {
    format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n{value}\r\n\
         --{boundary}--\r\n"
    )
}

both_databases! {
    async fn every_way_of_posting_it_ends_it_at_once_without_cookie_redirect_or_login(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.unsubscribe(&server);
        for (content_type, body) in [
            (URLENCODED, ONE_CLICK.to_owned()),
            ("application/x-www-form-urlencoded; charset=UTF-8", ONE_CLICK.to_owned()),
            (URLENCODED, format!("a=1&{ONE_CLICK}&utm=%20x&b")),
            ("multipart/form-data; boundary=abc", multipart("abc", "One-Click")),
            ("multipart/form-data; boundary=\"a b c\"", multipart("a b c", "One-Click")),
            ("multipart/form-data; boundary=----=_Part_7", multipart("----=_Part_7", "One-Click")),
        ] {
            person.grant(&server, "newsletter", Channel::Email);
            assert!(gets_email(&server, &person));
            let answer = post(&server, &url, content_type, body).await.expect(200);
            assert!(!gets_email(&server, &person), "{content_type}");
            assert!(answer.text.len() < 50, "a mail program needs no page: {}", answer.text);
            assert_eq!((answer.header("set-cookie"), answer.header("location")), ("", ""));
        }
    }

    async fn a_chunked_post_ends_it_too(server: TestServer) {
        let person = Person::reader(&server);
        let pieces = ["List-Unsub", "scribe=One", "-Click"].map(Ok::<_, std::io::Error>);
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        post(&server, &person.unsubscribe(&server), URLENCODED, body).await.expect(200);
        assert!(!gets_email(&server, &person));
    }

    async fn an_empty_body_or_another_value_is_refused_and_changes_nothing(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.unsubscribe(&server);
        let before = server.snapshot();
        for body in [
            "",
            "List-Unsubscribe",
            "List-Unsubscribe=",
            "List-Unsubscribe=one-click",
            "List-Unsubscribe=Yes",
            "List-Unsubscribe=One-Click&List-Unsubscribe=No",
            "list-unsubscribe=One-Click",
            "list=One-Click",
            "List-Unsubscribe=One-Click%",
            "List-Unsubscribe=One-Click%FF",
        ] {
            post(&server, &url, URLENCODED, body).await.expect(400);
        }
        Answer::to(server.request("POST", &url)).await.expect(400);
        let wrong = multipart("abc", "No");
        post(&server, &url, "multipart/form-data; boundary=abc", wrong).await.expect(400);
        let cut_off = multipart("abc", "One-Click").split_at(75).0.to_owned();
        post(&server, &url, "multipart/form-data; boundary=abc", cut_off).await.expect(400);
        post(&server, &url, "multipart/form-data", multipart("abc", "One-Click")).await.expect(400);
        post(&server, &url, "application/json", "{\"List-Unsubscribe\":\"One-Click\"}").await.expect(415);
        let long = format!("{ONE_CLICK}&a={}", "x".repeat(70_000));
        post(&server, &url, URLENCODED, long).await.expect(413);
        for method in ["PUT", "DELETE", "PATCH"] {
            let answer = Answer::to(server.request(method, &url)).await.expect(405);
            assert_eq!(answer.header("allow"), "GET, POST, HEAD");
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn looking_shows_a_page_with_one_button_and_changes_nothing(server: TestServer) {
        let person = Person::reader(&server);
        let before = server.snapshot();
        let url = person.unsubscribe(&server);
        let page = server.get(&url).await.expect(200);
        assert_eq!(page.text.matches("<button").count(), 1);
        assert!(page.text.contains("all marketing email from Civic Notes"));
        assert!(page.text.contains("name=\"List-Unsubscribe\" value=\"One-Click\""));
        assert!(!page.text.contains("canary"), "the page shows nothing of the person");
        let head = Answer::to(server.request("HEAD", &url)).await.expect(200);
        assert!(head.bytes.is_empty());
        assert_eq!(server.snapshot(), before);
    }

    async fn five_clicks_are_five_times_200_and_one_entry_that_says_the_scope(server: TestServer) {
        let person = Person::reader(&server);
        let before = person.ledger(&server).len();
        for _ in 0..5 {
            click(&server, &person.unsubscribe(&server)).await.expect(200);
        }
        let ledger = person.ledger(&server);
        assert_eq!(ledger.len(), before + 1);
        let entry = ledger.last().unwrap();
        assert_eq!((entry.decision, entry.method), (Decision::Withdrawn, Method::OneClick));
        assert_eq!((entry.topic.as_deref(), entry.channel), (None, Some(Channel::Email)));
        assert_eq!(entry.wording, "all marketing email from Civic Notes");
        assert!(server.snapshot().iter().any(|row| row.starts_with("ledger: ") && row.contains("77")));
    }

    async fn the_pages_own_button_answers_with_a_page_that_says_what_stopped_and_what_goes_on(server: TestServer) {
        let person = Person::reader(&server);
        let fields = [("List-Unsubscribe", "One-Click"), ("page", "1")];
        let page = server.post_form(&person.unsubscribe(&server), &fields).await.expect(200);
        let entry = person.ledger(&server).pop().unwrap();
        assert!(page.text.contains(&entry.wording), "the scope on the page is the scope in the ledger (M-11)");
        assert_eq!(entry.method, Method::UnsubscribePage);
        assert!(page.text.contains("Newsletter by post"));
        assert!(!gets_email(&server, &person));
        assert_eq!(person.state(&server, "newsletter", Channel::Post), Some(State::Granted));
    }

    async fn the_page_and_its_answer_lead_to_finer_choices(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.unsubscribe(&server);
        let before = server.get(&url).await.expect(200).text;
        let fields = [("List-Unsubscribe", "One-Click"), ("page", "1")];
        let pressed = server.post_form(&url, &fields).await.expect(200).text;
        // Whoever got nothing reads another page, since nothing was done.
        let bare = Person { id: server.person(&person.brand, "bare@example.com").id, brand: person.brand.clone() };
        let nothing = server.post_form(&bare.unsubscribe(&server), &fields).await.expect(200).text;
        for page in [before, pressed, nothing] {
            let choices = server.get(link_to(&page, "/p/")).await.expect(200).text;
            assert!(choices.contains("<h1>Your choices at Civic Notes</h1>"));
        }
    }

    async fn a_click_ends_one_brand_and_leaves_the_other(server: TestServer) {
        let person = Person::reader(&server);
        let elsewhere = person.at(server.other_brand());
        elsewhere.grant(&server, "newsletter", Channel::Email);
        click(&server, &person.unsubscribe(&server)).await.expect(200);
        assert!(!gets_email(&server, &person));
        assert!(gets_email(&server, &elsewhere));
    }

    async fn the_click_of_an_old_letter_ends_a_newer_opt_in(server: TestServer) {
        let person = Person::reader(&server);
        let old = person.unsubscribe(&server);
        click(&server, &old).await.expect(200);
        server.advance(std::time::Duration::from_secs(3 * 365 * 24 * 3600));
        person.grant(&server, "newsletter", Channel::Email);
        click(&server, &old).await.expect(200);
        assert!(!gets_email(&server, &person));
    }

    async fn after_erasure_a_click_is_answered_and_changes_nothing(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.unsubscribe(&server);
        person.erase(&server);
        let before = server.snapshot();
        click(&server, &url).await.expect(200);
        let page = server.get(&url).await.expect(200);
        assert!(!page.text.contains("href=\"/p/"), "there are no choices to look at any more");
        let fields = [("List-Unsubscribe", "One-Click"), ("page", "1")];
        server.post_form(&url, &fields).await.expect(200);
        assert_eq!(server.snapshot(), before);
    }

    async fn a_token_that_is_not_ours_finds_the_same_as_a_wrong_address(server: TestServer) {
        let person = Person::reader(&server);
        let nothing = server.get("/no-such-page").await.expect(404);
        let good = person.unsubscribe(&server);
        let altered = format!("{}{}", &good[..good.len() - 1], if good.ends_with('A') { 'B' } else { 'A' });
        let before = server.snapshot();
        for path in [altered, "/u/x".into(), format!("/u/{}", "A".repeat(5000)), "/u/%FF".into()] {
            assert_eq!(server.get(&path).await.expect(404).bytes, nothing.bytes);
            assert_eq!(click(&server, &path).await.expect(404).bytes, nothing.bytes);
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn the_header_of_a_letter_ends_the_next_campaign_for_that_person(server: TestServer) {
        let person = Person::reader(&server);
        server.campaign(&person.brand);
        server.run_jobs().await;
        let mail = server.mail_to(ADDRESS);
        assert_eq!(mail.headers("List-Unsubscribe-Post"), ["List-Unsubscribe=One-Click"]);
        let header = mail.headers("List-Unsubscribe");
        let url = header[0].trim_start_matches('<').trim_end_matches('>');
        click(&server, url).await.expect(200);
        assert_eq!(person.ledger(&server).last().unwrap().method, Method::OneClick);
        let next = server.campaign(&person.brand);
        server.run_jobs().await;
        assert_eq!(server.outcomes(&next), [("skipped withdrawn".to_owned(), 1)]);
    }
}

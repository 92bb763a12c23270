//! What people and browsers do to the forms by which one comes in: reload, back, press twice, two tabs, a link that is too
//! old; and that the button of a confirmation confirms only what was on its page.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::db::schema::{confirmation, ledger, subscriber};
use mannerly::domain::audience::subscriber::Profile;

use crate::sign_up::{sign_up, sign_up_for_the_newsletter, states};
use crate::support::form::field;
use crate::support::http::seen;
use crate::support::people::own_source;
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The fields that the summary of problems links to, in its order.
pub(crate) fn summary(page: &str) -> Vec<&str> {
    let summary = page.split("role=\"alert\"").nth(1).expect("a summary of problems");
    let links = summary.split("</div>").next().unwrap().split("href=\"#").skip(1);
    links.map(|rest| rest.split('"').next().unwrap()).collect()
}

fn entries(server: &TestServer) -> i64 {
    server.read(|conn| Ok(ledger::table.count().get_result(conn)?))
}

fn names(server: &TestServer) -> Vec<Option<String>> {
    server
        .read(|conn| Ok(subscriber::table.order(subscriber::id).select(subscriber::first_name).load(conn)?))
}

async fn mailed_link(server: &TestServer) -> String {
    server.run_jobs().await;
    server.mail_to("ana@example.com").link("/confirm/")
}

both_databases! {
    async fn every_problem_of_a_sign_up_is_told_at_once_in_the_order_of_the_page(server: TestServer) {
        server.demo_brand();
        let wrong = [
            ("country", "Atlantis"), ("first_name", "Ana\u{7}"), ("shown", "events:phone"), ("shown", "events:post"),
            ("choice", "events:phone"), ("choice", "events:post"), ("phone", "12"), ("company", "Acme"),
        ];
        let page = sign_up(&server, "ana@", &wrong).await.expect(422).text;
        assert_eq!(summary(&page), ["email", "first_name", "country", "phone", "postal_address"]);
        assert!(page.contains("<title>Error: Sign up"));
        for typed in ["value=\"ana@\"", "value=\"Acme\"", "value=\"12\"", "value=\"events:post\" checked"] {
            assert!(page.contains(typed), "{typed}");
        }
        let page = sign_up(&server, "ana@", &[]).await.expect(422).text;
        assert!(page.contains("href=\"#email\"") && page.contains("href=\"#communications\""));
    }

    async fn a_number_and_an_address_are_kept_and_checked_only_if_they_are_needed(server: TestServer) {
        server.demo_brand();
        let spare = [("choice", "newsletter:email"), ("phone", "not a number"), ("postal_address", "1 Example Street")];
        sign_up(&server, "ana@example.com", &spare).await.expect(200);
        let link = mailed_link(&server).await;
        let waiting: Option<String> = server.read(|conn| Ok(confirmation::table.select(confirmation::profile).first(conn)?));
        assert!(!waiting.unwrap_or_default().contains("Example Street"), "it is not even kept until the button is pressed");
        server.confirm(&link).await.expect(200);
        let kept: (Option<String>, Option<String>) =
            server.read(|conn| Ok(subscriber::table.select((subscriber::phone, subscriber::postal_address)).first(conn)?));
        assert_eq!(kept, (None, None));
    }

    async fn the_page_to_confirm_shows_what_will_be_kept_and_no_way_to_reach_anybody(server: TestServer) {
        server.demo_brand();
        let typed = [
            ("choice", "newsletter:email"), ("shown", "events:phone"), ("choice", "events:phone"), ("shown", "events:post"),
            ("choice", "events:post"), ("first_name", "Ana"), ("company", "Acme & Sons"), ("country", "gb"),
            ("phone", "+44 118 496 0111"), ("postal_address", "7 Hidden Lane\r\nSecretham SH1 1SH"),
        ];
        sign_up(&server, "ana@example.com", &typed).await.expect(200);
        let link = mailed_link(&server).await;
        let page = server.get(&link).await.expect(200).text;
        for shown in ["<dd>Ana</dd>", "<dd>Acme &#38; Sons</dd>", "<dd>United Kingdom</dd>", "<dd>+44 … 0111</dd>", "<dd>7 Hi … 1SH</dd>"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(!page.contains("496") && !page.contains("Secretham") && !page.contains("ana@example.com"));
        server.post_form(&link, &[("list", field(&page, "list"))]).await.expect(200);
        assert_eq!(names(&server), [Some("Ana".to_owned())]);
    }

    async fn what_is_known_of_a_person_is_not_shown_by_the_link_to_confirm(server: TestServer) {
        let brand = server.demo_brand();
        let known = Profile { first_name: Some("Canaria".into()), company: Some("Known Ltd".into()), ..Profile::default() };
        server.person_from(&brand, "ana@example.com", &own_source(), known).agrees("newsletter");
        let typed = [("choice", "transport:email"), ("choice", "newsletter:email"), ("first_name", "Rude"), ("last_name", "Lee")];
        sign_up(&server, "ana@example.com", &typed).await.expect(200);
        let link = mailed_link(&server).await;
        let page = server.get(&link).await.expect(200).text;
        assert!(page.contains("<dd>Lee</dd>"), "what fills a gap is new");
        for word in ["Canaria", "Known Ltd", "Rude"] {
            assert!(!page.contains(word), "{word}");
        }
    }

    async fn nobody_confirms_a_name_that_was_not_on_their_page(server: TestServer) {
        server.demo_brand();
        sign_up(&server, "ana@example.com", &[("choice", "newsletter:email"), ("first_name", "Ana")]).await.expect(200);
        let link = mailed_link(&server).await;
        let opened = field(&server.get(&link).await.expect(200).text, "list").to_owned();
        server.advance(Duration::from_secs(60));
        sign_up(&server, "ana@example.com", &[("choice", "newsletter:email"), ("first_name", "Rude")]).await.expect(200);
        server.run_jobs().await;
        let before = server.snapshot();
        let again = server.post_form(&link, &[("list", &opened)]).await.expect(409).text;
        assert!(again.contains("<dd>Rude</dd>") && again.contains("There is a problem"));
        assert_eq!(server.snapshot(), before);
        server.post_form(&link, &[("list", field(&again, "list"))]).await.expect(200);
        assert_eq!(names(&server), [Some("Rude".to_owned())]);
    }

    async fn a_sign_up_survives_reload_back_a_second_press_and_two_tabs(server: TestServer) {
        server.demo_brand();
        let (one, two) = (server.get("/b/civic/sign-up").await.text, server.get("/b/civic/sign-up").await.text);
        let form = |page: &str| {
            let fields = [
                ("email", "ana@example.com"), ("shown", "newsletter:email"), ("choice", "newsletter:email"),
                ("seen", seen(page)),
            ];
            fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let (one, two) = (form(&one), form(&two));
        let mut answers = Vec::new();
        // Pressed twice; posted again by a reload of the answer; by the page one came back to; in the other tab.
        for fields in [&one, &one, &one, &two] {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            answers.push(server.post_form("/b/civic/sign-up", &fields).await.expect(200).text);
            server.run_jobs().await;
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "the same answer each time");
        assert_eq!(server.mails().len(), 1, "and one mail");
        assert_eq!((states(&server), entries(&server)), (vec!["pending".to_owned()], 1));
    }

    async fn a_press_that_does_not_say_which_list_was_read_confirms_nothing(server: TestServer) {
        server.demo_brand();
        sign_up(&server, "ana@example.com", &[("choice", "newsletter:email"), ("first_name", "Ana")]).await.expect(200);
        let link = mailed_link(&server).await;
        let before = server.snapshot();
        let page = server.post_form(&link, &[]).await.expect(422).text;
        assert!(page.contains("look at the list and press the button below it"), "{page}");
        assert!(page.contains("Newsletter by email") && page.contains("Ana"), "{page}");
        server.post_form(&link, &[("list", "")]).await.expect(409);
        assert_eq!(server.snapshot(), before);
        server.post_form(&link, &[("list", field(&page, "list"))]).await.expect(200);
        // What is confirmed already says so, whatever is posted.
        assert!(server.post_form(&link, &[]).await.expect(200).text.contains("that is confirmed"));
    }

    async fn the_button_to_confirm_survives_reload_back_a_second_press_and_two_tabs(server: TestServer) {
        server.demo_brand();
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        let link = mailed_link(&server).await;
        let (one, two) = (server.get(&link).await.text, server.get(&link).await.text);
        let done = server.post_form(&link, &[("list", field(&one, "list"))]).await.expect(200).text;
        let after = server.snapshot();
        for page in [&one, &two] {
            let again = server.post_form(&link, &[("list", field(page, "list"))]).await.expect(200).text;
            assert_eq!(again, done);
        }
        assert!(server.get(&link).await.expect(200).text.contains("that is confirmed"), "who comes back to it reads so");
        assert_eq!(server.snapshot(), after);
    }

    async fn a_link_that_is_good_for_nothing_says_why_and_what_to_do(server: TestServer) {
        server.demo_brand();
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        let link = mailed_link(&server).await;
        let opened = field(&server.get(&link).await.text, "list").to_owned();
        server.post_form("/b/civic/link", &[("email", "ana@example.com")]).await.expect(200);
        server.run_jobs().await;
        let choices = server.mail_to("ana@example.com").link("/p/");
        server.advance(Duration::from_secs(60));
        server.post_form(&choices, &[("action", "stop")]).await.expect(200);
        for answer in [server.get(&link).await, server.post_form(&link, &[("list", &opened)]).await] {
            let page = answer.expect(410).text;
            assert!(page.contains("This link does nothing any more") && page.contains("stopped or taken back"));
            assert!(page.contains("href=\"/b/civic/sign-up\"") && page.contains("href=\"/b/civic/link\""));
        }
        sign_up_for_the_newsletter(&server, "ana@example.com").await.expect(200);
        let link = mailed_link(&server).await;
        let opened = field(&server.get(&link).await.text, "list").to_owned();
        server.advance(7 * DAY + Duration::from_secs(1));
        for answer in [server.get(&link).await, server.post_form(&link, &[("list", &opened)]).await] {
            let page = answer.expect(410).text;
            assert!(page.contains("This link has expired") && page.contains("7 days"));
            assert!(page.contains("href=\"/b/civic/sign-up\"") && page.contains("href=\"/b/civic/link\""));
        }
        assert_eq!(states(&server), ["pending"]);
    }

    async fn asking_for_the_link_survives_reload_back_a_second_press_and_two_tabs(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter");
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(server.post_form("/b/civic/link", &[("email", "ana@example.com")]).await.expect(200).text);
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
        server.run_jobs().await;
        let links: Vec<String> = server.mails().into_iter().map(|mail| mail.link("/p/")).collect();
        assert_eq!(links.len(), 3, "as many as a day allows");
        assert!(links.iter().all(|link| *link == links[0]), "and each of them works");
        server.get(&links[0]).await.expect(200);
        let wrong = server.post_form("/b/civic/link", &[("email", "ana@")]).await.expect(422).text;
        assert!(wrong.contains("value=\"ana@\"") && wrong.contains("href=\"#email\""));
    }
}

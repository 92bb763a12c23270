//! What people do with the pages in a browser: without scripts, from the site of somebody else, and with the challenge of
//! the sign-up form.

use std::time::Duration;

use mannerly::db::Kind;

use super::check;
use super::driver::Browser;
use super::own::{MOVED, SAVES};
use crate::person::Person;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_number_is_asked_for_when_its_channel_is_ticked_also_without_scripts() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    browser.scripts(false).await;
    server.demo_brand();
    let shown = async |id: &str| {
        browser.run(&format!("return document.getElementById('{id}').checkVisibility()")).await == true
    };
    browser.open(&server.url("/b/civic/sign-up")).await;
    assert!(!shown("phone").await && !shown("postal_address").await && shown("email").await);
    browser.click("[name=choice][value='events:phone']").await;
    assert!(shown("phone").await && !shown("postal_address").await);
    browser.click("[name=choice][value='events:phone']").await;
    assert!(!shown("phone").await);
    browser.click("[name=choice][value='newsletter:email']").await;
    browser.click("[name=choice][value='newsletter:post']").await;
    browser.fill("#email", "ana@example.com").await;
    browser.submit("main button").await;
    assert!(shown("postal_address").await && shown("postal_address-error").await && !shown("phone").await);
    browser.click("[name=choice][value='newsletter:post']").await;
    assert!(shown("postal_address-error").await, "what is wrong stays to be seen");
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Check your inbox");
    server.run_jobs().await;
    server.mail_to("ana@example.com");
    browser.stop().await;
}

#[tokio::test]
async fn the_pages_do_all_their_work_without_scripts() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    browser.scripts(false).await;
    let person = Person::reader(&server);
    browser.open(&server.url(&person.preferences(&server))).await;
    browser.click("[name=choice][value='newsletter:post']").await;
    browser.submit(SAVES).await;
    assert_eq!(browser.heading().await, "Saved, and it works now");
    browser.open(&server.url(&person.unsubscribe(&server))).await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "You are unsubscribed");
    browser.open(&server.url("/b/civic/sign-up")).await;
    browser.fill("#email", "ana@example.com").await;
    browser.click("[name=choice][value='newsletter:email']").await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Check your inbox");
    server.run_jobs().await;
    let mail = server.mail_to("ana@example.com");
    browser.open(&mail.link("/confirm/")).await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Thank you, that is confirmed");
    let seed = crate::report::full(&server, &person.brand);
    let address = mannerly::web::report::link(&server.app.keys, &person.brand, &seed.campaign, server.now());
    browser.open(&address.url).await;
    assert!(browser.heading().await.contains("November"));
    browser.click("#funnel ~ details summary").await;
    assert_eq!(browser.run("return document.querySelector('details').open").await, true);
    browser.stop().await;
}

#[tokio::test]
async fn the_pages_of_ones_data_and_the_archive_work_without_scripts() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    browser.scripts(false).await;
    let person = Person::reader(&server);
    let mailed = async |address: &str, part: &str| {
        server.run_jobs().await;
        server.mail_to(address).link(part)
    };
    browser.open(&server.url(&person.preferences(&server))).await;
    browser.submit("button[value=data-link]").await;
    let link = mailed(crate::person::ADDRESS, "/d/").await;
    browser.open(&link).await;
    browser.fill("#company", "Council").await;
    browser.submit("button[value=correct]").await;
    assert!(
        browser
            .run("return document.querySelector('[role=status]').textContent")
            .await
            .as_str()
            .unwrap()
            .contains("Saved")
    );
    browser.fill("#new_email", MOVED).await;
    browser.submit("button[value=change-address]").await;
    assert_eq!(browser.heading().await, "Check the new inbox");
    let change = mailed(MOVED, "/a/").await;
    server.advance(Duration::from_secs(60));
    browser.open(&change).await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Your address is changed");
    server.run_jobs().await;
    server.mail_to(crate::person::ADDRESS);
    browser.open(&link).await;
    assert_eq!(browser.heading().await, "This link is no longer valid");
    browser.submit(".links a").await;
    assert_eq!(browser.heading().await, "Get a link to your choices");
    let draft = server.draft(&person.brand, |form| form.archive = true);
    server.write(|conn, now| mannerly::domain::campaign::state::schedule(conn, draft.id, None, now));
    server.run_jobs().await;
    server.mails();
    browser.open(&server.url("/b/civic/archive")).await;
    browser.submit(".links a").await;
    assert!(browser.client.current_url().await.unwrap().path().starts_with("/b/civic/archive/"));
    browser.stop().await;
}

/// A site of somebody else's: one page, at an origin of its own.
async fn other_site(listener: tokio::net::TcpListener, page: String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = vec![0; 8192];
        let _ = stream.read(&mut request).await;
        let length = page.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
    }
}

#[tokio::test]
async fn another_site_shows_the_form_in_a_frame_and_posts_a_copy_of_it() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    let (named, stranger) = (
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let origin = |listener: &tokio::net::TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let (named_at, stranger_at) = (origin(&named), origin(&stranger));
    let mut form = crate::sign_up_forms::fair();
    form["origins"] = serde_json::json!([named_at]);
    let key = crate::sign_up_forms::with_a_form(&server, form).await;
    let path = "/brands/civic/sign-up-forms/fair/snippets";
    let snippets = server.api(&key, "GET", path, serde_json::Value::Null).await.expect(200).json();
    let (html, iframe) = (snippets["html"].as_str().unwrap(), snippets["iframe"].as_str().unwrap());
    let page =
        format!("<!doctype html><html lang=\"en\"><title>A fair</title><h1>A fair</h1>{iframe}{html}</html>");
    tokio::spawn(other_site(named, page.clone()));
    tokio::spawn(other_site(stranger, page));

    // Where it is named, the frame shows the form, takes it, and shows what comes of it.
    browser.open(&named_at).await;
    let frame = browser.client.find(fantoccini::Locator::Css("iframe")).await.unwrap();
    frame.enter_frame().await.unwrap();
    assert_eq!(browser.heading().await, "Meet us at the fair");
    std::fs::write(check::pictures().join("other-site-wide.png"), browser.picture().await).unwrap();
    // All of it is seen at once, on a telephone and on a wide screen, and there is not much room left.
    browser.click("[name=choice][value='events:phone']").await;
    for width in [360, 1000] {
        browser.screen(width, false).await;
        let heights = browser.run("return [document.querySelector('main').scrollHeight, innerHeight]").await;
        let (form, frame) = (heights[0].as_f64().unwrap(), heights[1].as_f64().unwrap());
        assert!(
            form <= frame && frame < 1.4 * form,
            "{width} px wide: a form of {form} px in a frame of {frame}"
        );
    }
    browser.click("[name=choice][value='events:phone']").await;
    browser.fill("#email", "ana@example.com").await;
    browser.fill("#first_name", "Ana").await;
    browser.click("[name=choice][value='events:email']").await;
    browser.submit("main button").await;
    assert_eq!(browser.heading().await, "Check your inbox");
    server.run_jobs().await;
    server.mail_to("ana@example.com");

    // The copy posts to our page, which is a whole page then.
    browser.open(&named_at).await;
    browser.fill("body > form [name=email]", "bob@example.com").await;
    browser.fill("body > form [name=first_name]", "Bob").await;
    browser.click("body > form [name=choice][value='events:email']").await;
    browser.submit("body > form button").await;
    assert_eq!(browser.heading().await, "Check your inbox");
    assert_eq!(browser.run("return document.querySelectorAll('header').length").await, 1);
    server.run_jobs().await;
    server.mail_to("bob@example.com");

    // Where it is not, the browser shows nothing of ours.
    browser.open(&stranger_at).await;
    let frame = browser.client.find(fantoccini::Locator::Css("iframe")).await.unwrap();
    frame.enter_frame().await.unwrap();
    assert_eq!(browser.run("return document.querySelectorAll('form').length").await, 0);
    browser.stop().await;
}

#[tokio::test]
async fn a_browser_with_scripts_solves_the_challenge_while_its_person_types() {
    use mannerly::domain::intake::Options;
    let patient = Options { unproven_delay: Duration::from_secs(60), unproven_hourly: 60 };
    let server = TestServer::start_with(Kind::Sqlite, |options| options.intake = patient).await;
    server.demo_brand();
    let browser = Browser::start().await;
    for (scripts, email) in [(true, "quick@example.com"), (false, "patient@example.com")] {
        browser.scripts(scripts).await;
        browser.open(&server.url("/b/civic/sign-up")).await;
        browser.fill("#email", email).await;
        browser.click("[name=choice][value='newsletter:email']").await;
        if scripts {
            let solved = "return document.querySelector('[name=proof]').value !== ''";
            let wait = async { while browser.run(solved).await != true {} };
            tokio::time::timeout(Duration::from_secs(60), wait).await.expect("a solution");
        }
        browser.submit("main button").await;
        assert_eq!(browser.heading().await, "Check your inbox");
        server.run_jobs().await;
        assert_eq!(server.mails().len(), usize::from(scripts), "{email}");
    }
    server.advance(Duration::from_secs(60));
    server.run_jobs().await;
    server.mail_to("patient@example.com");
    browser.stop().await;
}

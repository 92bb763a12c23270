//! What the buttons look like, and what a browser does once one was pressed: reload, back and forward.

use mannerly::db::Kind;
use mannerly::domain::catalog::Channel;

use super::driver::{Browser, Look};
use crate::person::Person;
use crate::support::server::TestServer;

/// What makes the first button of a selector stand out, and where it is.
fn prominence(selector: &str) -> String {
    format!(
        "const button = document.querySelector('{selector}'), style = getComputedStyle(button); \
         return ['color', 'backgroundColor', 'borderTopColor', 'borderTopWidth', 'borderTopStyle', 'fontSize', 'fontWeight', \
         'minHeight', 'paddingTop', 'paddingLeft', 'opacity', 'boxShadow', 'textDecorationLine'].map(name => style[name])"
    )
}

#[tokio::test]
async fn stop_is_as_prominent_as_save_and_comes_before_it() {
    let server = TestServer::start(Kind::Sqlite).await;
    let person = Person::reader(&server);
    let browser = Browser::start().await;
    browser.open(&server.url(&person.preferences(&server))).await;
    for look in Look::ALL {
        browser.look(look).await;
        let [stop, save] = ["button[value=stop]", "button[value=save]:not(.hidden)"].map(prominence);
        assert_eq!(browser.run(&stop).await, browser.run(&save).await, "{look:?}");
        let order = "const seen = [...document.querySelectorAll('button')].filter(button => button.tabIndex === 0); \
            return seen.map(button => [button.value, button.getBoundingClientRect().top])";
        let order = browser.run(order).await;
        assert_eq!(order[0][0], "stop", "{look:?}: {order}");
        let lower =
            order.as_array().unwrap()[1..].iter().all(|other| other[1].as_f64() > order[0][1].as_f64());
        assert!(lower, "{look:?}: {order}");
    }
    browser.stop().await;
}

/// Where a form is, what is clicked and typed in it, and its button.
struct Act {
    page: String,
    clicked: &'static [&'static str],
    typed: &'static [(&'static str, &'static str)],
    button: &'static str,
}

/// What people do on each of the pages. What only mails a link is not among it: that may be asked for again.
async fn acts(server: &TestServer, person: &Person) -> Vec<Act> {
    let on = |page: &str, button| Act { page: page.to_owned(), clicked: &[], typed: &[], button };
    let (preferences, data) = (person.preferences(server), person.data(server));
    let confirmation = person.pending_confirmation(server);
    let confirm = server.app.keys.seal(&mannerly::token::ConfirmLink { confirmation });
    vec![
        on(&format!("/confirm/{confirm}"), "main button"),
        Act {
            clicked: &["[name=choice][value='grants:email']", "#permission-clicks"],
            ..on(&preferences, ".buttons button[value=save]")
        },
        on(&preferences, "button[value=pause]"),
        on(&preferences, "button[value=resume]"),
        on(&preferences, "button[value=only]"),
        on(&preferences, "button[value=no-tracking]"),
        on(&preferences, "button[value=stop]"),
        Act { typed: &[("#company", "Council")], ..on(&data, "button[value=correct]") },
        on(&crate::address_change::asked(server, person).await, "main button"),
        on(&person.unsubscribe(server), "main button"),
        Act {
            clicked: &["[name=choice][value='newsletter:email']"],
            typed: &[("#email", "ana@example.com")],
            ..on("/b/civic/sign-up", "main button")
        },
    ]
}

#[tokio::test]
async fn reload_back_and_forward_after_a_button_do_nothing_a_second_time() {
    let server = TestServer::start(Kind::Sqlite).await;
    let person = Person::reader(&server);
    person.grant(&server, "webinars", Channel::Email);
    person.grant(&server, "events", Channel::Email);
    let browser = Browser::start().await;
    for Act { page, clicked, typed, button } in acts(&server, &person).await {
        browser.open(&server.url(&page)).await;
        for field in clicked {
            browser.click(field).await;
        }
        for (field, text) in typed {
            browser.fill(field, text).await;
        }
        let before = server.snapshot();
        browser.submit(button).await;
        let (said, here) = (browser.heading().await, browser.client.current_url().await.unwrap());
        server.run_jobs().await;
        server.mails();
        let after = server.snapshot();
        assert_ne!(after, before, "{button} of {page} does something");
        for step in ["reload", "back", "forward", "reload"] {
            match step {
                "reload" => browser.client.refresh().await.unwrap(),
                "back" => browser.client.back().await.unwrap(),
                _ => browser.client.forward().await.unwrap(),
            }
            // What the browser keeps nothing of it asks about, when one goes forward to it.
            if step == "reload" {
                let again = (browser.heading().await, browser.client.current_url().await.unwrap());
                assert_eq!(again, (said.clone(), here.clone()), "{step} after {button} of {page}");
            }
            server.run_jobs().await;
            assert!(server.mails().is_empty(), "{step} after {button} of {page} writes again");
            assert_eq!(server.snapshot(), after, "{step} after {button} of {page}");
        }
        server.advance(std::time::Duration::from_secs(60));
    }
    browser.stop().await;
}

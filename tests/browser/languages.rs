//! The pages in each language: long words fit a small screen.

use std::fs;

use mannerly::db::Kind;
use mannerly::i18n::Lang;

use super::check;
use super::driver::{Browser, Look};
use crate::person::Person;
use crate::support::server::TestServer;

#[tokio::test]
async fn long_words_of_every_language_fit_a_small_screen() {
    let server = TestServer::start(Kind::Sqlite).await;
    let browser = Browser::start().await;
    let person = Person::reader(&server);
    let pages = [
        ("home", String::from("/")),
        ("sign-up", String::from("/b/civic/sign-up")),
        ("link", String::from("/b/civic/link")),
        ("preferences", person.preferences(&server)),
        ("unsubscribe", person.unsubscribe(&server)),
        ("data", person.data(&server)),
        ("not-found", String::from("/no-such-page")),
    ];
    browser.look(Look::Narrow).await;
    let mut faults = Vec::new();
    for lang in Lang::ALL.into_iter().skip(1) {
        for (name, path) in &pages {
            browser.open(&server.url(&format!("{path}?lang={}", lang.tag()))).await;
            let spoken = browser.run("return document.documentElement.lang").await;
            assert_eq!(spoken, lang.tag(), "{name}");
            faults
                .extend(check::too_wide(&browser).await.map(|fault| format!("{name} in {lang:?}: {fault}")));
            let file = check::pictures().join(format!("{name}-{}-narrow.png", lang.tag()));
            fs::write(file, browser.picture().await).unwrap();
        }
    }
    browser.stop().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

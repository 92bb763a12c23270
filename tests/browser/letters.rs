//! Letters as they look in a mail program: each template and each service mail, on screens from 320 to 800 px, light and
//! dark, with pictures off.

use std::fs;
use std::path::Path;

use mannerly::db::Kind;
use mannerly::i18n::Lang;
use serde_json::{Value, json};

use super::check;
use super::driver::{Browser, Look};
use crate::api::admin;
use crate::support::server::TestServer;

/// What each template is shown with: more than its own sample, so that every element is seen.
const MORE: &str = "\n\n- a list\n- of two\n\n> A quotation.\n\n| Where | When |\n|---|---|\n| Exampleton | 3 May |\n\n\
    ![A photograph of a bus](https://pictures.invalid/bus.png)\n\n[Read on](https://www.example.com/more \"button\")\n";

async fn look_at(browser: &Browser, name: &str, html: &str, axe: &str, folder: &Path) -> Vec<String> {
    let file = folder.join("letter.html");
    fs::write(&file, html).unwrap();
    browser.open(&format!("file://{}", file.display())).await;
    let mut faults = Vec::new();
    for look in [Look::Narrow, Look::Wide, Look::Dark] {
        browser.look(look).await;
        let here = format!("{name}, {}", look.name());
        faults.extend(check::too_wide(browser).await.map(|fault| format!("{here}: {fault}")));
        faults.extend(
            check::violations(browser, axe, &["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
                .await
                .into_iter()
                .map(|fault| format!("{here}: {fault}")),
        );
        fs::write(
            check::pictures().join(format!("letter-{name}-{}.png", look.name())),
            browser.picture().await,
        )
        .unwrap();
    }
    let small = "return [...document.querySelectorAll('body *')].filter(element => \
        [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && element.checkVisibility() && \
        parseFloat(getComputedStyle(element).fontSize) < 14).map(element => element.outerHTML.slice(0, 120))";
    for element in browser.run(small).await.as_array().unwrap() {
        faults.push(format!("{name}: smaller than 14 px: {element}"));
    }
    faults
}

#[tokio::test]
async fn letters_look_right_on_every_screen() {
    let server = TestServer::start(Kind::Sqlite).await;
    let (browser, axe, folder) = (Browser::start().await, check::axe(), tempfile::tempdir().unwrap());
    server.demo_brand();
    let key = admin(&server);
    let mut faults = Vec::new();
    let templates = server.api(&key, "GET", "/letter-templates", Value::Null).await.expect(200).json();
    assert_eq!(templates.as_array().unwrap().len(), 4);
    for template in templates.as_array().unwrap() {
        let name = template["name"].as_str().unwrap();
        let draft = json!({
            "brand": "civic", "name": name, "topic": "newsletter", "subject": "Hello", "format": "markdown",
            "template": name, "html": format!("{}{MORE}", template["sample"].as_str().unwrap()),
        });
        let made = server.api(&key, "POST", "/campaigns", draft).await.expect(201).json();
        let path = format!("/campaigns/{}/preview", made["id"].as_str().unwrap());
        let seen = server.api(&key, "POST", &path, Value::Null).await.expect(200).json();
        faults.extend(look_at(&browser, name, seen["html"].as_str().unwrap(), &axe, folder.path()).await);
    }
    for lang in Lang::ALL {
        for (name, html) in crate::languages::service_mails(&server, lang).await {
            let name = format!("{name}-{}", lang.tag());
            faults.extend(look_at(&browser, &name, &html, &axe, folder.path()).await);
        }
    }
    browser.stop().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

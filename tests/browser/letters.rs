//! Letters as they look in a mail program: each template and each service mail, on screens from 320 to 800 px, light and
//! dark, with pictures and without, and in text.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use data_encoding::BASE64;
use mannerly::db::Kind;
use mannerly::i18n::Lang;
use serde_json::{Value, json};

use super::check;
use super::driver::Browser;
use crate::api::admin;
use crate::support::server::TestServer;

/// What each template is shown with: more than its own sample, so that every element is seen.
const MORE: &str = "\n\n- a list\n- of two\n\n> A quotation.\n\n| Where | When |\n|---|---|\n| Exampleton | 3 May |\n\n\
    ![A photograph of a bus](https://pictures.invalid/bus.png)\n\n[Read on](https://www.example.com/more \"button\")\n";

/// The picture in it, which nobody can load.
const PICTURE: &str = "https://pictures.invalid/bus.png";

/// The widths that letters are read at: a phone, a column beside a list, a window of its own.
const WIDTHS: [u32; 3] = [320, 600, 800];

/// Looks at letters and keeps what is wrong with them.
struct Reader<'a> {
    browser: &'a Browser,
    axe: String,
    folder: &'a Path,
    faults: Vec<String>,
}

impl Reader<'_> {
    async fn open(&self, html: &str) {
        let file = self.folder.join("letter.html");
        fs::write(&file, html).unwrap();
        self.browser.open(&format!("file://{}", file.display())).await;
    }

    /// Looks at what is open on one screen, and leaves a picture.
    async fn look(&mut self, name: &str, width: u32, dark: bool) {
        self.browser.screen(width, dark).await;
        let here = format!("{name}-{width}-{}", if dark { "dark" } else { "light" });
        let wide = check::too_wide(self.browser).await;
        self.faults.extend(wide.map(|fault| format!("{here}: {fault}")));
        let found = check::violations(self.browser, &self.axe, &check::LAW).await;
        self.faults.extend(found.into_iter().map(|fault| format!("{here}: {fault}")));
        let picture = self.browser.picture().await;
        fs::write(check::pictures().join(format!("letter-{here}.png")), picture).unwrap();
    }

    /// A letter on every screen, and whether its words are large enough.
    async fn read(&mut self, name: &str, html: &str, widths: &[u32]) {
        self.open(html).await;
        for width in widths {
            self.look(name, *width, false).await;
            self.look(name, *width, true).await;
        }
        let small = "return [...document.querySelectorAll('body *')].filter(element => \
            [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && element.checkVisibility() && \
            parseFloat(getComputedStyle(element).fontSize) < 14).map(element => element.outerHTML.slice(0, 120))";
        for element in self.browser.run(small).await.as_array().unwrap() {
            self.faults.push(format!("{name}: smaller than 14 px: {element}"));
        }
    }

    /// The text part: every link of the HTML is in it, and what it looks like is left beside the pictures.
    fn read_text(&mut self, name: &str, html: &str, text: &str) {
        let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let links: BTreeSet<String> =
            links.map(|link| link.replace("&amp;", "&").replace("mailto:", "")).collect();
        let missing = links.iter().filter(|link| !text.contains(link.as_str()));
        self.faults.extend(missing.map(|link| format!("{name}: {link} is not in the text")));
        if text.contains("\n\n\n") || text.contains("</") {
            self.faults.push(format!("{name}: gaps or markup in the text:\n{text}"));
        }
        fs::write(check::pictures().join(format!("letter-{name}.txt")), text).unwrap();
    }
}

/// A picture that needs no network: a bus, to who likes to see one.
fn picture() -> String {
    let bus = image::RgbImage::from_fn(544, 220, |x, y| {
        let (inside, window) =
            ((60..480).contains(&x) && (50..170).contains(&y), (70..120).contains(&y) && x % 60 > 12);
        image::Rgb(match (inside, window) {
            (true, true) => [214, 232, 238],
            (true, false) => [24, 110, 122],
            _ => [231, 226, 214],
        })
    });
    let mut png = Vec::new();
    bus.write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    format!("data:image/png;base64,{}", BASE64.encode(&png))
}

#[tokio::test]
async fn letters_look_right_on_every_screen() {
    let server = TestServer::start(Kind::Sqlite).await;
    let (browser, folder) = (Browser::start().await, tempfile::tempdir().unwrap());
    let mut reader =
        Reader { browser: &browser, axe: check::axe(), folder: folder.path(), faults: Vec::new() };
    server.demo_brand();
    let key = admin(&server);
    let bus = picture();
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
        let html = seen["html"].as_str().unwrap();
        assert!(html.contains(PICTURE));
        reader.read(name, &html.replace(PICTURE, &bus), &WIDTHS).await;
        reader.open(html).await;
        reader.look(&format!("{name}-without-pictures"), 600, false).await;
        reader.look(&format!("{name}-without-pictures"), 600, true).await;
        reader.read_text(name, html, seen["text"].as_str().unwrap());
    }
    for lang in Lang::ALL {
        let widths = if lang == Lang::English { &WIDTHS[..] } else { &WIDTHS[..1] };
        for (name, mail) in crate::languages::service_mails(&server, lang).await {
            let name = format!("{name}-{}", lang.tag());
            reader.read(&name, &mail.html, widths).await;
            reader.read_text(&name, &mail.html, &mail.text);
        }
    }
    let faults = reader.faults;
    browser.stop().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
